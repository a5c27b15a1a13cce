"""Splines beside SciPy's Hermite spline and slerp, and what they must keep."""

import numpy as np
import pytest
import torch
from scipy.interpolate import CubicHermiteSpline
from scipy.spatial.transform import Rotation, Slerp

from geomdl.viewer.spline import Way

KNOTS = torch.tensor([0.0, 1.0, 1.5, 4.0, 5.0], dtype=torch.float64)
TIMES = torch.linspace(0, 5, 83, dtype=torch.float64)


def turns(count: int) -> tuple[torch.Tensor, Rotation]:
    rotations = Rotation.random(count, random_state=4)
    return torch.tensor(rotations.as_quat()[:, [3, 0, 1, 2]]), rotations


def test_a_parabola_is_kept_inside():
    """Slopes come from the parabola through three knots, so parabolas are exact between them."""
    inner = (TIMES >= 1) & (TIMES <= 4)
    got = Way(KNOTS, TIMES[inner], False).spline((KNOTS**2 - 3 * KNOTS)[:, None])[:, 0]
    torch.testing.assert_close(got, TIMES[inner] ** 2 - 3 * TIMES[inner])


def test_it_is_the_hermite_spline_of_its_slopes():
    values = torch.randn(5, 2, generator=torch.Generator().manual_seed(1)).double()
    way = Way(KNOTS, TIMES, False)
    slopes = way.slopes(values.diff(dim=0))
    oracle = CubicHermiteSpline(KNOTS.numpy(), values.numpy(), slopes.numpy())
    np.testing.assert_allclose(way.spline(values), oracle(TIMES.numpy()), atol=1e-12)


def test_two_rotations_give_slerp():
    quaternions, rotations = turns(2)
    knots = torch.tensor([0.0, 5.0]).double()
    got = Way(knots, TIMES, False).turned(quaternions)
    oracle = Slerp([0, 5], rotations)(TIMES.numpy()).as_quat()[:, [3, 0, 1, 2]]
    sign = np.sign((got.numpy() * oracle).sum(1, keepdims=True))
    np.testing.assert_allclose(got, sign * oracle, atol=1e-9)


@pytest.mark.parametrize("loop", [False, True])
def test_turns_pass_their_knots_at_unit_length(loop):
    quaternions, _ = turns(4)
    quaternions = torch.cat([quaternions, quaternions[:1]])
    got = Way(KNOTS, KNOTS, loop).turned(quaternions)
    torch.testing.assert_close((got * quaternions).sum(1).abs(), torch.ones(5).double())
    between = Way(KNOTS, TIMES, loop).turned(quaternions)
    torch.testing.assert_close(between.norm(dim=1), torch.ones(83).double())


def test_one_knot_is_everywhere():
    way = Way(KNOTS[:1], TIMES, False)
    assert way.spline(torch.tensor([[3.0]])).unique().tolist() == [3.0]
    assert way.turned(torch.tensor([[1.0, 0, 0, 0]])).shape == (83, 4)


def test_a_rest_does_not_swing():
    values = torch.tensor([[0.0], [2.0], [2.0], [5.0], [5.0]]).double()
    got = Way(KNOTS, TIMES, False).spline(values)[:, 0]
    assert got[(TIMES >= 1) & (TIMES <= 1.5)].unique().tolist() == [2.0]
    assert got[TIMES >= 4].unique().tolist() == [5.0]
