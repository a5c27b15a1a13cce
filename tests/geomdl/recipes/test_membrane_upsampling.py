"""Every way up makes another network of the same task, and each learns."""

import pytest

from geomdl.recipes import membrane_upsampling as m
from tests.geomdl.recipes.blocks import learned


@pytest.mark.parametrize("way", list(m.WAYS))
def test_every_way_learns_colours(way) -> None:
    config = m.Config(up=way, width=4)
    assert learned(m, config, channels=1, classes=2, steps=30) > 0.6


def test_the_study_has_one_variant_per_way() -> None:
    study = m.study()
    assert {name: config.up for name, config in study.variants.items()} == {w: w for w in m.WAYS}
    assert len({config.train for config in study.variants.values()}) == 1
    sizes = {sum(p.numel() for p in m.model(c).parameters()) for c in study.variants.values()}
    assert len(sizes) >= 4
