"""A headless Chromium that looks at pages of `geomdl view`: for the tests and the gallery.

    with chromium() as browser:
        page = visit(browser, "http://127.0.0.1:8080")
        picture = settled(page)          # (H, W, 3) uint8, once nothing changes any more

It draws WebGL on the processor (SwiftShader), so no GPU and no screen are needed.
"""

import io
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = (
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
)
CANVAS = "canvas[data-engine]"  # three.js marks its own
CALM = 3  # pictures in a row without a change
# Left out of pictures: figures that change, and notes such as viser's about software rendering.
UNSEEN = "#geomdl-overlay, .mantine-Notifications-root { visibility: hidden }"


def program() -> str | None:
    """The path of an installed Chromium, None where there is none."""
    return next((path for name in PROGRAMS if (path := shutil.which(name))), None)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A running Chromium. Raises FileNotFoundError where none is installed."""
    path = program()
    if path is None:
        raise FileNotFoundError(f"no {' or '.join(PROGRAMS)} on the PATH")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


def visit(browser: Browser, url: str, *, size: tuple[int, int] = (800, 480)) -> Page:
    """A new visitor (own cookies and storage) with `url` open; back when its canvas is there."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, accept_downloads=True
    )
    page = context.new_page()
    page.set_default_timeout(60_000)
    # On slow machines viser lowers the resolution; pictures could not be compared.
    page.goto(f"{url}{'&' if '?' in url else '?'}fixedDpr=1", wait_until="domcontentloaded")
    page.wait_for_selector(CANVAS)
    return page


def shot(page: Page) -> np.ndarray:
    """What the canvas shows: (H, W, 3) uint8."""
    area = page.locator(CANVAS).bounding_box()
    assert area is not None
    return decoded(page.screenshot(clip=area, style=UNSEEN))


def decoded(data: bytes) -> np.ndarray:
    """A picture file as (H, W, 3) uint8."""
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def ink(picture: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8 -> (H, W) bool: what differs from the commonest colour, the background."""
    packed = picture.astype(np.int32) @ np.array([65536, 256, 1], np.int32)
    colors, counts = np.unique(packed, return_counts=True)
    common = int(colors[counts.argmax()])
    background = np.array([common >> 16, common >> 8 & 255, common & 255])
    return (np.abs(picture.astype(np.int32) - background) > 12).any(-1)


def settled(
    page: Page,
    good: Callable[[np.ndarray], bool] = lambda picture: bool(ink(picture).mean() > 0.01),
    *,
    seconds: float = 45.0,
) -> np.ndarray:
    """The picture once it is `good` (by default: something is drawn) and stays the same.

    Raises TimeoutError after `seconds`, with how much of the last picture was not background.
    """
    end = time.monotonic() + seconds
    last, calm = shot(page), 0
    while time.monotonic() < end:
        page.wait_for_timeout(120)
        now = shot(page)
        # The canvas shrinks when the panel takes its place beside it.
        still = now.shape == last.shape and _moved(now, last) < 0.002
        calm = calm + 1 if still and good(now) else 0
        if calm == CALM:
            return now
        last = now
    raise TimeoutError(f"the page did not come to rest; {ink(last).mean():.1%} of it is drawn")


def _moved(now: np.ndarray, last: np.ndarray) -> float:
    """The share of pixels that differ between two pictures of one size."""
    return float((np.abs(now.astype(np.int16) - last) > 8).any(-1).mean())
