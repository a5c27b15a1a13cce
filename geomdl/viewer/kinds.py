"""Whether a plain value is of the kind that an annotation names, and that kind in words."""

import math
import types
from typing import Any, Literal, Union, get_args, get_origin

_WORDS = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}


def fits(value: Any, hint: Any) -> bool:
    """Is value what hint says: bool, int, float (finite; ints too), str, None, Literal, unions, and
    tuples of them?

    >>> fits((1.0, 2), tuple[float, float]), fits(True, float), fits(None, float | None)
    (True, False, True)
    """
    kind, inside = get_origin(hint), get_args(hint)
    if kind is Literal:
        return isinstance(value, str) and value in inside
    if kind in (Union, types.UnionType):
        return any(fits(value, one) for one in inside)
    if kind is tuple:
        if not isinstance(value, tuple):
            return False
        if inside[-1] is ...:
            return all(fits(each, inside[0]) for each in value)
        return len(value) == len(inside) and all(map(fits, value, inside))
    if isinstance(value, bool):
        return hint is bool
    if hint is float:
        return isinstance(value, int | float) and math.isfinite(value)
    return isinstance(value, type(None) if hint is None else hint)


def words(hint: Any) -> str:
    """'3 numbers', 'text', 'viridis, turbo': what a value has to be."""
    kind, inside = get_origin(hint), get_args(hint)
    if kind is Literal:
        return ", ".join(inside)
    if kind in (Union, types.UnionType):
        return " or ".join(words(one) for one in inside if one is not type(None))
    if kind is tuple and inside[-1] is ...:
        return f"a list, each {words(inside[0])}"
    if kind is tuple:
        return f"{len(inside)} {words(inside[0]).removeprefix('a ')}s"
    return _WORDS[hint]
