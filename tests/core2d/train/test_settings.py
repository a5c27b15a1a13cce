"""Settings that cannot be meant are refused at once."""

import pytest

from core2d.errors import InputError
from core2d.train.settings import Train


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("epochs", 0), ("batch", 0), ("rate", -1.0), ("accumulate", 0), ("warmup", -1)),
        *(("warmup", 1.1), ("milestones", (0.5, 2.0)), ("gamma", -1), ("patience", 0)),
        *(("decay", -1e-4), ("clip", -1.0), ("ema", 1.0), ("ema", -0.5), ("momentum", 1.0)),
        *(("stop", -3), ("rate", float("nan"))),
        *(("schedule", "cosin"), ("optimiser", "sdg"), ("precision", 32)),
    ],
)
def test_numbers_out_of_range(name: str, value: float) -> None:
    with pytest.raises(InputError, match=name):
        Train(**{name: value})  # type: ignore[arg-type]


def test_a_word_that_is_nearly_right_is_told() -> None:
    with pytest.raises(InputError, match="got 'cosin'; did you mean 'cosine'"):
        Train(schedule="cosin")  # type: ignore[arg-type]


def test_a_batch_is_cut_into_equal_parts() -> None:
    with pytest.raises(InputError, match="divisor of batch 10"):
        Train(batch=10, accumulate=3)
