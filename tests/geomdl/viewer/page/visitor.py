"""A visitor without a browser: a session's interface, with viser's controls behind it."""

import asyncio
import atexit
import functools
import inspect
import socket
from types import SimpleNamespace
from typing import Any

import torch
import trimesh
import viser

from geomdl.io.interop import from_trimesh
from geomdl.structures import Mesh, PointCloud
from geomdl.viewer.compose import compose
from geomdl.viewer.look import Look
from geomdl.viewer.scene import Item, Scene, Shape
from geomdl.viewer.viewpoint import Viewpoint, initial


class Visitor:
    """Does at once, and in one thread, what a Session does on its worker."""

    def __init__(self, scene: Scene, look: Look = Look()) -> None:  # noqa: B008
        server = serving()
        server.gui.reset()
        server.scene.reset()
        self.scene, self.look = scene, look
        self.drawing = compose(scene, look)
        self.view = initial(self.drawing, look)
        self.aspect, self.link_group, self.left = 1.5, None, False
        self.fps: float | None = None
        self.pending = 0
        self.notes: list[tuple[str, str]] = []
        self.ran: list[str] = []
        self.files: dict[str, bytes] = {}
        self.status: bool | None = None
        self.listeners: list[Any] = []
        self.drawn: list[Any] = []
        self.cameras: list[Any] = []
        self.clicks: list[Any] = []
        self.client = SimpleNamespace(
            gui=server.gui,
            scene=server.scene,
            client_id=0,
            _viser_server=SimpleNamespace(get_clients=lambda: {} if self.left else {0: self}),
            send_file_download=self._send,
            add_notification=lambda *_, **__: SimpleNamespace(remove=lambda: None),
            camera=SimpleNamespace(image_width=60, image_height=40, aspect=1.5),
        )

    def change(self, **fields: Any) -> None:
        old, self.look = self.look, self.look.replace(**fields)
        for callback in self.listeners:
            callback(old, self.look)
        self.drawing = compose(self.scene, self.look)
        for callback in self.drawn:
            callback(self.drawing)

    def listen(self, callback: Any) -> None:
        self.listeners.append(callback)

    def on_drawing(self, callback: Any) -> None:
        self.drawn.append(callback)
        callback(self.drawing)

    def on_camera(self, callback: Any) -> None:
        self.cameras.append(callback)

    def on_click(self, callback: Any) -> None:
        self.clicks.append(callback)

    def later(self, function: Any, seconds: float = 0.0) -> None:
        function()

    def viewpoint(self) -> Viewpoint:
        return self.view

    def move(self, viewpoint: Viewpoint) -> None:
        self.view = viewpoint
        for callback in self.cameras:
            callback(viewpoint)

    def reset(self) -> None:
        self.move(initial(self.drawing, self.look, self.aspect))

    def link(self) -> str:
        return f"http://127.0.0.1:8080/?look={self.look.to_query()}"

    def notify(self, title: str, text: str = "") -> None:
        self.notes.append((title, text))

    def overlay(self, visible: bool) -> None:
        self.status = visible

    def _send(self, name: str, content: bytes, **_: Any) -> None:
        self.files[name] = content


@functools.cache
def serving() -> viser.ViserServer:
    """One server for all tests of a process, on a port that is free."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = viser.ViserServer(host="127.0.0.1", port=port, verbose=False)
    atexit.register(server.stop)
    return server


def use(handle: Any, value: Any = True) -> None:
    """What happens when a visitor moves a control to `value`, or presses a button."""
    handle._impl.value = value
    for callback in list(handle._impl.update_cb):
        done = callback(SimpleNamespace(client=object(), client_id=0, target=handle))
        if inspect.isawaitable(done):
            asyncio.run(done)


def controls(visitor: Visitor) -> dict[str, Any]:
    """The inputs of a visitor's panel by their labels."""
    handles = visitor.client.gui._gui_input_handle_from_uuid.values()
    return {
        handle._impl.props.label: handle
        for handle in handles
        if type(handle).__name__ != "GuiProgressBarHandle"
    }


def scene_of(*shapes: Shape, frames: int = 1) -> Scene:
    """Items a, b, c ... of one shape each; the first one moves through `frames`."""
    return Scene(
        [
            Item("abcdefgh"[i], (shape,) * (frames if i == 0 else 1))
            for i, shape in enumerate(shapes)
        ]
    )


def ball(x: float = 0.0) -> Mesh:
    """A sphere of radius 1."""
    mesh = from_trimesh(trimesh.creation.icosphere(subdivisions=2))
    assert isinstance(mesh, Mesh)
    return Mesh(mesh.vertices.float() + torch.tensor([x, 0.0, 0.0]), mesh.faces)


def dots(count: int = 400) -> PointCloud:
    """Points in the unit cube with labels."""
    g = torch.Generator().manual_seed(0)
    labels = torch.arange(count) % 3
    return PointCloud(torch.rand(count, 3, generator=g), attributes={"label": labels})


def words(visitor: Visitor) -> str:
    """All HTML of the panel."""
    found: list[str] = []

    def walk(thing: Any) -> None:
        if isinstance(thing, viser.GuiHtmlHandle):
            found.append(thing.content)
        for child in getattr(thing, "_children", {}).values():
            walk(child)
        for tab in getattr(thing, "_tab_handles", []):
            walk(tab)

    walk(visitor.client.gui._container_handle_from_uuid["root"])
    return "\n".join(found)
