"""Lines of the log are means of what happened since the last one."""

import math

import pytest
import torch

from core2d.errors import InputError
from rl.agent import Update
from rl.collect import Episode
from rl.report import MOST, Report, words


def update(loss: float, value: float = 0.0) -> Update:
    return Update(torch.tensor(loss), torch.zeros(1), torch.tensor(value))


def test_a_line_is_means() -> None:
    report = Report(episodes=[Episode(3.0, 5), Episode(6.0, 8)])
    for loss, value in ((1.0, 2.0), (2.0, 6.0), (6.0, 1.0)):
        report.see(update(loss, value))
    line = report.line()
    assert line == {"return": 4.5, "length": 6.5, "episodes": 2, "loss": 3.0, "value": 3.0}
    assert Report().line() == {"episodes": 0}


def test_losses_are_looked_at_late_and_counted_once() -> None:
    report = Report()
    for number in range(MOST + 5):
        report.see(update(float(number)))
    assert len(report.waiting) == 5
    assert report.line()["loss"] == pytest.approx((MOST + 4) / 2)
    assert report.line()["loss"] == pytest.approx((MOST + 4) / 2)


@pytest.mark.parametrize("loss", [math.nan, math.inf])
def test_a_loss_that_is_no_number_is_refused(loss: float) -> None:
    report = Report()
    report.see(update(loss))
    report.see(update(1.0))
    with pytest.raises(InputError, match="loss: "):
        report.look()


def test_a_state_goes_on() -> None:
    report, other = Report(episodes=[Episode(3.5, 5)]), Report()
    report.see(update(1.0, 4.0))
    other.load(report.state())
    for one in (report, other):
        one.see(update(2.0, 8.0))
    assert report.line() == other.line()


def test_words_of_a_line() -> None:
    line = {"step": 100, "return": 9.5, "length": 9.0, "epsilon": 0.5, "speed": 1234.0}
    assert words(line) == "step 100  return 9.50  length 9  epsilon 0.500  1234 steps/s"
