"""The largest error falls with the number of units; bounded units are what it takes."""

import pytest
import torch

from core2d import approximation as a
from core2d.errors import InputError


@pytest.mark.parametrize(
    ("axes", "units", "bound"), [(1, (4, 32, 128), 0.03), (2, (4, 64, 400), 0.1)]
)
def test_more_units_come_nearer(axes, units, bound) -> None:
    errors = [
        a.largest_error(a.wave, a.approximate(a.wave, n, axes=axes, steepness=30), axes=axes)
        for n in units
    ]
    assert errors[0] > 1.5 * errors[1] > 3 * errors[2]
    assert errors[2] < bound


def test_the_measure_sees_a_single_wrong_place() -> None:
    spike = lambda x: a.wave(x) + ((x - 0.5).abs() < 2e-4)[:, 0].double()  # noqa: E731
    assert a.largest_error(a.wave, spike) == 1
    assert a.largest_error(a.wave, a.wave) == 0


def test_lattice_spans_the_cube() -> None:
    points = a.lattice(3, 4)
    assert points.shape == (64, 3)
    assert points.unique(dim=0).shape == (64, 3)
    assert points[0].tolist() == [0, 0, 0]
    assert points[-1].tolist() == [1, 1, 1]


def test_same_seed_same_function() -> None:
    x = torch.linspace(0, 1, 9)[:, None]
    one, two = (a.approximate(a.wave, 8, seed=s)(x) for s in (3, 3))
    assert torch.equal(one, two)
    assert not torch.equal(one, a.approximate(a.wave, 8, seed=4)(x))
    with pytest.raises(InputError, match="units: expected at least 1, got 0"):
        a.approximate(a.wave, 0)


def test_it_prints_its_table(capsys) -> None:
    a.main()
    rows = capsys.readouterr().out.splitlines()[1:]
    errors = [float(row.split()[1]) for row in rows]
    assert errors == sorted(errors, reverse=True)
