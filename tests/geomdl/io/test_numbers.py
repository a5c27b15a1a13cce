"""Numbers from text: the same bits as Python's float, and nothing that is no number."""

import random
import struct

import numpy as np
import pytest

from geomdl.io import numbers
from geomdl.io.numbers import (
    first_bad_line,
    parse_floats,
    parse_integers,
    parse_table,
    token_starts,
)


def spelled(rng: random.Random) -> str:
    """A float in one of the ways that programs write them."""
    value = struct.unpack("<f", struct.pack("<f", rng.gauss(0, 10 ** rng.randint(-8, 8))))[0]
    digits = rng.randint(0, 20)
    ways = [f"{value:.{digits}f}", f"{value:.{digits}e}", f"{value:.{digits}g}", repr(value)]
    ways += [f"{value:+.3f}", str(int(value)), f".{rng.randint(0, 99999)}", f"{rng.randint(0, 9)}."]
    return rng.choice(ways)


@pytest.mark.parametrize("seed", range(8))
def test_every_bit_is_that_of_float(seed: int) -> None:
    rng = random.Random(seed)
    words = [spelled(rng) for _ in range(4000)]
    blanks = (rng.choice([" ", "\n", "\t", "  ", "\r\n"]) for _ in words)
    text = "".join(word + blank for word, blank in zip(words, blanks, strict=True))
    expected = np.array([float(word) for word in words])
    np.testing.assert_array_equal(parse_floats(text.encode()), expected)


def test_mostly_exponents_take_the_other_way() -> None:
    words = [f"{x:.18e}" for x in np.random.default_rng(0).normal(size=500)]
    found = parse_floats(" ".join(words).encode())
    np.testing.assert_array_equal(found, [float(word) for word in words])


def test_nan_and_infinity_are_numbers() -> None:
    found = parse_floats(b"1 nan -inf 2.5 3 4 5 inf")
    assert np.isnan(found[1])
    assert found[2] == -np.inf
    assert found[7] == np.inf


BROKEN = [b"1.2.3", b"1-2", b".", b"-", b".-2", b"+.-1", b"1,5", b"0x10", b"1_0", b"abc", b"1e"]
BROKEN += [b"1 2\x003", b"\xff", b"--1", b"1e5.5", b"infinite", b"1..", b"1 \x01"]


@pytest.mark.parametrize("text", BROKEN)
@pytest.mark.parametrize("around", [b"%s", b"1.5 2 %s", b"%s 3.25 4 5", b"0 1 2 3 %s 4 5 6"])
def test_what_is_no_number_is_refused(text: bytes, around: bytes) -> None:
    with pytest.raises(ValueError):
        parse_floats(around % text)


def test_nothing_is_no_numbers() -> None:
    assert parse_floats(b" \n ").shape == (0,)
    assert parse_integers(b"").shape == (0,)
    assert token_starts(b" a  bc ").tolist() == [1, 4]


def test_integers() -> None:
    assert parse_integers(b"1 -2\n+3").tolist() == [1, -2, 3]
    for text in (b"1.5", b"1-2", b"x"):
        with pytest.raises(ValueError):
            parse_integers(text)


def test_the_first_bad_line_is_found() -> None:
    assert first_bad_line([b"1 2", b"3 4", b"5 x"]) == 2
    assert first_bad_line([b"1 2", b"3_0"]) == 1
    assert first_bad_line([b"1 nan"]) is None


def test_tables_are_all_or_nothing() -> None:
    found = parse_table(b"1 2 3\n\n 4.5 5 6 \r\n")
    assert found is not None
    assert found.tolist() == [[1, 2, 3], [4.5, 5, 6]]
    for text in (b"1 2\n3\n", b"1 2\n3 x\n", b"", b"1 2 3\n4 5\n6\n"):
        assert parse_table(text) is None


def test_long_texts_are_cut_between_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    words = [f"{i / 7:.9g}" for i in range(3000)]
    expected = [float(word) for word in words]
    for size in (1, 2, 7, 64, 1000):
        monkeypatch.setattr(numbers, "_BLOCK", size)
        assert parse_floats(" \n".join(words).encode()).tolist() == expected
    with pytest.raises(ValueError):
        parse_floats(b"1 " * 1000 + b"x " + b"1 " * 1000)
