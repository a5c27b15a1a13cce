"""One process with Triton's interpreter for all tests of GPU kernels."""

from collections.abc import Iterator

import pytest

from tests.geomdl.ops.gpu.interpreter import Interpreter


@pytest.fixture(scope="session")
def interpreted() -> Iterator[Interpreter]:
    """`interpreted(function, *args)`: the call with kernels interpreted; skips without Triton."""
    pytest.importorskip("triton", reason="Triton is not installed (it has wheels for Linux)")
    interpreter = Interpreter()
    yield interpreter
    interpreter.close()
