"""Triton kernels on a CPU: a process of its own, since Triton reads TRITON_INTERPRET at import."""

import importlib
import multiprocessing
import os
import pickle
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any


def _begin() -> None:
    os.environ["TRITON_INTERPRET"] = "1"


def _answer(question: bytes) -> bytes:
    function, args = pickle.loads(question)
    return pickle.dumps(function(*args))


def run_op(family: str, name: str, *args: Any) -> Any:
    """What geomdl.ops.gpu.<family>.<name> gives for these arguments."""
    return getattr(importlib.import_module(f"geomdl.ops.gpu.{family}"), name)(*args)


class Interpreter:
    """Runs functions of importable modules where Triton's kernels are interpreted."""

    def __init__(self) -> None:
        spawn = multiprocessing.get_context("spawn")
        self._pool = ProcessPoolExecutor(1, mp_context=spawn, initializer=_begin)

    def __call__(self, function: Callable[..., Any], *args: Any) -> Any:
        # Bytes, because torch would hand tensors over in shared memory.
        question = pickle.dumps((function, args))
        return pickle.loads(self._pool.submit(_answer, question).result(timeout=300))

    def close(self) -> None:
        self._pool.shutdown()
