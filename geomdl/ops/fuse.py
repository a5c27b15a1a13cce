"""TSDF fusion: depth (and colour) images with poses become one signed distance volume.

`TSDFVolume` keeps voxels in hashed blocks of 8^3 that grow where surfaces are seen; `fuse` adds one
frame to it in place. `fuse_grid` does the same on a dense grid and returns new tensors.
Curless & Levoy, "A Volumetric Method for Building Complex Models from Range Images" (1996);
Niessner et al., "Real-time 3D Reconstruction at Scale using Voxel Hashing" (2013).
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Optional

import numpy as np
import torch
from torch import Tensor

from geomdl.errors import GeometryError, expect_number, expect_tensor
from geomdl.ops.blocks import SIDE, locate_blocks, touched_blocks
from geomdl.ops.dispatch import Op, kernel_of

FIRST = 16384  # blocks to begin with: memory that is not touched costs nothing


def _zeros(shape: tuple[int, ...], like: Tensor) -> Tensor:
    # numpy asks the system for zero pages, which are paid for one by one as blocks come.
    made = torch.from_numpy(np.zeros(shape, np.float32))
    return made if like.device.type == "cpu" else made.to(like.device)


@dataclass
class TSDFVolume:
    """Hashed blocks of 8^3 voxels of a truncated signed distance; grows in place as frames fuse.

    The centre of voxel (i, j, k) of block c is origin + (8 c + (i, j, k) + 0.5) cell, in metres.
    The views `coordinates` (M, 3) int32, `tsdf` (M, 8, 8, 8) in -1..1, `weights` (M, 8, 8, 8) and
    `colors` (M, 3, 8, 8, 8) or None share memory with the volume until the next `fuse`;
    weight 0 means never seen. Blocks keep the order in which they were first seen.
    """

    cell: float
    truncation: float
    origin: Tensor = field(default_factory=lambda: torch.zeros(3))
    colored: bool = True
    max_weight: float = 255.0
    count: int = field(default=0, init=False)
    frames: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        expect_number("cell", self.cell, above=0.0)
        expect_number("truncation", self.truncation, low=self.cell)
        expect_number("max_weight", self.max_weight, above=0.0)
        self.origin = expect_tensor("origin", self.origin, "3", finite=True).float()
        self._buffers = self._zeros(0)

    def _zeros(self, rows: int) -> dict[str, Tensor]:
        block = (SIDE, SIDE, SIDE)
        shapes = {"tsdf": block, "weights": block, "colors": (3, *block)}
        if not self.colored:
            del shapes["colors"]
        made = {name: _zeros((rows, *shape), self.origin) for name, shape in shapes.items()}
        return {**made, "coordinates": _zeros((rows, 3), self.origin).view(torch.int32)}

    @property
    def coordinates(self) -> Tensor:
        return self._buffers["coordinates"][: self.count]

    @property
    def tsdf(self) -> Tensor:
        return self._buffers["tsdf"][: self.count]

    @property
    def weights(self) -> Tensor:
        return self._buffers["weights"][: self.count]

    @property
    def colors(self) -> Optional[Tensor]:
        return self._buffers["colors"][: self.count] if self.colored else None

    def rows_of(self, blocks: Tensor) -> Tensor:
        """Distinct blocks (T, 3) int32 -> rows (T,) int64; blocks not yet there are appended."""
        rows = locate_blocks(self.coordinates, blocks)
        new = rows < 0
        added = int(new.sum())
        if added == 0:
            return rows
        capacity = self._buffers["coordinates"].shape[0]
        if self.count + added > capacity:
            grown = self._zeros(max(self.count + added, 2 * capacity, FIRST))
            for name, old in self._buffers.items():
                grown[name][: self.count] = old[: self.count]
            self._buffers = grown
        rows[new] = torch.arange(self.count, self.count + added, device=rows.device)
        self._buffers["coordinates"][self.count : self.count + added] = blocks[new]
        self.count += added
        return rows

    def state(self) -> dict[str, Tensor]:
        """All that `from_state` needs, as tensors that own their memory."""
        kept = {name: b[: self.count].clone() for name, b in self._buffers.items()}
        numbers = [self.cell, self.truncation, self.max_weight, float(self.frames)]
        return {
            **kept,
            "origin": self.origin,
            "numbers": torch.tensor(numbers, dtype=torch.float64),
        }

    @classmethod
    def from_state(cls, state: dict[str, Tensor]) -> "TSDFVolume":
        """The volume whose `state()` this is. Raises GeometryError where a tensor is missing."""
        missing = {"coordinates", "tsdf", "weights", "origin", "numbers"} - set(state)
        if missing:
            raise GeometryError(f"state: no tensor named {', '.join(sorted(missing))}")
        cell, truncation, max_weight, frames = state["numbers"].tolist()
        volume = cls(cell, truncation, state["origin"], "colors" in state, max_weight)
        volume.count, volume.frames = state["coordinates"].shape[0], int(frames)
        volume._buffers = {name: state[name] for name in volume._buffers}
        return volume

    def save(self, path: str | Path) -> None:
        """Write the state as safetensors, atomically."""
        from safetensors.torch import save_file

        target = Path(path)
        partial = target.with_name(target.name + ".partial")
        save_file(self.state(), partial)
        partial.replace(target)

    @classmethod
    def load(cls, path: str | Path) -> "TSDFVolume":
        """Read what `save` wrote."""
        from safetensors.torch import load_file

        return cls.from_state(load_file(path))


def fuse(
    volume: TSDFVolume,
    depth: Tensor,
    intrinsics: Tensor,
    world_to_camera: Tensor,
    color: Optional[Tensor] = None,
    near: float = 0.1,
    far: float = 10.0,
    weights: Optional[Tensor] = None,
    stride: int = 4,
) -> TSDFVolume:
    """Depth (H, W) m, intrinsics (3, 3), pose (4, 4), color (H, W, 3) 0..1 -> volume, in place.

    Depth outside near..far, 0 and NaN are holes. A voxel that projects to a pixel of depth d and
    has depth z takes min((d - z) / truncation, 1) where d - z >= -truncation, averaged with the
    weight of the pixel (`weights` (H, W), 1 when None; see `pixel_weights`), capped at
    `max_weight`. New blocks are those within the truncation of every `stride`-th pixel.
    """
    clean, k, pose, color, weights = _frame(
        depth, intrinsics, world_to_camera, color, weights, near, far
    )
    if volume.colored and color is None:
        raise GeometryError("color: the volume is coloured, expected a tensor (H, W, 3), got None")
    blocks = touched_blocks(clean, k, pose, volume.origin, volume.cell, volume.truncation, stride)
    rows = volume.rows_of(blocks)
    _mutate(
        _BLOCKS,
        volume._buffers["tsdf"],
        volume._buffers["weights"],
        volume._buffers.get("colors"),
        blocks,
        rows,
        clean,
        color,
        weights,
        k,
        pose,
        volume.origin,
        volume.cell,
        volume.truncation,
        volume.max_weight,
    )
    volume.frames += 1
    return volume


def fuse_grid(
    tsdf: Tensor,
    seen: Tensor,
    depth: Tensor,
    intrinsics: Tensor,
    world_to_camera: Tensor,
    origin: Tensor,
    cell: float,
    truncation: float,
    color: Optional[Tensor] = None,
    colors: Optional[Tensor] = None,
    near: float = 0.1,
    far: float = 10.0,
    weights: Optional[Tensor] = None,
    max_weight: float = 255.0,
) -> tuple[Tensor, Tensor, Optional[Tensor]]:
    """tsdf and seen (X, Y, Z), colors (3, X, Y, Z), a frame as in `fuse` -> the three, updated.

    `seen` are the weights so far, 0 for voxels that no frame has seen.
    """
    expect_tensor("tsdf", tsdf, "X Y Z", dtypes="float")
    if seen.shape != tsdf.shape or (color is None) != (colors is None):
        raise GeometryError(
            "seen: expected the shape of tsdf, and both of color and colors or none"
        )
    clean, k, pose, color, weights = _frame(
        depth, intrinsics, world_to_camera, color, weights, near, far
    )
    grid, mass = tsdf.float().clone(), seen.float().clone()
    tint = colors.float().clone() if colors is not None else None
    corner = expect_tensor("origin", origin, "3", finite=True).float()
    _mutate(
        _GRID,
        grid,
        mass,
        tint,
        clean,
        color,
        weights,
        k,
        pose,
        corner,
        cell,
        truncation,
        max_weight,
    )
    return grid, mass, tint


def pixel_weights(depth: Tensor, intrinsics: Tensor, power: float = 2.0) -> Tensor:
    """Depth (H, W) m -> weights (H, W): cosine of ray and surface normal, over depth^power.

    The noise of structured light grows with the square of the depth, hence power 2
    (Khoshelham & Elberink 2012); scaled to 1 for a surface 1 m ahead that faces the camera.
    """
    fx, fy, cx, cy = (float(intrinsics[i, j]) for i, j in ((0, 0), (1, 1), (0, 2), (1, 2)))
    rows, columns = depth.shape
    x = (torch.arange(columns, device=depth.device) + 0.5 - cx) / fx
    y = (torch.arange(rows, device=depth.device) + 0.5 - cy) / fy
    ray = torch.stack([x.expand(rows, -1), y[:, None].expand(-1, columns), torch.ones_like(depth)])
    point = ray * depth
    across = torch.gradient(point, dim=2)[0]
    down = torch.gradient(point, dim=1)[0]
    normal = torch.nn.functional.normalize(torch.linalg.cross(across, down, dim=0), dim=0)
    cosine = (normal * torch.nn.functional.normalize(ray, dim=0)).sum(0).abs()
    weight = cosine / depth.clamp(min=1e-3) ** power
    return torch.where(torch.isfinite(weight) & (depth > 0), weight, 0.0)


def _frame(
    depth: Tensor,
    intrinsics: Tensor,
    world_to_camera: Tensor,
    color: Optional[Tensor],
    weights: Optional[Tensor],
    near: float,
    far: float,
) -> tuple[Tensor, Tensor, Tensor, Optional[Tensor], Optional[Tensor]]:
    expect_tensor("depth", depth, "H W", dtypes="float")
    expect_tensor("intrinsics", intrinsics, "3 3", dtypes="float", finite=True)
    expect_tensor("world_to_camera", world_to_camera, "4 4", dtypes="float", finite=True)
    expect_number("near", near, low=0.0)
    expect_number("far", far, above=near)
    for name, image, tail in (("color", color, (3,)), ("weights", weights, ())):
        if image is not None and image.shape != depth.shape + tail:
            wanted = tuple(depth.shape + tail)
            raise GeometryError(f"{name}: expected shape {wanted}, got {tuple(image.shape)}")
    if color is not None and not color.is_floating_point():
        raise GeometryError(f"color: expected floats in 0..1, got {color.dtype}")
    clean = torch.where((depth > near) & (depth < far), depth, 0).float().contiguous()
    color = color.detach().float().contiguous() if color is not None else None
    weights = weights.detach().float().contiguous() if weights is not None else None
    return clean.detach(), intrinsics.float(), world_to_camera.float().contiguous(), color, weights


def _mutate(record: Op, *args: object) -> None:
    kernel = kernel_of(record, [a for a in args if isinstance(a, Tensor)])
    (kernel or record.body)(*args)


def _project(
    points: Tensor, depth: Tensor, k: Tensor, pose: Tensor, truncation: float
) -> tuple[Tensor, Tensor, Tensor]:
    """World points (N, 3) -> truncated distance (N,), its pixel (N,) and whether it counts (N,)."""
    x, y, z = (points @ pose[:3, :3].T + pose[:3, 3]).unbind(-1)
    u = k[0, 0] * (x / z) + k[0, 2]
    v = k[1, 1] * (y / z) + k[1, 2]
    rows, columns = depth.shape
    inside = (z > 1e-4) & (u >= 0) & (u < columns) & (v >= 0) & (v < rows)
    pixel = torch.where(inside, v, 0).long() * columns + torch.where(inside, u, 0).long()
    d = depth.flatten()[pixel]
    counts = inside & (d > 0) & (d - z >= -truncation)
    return ((d - z) / truncation).clamp(max=1.0), pixel, counts


def _average(
    points: Tensor,
    old: tuple[Tensor, Tensor, Optional[Tensor]],
    depth: Tensor,
    image: Optional[Tensor],
    pixel_weight: Optional[Tensor],
    k: Tensor,
    pose: Tensor,
    truncation: float,
    max_weight: float,
) -> tuple[Tensor, Tensor, Optional[Tensor]]:
    """Points (N, 3), old values (N,), weights (N,) and colours (3, N) -> new ones."""
    values, mass, colors = old
    distance, pixel, counts = _project(points, depth, k, pose, truncation)
    gain = torch.ones_like(mass) if pixel_weight is None else pixel_weight.flatten()[pixel]
    gain = torch.where(counts, gain, 0.0)
    total = mass + gain
    share = torch.where(gain > 0, gain / total, 0.0)
    values = values + torch.where(gain > 0, distance - values, 0.0) * share
    if colors is not None and image is not None:
        colors = colors + (image.reshape(-1, 3)[pixel].T - colors) * share
    return values, total.clamp(max=max_weight), colors


def _integrate_blocks(
    tsdf: Tensor,
    weight: Tensor,
    color: Optional[Tensor],
    coordinates: Tensor,
    rows: Tensor,
    depth: Tensor,
    image: Optional[Tensor],
    pixel_weight: Optional[Tensor],
    k: Tensor,
    pose: Tensor,
    origin: Tensor,
    cell: float,
    truncation: float,
    max_weight: float,
) -> None:
    steps = torch.arange(SIDE, device=tsdf.device)
    local = torch.stack(torch.meshgrid(steps, steps, steps, indexing="ij"), -1).reshape(-1, 3)
    voxels = (coordinates.long() * SIDE)[:, None] + local
    points = (origin + (voxels.double() + 0.5) * cell).reshape(-1, 3).float()
    tint = color[rows].transpose(0, 1).reshape(3, -1) if color is not None else None
    old = (tsdf[rows].flatten(), weight[rows].flatten(), tint)
    new = _average(points, old, depth, image, pixel_weight, k, pose, truncation, max_weight)
    tsdf[rows] = new[0].reshape(-1, SIDE, SIDE, SIDE)
    weight[rows] = new[1].reshape(-1, SIDE, SIDE, SIDE)
    if color is not None and new[2] is not None:
        color[rows] = new[2].reshape(3, -1, SIDE, SIDE, SIDE).transpose(0, 1)


def _integrate_grid(
    tsdf: Tensor,
    weight: Tensor,
    color: Optional[Tensor],
    depth: Tensor,
    image: Optional[Tensor],
    pixel_weight: Optional[Tensor],
    k: Tensor,
    pose: Tensor,
    origin: Tensor,
    cell: float,
    truncation: float,
    max_weight: float,
) -> None:
    axes = [torch.arange(n, device=tsdf.device, dtype=torch.float64) for n in tsdf.shape]
    voxels = torch.stack(torch.meshgrid(*axes, indexing="ij"), -1).reshape(-1, 3)
    points = (origin + (voxels + 0.5) * cell).float()
    tint = color.reshape(3, -1) if color is not None else None
    old = (tsdf.flatten(), weight.flatten(), tint)
    new = _average(points, old, depth, image, pixel_weight, k, pose, truncation, max_weight)
    tsdf.copy_(new[0].reshape(tsdf.shape))
    weight.copy_(new[1].reshape(tsdf.shape))
    if color is not None and new[2] is not None:
        color.copy_(new[2].reshape(color.shape))


_BLOCKS = Op("integrate_blocks", "fuse", _integrate_blocks, (torch.float32,))
_GRID = Op("integrate_grid", "fuse", _integrate_grid, (torch.float32,))
