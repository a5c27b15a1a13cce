"""RGB-D folders: frames read one by one when they are asked for, and a writer.

Layouts: 7-Scenes (frame-000000.color.jpg|png, .depth.png, .pose.txt, camera-intrinsics.txt; also
what this module writes), TUM (rgb.txt, depth.txt, groundtruth.txt) and Open3D (color/, depth/,
trajectory.log). Depth is along z in metres, 0 where the camera saw nothing.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, overload

import numpy as np
import torch
from torch import Tensor

from geomdl.errors import GeometryError, expect_number, expect_tensor
from geomdl.io.images import decode_image, encode_jpeg, encode_png
from geomdl.io.rgbd_layouts import Entry, find_layout, layout_camera
from geomdl.io.source import read_bytes, write_files
from geomdl.structures import Camera, Pose

_FAR = 65535  # the largest 16-bit depth means "no measurement", as 0 does


@dataclass(frozen=True, eq=False)
class RGBDFrame:
    """Color (H, W, 3) uint8 sRGB or None, depth (H, W) float32 metres with 0 for nothing.

    `pose` is camera to world, None when it is not known; `camera` stands there (or at the origin).
    """

    name: str
    depth: Tensor
    color: Tensor | None
    pose: Pose | None
    camera: Camera
    timestamp: float | None = None


@dataclass(frozen=True, eq=False)
class RGBDFolder:
    """Frames of a folder by index; slices give a part of them. Pictures are read on access."""

    folder: Path
    kind: str
    entries: tuple[Entry, ...]
    camera: Camera
    depth_scale: float

    def __len__(self) -> int:
        return len(self.entries)

    @overload
    def __getitem__(self, index: int) -> RGBDFrame: ...
    @overload
    def __getitem__(self, index: slice) -> "RGBDFolder": ...
    def __getitem__(self, index: int | slice) -> "RGBDFrame | RGBDFolder":
        """Frame `index`. Raises GeometryError naming the file for anything broken."""
        if isinstance(index, slice):
            return replace(self, entries=self.entries[index])
        entry = self.entries[index]
        pose = entry.camera_to_world()
        camera = self.camera if pose is None else self.camera.with_pose(pose.inverse())
        depth = self._depth(entry.depth)
        color = None if entry.color is None else self._color(entry.color)
        return RGBDFrame(entry.name, depth, color, pose, camera, entry.timestamp)

    def poses(self) -> list[Pose | None]:
        """Camera to world of every frame, without reading pictures."""
        return [entry.camera_to_world() for entry in self.entries]

    def _depth(self, path: Path) -> Tensor:
        values = decode_image(read_bytes(path), str(path))
        self._expect_size(path, values.shape)
        if values.ndim != 2 or values.dtype == np.uint8:
            raise GeometryError(
                f"{path}: expected 16-bit depth, got {values.dtype.name} {values.shape}"
            )
        raw = values.astype(np.float32)
        raw[(raw <= 0) | (raw >= _FAR) | ~np.isfinite(raw)] = 0
        return torch.from_numpy(raw / np.float32(self.depth_scale))

    def _color(self, path: Path) -> Tensor:
        values = decode_image(read_bytes(path), str(path))
        self._expect_size(path, values.shape)
        if values.ndim == 2:
            values = np.repeat(values[:, :, None], 3, axis=2)
        if values.dtype != np.uint8:
            raise GeometryError(f"{path}: expected 8-bit colour, got {values.dtype.name}")
        return torch.from_numpy(values[:, :, :3].copy())

    def _expect_size(self, path: Path, shape: tuple[int, ...]) -> None:
        if shape[:2] != (self.camera.height, self.camera.width):
            raise GeometryError(
                f"{path}: expected {self.camera.width}x{self.camera.height} pixels as the camera "
                f"has, got {shape[1]}x{shape[0]}; colour must be registered to depth"
            )

    def __repr__(self) -> str:
        size = f"{self.camera.width}x{self.camera.height}"
        return f"RGBDFolder({self.folder}, {self.kind}, {len(self)} frames of {size})"


def open_rgbd(
    folder: str | Path, *, camera: Camera | None = None, depth_scale: float | None = None
) -> RGBDFolder:
    """Find the frames of a folder in 7-Scenes, TUM or Open3D layout, and its camera.

    `camera` replaces what the folder says (or the default of its layout); `depth_scale` is units
    of the depth pictures per metre: 1000, TUM 5000. Raises GeometryError.
    """
    folder = Path(folder)
    layout = find_layout(folder)
    scale = layout.depth_scale if depth_scale is None else depth_scale
    expect_number("depth_scale", scale, above=0)
    camera = layout_camera(folder, layout) if camera is None else camera
    return RGBDFolder(folder, layout.kind, layout.entries, camera, scale)


def write_rgbd_frame(
    folder: str | Path,
    index: int,
    depth: Tensor,
    color: Tensor | None = None,
    camera_to_world: Pose | None = None,
    *,
    picture: Literal["png", "jpg"] = "png",
    overwrite: bool = False,
) -> None:
    """Frame `index` in the 7-Scenes layout: depth (H, W) metres, color (H, W, 3) uint8 or 0..1.

    Depth is rounded to millimetres; what is not in 1 mm .. 65.534 m becomes 0. The depth picture
    is written last, so a frame that is there is whole. Raises GeometryError.
    """
    expect_tensor("depth", depth, "H W", dtypes="float")
    if color is not None:
        expect_tensor("color", color, "H W 3")
    if color is not None and color.shape[:2] != depth.shape:
        got = tuple(color.shape[:2])
        raise GeometryError(f"color: expected the size of depth {tuple(depth.shape)}, got {got}")
    stem = Path(folder) / f"frame-{index:06d}"
    millimetres = torch.nan_to_num(depth.detach().cpu().double() * 1000, 0.0, 0.0, 0.0).round()
    valid = (millimetres > 0) & (millimetres < _FAR)
    raw = torch.where(valid, millimetres, 0.0).numpy().astype(np.uint16)
    files: dict[Path, bytes] = {}
    if color is not None:
        encode = encode_png if picture == "png" else encode_jpeg
        files[stem.with_name(f"{stem.name}.color.{picture}")] = encode(color)
    if camera_to_world is not None:
        files[stem.with_name(f"{stem.name}.pose.txt")] = _text(camera_to_world.matrix())
    files[stem.with_name(f"{stem.name}.depth.png")] = encode_png(raw)
    write_files(files, overwrite)


class RGBDWriter:
    """Writes a folder in the 7-Scenes layout, frame after frame."""

    def __init__(self, folder: str | Path, camera: Camera, *, overwrite: bool = False) -> None:
        """Make the folder and write camera-intrinsics.txt. Raises GeometryError."""
        self.folder = Path(folder)
        self.overwrite = overwrite
        self.count = 0
        if camera.distortion is not None or camera.intrinsics.ndim != 2:
            raise GeometryError("camera: the layout holds one pinhole camera without distortion")
        self.size = (camera.height, camera.width)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise GeometryError(f"{folder}: cannot be made: {error.strerror}") from error
        write_files({self.folder / "camera-intrinsics.txt": _text(camera.intrinsics)}, overwrite)

    def write(
        self, depth: Tensor, color: Tensor | None = None, camera_to_world: Pose | None = None
    ) -> None:
        """The next frame; arguments as in `write_rgbd_frame`."""
        if tuple(depth.shape) != self.size:
            raise GeometryError(f"depth: expected {self.size} as the camera, got {depth.shape}")
        write_rgbd_frame(
            self.folder, self.count, depth, color, camera_to_world, overwrite=self.overwrite
        )
        self.count += 1


def _text(matrix: Tensor) -> bytes:
    rows = matrix.detach().cpu().double().tolist()
    return "".join(" ".join(f"{x:.18e}" for x in row) + "\n" for row in rows).encode()
