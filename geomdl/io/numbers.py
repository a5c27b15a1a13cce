"""Text to numbers at numpy's speed, exact to the last bit, and strict."""

import warnings

import numpy as np
from numpy.typing import NDArray

# 10^22 is the largest power of ten that a double holds exactly (Clinger 1990).
_POWERS = 10.0 ** np.arange(23)


def parse_integers(text: bytes) -> NDArray[np.int64]:
    """Integers separated by white space -> (N,) int64. Raises ValueError for anything else."""
    values = _fromstring(text, np.int64)
    if len(values) != len(token_starts(text)):
        raise ValueError("not integers")
    return values


def parse_floats(text: bytes) -> NDArray[np.float64]:
    """Decimal numbers separated by white space -> (N,) float64, nan and inf included.

    Plain decimals of up to 15 digits are read as integers and divided by a power of ten, which
    is one correctly rounded operation; the rest goes through strtod. Raises ValueError.
    """
    quick = _plain_decimals(text)
    if quick is not None:
        return quick
    values = _fromstring(text, np.float64)
    if len(values) != len(token_starts(text)):
        raise ValueError("not numbers")
    return values


def token_starts(text: bytes) -> NDArray[np.int64]:
    """Offsets (N,) of the tokens of `text` that are separated by white space."""
    blank = np.frombuffer(text, dtype=np.uint8) <= 32
    before = np.concatenate([[True], blank[:-1]])
    return np.flatnonzero(before & ~blank)


def first_bad_line(lines: list[bytes]) -> int | None:
    """The index of the first line that holds something else than numbers."""
    for index, line in enumerate(lines):
        for token in line.split():
            try:
                float(token)
            except ValueError:
                return index
            if b"_" in token:
                return index
    return None


def _fromstring(text: bytes, dtype: type) -> NDArray:
    if not text.strip():
        return np.zeros(0, dtype=dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("error", DeprecationWarning)  # numpy < 2.3 warns and cuts short
        try:
            return np.fromstring(text.decode("ascii"), dtype=dtype, sep=" ")
        except (DeprecationWarning, UnicodeDecodeError) as error:
            raise ValueError(str(error)) from error


def _plain_decimals(text: bytes) -> NDArray[np.float64] | None:
    """The numbers, or None when a token needs more than the exact shortcut offers."""
    raw = np.frombuffer(text, dtype=np.uint8)
    if len(raw) == 0 or raw.max() > 57:  # letters: exponents, nan, inf
        return None
    blank = raw <= 32
    edges = np.flatnonzero(blank[1:] != blank[:-1]) + 1
    if not blank[0]:
        edges = np.concatenate([[0], edges])
    if not blank[-1]:
        edges = np.concatenate([edges, [len(raw)]])
    starts, ends = edges[::2], edges[1::2]
    dots = np.flatnonzero(raw == 46)
    owner = np.searchsorted(starts, dots, side="right") - 1
    if len(starts) == 0 or int((ends - starts).max()) > 17 or (owner[1:] == owner[:-1]).any():
        return None
    after = raw[np.minimum(dots + 1, len(raw) - 1)]
    if ((after == 43) | (after == 45)).any():  # '.-2' would pass as an integer
        return None
    try:
        mantissa = _fromstring(text.replace(b".", b""), np.int64)
    except ValueError:
        return None
    if len(mantissa) != len(starts) or np.abs(mantissa).max() >= 1 << 53:
        return None
    values = mantissa.astype(np.float64)
    values[owner] /= _POWERS[ends[owner] - dots - 1]
    return values
