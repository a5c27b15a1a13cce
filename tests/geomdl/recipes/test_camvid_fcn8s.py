"""The recipe's network has its size and learns, with its loss, what colour tells."""

from geomdl.recipes import camvid_fcn8s
from tests.geomdl.recipes.blocks import learned


def test_size() -> None:
    model = camvid_fcn8s.model(camvid_fcn8s.Config())
    assert sum(p.numel() for p in model.parameters()) == 8444305


def test_it_learns_colours() -> None:
    config = camvid_fcn8s.Config(width=8)
    assert learned(camvid_fcn8s, config, channels=3, classes=4, steps=40) > 0.5
