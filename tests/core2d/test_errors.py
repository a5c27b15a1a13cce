import pytest
import torch

from core2d.errors import (
    InputError,
    expect_choice,
    expect_number,
    expect_share,
    expect_sizes,
    expect_tensor,
)


def test_an_input_error_is_a_value_error():
    assert issubclass(InputError, ValueError)


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("float", torch.float16, torch.int64),
        ("int", torch.int32, torch.bool),
        ("int", torch.uint8, torch.complex64),
        ("bool", torch.bool, torch.uint8),
    ],
)
def test_kinds_of_dtypes(kind, good, bad):
    assert expect_tensor("x", torch.zeros(3, dtype=good), "N", dtypes=kind).dtype == good
    with pytest.raises(InputError, match=f"x: expected a {kind} tensor, got"):
        expect_tensor("x", torch.zeros(3, dtype=bad), "N", dtypes=kind)


def test_values_that_are_no_numbers_are_counted():
    with pytest.raises(InputError, match=r"x: 2 values are NaN or infinite in float32 tensor"):
        expect_tensor("x", torch.tensor([1.0, float("nan"), float("inf")]), "N", finite=True)


def test_numbers_are_bounded():
    assert expect_number("rate", 0, low=0) == 0
    for value, message in ((-1, "at least 0"), (True, "a finite number"), (float("nan"), "finite")):
        with pytest.raises(InputError, match=f"rate: expected .*{message}"):
            expect_number("rate", value, low=0)
    with pytest.raises(InputError, match="rate: expected more than 0, got 0"):
        expect_number("rate", 0, above=0)


def test_a_share_is_between_none_and_all():
    assert [expect_share("rate", value) for value in (0, 0.5, 1)] == [0, 0.5, 1]
    for value in (-0.01, 1.01):
        with pytest.raises(InputError, match=f"rate: expected 0 to 1, got {value}"):
            expect_share("rate", value)
    with pytest.raises(InputError, match="rate: expected a finite number, got nan"):
        expect_share("rate", float("nan"))


def test_sizes_are_counted():
    assert expect_sizes("widths", (3, 1), 2) == (3, 1)
    for value in ((3,), (3, 0), (3, 1.5), (3, True)):
        with pytest.raises(InputError, match="widths: expected 2 whole numbers >= 1, got"):
            expect_sizes("widths", value, 2)


def test_a_choice_suggests_the_nearest():
    assert expect_choice("mode", "linear", ("nearest", "linear")) == "linear"
    with pytest.raises(InputError, match="expected one of nearest, linear, got 'liner'; did you"):
        expect_choice("mode", "liner", ("nearest", "linear"))
    with pytest.raises(InputError) as error:
        expect_choice("mode", "xyz", ("nearest", "linear"))
    assert "did you mean" not in str(error.value)
