"""Sliders of ranges and clip texts say the same, there and back."""

import pytest
import torch

from geomdl.viewer.look import Plane, plane
from geomdl.viewer.page.cuts import (
    cuts_of,
    digits,
    facing,
    flipped,
    floored,
    places,
    span,
    split,
    step_of,
    text_of,
)

LOW, HIGH = torch.tensor([0.0, -1.0, 2.0]), torch.tensor([1.0, 1.0, 12.0])


def test_no_clip_is_the_whole_box():
    cuts = cuts_of((), LOW, HIGH)
    assert cuts.ranges == ((0, 1), (-1, 1), (2, 12))
    assert cuts.texts() == ()


def test_the_tightest_plane_of_an_axis_counts():
    cuts = cuts_of(("x<50%", "x<0.75", "x>0.25", "z>10%"), LOW, HIGH)
    assert cuts.ranges[0] == pytest.approx((0.25, 0.5))
    assert cuts.ranges[2] == pytest.approx((3, 12))
    assert cuts.texts() == ("x>0.25", "x<0.5", "z>3")


def test_a_plane_against_an_axis_is_one_of_the_axis():
    cuts = cuts_of(("0,0,-2<-8",), LOW, HIGH)
    assert cuts.ranges[2] == pytest.approx((4, 12))
    assert not cuts.free


def test_oblique_planes_are_kept_apart_and_survive():
    text = "0.6,0,0.8<1.5"
    cuts = cuts_of((text, "y<0"), LOW, HIGH)
    assert len(cuts.free) == 1
    again = cuts_of(cuts.texts(), LOW, HIGH)
    assert again.free[0].normal == pytest.approx((0.6, 0, 0.8))
    assert again.free[0].offset == pytest.approx(1.5)
    assert again.ranges[1] == pytest.approx((-1, 0))


def test_moving_a_thumb_changes_one_axis():
    cuts = cuts_of(("y<0", "0.6,0,0.8<1.5"), LOW, HIGH).with_range(0, (0.8, 0.3))
    assert cuts.texts() == ("x>0.3", "x<0.8", "y<0", "0.6,0,0.8<1.5")


def test_a_thumb_at_the_end_cuts_nothing():
    assert cuts_of((), LOW, HIGH).with_range(1, (-1.0, 0.9999)).texts() == ()


def test_texts_keep_the_points_that_the_plane_kept():
    points = torch.rand(500, 3, generator=torch.Generator().manual_seed(0)) * 12 - 1
    for text in ("0.6,0,0.8<1.5", "1,2,3<9", "-1,0.2,0.1<0.3", "0,-1,1<0.3", "0,0,-1<1"):
        cut = plane(text, LOW, HIGH)
        assert not text_of(cut).startswith("-")
        again = plane(text_of(cut), LOW, HIGH)
        assert ((cut.signed(points) <= 0) == (again.signed(points) <= 0)).float().mean() > 0.995


def test_span_reaches_exactly_over_the_box():
    cut = Plane((0.6, 0.0, -0.8), 0.0)
    corners = torch.cartesian_prod(*torch.stack([LOW, HIGH], 1))
    offsets = corners @ torch.tensor(cut.normal)
    low, high = span(cut, tuple(LOW.tolist()), tuple(HIGH.tolist()))
    assert (low, high) == pytest.approx((float(offsets.min()), float(offsets.max())))


def test_flipping_keeps_the_other_side():
    cut = Plane((0.6, 0.0, 0.8), 0.5)
    points = torch.randn(50, 3, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(flipped(cut).signed(points), -cut.signed(points))


def test_a_plane_facing_me_cuts_my_side():
    cut = facing((5.0, 0.0, 0.0), (1.0, 0.0, 0.0))
    assert cut == Plane((1.0, 0.0, 0.0), 1.0)


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (-3.3, 4.1), (0.0, 1e-4), (5.0, 9000.0)])
def test_steps_are_round_and_fine(low, high):
    step = step_of(low, high)
    assert (high - low) / 1300 < step <= (high - low) / 499
    assert digits(step, step).strip("0.").rstrip("0") in ("1", "2", "5")


def test_digits():
    assert digits(1.23456, 0.01) == "1.23"
    assert digits(-0.0001, 0.01) == "0"
    assert digits(1200.0, 10.0) == "1200"
    assert step_of(1.0, 1.0) == 1e-3


def test_whole_steps():
    assert floored(-0.472593, 0.002) == -0.474
    assert -floored(-1.034232, 0.002) == 1.036
    assert floored(0.3, 0.1) == 0.3


def test_places():
    assert [places(s) for s in (0.001, 0.5, 1.0, 20.0)] == [3, 1, 0, 0]


def test_planes_of_a_line():
    assert split(" z <1.2  x> 50% 0.6,0,0.8<1") == ("z<1.2", "x>50%", "0.6,0,0.8<1")
    assert split("  ") == ()
