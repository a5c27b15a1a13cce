"""Paths to a scene: files, patterns, folders; `geomdl view` and `geomdl render` open alike."""

import glob
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from geomdl.errors import GeometryError
from geomdl.io import load
from geomdl.io.files import CONTAINERS, READERS
from geomdl.io.posed import PosedImages
from geomdl.structures import Camera, Mesh, PointCloud, SparseVoxels
from geomdl.viewer import arrays, captures
from geomdl.viewer.naming import (
    item_names,
    label_names_beside,
    natural,
    read_label_names,
    sequence_names,
)
from geomdl.viewer.origin import brought, origin_of
from geomdl.viewer.scene import Item, Scene, Shape

Y_UP = (".glb", ".gltf", ".obj")  # glTF says so, and most obj files do
KNOWN = " ".join(ending[1:] for ending in (*READERS, *CONTAINERS, *arrays.ENDINGS))
_NOTES = (".txt", ".csv")  # beside shapes mostly something else
_WORKERS = 4


@dataclass(frozen=True)
class _Found:
    """A thing to open: a file of a shape, or pictures with cameras; `group` is its argument."""

    path: Path
    group: int
    opener: captures.Opener | None = None


def open_scene(
    paths: Sequence[str | Path] | str | Path,
    *,
    play: bool = False,
    label_names: str | Path | None = None,
    most_photos: int = 200,
) -> Scene:
    """Files, patterns (also with **) and folders -> a Scene.

    A folder holds RGB-D frames, a COLMAP model or a transforms.json, or else shapes. play: the
    files of each folder or pattern are the frames of one item, and so are single files
    together; all but the first are read when they are shown. label_names: what
    `naming.read_label_names` reads; without it scan.labels.txt beside scan.ply names its
    labels. most_photos: of one folder; more are thinned out evenly. Points that are NaN are
    left out. Where coordinates are far from 0 (maps), the scene's zero is `scene.origin` in the
    files, with a warning. Up is what the cameras hold upright, else y where most files are glb,
    gltf or obj, else z. Where some files are broken the others are opened, with a warning for
    each. Raises GeometryError naming the path.
    """
    names = None if label_names is None else read_label_names(label_names)
    items, up = open_items(paths, play=play, most_photos=most_photos)
    named = [
        replace(item, label_names=label_names_beside(item.path) if names is None else names)
        for item in items
    ]
    return near_scene(named, up)


def open_items(
    paths: Sequence[str | Path] | str | Path, *, play: bool = False, most_photos: int = 200
) -> tuple[list[Item], str]:
    """The items of `open_scene`, with the coordinates of the files, and which way is up."""
    found = _found([paths] if isinstance(paths, str | Path) else paths)
    items = _sequences(found, most_photos) if play else _single(found, most_photos)
    return items, _up(items)


def near_scene(items: Sequence[Item], up: str) -> Scene:
    """A scene of the items, brought near zero where float32 needs that; a warning says so."""
    origin = origin_of(items)
    if any(origin):
        x, y, z = (f"{number:.12g}" for number in origin)
        warnings.warn(
            f"coordinates far from 0: places, clips and links count from {x} {y} {z}", stacklevel=3
        )
    return Scene(brought(items, origin), up, origin)


def is_shape(path: Path) -> bool:
    """Whether the ending is one that `open_scene` reads as a shape."""
    return path.suffix.lower() in READERS | CONTAINERS or arrays.is_array(path)


def _found(paths: Sequence[str | Path]) -> list[_Found]:
    """What the paths stand for, each thing once. Raises GeometryError where there is nothing."""
    if not paths:
        raise GeometryError("paths: expected at least one file, pattern or folder, got none")
    found: dict[Path, _Found] = {}
    for number, given in enumerate(paths):
        path = Path(given).expanduser()
        if path.exists() or not glob.has_magic(str(path)):
            things = _inside(path, -1 if path.is_file() else number)
        else:
            things = _matching(path, number)
        for thing in things:
            found.setdefault(thing.path.resolve(), thing)
    return list(found.values())


def _matching(pattern: Path, group: int) -> Iterator[_Found]:
    """Files that can be opened; the folders only where there are no such files."""
    matches = sorted(map(Path, glob.iglob(str(pattern), recursive=True)), key=natural)
    files = [path for path in matches if path.is_file() and can_open(path)]
    folders = [path for path in matches if path.is_dir() and "**" not in str(pattern)]
    if not files and not folders:
        got = f"{len(matches)} of another kind" if matches else "none"
        raise GeometryError(f"{pattern}: expected files of shapes, got {got}")
    for path in files or folders:
        yield from _inside(path, group)


def _inside(path: Path, group: int) -> Iterator[_Found]:
    """A file, or what is in a folder. Raises GeometryError where that is nothing."""
    if path.is_file():
        posed = path.suffix.lower() == ".json"
        if not posed and not is_shape(path):
            raise GeometryError(f"{path}: unknown ending {path.suffix!r}; expected one of: {KNOWN}")
        yield _Found(path, group, captures.transforms_items if posed else None)
        return
    if not path.is_dir():
        what = "expected a file or folder, got another thing" if path.exists() else ""
        raise GeometryError(f"{path}: {what or 'there is no such file or folder'}")
    try:
        taken = captures.capture(path)
        files = [p for p in path.iterdir() if is_shape(p) and p.is_file()]
        files = [p for p in files if p.suffix.lower() not in _NOTES] or files
    except OSError as error:
        raise GeometryError(f"{path}: cannot be read: {error.strerror}") from error
    if taken is not None:
        opener, places = taken
        yield from (_Found(place, group, opener) for place in places)
    elif not files:
        raise GeometryError(
            f"{path}: expected shapes ({KNOWN}), RGB-D frames, a COLMAP model or transforms.json "
            f"in the folder, got none of them; '{path}/**/*.ply' looks into its folders"
        )
    else:
        yield from (_Found(file, group) for file in sorted(files, key=natural))


def can_open(path: Path) -> bool:
    """Whether a file holds a shape or cameras, by its name."""
    return is_shape(path) or (path.suffix.lower() == ".json" and "transforms" in path.name)


def _single(found: Sequence[_Found], most: int) -> list[Item]:
    """Every thing an item of its own."""
    names = item_names([thing.path for thing in found])
    with ThreadPoolExecutor(min(_WORKERS, len(found))) as workers:
        opened = list(workers.map(partial(_tried, most=most), found, names))
    broken = [error for error in opened if isinstance(error, GeometryError)]
    if len(broken) == len(found):
        raise broken[0]
    for error in broken:
        warnings.warn(f"left out: {error}", stacklevel=3)
    return [item for items in opened if isinstance(items, list) for item in items]


def _tried(thing: _Found, name: str, most: int) -> list[Item] | GeometryError:
    try:
        return _items(thing, name, most)
    except GeometryError as error:
        return error


def _items(thing: _Found, name: str, most: int) -> list[Item]:
    if thing.opener is not None:
        return thing.opener(thing.path, name, False, most)
    shapes = _read(thing.path)
    if isinstance(shapes[0], SparseVoxels) and shapes[0].batch_size > 1:
        split = shapes[0].split()
        return [Item(f"{name} {i}", (part,), thing.path) for i, part in enumerate(split)]
    return [Item(name, shapes, thing.path)]


def _sequences(found: Sequence[_Found], most: int) -> list[Item]:
    """One item for every group of files; captures play their own frames."""
    groups: dict[int, list[Path]] = {}
    for thing in found:
        if thing.opener is None:
            groups.setdefault(thing.group, []).append(thing.path)
    taken = [thing for thing in found if thing.opener is not None]
    items = []
    for name, files in zip(sequence_names(list(groups.values())), groups.values(), strict=True):
        frames = [*_read(files[0])]
        if len(files) > 1:
            frames = [frames[0], *(partial(_first, path) for path in files[1:])]
        items.append(Item(name, tuple(frames), files[0]))
    for thing, name in zip(taken, item_names([thing.path for thing in taken]), strict=True):
        assert thing.opener is not None
        items += thing.opener(thing.path, name, True, most)
    return items


def _read(path: Path) -> tuple[Shape | Callable[[], Shape], ...]:
    """The frames of a file: one, or more of a stack of grids."""
    if arrays.is_array(path):
        return arrays.read_frames(path)
    shape = load(path, dtype=None, drop_nonfinite=True)
    if isinstance(shape, Mesh | PointCloud):
        if shape.batch_size > 1:
            shape = shape.merged()
        if not len(shape.vertices if isinstance(shape, Mesh) else shape.points):
            raise GeometryError(f"{path}: expected points, got a shape without any")
    if isinstance(shape, SparseVoxels) and shape.coordinates.shape[1] != 3:
        axes = shape.coordinates.shape[1]
        raise GeometryError(f"{path}: expected voxels of 3 axes, got {axes}")
    return (shape,)


def _first(path: Path) -> Shape:
    shape = _read(path)[0]
    return shape() if callable(shape) else shape


def _up(items: Sequence[Item]) -> str:
    """What the cameras hold upright, or by the endings of the files: y or z."""
    for item in items:
        shape = item.frames[0]
        if isinstance(shape, PosedImages | Camera):
            cameras = (
                [i.camera for i in shape.images] if isinstance(shape, PosedImages) else [shape]
            )
            if (up := captures.upward(cameras)) is not None:
                return up
    upright = sum(i.path is not None and i.path.suffix.lower() in Y_UP for i in items)
    return "y" if 2 * upright > len(items) else "z"
