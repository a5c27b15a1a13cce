"""What the tests in a real browser share: one Chromium per file, pages that end with the test."""

import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
import torch
import trimesh
from playwright.sync_api import Browser

from geomdl.io.interop import from_trimesh
from geomdl.structures import Mesh
from geomdl.viewer.look import Look
from geomdl.viewer.page.server import Viewer
from geomdl.viewer.page.session import Session
from geomdl.viewer.scene import Item, Scene
from tests.browser import browser


@pytest.fixture(scope="module")
def running() -> Iterator[Browser]:
    """A headless Chromium for the tests of a file."""
    with browser() as started:
        yield started


@pytest.fixture
def chromium(running: Browser) -> Iterator[Browser]:
    """Chromium; its pages are closed after the test."""
    yield running
    for context in running.contexts:
        context.close()


@dataclass
class Serving:
    """Serves scenes on free ports."""

    viewers: list[Viewer] = field(default_factory=list)

    def __call__(self, scene: Scene, look: Look = Look()) -> Viewer:  # noqa: B008
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.viewers.append(Viewer(scene, look, port=port))
        return self.viewers[-1]


@pytest.fixture
def serve() -> Iterator[Serving]:
    """A function (scene, look) -> Viewer, stopped after the test."""
    serving = Serving()
    yield serving
    for viewer in serving.viewers:
        viewer.stop()


def ball(center: tuple[float, float, float], color: tuple[float, float, float]) -> Mesh:
    """A sphere of radius 1 with linear colours."""
    mesh = from_trimesh(trimesh.creation.icosphere(subdivisions=4))
    assert isinstance(mesh, Mesh)
    colors = torch.tensor(color).expand(len(mesh.vertices), 3).contiguous()
    return Mesh(mesh.vertices.float() + torch.tensor(center), mesh.faces, colors=colors)


@pytest.fixture
def balls() -> Scene:
    """A red ball at x = -1.5 and a blue one at x = 1.5; z is up."""
    red, blue = ball((-1.5, 0, 0), (1.0, 0.0, 0.0)), ball((1.5, 0, 0), (0.0, 0.0, 1.0))
    return Scene([Item("red", (red,)), Item("blue", (blue,))])


FRONT = Look(eye=(0.0, -12.0, 0.0), target=(0.0, 0.0, 0.0), legend=False)


def wait_until(true: Callable[[], bool], seconds: float = 120.0) -> None:
    """Returns when `true()` is. Raises TimeoutError."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            raise TimeoutError("it did not become true")
        time.sleep(0.02)


def only(viewer: Viewer) -> Session:
    """The session of the only visitor, once it is there."""
    wait_until(lambda: len(viewer.sessions) == 1)
    return next(iter(viewer.sessions))


def wait_for_picture(viewer: Viewer) -> Session:
    """The only session, once its page has read all that was sent."""
    session = only(viewer)
    wait_until(lambda: session.drawing is not None and session.pending == 0)
    return session
