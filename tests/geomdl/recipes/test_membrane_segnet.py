"""The recipe's network has its size and learns, with its loss, what colour tells."""

from geomdl.recipes import membrane_segnet
from tests.geomdl.recipes.blocks import learned


def test_size() -> None:
    model = membrane_segnet.model(membrane_segnet.Config())
    assert sum(p.numel() for p in model.parameters()) == 1844978


def test_it_learns_colours() -> None:
    config = membrane_segnet.Config(width=8)
    assert learned(membrane_segnet, config, channels=1, classes=2, steps=30) > 0.6
