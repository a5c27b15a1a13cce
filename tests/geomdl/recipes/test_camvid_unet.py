"""The recipe's network has its size and learns, with its loss, what colour tells."""

from geomdl.recipes import camvid_unet
from tests.geomdl.recipes.blocks import learned


def test_size() -> None:
    model = camvid_unet.model(camvid_unet.Config())
    assert sum(p.numel() for p in model.parameters()) == 1942747


def test_it_learns_colours() -> None:
    config = camvid_unet.Config(width=8)
    assert learned(camvid_unet, config, channels=3, classes=4, steps=40) > 0.8
