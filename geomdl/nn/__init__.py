"""Layers with parameters on shapes: points, sparse voxels, and the space that they live in."""
