"""NumPy numbers in checkpoints, read without letting anything of NumPy's be called.

Training programs keep a numpy.float64, an accuracy, beside the weights, and `torch.load` refuses
the file for it. What stands in for NumPy here makes plain numbers, and refuses objects.
"""

import re
from contextlib import AbstractContextManager, nullcontext
from pickle import UnpicklingError
from typing import Any

import numpy as np
import torch


class NumberType:
    """What stands in for numpy.dtype while a checkpoint is read: numbers alone, no objects."""

    def __init__(self, text: str, *_: object) -> None:
        if not re.fullmatch(r"[<>=|]?[biuf][1248]", text):
            raise UnpicklingError(f"a NumPy value of type {text!r}")
        self.text = text

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        order = state[1] if len(state) > 1 else "="
        self.text = (order if order in ("<", ">") else "") + self.text.lstrip("<>=|")


def number(kind: NumberType, data: bytes) -> float:
    """What stands in for NumPy's function that rebuilds a scalar."""
    return np.frombuffer(data, np.dtype(kind.text))[0].item()


def numbers_let_in() -> AbstractContextManager[None]:
    """Inside, `torch.load(weights_only=True)` reads them; before torch 2.7 it still refuses."""
    version = tuple(int(part) for part in torch.__version__.split(".")[:2])
    if version < (2, 7):  # names of one's own came with it
        return nullcontext()
    return torch.serialization.safe_globals(NUMPY)  # type: ignore[arg-type]


# What checkpoints call the two, before and since NumPy 2. Nothing of NumPy itself is let in.
NUMPY: list[tuple[Any, str]] = [
    (number, "numpy.core.multiarray.scalar"),
    (number, "numpy._core.multiarray.scalar"),
    (NumberType, "numpy.dtype"),
]
