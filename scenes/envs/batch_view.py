"""Cameras of L lanes: depth, labels and pictures of all of them in one call of the renderer.

A library makes its scenes from their numbers when they are first asked for, keeps them, and packs
them for `geomdl.ops.view_scenes`. Copies and pickles of a library are the library of that process,
so an environment stays small to save; scenes are made again where they are missing.
"""

import dataclasses
import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core2d.errors import InputError, expect_number
from geomdl.ops.views import Scenes, pack_scenes, view_scenes
from geomdl.render.colormap import ramp
from geomdl.render.shade import lit
from geomdl.structures.srgb import to_srgb

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float64]
NEAR = 0.05  # metres
PICTURE = 256  # pixels per side of what people see


@dataclasses.dataclass(frozen=True, eq=False)
class Body:
    """What is drawn of a scene: vertices (V, 3), faces (F, 3), label (F,) uint8, colour (F, 3).

    Colours are linear. `extra` is what the world knows of the scene besides.
    """

    vertices: Tensor
    faces: Tensor
    label: Tensor
    color: Tensor
    extra: Any = None


Maker = Callable[[int], Body]


class Library:
    """Scenes by number. `make` must be hashable and always give the same scene for a number."""

    def __init__(self, make: Maker) -> None:
        self.make = make
        self.place: dict[int, int] = {}
        self.bodies: list[Body] = []
        self.parts: list[Scenes] = []
        self.packed: Scenes | None = None
        self.label = torch.zeros(0, dtype=torch.uint8)
        self.color, self.normal = torch.zeros(2, 0, 3)  # of the faces, as `label`; linear; unit

    def body(self, number: int) -> Body:
        """A scene; made now if nobody asked for it before."""
        if number not in self.place:
            body = self.make(number)
            self.bodies.append(body)
            self.parts.append(pack_scenes([(body.vertices, body.faces)]))
            self.place[number] = len(self.bodies) - 1
            self.packed = None
        return self.bodies[self.place[number]]

    def places(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        """Numbers (L,) -> where they lie among the packed scenes (L,)."""
        for number in set(numbers.tolist()) - self.place.keys():
            self.body(number)
        return np.array([self.place[n] for n in numbers.tolist()], np.int64)

    def scenes(self) -> Scenes:
        """All that were made so far."""
        if self.packed is None:
            vertices = torch.tensor([0, *(len(p.vertices) for p in self.parts)]).cumsum(0)
            faces = torch.tensor([0, *(len(p.faces) for p in self.parts)]).cumsum(0)
            shifted = [
                p.faces + first for p, first in zip(self.parts, vertices.int(), strict=False)
            ]
            self.packed = Scenes(
                torch.cat([p.vertices for p in self.parts]),
                torch.cat(shifted),
                vertices,
                faces,
                torch.cat([p.boxes for p in self.parts]),
            )
            self.label = torch.cat([b.label for b in self.bodies])
            self.color = torch.cat([b.color.float() for b in self.bodies])
            self.normal = torch.cat([normals_of(b) for b in self.bodies])
        return self.packed

    def __reduce__(self) -> tuple[Any, ...]:
        return library_of, (self.make,)


def normals_of(body: Body) -> Tensor:
    """The unit normals (F, 3) of the faces."""
    a, b, c = body.vertices.float()[body.faces.long()].unbind(1)
    return torch.nn.functional.normalize(torch.linalg.cross(b - a, c - a), dim=1)


@functools.lru_cache(maxsize=16)
def library_of(make: Maker) -> Library:
    """The library of a maker; one for all worlds of this process that use equal makers."""
    return Library(make)


@dataclasses.dataclass(frozen=True)
class Lens:
    """A square camera: pixels per side, opening in degrees, and the depth in metres of byte 255."""

    size: int
    opening: float
    far: float

    def __post_init__(self) -> None:
        expect_number("size", self.size, low=1)
        expect_number("far", self.far, above=0)
        if not 0 < self.opening < 180:
            raise InputError(f"opening: expected degrees between 0 and 180, got {self.opening}")

    def intrinsics(self, size: int | None = None) -> Tensor:
        """(3, 3) float64 for pictures of `size` pixels."""
        pixels = self.size if size is None else size
        focal = pixels / 2 / math.tan(math.radians(self.opening) / 2)
        half = pixels / 2
        return torch.tensor([[focal, 0, half], [0, focal, half], [0, 0, 1]], dtype=torch.float64)


class BatchView:
    """Depth and labels of L lanes, lane l in scene `scene[l]` of a library.

    scene (L,) are numbers of scenes; world_to_camera (L, 3, 4). Both may be written.
    """

    def __init__(self, library: Library, lens: Lens, lanes: int) -> None:
        if lanes < 1:
            raise InputError(f"lanes: expected at least 1, got {lanes}")
        self.library, self.lens = library, lens
        self.scene = np.zeros(lanes, np.int64)
        self.world_to_camera: Floats = np.zeros((lanes, 3, 4))

    def look(self, lanes: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
        """Lanes (K,) -> depth (K, H, W) metres, inf for none, and face (K, H, W), -1 for none."""
        return self._draw(self.scene[lanes], self.world_to_camera[lanes], self.lens.size)

    def _draw(self, scene: NDArray[np.int64], pose: Floats, size: int) -> tuple[Tensor, Tensor]:
        number = torch.from_numpy(self.library.places(scene))
        scenes = self.library.scenes()
        K = self.lens.intrinsics(size)
        return view_scenes(*scenes, number, torch.from_numpy(pose), K, size, size, NEAR)

    def labels(self, face: Tensor) -> Tensor:
        """Face (L, H, W) -> label (L, H, W) uint8, 0 where there is none."""
        found = self.library.label.index_select(0, face.clamp(min=0).view(-1)).view(face.shape)
        return torch.where(face < 0, torch.zeros((), dtype=torch.uint8), found)

    def depth_bytes(self, depth: Tensor) -> Pixels:
        """Depth (L, H, W) -> bytes: 0 at the camera, 255 at `far` and beyond."""
        scaled = (depth * (255 / self.lens.far)).clamp_(max=255).round_()
        return np.asarray(scaled.to(torch.uint8).numpy())

    def colors(self, lanes: NDArray[np.int64], face: Tensor) -> Pixels:
        """Lanes (K,), what `look` gave of them (K, H, W) -> sRGB bytes (K, H, W, 3), shaded."""
        return np.asarray(self._shaded(self.world_to_camera[lanes], face).numpy())

    def picture(self, lane: int, size: int = PICTURE) -> Pixels:
        """What a lane sees (size, 2 size, 3) in sRGB: colours, shaded, beside its depth."""
        image, depth = self.shot(lane, size)
        far = ramp(torch.where(depth.isinf(), torch.nan, depth), 0.0, self.lens.far, "turbo")
        both = torch.cat([image, (to_srgb(far) * 255).round().to(torch.uint8)], 1)
        return np.asarray(both.numpy())

    def shot(self, lane: int, size: int = PICTURE) -> tuple[Tensor, Tensor]:
        """What a lane sees: sRGB bytes (size, size, 3) and depth (size, size), inf for none."""
        scene, pose = self.scene[lane : lane + 1], self.world_to_camera[lane : lane + 1]
        depth, face = self._draw(scene, pose, size)
        return self._shaded(pose, face)[0], depth[0]

    def _shaded(self, pose: Floats, face: Tensor) -> Tensor:
        """Poses (K, 3, 4), faces (K, S, S) -> sRGB bytes (K, S, S, 3)."""
        size = face.shape[2]
        K = self.lens.intrinsics(size).float()
        lane, row, column = (face >= 0).nonzero().unbind(1)
        seen = face[lane, row, column].long()
        right, down = (column + 0.5 - K[0, 2]) / K[0, 0], (row + 0.5 - K[1, 2]) / K[1, 1]
        rays = torch.stack([right, down, torch.ones_like(right)], 1)
        turn = torch.from_numpy(pose[:, :, :3]).float()
        normal = (turn[lane] @ self.library.normal[seen][:, :, None])[:, :, 0]
        normal = torch.where((normal * rays).sum(1, keepdim=True) > 0, -normal, normal)
        light = torch.ones(len(rays), 1)
        image = torch.full((*face.shape, 3), 0.04)
        image[lane, row, column] = lit(self.library.color[seen], normal, rays, light, light)
        return (to_srgb(image.clamp(0, 1)) * 255).round().to(torch.uint8)


def looking(eye: Floats, forward: Floats) -> Floats:
    """Eyes (L, 3) and directions (L, 3), not straight up or down -> world_to_camera (L, 3, 4).

    OpenCV's axes: x right, y down, z forward; z of the world is up.
    """
    z = forward / np.linalg.norm(forward, axis=1, keepdims=True)
    x = np.cross(z, np.array([0.0, 0.0, 1.0]))
    x = x / np.linalg.norm(x, axis=1, keepdims=True)
    turn = np.stack([x, np.cross(z, x), z], 1)
    return np.concatenate([turn, -np.einsum("lij,lj->li", turn, eye)[..., None]], 2)
