"""`geomdl.show`: shapes, cameras and files on the page, or as a picture, from Python.

The page opens in the browser; in a notebook it appears below the cell. `page=False` draws the
same with our rasteriser and gives it back.
"""

import sys
import webbrowser
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, overload

import numpy as np
import torch
from torch import Tensor

from geomdl.errors import GeometryError
from geomdl.io.posed import PosedImages
from geomdl.structures import Camera, Mesh, PointCloud, SparseVoxels, VoxelGrid
from geomdl.viewer.look import Look
from geomdl.viewer.origin import near_camera
from geomdl.viewer.programs import has_screen
from geomdl.viewer.scene import Item, Scene, Shape

if TYPE_CHECKING:
    from PIL.Image import Image

    from geomdl.viewer.page.server import Viewer

Frame = Shape | Callable[[], Shape]
Thing = Shape | Tensor | np.ndarray | str | Path | Sequence[Frame | Tensor | np.ndarray]
NAMES: dict[type, str] = {
    Mesh: "mesh",
    PointCloud: "cloud",
    VoxelGrid: "grid",
    SparseVoxels: "voxels",
    PosedImages: "photos",
    Camera: "camera",
}


@dataclass(frozen=True, eq=False)
class Shown:
    """A page that is being served."""

    viewer: "Viewer"

    @property
    def url(self) -> str:
        """Where the page is."""
        return self.viewer.url

    def stop(self) -> None:
        """Serve it no longer."""
        self.viewer.stop()

    def wait(self) -> None:
        """Serve until Ctrl-C."""
        self.viewer.wait()

    def __repr__(self) -> str:
        return f"Shown({self.url})"


@overload
def show(
    *things: Thing,
    names: Sequence[str] | None = None,
    camera: Camera | None = None,
    look: Look | None = None,
    page: Literal[False],
    size: tuple[int, int] = (960, 720),
    port: int = 8080,
    wait: bool | None = None,
) -> "Image": ...


@overload
def show(
    *things: Thing,
    names: Sequence[str] | None = None,
    camera: Camera | None = None,
    look: Look | None = None,
    page: Literal[True] = True,
    size: tuple[int, int] = (960, 720),
    port: int = 8080,
    wait: bool | None = None,
) -> Shown: ...


def show(
    *things: Thing,
    names: Sequence[str] | None = None,
    camera: Camera | None = None,
    look: Look | None = None,
    page: bool = True,
    size: tuple[int, int] = (960, 720),
    port: int = 8080,
    wait: bool | None = None,
) -> "Shown | Image":
    """Meshes, clouds, grids, cameras, posed photos, points (N, 3), paths -> a page or a picture.

    A list of shapes, or of functions that give them, is a sequence to play. names: one for each
    thing; 'mesh', 'cloud' ... and the names of files where they are not given. camera: where to
    look from; a Camera among the things is drawn as a pyramid.

    page=True: served on loopback at `port` or the next free one -> Shown. A script waits for
    Ctrl-C, a notebook or a prompt goes on; `wait` says otherwise. page=False -> a PIL image of
    `size` pixels, or of the camera's size. Raises GeometryError.

    >>> import torch
    >>> show(torch.rand(500, 3), page=False, size=(64, 48)).size
    (64, 48)
    """
    scene = scene_of(things, names)
    look = look or Look()
    if camera is not None:
        camera = near_camera(camera, scene.origin) if any(scene.origin) else camera
        look = seen_from(scene, look, camera)
    if not page:
        return _picture(scene, look, camera, size)
    from geomdl.viewer.page.server import Viewer

    shown = Shown(Viewer(scene, look, port=port))
    if in_notebook():
        from IPython.display import IFrame, display

        display(IFrame(shown.url, "100%", size[1]))
        return shown
    print(f"geomdl: {shown.url}", file=sys.stderr)
    if has_screen():
        webbrowser.open(shown.url)
    if (not at_prompt()) if wait is None else wait:
        shown.wait()
    return shown


def scene_of(things: Sequence[Thing], names: Sequence[str] | None = None) -> Scene:
    """Things and names as `show` takes them -> a Scene. Raises GeometryError.

    Up is what the files say, z where there are none.
    """
    if not things:
        raise GeometryError("things: expected something to show, got nothing")
    if names is not None and len(names) != len(things):
        raise GeometryError(f"names: expected {len(things)}, one for each thing, got {len(names)}")
    from geomdl.viewer.opening import near_scene, open_items

    items: list[Item] = []
    ups: list[str] = []
    for number, thing in enumerate(things):
        if isinstance(thing, str | Path):
            new, up = open_items([thing])
            ups.append(up)
        else:
            frames = _frames(thing)
            new = [Item(NAMES.get(type(frames[0]), "sequence"), frames)]
        if names is not None:
            if len(new) > 1:
                raise GeometryError(f"names: expected one item in {thing}, got {len(new)}")
            new = [replace(new[0], name=names[number])]
        for item in new:
            items.append(replace(item, name=_free(item.name, items)))
    return near_scene(items, ups[0] if ups else "z")


def seen_from(scene: Scene, look: Look, camera: Camera) -> Look:
    """The look with the eye and the field of view of a camera; what it sees stands upright.

    The target is on the camera's axis, abreast of the middle of the scene. Raises GeometryError
    for a batch of cameras.
    """
    from geomdl.viewer.compose import compose

    if camera.shape:
        raise GeometryError(f"camera: expected one, got a batch {tuple(camera.shape)}")
    plain = camera.to("cpu", torch.float32)
    drawing = compose(scene, look)
    ahead = plain.world_to_camera.rotation[2]
    middle = (drawing.low + drawing.high).float().cpu() / 2
    away = float((middle - plain.centre) @ ahead)
    x, y, z = (plain.centre + ahead * (away if away > 0 else 1.0)).tolist()
    eye_x, eye_y, eye_z = plain.centre.tolist()
    fov = 2 * torch.atan(plain.height / 2 / plain.intrinsics[1, 1]).rad2deg()
    return look.replace(
        eye=(eye_x, eye_y, eye_z), target=(x, y, z), fov=min(max(float(fov), 1.0), 160.0)
    )


def in_notebook() -> bool:
    """Whether a notebook runs this and can show a page below the cell."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return shell is not None and "IPKernelApp" in shell.config


def at_prompt() -> bool:
    """Whether someone types at a Python prompt."""
    return getattr(sys, "ps1", None) is not None or bool(sys.flags.interactive)


def _picture(scene: Scene, look: Look, camera: Camera | None, size: tuple[int, int]) -> "Image":
    from PIL import Image

    from geomdl.render.image import to_bytes
    from geomdl.viewer.compose import compose
    from geomdl.viewer.picture import picture_of
    from geomdl.viewer.viewpoint import initial

    drawing = compose(scene, look)
    if camera is None:
        camera = initial(drawing, look, size[0] / size[1]).camera(*size)
    return Image.fromarray(to_bytes(picture_of(drawing, camera, look)))


def _frames(thing: object) -> tuple[Frame, ...]:
    if isinstance(thing, list | tuple) and thing:
        return tuple(_frame(frame, frame) for frame in thing)
    return (_frame(thing, None),)


def _frame(thing: object, lazy: object) -> Frame:
    """One shape, or `lazy` where that is a function that gives it. Raises GeometryError."""
    if isinstance(thing, np.ndarray):
        thing = torch.from_numpy(np.ascontiguousarray(thing))
    if isinstance(thing, Tensor):
        return PointCloud(thing if thing.is_floating_point() else thing.float())
    if isinstance(thing, tuple(NAMES)):
        return thing  # type: ignore[return-value]
    if callable(lazy):
        return lazy
    known = ", ".join(kind.__name__ for kind in NAMES)
    raise GeometryError(
        f"things: expected {known}, points (N, 3), a path or a list of shapes, got "
        f"{type(thing).__name__}"
    )


def _free(name: str, items: Sequence[Item]) -> str:
    """The name, or the name with the first number that makes it new."""
    taken = {item.name for item in items}
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name} {number}"
    return free
