"""Fragments of a corner with a ball and a box in it, for recipes that put fragments together."""

from pathlib import Path

from geomdl.io.rgbd import open_rgbd
from scenes.datasets.fragments import Fragments, fused
from tests.geomdl.reconstruct import corner


def fragments(folder: Path) -> Fragments:
    """Seven fragments of two frames each, of a few thousand points."""
    return fused(open_rgbd(corner.write_folder(folder / "corner", 14)), 2, 0.03)
