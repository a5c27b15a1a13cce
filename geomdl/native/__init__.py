"""Compiled kernels land here, one module per family and instruction set (neighbors_avx2, ...)."""
