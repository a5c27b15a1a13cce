"""Errors that say which argument was wrong, what came and what was expected.

torch is imported when a tensor is checked, so that `geomdl --help` does not wait for it.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from torch import Tensor


class InputError(ValueError):
    """A bad argument, file or run: the message names it, what came and what was expected."""


def describe(value: object) -> str:
    """What came, in a few words: 'float32 tensor (10, 3) on cpu', 'str', ..."""
    from torch import Tensor

    if isinstance(value, Tensor):
        kind = str(value.dtype).removeprefix("torch.")
        return f"{kind} tensor {tuple(value.shape)} on {value.device}"
    return f"{type(value).__name__} {value!r}"[:120]


def expect_tensor(
    name: str,
    value: object,
    shape: str,
    *,
    dtypes: "tuple[torch.dtype, ...] | str | None" = None,
    finite: bool = False,
    like: "Tensor | None" = None,
) -> "Tensor":
    """Check that `value` is a tensor of `shape` and give it back.

    `shape` names axes by space-separated words: numbers are exact, words are free, a leading '*'
    stands for any number of axes ("N 3", "*S C"). `dtypes` is a tuple of dtypes, or "float",
    "int" or "bool". `finite` refuses NaN and infinity. `like` demands the same device.
    Raises InputError.
    """
    import torch

    if not isinstance(value, torch.Tensor):
        raise InputError(f"{name}: expected a tensor ({shape}), got {describe(value)}")
    axes = shape.split()
    free = bool(axes) and axes[0].startswith("*")
    fixed = axes[1:] if free else axes
    rank_ok = value.ndim >= len(fixed) if free else value.ndim == len(fixed)
    sizes = value.shape[value.ndim - len(fixed) :] if rank_ok else ()
    if not rank_ok or any(a.isdigit() and int(a) != s for a, s in zip(fixed, sizes, strict=True)):
        raise InputError(f"{name}: expected shape ({shape}), got {describe(value)}")
    if isinstance(dtypes, str):
        matches = {
            "float": value.is_floating_point(),
            "int": not value.is_floating_point()
            and not value.is_complex()
            and value.dtype != torch.bool,
            "bool": value.dtype == torch.bool,
        }[dtypes]
        if not matches:
            raise InputError(f"{name}: expected a {dtypes} tensor, got {describe(value)}")
    elif dtypes is not None and value.dtype not in dtypes:
        wanted = " or ".join(str(d).removeprefix("torch.") for d in dtypes)
        raise InputError(f"{name}: expected dtype {wanted}, got {describe(value)}")
    if like is not None and value.device != like.device:
        raise InputError(f"{name}: expected a tensor on {like.device}, got {describe(value)}")
    if finite and value.is_floating_point() and not bool(torch.isfinite(value).all()):
        bad = int((~torch.isfinite(value)).sum())
        raise InputError(f"{name}: {bad} values are NaN or infinite in {describe(value)}")
    return value


def expect_weighted(x: "Tensor", weight: "Tensor", channels: int) -> None:
    """A field x (B, channels, ...) of the dtype of the weight that it meets. Raises InputError.

    Under autocast torch brings floating-point ones together.
    """
    if x.shape[1] != channels:
        raise InputError(f"x: expected {channels} channels, got {describe(x)}")
    if x.dtype != weight.dtype:
        import torch

        if not (x.is_floating_point() and torch.is_autocast_enabled(x.device.type)):
            kind = str(weight.dtype).removeprefix("torch.")
            raise InputError(f"x: expected {kind} as the weights are, got {describe(x)}")


def expect_number(
    name: str, value: float, *, low: float | None = None, above: float | None = None
) -> float:
    """A finite number, at least `low` or greater than `above`. Raises InputError."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or value != value or value in (float("inf"), float("-inf")):
        raise InputError(f"{name}: expected a finite number, got {value!r}")
    if low is not None and value < low:
        raise InputError(f"{name}: expected at least {low}, got {value}")
    if above is not None and value <= above:
        raise InputError(f"{name}: expected more than {above}, got {value}")
    return value


def expect_share(name: str, value: float) -> float:
    """A number in 0..1. Raises InputError."""
    if not 0 <= expect_number(name, value) <= 1:
        raise InputError(f"{name}: expected 0 to 1, got {value}")
    return value


def expect_sizes(name: str, value: Sequence[int], count: int, low: int = 1) -> Sequence[int]:
    """`count` whole numbers, each at least `low`. Raises InputError."""
    if len(value) != count or any(type(size) is not int or size < low for size in value):
        raise InputError(f"{name}: expected {count} whole numbers >= {low}, got {value!r}")
    return value


def expect_choice(name: str, value: str, choices: Sequence[str]) -> str:
    """One of `choices`. Raises InputError, with the nearest one where the word is close."""
    if value in choices:
        return value
    import difflib

    close = difflib.get_close_matches(str(value), choices, 1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    raise InputError(f"{name}: expected one of {', '.join(choices)}, got {value!r}{hint}")
