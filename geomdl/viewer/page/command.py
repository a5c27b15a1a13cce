"""The command that makes the picture of a view."""

import dataclasses
import shlex
from typing import Any

from geomdl.viewer.look import Look
from geomdl.viewer.scene import Scene
from geomdl.viewer.viewpoint import Viewpoint

OUTPUT = "picture.png"
FILM = "film.mp4"


def command_of(
    scene: Scene, look: Look, view: Viewpoint | None = None, path: str | None = None
) -> str:
    """`geomdl render FILES -o picture.png ...`, with what differs from the defaults.

    path: the file of a camera path, for a film instead of a picture.

    Files are named by the paths of the items; items without one cannot be named and are left out.
    """
    if view is not None:
        look = look.replace(eye=_short(view.eye), target=_short(view.target))
    paths = dict.fromkeys(str(item.path) for item in scene.items if item.path is not None)
    words = ["geomdl", "render", *paths, "-o", OUTPUT if path is None else FILM]
    if path is not None:
        words += ["--path", path]
    plain = Look()
    for field in dataclasses.fields(Look):
        value = getattr(look, field.name)
        if value != getattr(plain, field.name):
            words += flag(field.name, value)
    return shlex.join(words)


def flag(name: str, value: Any) -> list[str]:
    """One field as words of a command line."""
    dashed = f"--{name.replace('_', '-')}"
    if isinstance(value, bool):
        return [dashed if value else f"--no-{name.replace('_', '-')}"]
    if isinstance(value, tuple):
        return [dashed, *map(_word, _flat(value))]
    word = _word(value)
    return [f"{dashed}={word}"] if word.startswith("-") else [dashed, word]


def _word(value: Any) -> str:
    return f"{value:.7g}" if isinstance(value, float) else str(value)


def _flat(values: tuple[Any, ...]) -> list[Any]:
    return [v for value in values for v in (_flat(value) if isinstance(value, tuple) else [value])]


def _short(vector: tuple[float, float, float]) -> tuple[float, float, float]:
    x, y, z = (float(f"{v:.6g}") for v in vector)
    return (x, y, z)
