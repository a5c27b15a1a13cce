"""Fixtures of all tests: both backends, and the real data where it lies."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from geomdl.ops import dispatch

ROOT = Path(__file__).resolve().parent.parent


def pytest_configure() -> None:
    """Jobs that a shell runs in the background ignore SIGINT, and so would those of the tests."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(params=["torch", "native"])
def backend(request: pytest.FixtureRequest) -> Iterator[str]:
    """Run the test once on the torch bodies and once on the native kernels."""
    with dispatch.backend(request.param):
        yield request.param


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of real data: GEOMDL_DATA, or shared/data beside the checkout."""
    named = os.environ.get("GEOMDL_DATA")
    folder = Path(named) if named else ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"no real data: {folder} is not a folder (set GEOMDL_DATA)")
    return folder
