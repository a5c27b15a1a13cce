"""Text to numbers at numpy's speed, exact to the last bit, and strict."""

import re
import warnings

import numpy as np
from numpy.typing import NDArray

# 10^22 is the largest power of ten that a double holds exactly (Clinger 1990).
_POWERS = 10.0 ** np.arange(23)
_BLOCK = 1 << 19  # bytes of text at a time, so that the work stays in the cache
_BLANK = re.compile(rb"[\x00-\x20]")


def parse_integers(text: bytes) -> NDArray[np.int64]:
    """Integers separated by white space -> (N,) int64. Raises ValueError for anything else."""
    values = _fromstring(text, np.int64)
    if len(values) != len(token_starts(text)):
        raise ValueError("not integers")
    return values


def parse_floats(text: bytes) -> NDArray[np.float64]:
    """Decimal numbers separated by white space -> (N,) float64, nan and inf included.

    Plain decimals of up to 15 digits are read as integers and divided by a power of ten, which
    is one correctly rounded operation; the others go through Python's float. Raises ValueError.
    """
    blocks, start = [], 0
    while len(text) - start > _BLOCK:
        blank = _BLANK.search(text, start + _BLOCK)
        end = blank.start() if blank else len(text)
        blocks.append(_parse_block(text[start:end]))
        start = end
    blocks.append(_parse_block(text[start:]))
    return np.concatenate(blocks)


def _parse_block(text: bytes) -> NDArray[np.float64]:
    starts, ends = _tokens(text)
    if not len(starts):
        return np.zeros(0)
    raw = np.frombuffer(text, dtype=np.uint8)
    letters = np.searchsorted(starts, np.flatnonzero(raw > 57), side="right") - 1
    hard = ends - starts > 17
    hard[letters] = True  # exponents, nan, inf; or no number at all
    if 2 * int(hard.sum()) > len(hard):
        values = _fromstring(text, np.float64)
        if len(values) != len(starts):
            raise ValueError("not numbers")
        return values
    plain = _blanked(raw, starts[hard], ends[hard])
    values, wide = _plain_decimals(plain, starts, ends)
    for index in np.flatnonzero(hard | wide).tolist():
        token = text[starts[index] : ends[index]]
        if b"_" in token:
            raise ValueError("not a number")
        values[index] = float(token)
    return values


def parse_table(text: bytes) -> NDArray[np.float64] | None:
    """Lines of equally many numbers -> (lines, columns); None when the text is anything else."""
    try:
        starts = token_starts(text)
        values = parse_floats(text)
    except ValueError:
        return None
    breaks = np.flatnonzero(np.frombuffer(text, dtype=np.uint8) == 10)
    counts = np.diff(np.concatenate([[0], np.searchsorted(starts, breaks), [len(starts)]]))
    counts = counts[counts > 0]
    if not len(counts) or (counts != counts[0]).any():
        return None
    return values.reshape(len(counts), int(counts[0]))


def token_starts(text: bytes) -> NDArray[np.int64]:
    """Offsets (N,) of the tokens of `text` that are separated by white space.

    Raises ValueError for a token that ends with a sign.
    """
    return _tokens(text)[0]


def _tokens(text: bytes) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Offsets (N,) of the first bytes of all tokens, and of those behind their last."""
    blank = np.ones(len(text) + 2, dtype=bool)
    blank[1:-1] = np.frombuffer(text, dtype=np.uint8) <= 32
    edges = np.flatnonzero(blank[1:] != blank[:-1])
    starts, ends = edges[::2], edges[1::2]
    last = np.frombuffer(text, dtype=np.uint8)[ends - 1] if len(ends) else np.zeros(0)
    if ((last == 43) | (last == 45)).any():  # numpy takes a lone sign for a zero
        raise ValueError("a sign without a number")
    return starts, ends


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


def _blanked(
    raw: NDArray[np.uint8], starts: NDArray[np.int64], ends: NDArray[np.int64]
) -> NDArray[np.uint8]:
    """The text with zeros in the place of some tokens."""
    if not len(starts):
        return raw
    lengths = ends - starts
    inner = np.arange(int(lengths.sum())) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    plain = raw.copy()
    plain[np.repeat(starts, lengths) + inner] = 48
    return plain


def _plain_decimals(
    raw: NDArray[np.uint8], starts: NDArray[np.int64], ends: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Numbers of digits, sign and point; and which of them have too many digits to be exact."""
    dots = np.flatnonzero(raw == 46)
    owner = np.searchsorted(starts, dots, side="right") - 1
    after = raw[np.minimum(dots + 1, len(raw) - 1)]
    if (owner[1:] == owner[:-1]).any() or ((after == 43) | (after == 45)).any():
        raise ValueError("a number with two points, or a sign behind the point")
    mantissa = _fromstring(raw[raw != 46].tobytes(), np.int64)
    if len(mantissa) != len(starts):
        raise ValueError("not numbers")
    values = mantissa.astype(np.float64)
    values[owner] /= _POWERS[np.minimum(ends[owner] - dots - 1, 22)]
    return values, np.abs(mantissa) >= 1 << 53
