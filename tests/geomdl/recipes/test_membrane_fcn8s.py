"""The recipe's network has its size and learns, with its loss, what colour tells."""

from geomdl.recipes import membrane_fcn8s
from tests.geomdl.recipes.blocks import learned


def test_size() -> None:
    model = membrane_fcn8s.model(membrane_fcn8s.Config())
    assert sum(p.numel() for p in model.parameters()) == 8399350


def test_it_learns_colours() -> None:
    config = membrane_fcn8s.Config(width=8)
    assert learned(membrane_fcn8s, config, channels=1, classes=2, steps=30) > 0.6
