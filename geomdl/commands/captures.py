"""`geomdl convert` for what cameras took: posed images and RGB-D frames to other layouts."""

import sys
import warnings
from pathlib import Path

from geomdl.errors import GeometryError
from geomdl.io import (
    PosedImages,
    RGBDFolder,
    RGBDWriter,
    load_colmap,
    load_transforms,
    open_rgbd,
    save_colmap,
    save_transforms,
)
from geomdl.reconstruct.progress import progress_bar

FOLDERS = ("colmap", "7scenes")  # formats that are folders
MARKS = ("cameras.bin", "camera-intrinsics.txt")  # what shows that one of them is there


def is_capture(source: Path) -> bool:
    """Whether a source holds cameras or frames, not a shape."""
    return source.is_dir() or source.suffix.lower() == ".json"


def is_rgbd(folder: Path) -> bool:
    """Whether a folder holds RGB-D frames."""
    from geomdl.viewer.captures import capture, rgbd_items

    taken = capture(folder)
    return taken is not None and taken[0] is rgbd_items


def refuse(source: Path, target: Path) -> None:
    """Raises GeometryError, before any work, where the target cannot hold what the source is."""
    if source.is_dir() and is_rgbd(source):
        if target.suffix:
            raise GeometryError(
                f"{source}: RGB-D frames go into a folder, not {target.name}; "
                "`geomdl reconstruct` makes a mesh of them"
            )
    elif target.suffix.lower() not in ("", ".json"):
        raise GeometryError(
            f"{source}: cameras go into a .json or, with --to colmap, a folder, not {target.name}"
        )


def convert(source: Path, target: Path, overwrite: bool) -> PosedImages | RGBDFolder:
    """transforms.json and COLMAP folders as each other, RGB-D folders in the layout of 7-Scenes.

    Pictures of posed images stay where they are. Raises GeometryError.
    """
    if source.is_dir() and is_rgbd(source):
        return convert_frames(source, target, overwrite)
    posed = load_colmap(source) if source.is_dir() else load_transforms(source)
    if target.suffix.lower() != ".json":
        save_colmap(target, posed, overwrite=overwrite)
        return posed
    target.parent.mkdir(parents=True, exist_ok=True)
    save_transforms(target, posed, overwrite=overwrite)
    home = target.absolute().parent.resolve()
    away = [i for i in posed.images if not i.path.resolve().is_relative_to(home)]
    if away:
        warnings.warn(
            f"{target}: {len(away)} pictures such as {away[0].path} lie outside of its folder",
            stacklevel=2,
        )
    return posed


def convert_frames(source: Path, target: Path, overwrite: bool) -> RGBDFolder:
    """Frames of any layout -> 7-Scenes: depth in millimetres, colour as png, poses."""
    frames = open_rgbd(source)
    writer = RGBDWriter(target, frames.camera, overwrite=overwrite)
    shown = sys.stderr.isatty()
    with progress_bar(source.name, len(frames), 0, shown, unit="frames") as advance:
        for index in range(len(frames)):
            frame = frames[index]
            writer.write(frame.depth, frame.color, frame.pose)
            advance(frame.name)
    return open_rgbd(target)
