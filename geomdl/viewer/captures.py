"""What cameras took, as items: folders of RGB-D frames, COLMAP models, transforms.json."""

import os
import re
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from geomdl.io import load_colmap, load_transforms, open_rgbd
from geomdl.io.posed import PosedImage, PosedImages
from geomdl.io.rgbd import RGBDFolder, RGBDFrame
from geomdl.structures import Camera, PointCloud, Pose
from geomdl.structures.srgb import from_srgb
from geomdl.viewer.scene import Item

_MODELS = ("", "sparse/0", "sparse", "colmap/sparse/0")
_FRAMES = 24  # of an RGB-D folder, enough to see the room
_POINTS = 500_000
_PHOTOS = 40  # of an RGB-D folder: neighbours see nearly the same

Opener = Callable[[Path, str, bool, int], list[Item]]


def capture(folder: Path) -> tuple[Opener, list[Path]] | None:
    """How to open a folder, and what in it; None where it holds no pictures with cameras."""
    names = sorted(os.listdir(folder))
    posed = [name for name in names if re.fullmatch(r"transforms.*\.json", name)]
    if posed:
        whole = ["transforms.json"] if "transforms.json" in posed else posed
        return transforms_items, [folder / name for name in whole]
    lists = [(f"cameras.{e}", f"images.{e}") for e in ("bin", "txt")]
    for place in _MODELS:
        if any(all((folder / place / name).is_file() for name in pair) for pair in lists):
            return colmap_items, [folder]
    frames = any(re.fullmatch(r"frame-\d+\.depth\.(png|pgm)", name) for name in names)
    if frames or "depth.txt" in names or (folder / "depth").is_dir():
        return rgbd_items, [folder]
    return None


def transforms_items(path: Path, name: str, play: bool, most: int) -> list[Item]:
    """A transforms.json -> its cameras with photographs; with `play` one after another."""
    return [_cameras(name, load_transforms(path), path, play, most)]


def colmap_items(folder: Path, name: str, play: bool, most: int) -> list[Item]:
    """A COLMAP folder -> its sparse points, and 'NAME cameras'."""
    posed = load_colmap(folder)
    if posed.points is None or not len(posed.points):
        return [_cameras(name, posed, folder, play, most)]
    plain = PosedImages(posed.images)
    return [
        Item(name, (posed.points,), folder),
        _cameras(f"{name} cameras", plain, folder, play, most),
    ]


def rgbd_items(folder: Path, name: str, play: bool, most: int) -> list[Item]:
    """An RGB-D folder -> points of some frames, and 'NAME cameras'; with `play` frame by frame.

    Frames without a pose are left out, unless none has one: then they stand at the origin. Of many
    cameras 40 are taken, as those of a video stand too close to be told apart.
    """
    frames = open_rgbd(folder)
    poses = frames.poses()
    known = [index for index, pose in enumerate(poses) if pose is not None]
    chosen = known or list(range(len(frames) if play else 1))
    if play:
        clouds = tuple(partial(_cloud_of, frames, i, 2) for i in chosen)
        cameras = tuple(_seen_from(frames, poses, [i]) for i in chosen)
        return [
            Item(name, (clouds[0](), *clouds[1:]), folder),
            Item(f"{name} cameras", cameras, folder),
        ]
    few = [chosen[i] for i in spread(len(chosen), _FRAMES)]
    pixels = frames.camera.width * frames.camera.height * len(few)
    step = max(round((pixels / _POINTS) ** 0.5), 1)
    cloud = PointCloud.concatenate([_cloud_of(frames, i, step) for i in few]).merged()
    photos = [chosen[i] for i in spread(len(chosen), min(most, _PHOTOS))]
    return [
        Item(name, (cloud,), folder),
        Item(f"{name} cameras", (_seen_from(frames, poses, photos),), folder),
    ]


def spread(count: int, most: int) -> list[int]:
    """At most `most` of 0..count-1, evenly, the first and the last among them."""
    if count <= most:
        return list(range(count))
    return torch.linspace(0, count - 1, max(most, 1)).round().long().tolist()


def upward(cameras: Sequence[Camera]) -> str | None:
    """The axis that pictures hold upright: x, -x, y ...; None where that is no axis."""
    down = [camera.camera_to_world.rotation[..., 1].reshape(-1, 3) for camera in cameras]
    up = -torch.cat(down).mean(0)
    axis = int(up.abs().argmax())
    if float(up[axis].abs()) < 0.75 * float(up.norm()) or float(up.norm()) < 0.3:
        return None
    return ("" if up[axis] > 0 else "-") + "xyz"[axis]


def _cameras(name: str, posed: PosedImages, path: Path, play: bool, most: int) -> Item:
    if play:
        return Item(name, tuple(PosedImages((image,)) for image in posed.images), path)
    few = tuple(posed.images[i] for i in spread(len(posed), most))
    return Item(name, (PosedImages(few, posed.points),), path)


def _seen_from(
    frames: RGBDFolder, poses: Sequence[Pose | None], chosen: Sequence[int]
) -> PosedImages | Camera:
    """The cameras of the chosen frames, with their photographs where all have one."""
    cameras = []
    for index in chosen:
        pose = poses[index]
        still = frames.camera
        cameras.append(still if pose is None else still.with_pose(pose.inverse()))
    paths = [frames.entries[index].color for index in chosen]
    images = [PosedImage(p, c) for p, c in zip(paths, cameras, strict=True) if p is not None]
    return PosedImages(tuple(images)) if len(images) == len(chosen) else Camera.stack(cameras)


def _cloud_of(frames: RGBDFolder, index: int, step: int) -> PointCloud:
    """Every `step`-th pixel of a frame in both directions, in the world."""
    frame: RGBDFrame = frames[index]
    depth = frame.depth[::step, ::step]
    seen = depth > 0
    pixels = frame.camera.pixel_centres()[::step, ::step][seen]
    points = frame.camera.unproject(pixels, depth[seen])
    colors = None if frame.color is None else _linear(frame.color[::step, ::step][seen])
    return PointCloud(points, colors=colors)


def _linear(levels: Tensor) -> Tensor:
    return from_srgb(levels.float() / 255)
