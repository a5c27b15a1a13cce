"""Logs as curves: order, restarts, gaps, and what is no log."""

import math

import pytest

from core2d.errors import InputError
from core2d.inspect.curves import Curve, curves


def test_a_curve_per_number_over_epochs():
    log = [
        {"epoch": 1, "step": 10, "seconds": 3.0, "train/loss": 2.0},
        {"epoch": 2, "step": 20, "seconds": 6.0, "train/loss": 1.0, "validation/accuracy": 0.5},
    ]
    assert curves(log) == {
        "train/loss": Curve((1, 2), (2, 1)),
        "validation/accuracy": Curve((2,), (0.5,)),
    }


def test_later_lines_replace_earlier_ones_and_infinities_are_gaps():
    losses = [(1, 3.0), (3, math.nan), (4, math.inf), (2, 9.0), (2, 2.0)]
    assert curves([{"epoch": e, "loss": y} for e, y in losses]) == {"loss": Curve((1, 2), (3, 2))}


def test_steps_count_where_no_epochs_are_logged():
    assert curves([{"step": 5, "loss": 1.0}, {"step": 9, "loss": 0.5}])["loss"].x == (5, 9)


def test_a_log_without_numbers_is_refused():
    with pytest.raises(InputError, match="got 1 lines with none"):
        curves([{"epoch": 1, "loss": math.nan}])
    with pytest.raises(InputError, match="got 0 lines"):
        curves([])
