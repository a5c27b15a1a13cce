import math

import pytest
import torch

from geomdl.errors import GeometryError
from scenes.scan.sensor import (
    PERFECT,
    DepthSensor,
    axial_sigma,
    edges,
    expose,
    measure,
    quantised,
    shadow,
)
from scenes.scan.view import View

FOCAL = 525.0


def flat(depth: float, cosine: float = 1.0, shape: tuple[int, int] = (240, 320)) -> View:
    return View(
        torch.full(shape, depth),
        torch.zeros(shape, dtype=torch.int64),
        torch.full((*shape, 3), 0.5),
        torch.full(shape, cosine),
    )


def measured(view: View, sensor: DepthSensor, seed: int = 0) -> torch.Tensor:
    return measure(view, FOCAL, sensor, torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("depth", [0.6, 1.5, 3.0, 4.0])
def test_noise_has_nguyens_spread(depth: float) -> None:
    """Equation 3 of Nguyen et al. 2012, written out; no steps of disparity here."""
    sensor = DepthSensor(disparity_step=0.0, far=8.0)
    found = measured(flat(depth), sensor)
    values = found[found > 0]
    assert float(values.std()) == pytest.approx(0.0012 + 0.0019 * (depth - 0.4) ** 2, rel=0.03)
    assert float(values.mean()) == pytest.approx(depth, abs=2e-4)
    lost = float((found == 0).float().mean())
    assert lost == pytest.approx(sensor.drop_random, abs=2e-3)


def test_slant_makes_noise_worse() -> None:
    z = torch.tensor([2.0])
    low, high = axial_sigma(z, torch.tensor([0.5])), axial_sigma(z, torch.tensor([1.3]))
    assert float(low) == pytest.approx(0.0012 + 0.0019 * 1.6**2)
    extra = 0.0001 / math.sqrt(2) * 1.3**2 / (math.pi / 2 - 1.3) ** 2
    assert float(high - low) == pytest.approx(extra, rel=1e-4)


def test_steps_are_those_of_disparity() -> None:
    """Neighbouring depths differ by z^2 / (f b) times the step of disparity: 7 cm at 5 m."""
    depth = torch.linspace(4.9, 5.1, 2001)
    levels = quantised(depth, 580 * 0.075, 0.125).unique()
    assert float(levels.diff().mean()) == pytest.approx(25 / (580 * 0.075) / 8, rel=0.05)
    assert torch.equal(quantised(depth, 0.0, 0.125), depth)


def test_the_projectors_shadow_lies_left_of_things() -> None:
    """A post at 1 m before a wall at 3 m: f b (1/1 - 1/3) pixels left of it have no depth."""
    depth = torch.full((4, 200), 3.0)
    depth[:, 100:120] = 1.0
    dark = shadow(depth, FOCAL, 0.075)
    width = FOCAL * 0.075 * (1 - 1 / 3)
    assert abs(int(dark[0].sum()) - width) <= 1.5
    assert not bool(dark[:, 100:].any())
    assert bool(dark[:, 98].all())
    assert not bool(shadow(depth, FOCAL, 0.0).any())


def test_range_slant_and_emptiness_give_no_depth() -> None:
    sensor = DepthSensor()
    for view in (flat(0.2), flat(6.0), flat(math.inf), flat(1.0, math.cos(1.45))):
        assert float(measured(view, sensor).max()) == 0


def test_edges_are_dropped_in_part() -> None:
    view = flat(2.0)
    view.depth[:, :100] = 1.0
    assert edges(view.depth).nonzero()[:, 1].unique().tolist() == [99, 100]
    found = measured(view, DepthSensor(baseline=0.0, disparity_step=0.0, lateral=0.0))
    assert float((found[:, 99:101] == 0).float().mean()) == pytest.approx(0.5, abs=0.06)


def test_perfect_sensor_and_seeds() -> None:
    view = flat(2.5)
    assert torch.equal(measured(view, PERFECT), view.depth)
    noisy = DepthSensor()
    assert torch.equal(measured(view, noisy, 3), measured(view, noisy, 3))
    assert not torch.equal(measured(view, noisy, 3), measured(view, noisy, 4))
    with pytest.raises(GeometryError, match="far"):
        DepthSensor(near=2.0, far=1.0)


def test_exposure_encodes_srgb() -> None:
    generator = torch.Generator().manual_seed(0)
    grey = expose(torch.full((64, 64, 3), 0.2140), generator, noise=0.0)
    assert grey.unique().tolist() == [127]
    bright = expose(torch.full((4, 4, 3), 9.0), generator)
    assert int(bright.min()) == 255
    noisy = expose(torch.full((64, 64, 3), 0.2), generator)
    assert 1 < float(noisy.float().std()) < 5
