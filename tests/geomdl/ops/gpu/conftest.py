"""One process with Triton's interpreter for all tests of GPU kernels."""

from collections.abc import Iterator

import pytest

from tests.geomdl.ops.gpu.interpreter import Interpreter


@pytest.fixture(scope="session")
def interpreted() -> Iterator[Interpreter]:
    """`interpreted(function, *args)`: the call with kernels interpreted; skips without Triton."""
    # Older interpreters turn arrays of one number into indices, which NumPy 2.4 refuses.
    pytest.importorskip("triton", minversion="3.9", reason="Triton 3.9 is not installed (Linux)")
    interpreter = Interpreter()
    yield interpreter
    interpreter.close()
