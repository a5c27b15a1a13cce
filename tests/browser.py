"""What the tests of the page share: a Chromium, or the reason why there is none."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser

from tools.browser import chromium, program


@contextmanager
def browser() -> Iterator[Browser]:
    """A headless Chromium; skips the test where none is installed."""
    if program() is None:
        pytest.skip("no Chromium is installed (apt-get install chromium)")
    with chromium() as running:
        yield running
