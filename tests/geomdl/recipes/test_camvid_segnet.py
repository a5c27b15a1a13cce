"""The recipe's network has its size and learns, with its loss, what colour tells."""

from geomdl.recipes import camvid_segnet
from tests.geomdl.recipes.blocks import learned


def test_size() -> None:
    model = camvid_segnet.model(camvid_segnet.Config())
    assert sum(p.numel() for p in model.parameters()) == 1846571


def test_it_learns_colours() -> None:
    config = camvid_segnet.Config(width=8)
    assert learned(camvid_segnet, config, channels=3, classes=4, steps=40) > 0.2
