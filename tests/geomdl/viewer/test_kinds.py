"""Kinds of plain values: what fits an annotation, and the annotation in words."""

import math
from typing import Any, Literal

import pytest

from geomdl.viewer.kinds import fits, words

Ramp = Literal["viridis", "turbo"]


@pytest.mark.parametrize(
    ("hint", "good", "bad"),
    [
        (bool, [True], [1, "true", None]),
        (int, [3, -1], [True, 1.0, "1"]),
        (float, [3, 0.5], [True, math.nan, math.inf, "1", None]),
        (float | None, [None, 1.0], ["1"]),
        (str, ["", "a"], [1, None]),
        (Ramp, ["turbo"], ["jet", None, ["turbo"]]),
        (tuple[float, float], [(1, 2.0)], [(1,), (1, 2, 3), [1, 2], (1, "2"), 5]),
        (tuple[str, ...], [(), ("a",)], ["a", (1,), ["a"]]),
        (tuple[tuple[float, float], ...], [((1, 2), (3, 4))], [((1, 2), (3,))]),
    ],
)
def test_fits(hint: Any, good: list[Any], bad: list[Any]) -> None:
    assert all(fits(value, hint) for value in good)
    assert not any(fits(value, hint) for value in bad)


def test_words() -> None:
    assert words(Ramp) == "viridis, turbo"
    assert words(tuple[float, float, float] | None) == "3 numbers"
    assert words(tuple[str, ...]) == "a list, each text"
    assert words(tuple[tuple[float, float], ...]) == "a list, each 2 numbers"
    assert words(bool) == "true or false"
