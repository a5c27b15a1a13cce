"""Settings that cannot be meant are refused at once."""

import pytest

from core2d.errors import InputError
from core2d.train.settings import Train


@pytest.mark.parametrize(
    ("name", "value"),
    [("epochs", 0), ("batch", 0), ("rate", -1.0), ("accumulate", 0), ("warmup", -1)],
)
def test_numbers_out_of_range(name: str, value: float) -> None:
    with pytest.raises(InputError, match=name):
        Train(**{name: value})  # type: ignore[arg-type]


def test_a_batch_is_cut_into_equal_parts() -> None:
    with pytest.raises(InputError, match="divisor of batch 10"):
        Train(batch=10, accumulate=3)
