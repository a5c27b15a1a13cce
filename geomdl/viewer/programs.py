"""What the viewer needs from outside of geomdl, and whether it is here: `geomdl doctor`."""

import importlib.metadata
import os
import shutil
import socket
import sys
from pathlib import Path
from typing import Any

from geomdl.render.video import find_ffmpeg

BROWSERS = (
    *("google-chrome", "google-chrome-stable", "chromium", "chromium-browser", "firefox"),
    *("microsoft-edge", "brave-browser", "safari"),
)
PORT = 8080  # where `geomdl view` begins to look for a free one
VISER = ((1, 1), (2, 0))  # from the first on, and below the second


def found() -> dict[str, Any]:
    """Versions of viser and of the packages around it, ffmpeg, browser, port, display, notebook.

    None stands for what is not there.
    """
    return {
        "viser": version("viser"),
        "websockets": version("websockets"),
        "imageio-ffmpeg": version("imageio-ffmpeg"),
        "playwright": version("playwright"),
        "ipython": version("ipython"),
        "ffmpeg": find_ffmpeg(),
        "browser": browser(),
        "display": has_screen(),
        "remote": "SSH_CONNECTION" in os.environ,
        "port free": port_is_free(PORT),
    }


def version(name: str) -> str | None:
    """The version of an installed distribution, or None."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def browser() -> str | None:
    """A browser on the PATH or in macOS' applications."""
    named = next(filter(None, map(shutil.which, BROWSERS)), None)
    if named is None and sys.platform == "darwin":
        apps = (Path("/Applications") / f"{name}.app" for name in ("Google Chrome", "Safari"))
        named = next((str(app) for app in apps if app.exists()), None)
    return named


def has_screen() -> bool:
    """Whether a window could open here."""
    if sys.platform in ("win32", "darwin"):
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))


def port_is_free(port: int) -> bool:
    """Whether a server could listen on this port of loopback."""
    with socket.socket() as listening:
        if os.name == "posix":
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def warnings_of(here: dict[str, Any]) -> list[str]:
    """What of `found()` keeps the viewer from working, each with its remedy."""
    said = []
    if here["viser"] is None:
        said.append("no viser, so no `geomdl view`: pip install 'viser>=1.1,<2'")
    elif not VISER[0] <= numbers(here["viser"]) < VISER[1]:
        said.append(f"viser {here['viser']} is not one we test with: pip install 'viser>=1.1,<2'")
    if here["ffmpeg"] is None:
        said.append(
            "no ffmpeg, so no mp4 from `geomdl render` (gif and webp work): "
            "pip install imageio-ffmpeg"
        )
    return said


def advice_of(here: dict[str, Any]) -> list[str]:
    """What helps to look at things here, though nothing is wrong."""
    said = []
    if here["remote"]:
        said.append(
            f"this is a remote machine: ssh -L {PORT}:localhost:{PORT} HOST, then open "
            f"http://localhost:{PORT} there"
        )
    elif not here["display"]:
        said.append(
            "no display: `geomdl view` serves the page all the same, `geomdl render` and "
            "geomdl.show(..., page=False) draw without one"
        )
    if not here["port free"]:
        said.append(
            f"port {PORT} is taken (another `geomdl view`?): the next free one is used, or --port"
        )
    return said


def numbers(text: str) -> tuple[int, ...]:
    """'1.1.1rc2' -> (1, 1, 1)."""
    parts = []
    for part in text.split("."):
        digits = part[: next((i for i, c in enumerate(part) if not c.isdigit()), len(part))]
        if not digits:
            break
        parts.append(int(digits))
        if digits != part:
            break
    return tuple(parts)
