"""Every refusal names the argument, what came and what was expected."""

from typing import Any

import pytest
import torch

from geomdl.errors import (
    GeometryError,
    describe,
    expect_faces,
    expect_number,
    expect_offsets,
    expect_tensor,
)

NAN, INF = float("nan"), float("inf")


def test_a_geometry_error_is_a_value_error() -> None:
    assert issubclass(GeometryError, ValueError)


def test_describe_says_dtype_shape_and_device() -> None:
    assert describe(torch.zeros(2, 3)) == "float32 tensor (2, 3) on cpu"
    assert describe("abc") == "str 'abc'"
    assert len(describe("x" * 1000)) <= 120


@pytest.mark.parametrize(
    ("size", "shape"),
    [((5, 3), "N 3"), ((0, 3), "N 3"), ((), ""), ((4,), "N"), ((2, 3, 4), "*S 4"), ((4,), "*S 4"),
     ((), "*S"), ((2, 3), "*S"), ((7, 1, 2, 3, 4), "N C H W 4")],
)  # fmt: skip
def test_shapes_that_fit(size: tuple[int, ...], shape: str) -> None:
    value = torch.zeros(size)
    assert expect_tensor("x", value, shape) is value


@pytest.mark.parametrize(
    ("size", "shape"),
    [
        ((5, 2), "N 3"),
        ((5,), "N 3"),
        ((1, 5, 3), "N 3"),
        ((3,), ""),
        ((2, 3), "*S 4"),
        ((), "*S 4"),
    ],
)
def test_shapes_that_do_not_fit(size: tuple[int, ...], shape: str) -> None:
    with pytest.raises(GeometryError) as error:
        expect_tensor("points", torch.zeros(size), shape)
    message = str(error.value)
    assert message.startswith(f"points: expected shape ({shape}), got float32 tensor {size}")


@pytest.mark.parametrize("value", [None, [1.0], "x", 3])
def test_what_is_no_tensor(value: Any) -> None:
    with pytest.raises(GeometryError, match="points: expected a tensor"):
        expect_tensor("points", value, "N 3")


@pytest.mark.parametrize(
    ("dtype", "kind", "fits"),
    [
        (torch.float32, "float", True),
        (torch.float16, "float", True),
        (torch.int32, "float", False),
        (torch.complex64, "float", False),
        (torch.int64, "int", True),
        (torch.uint8, "int", True),
        (torch.bool, "int", False),
        (torch.complex64, "int", False),
        (torch.float64, "int", False),
        (torch.bool, "bool", True),
        (torch.uint8, "bool", False),
        (torch.float32, (torch.float32, torch.float64), True),
        (torch.float16, (torch.float32, torch.float64), False),
    ],
)
def test_dtypes(dtype: torch.dtype, kind: Any, fits: bool) -> None:
    value = torch.zeros(2, dtype=dtype)
    if fits:
        expect_tensor("x", value, "N", dtypes=kind)
    else:
        with pytest.raises(GeometryError, match="x: expected"):
            expect_tensor("x", value, "N", dtypes=kind)


@pytest.mark.parametrize("bad", [NAN, INF, -INF])
def test_values_that_are_not_finite_are_counted(bad: float) -> None:
    value = torch.tensor([0.0, bad, 1.0, bad])
    expect_tensor("x", value, "N")
    with pytest.raises(GeometryError, match="x: 2 values are NaN or infinite"):
        expect_tensor("x", value, "N", finite=True)


def test_finite_accepts_empty_and_integers() -> None:
    expect_tensor("x", torch.zeros(0, 3), "N 3", finite=True)
    expect_tensor("x", torch.zeros(2, dtype=torch.int64), "N", finite=True)


def test_another_device_is_refused() -> None:
    with pytest.raises(GeometryError, match=r"x: expected a tensor on meta, got .* on cpu"):
        expect_tensor("x", torch.zeros(2), "N", like=torch.zeros(2, device="meta"))


def test_offsets_default_to_one_item() -> None:
    assert expect_offsets("offsets", None, 7, torch.zeros(1)).tolist() == [0, 7]
    assert expect_offsets("offsets", None, 0, torch.zeros(1)).tolist() == [0, 0]


@pytest.mark.parametrize("good", [[0, 5], [0, 0, 5, 5], [0, 2, 5]])
def test_offsets_that_fit(good: list[int]) -> None:
    assert expect_offsets("offsets", torch.tensor(good), 5, torch.zeros(1)).tolist() == good


@pytest.mark.parametrize("bad", [[0, 4], [1, 5], [0, 3, 2, 5], [5], [0, 6], [-1, 5]])
def test_offsets_that_do_not_fit(bad: list[int]) -> None:
    with pytest.raises(GeometryError, match="offsets: expected ascending int64 from 0 to 5"):
        expect_offsets("offsets", torch.tensor(bad), 5, torch.zeros(1))


def test_offsets_of_another_dtype_or_empty() -> None:
    with pytest.raises(GeometryError, match="offsets: expected dtype int64"):
        expect_offsets("offsets", torch.tensor([0, 5], dtype=torch.int32), 5, torch.zeros(1))
    with pytest.raises(GeometryError, match="offsets"):
        expect_offsets("offsets", torch.zeros(0, dtype=torch.int64), 0, torch.zeros(1))


def test_faces() -> None:
    good = torch.tensor([[0, 1, 2]])
    assert expect_faces("faces", good, 3) is good
    expect_faces("faces", torch.zeros(0, 3, dtype=torch.int64), 0)
    with pytest.raises(GeometryError, match="faces: indices run from 0 to 2, expected 0 to 1"):
        expect_faces("faces", good, 2)
    with pytest.raises(GeometryError, match="faces: indices run from -1"):
        expect_faces("faces", good - 1, 3)
    with pytest.raises(GeometryError, match="faces: expected a int tensor"):
        expect_faces("faces", good.float(), 3)
    with pytest.raises(GeometryError, match=r"faces: expected shape \(F 3\)"):
        expect_faces("faces", torch.zeros(1, 4, dtype=torch.int64), 3)


def test_numbers() -> None:
    assert expect_number("radius", 0.5, above=0.0) == 0.5
    assert expect_number("count", 0, low=0) == 0


@pytest.mark.parametrize(
    ("value", "limits", "message"),
    [
        (NAN, {}, "finite number, got nan"),
        (INF, {}, "finite number, got inf"),
        ("3", {}, "finite number, got '3'"),
        (True, {}, "finite number, got True"),
        (None, {}, "finite number, got None"),
        (-1, {"low": 0}, "at least 0, got -1"),
        (0.0, {"above": 0}, "more than 0, got 0.0"),
    ],
)
def test_numbers_that_are_refused(value: Any, limits: dict[str, float], message: str) -> None:
    with pytest.raises(GeometryError, match=message):
        expect_number("radius", value, **limits)
