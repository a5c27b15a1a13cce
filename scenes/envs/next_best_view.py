"""Next best view: choose cameras around an unknown object so that its surface is seen."""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from numpy.typing import NDArray

from core2d.errors import InputError, expect_number
from geomdl.ops.sampling import sample_surface
from geomdl.ops.views import pack_scenes, view_scenes
from geomdl.render.colormap import palette
from scenes.build.shapes import KINDS, shape
from scenes.envs.batch_view import NEAR, BatchView, Body, Floats, Lens, library_of, looking
from scenes.envs.world import (
    Flags,
    Ints,
    Numbers,
    Pixels,
    Seen,
    WorldEnv,
    WorldVectorEnv,
    spaces_of,
)

LENS = Lens(size=64, opening=50.0, far=4.0)
DISTANCE = 2.0  # metres from the middle of the object, whose longest side is 1
AROUND = 8  # views on a ring
RINGS = (-40.0, 0.0, 40.0)  # degrees above the horizon
VIEWS = len(RINGS) * AROUND + 2  # and one from near the top, one from near the bottom
POINTS = 512  # of the surface, by which what is seen is counted
SLACK = 0.03  # metres that a point may lie behind the depth of its pixel: about a pixel there
CELLS = 16  # per side of the grid of what is known
TEST_SEEDS = 1_000_000  # objects of the test split have seeds from here on
HALF = 0.9  # metres from the middle of that grid to its sides
PARTS = ("depth", "voxels", "visited")


def view_directions() -> Floats:
    """From the middle of the object to the cameras (VIEWS, 3), unit; ring by ring, upwards."""
    rings = [math.radians(r) for r in (*RINGS, 85.0, -85.0)]
    counts = [AROUND] * len(RINGS) + [1, 1]
    height = np.repeat(rings, counts)
    turn = np.concatenate([np.arange(n) * 2 * math.pi / n for n in counts])
    return np.stack(
        [np.cos(height) * np.cos(turn), np.cos(height) * np.sin(turn), np.sin(height)], 1
    )


DIRECTIONS = view_directions()
POSES = looking(DISTANCE * DIRECTIONS, -DIRECTIONS)  # (VIEWS, 3, 4)


@dataclasses.dataclass(frozen=True, eq=False)
class Surface:
    """Points (P, 3) of an object, their normals (P, 3), and which a camera can see at all (P,)."""

    points: NDArray[np.float32]
    normals: NDArray[np.float32]
    possible: Flags


@dataclasses.dataclass(frozen=True)
class Objects:
    """The maker of objects: all kinds in turn, another shape for each number."""

    first_seed: int

    def __call__(self, number: int) -> Body:
        kind, seed = KINDS[number % len(KINDS)], self.first_seed + number // len(KINDS)
        mesh = shape(kind, seed)
        label = mesh.face_attributes["label"].to(torch.uint8)
        points, face, _ = sample_surface(mesh.vertices, mesh.faces, POINTS, seed, stratified=True)
        a, b, c = mesh.vertices[mesh.faces[face]].unbind(1)
        normals = torch.nn.functional.normalize(torch.linalg.cross(b - a, c - a), dim=1)
        scenes = pack_scenes([(mesh.vertices, mesh.faces)])
        K = LENS.intrinsics()
        surface = Surface(points.numpy(), normals.numpy(), np.zeros(POINTS, bool))
        for shift in (0.0, math.pi / AROUND):  # between the views of one turn lie those of others
            poses = turned(POSES, np.full(VIEWS, shift))
            number_of = torch.zeros(VIEWS, dtype=torch.int64)
            depth, _ = view_scenes(
                *scenes, number_of, torch.from_numpy(poses), K, LENS.size, LENS.size, NEAR
            )
            many = np.repeat(surface.points[None], VIEWS, 0), surface.normals[None]
            surface.possible[:] |= visible(*many, poses, depth.numpy()).any(0)
        return Body(mesh.vertices, mesh.faces, label, palette(label.long()), surface)


def turned(poses: Floats, turn: Floats) -> Floats:
    """Poses (L, 3, 4) of cameras about the z axis, turned by angles (L,) with what they look at."""
    c, s, o = np.cos(turn), np.sin(turn), np.zeros_like(turn)
    back = np.stack([c, s, o, -s, c, o, o, o, o + 1], 1).reshape(-1, 3, 3)
    return np.concatenate([poses[:, :, :3] @ back, poses[:, :, 3:]], 2)


def pixels_of(seen: NDArray[Any]) -> tuple[NDArray[np.int32], Flags]:
    """Camera points (L, P, 3) -> the pixel's place in a flat picture (L, P), if it is inside."""
    half = LENS.size // 2
    scale = (float(LENS.intrinsics()[0, 0]) / seen[..., 2]).astype(np.float32)
    column = (seen[..., 0] * scale + half).astype(np.int32)  # negative ones round up, to 0 at most
    row = (seen[..., 1] * scale + half).astype(np.int32)
    inside = (column.view(np.uint32) < LENS.size) & (row.view(np.uint32) < LENS.size)
    return np.where(inside, row * LENS.size + column, 0), inside


def read_pixels(depth: NDArray[np.float32], pixel: NDArray[np.int32]) -> NDArray[np.float32]:
    """Depth (L, H, W), places in it (L, P) -> (L, P)."""
    out = np.empty(pixel.shape, np.float32)
    for lane, places in enumerate(pixel):
        np.take(depth[lane], places, out=out[lane], mode="clip")
    return out


def visible(
    points: NDArray[np.float32],
    normals: NDArray[np.float32],
    poses: Floats,
    depth: NDArray[np.float32],
) -> Flags:
    """Points (L, P, 3), normals (L | 1, P, 3), poses (L, 3, 4), depth (L, H, W) -> seen (L, P).

    A point is seen where its normal looks at the camera and its pixel is not nearer than it.
    """
    turn, step = poses[:, :, :3].astype(np.float32), poses[:, :, 3].astype(np.float32)
    place = points @ turn.transpose(0, 2, 1) + step[:, None]
    pixel, inside = pixels_of(place)
    facing = np.einsum("lpk,lpk->lp", normals @ turn.transpose(0, 2, 1), place) < 0
    return np.asarray(inside & facing & (place[..., 2] < read_pixels(depth, pixel) + SLACK))


def cell_tables() -> tuple[NDArray[np.int32], Flags, NDArray[np.float32]]:
    """Of each view and cell of the grid (VIEWS, CELLS^3): its pixel, if it is inside, its depth.

    The grid turns with the cameras, so these do not depend on the turn.
    """
    line = ((np.arange(CELLS) + 0.5) / CELLS * 2 - 1) * HALF
    cells = np.stack(np.meshgrid(line, line, line, indexing="ij"), -1).reshape(1, -1, 3)
    seen = cells @ POSES[:, :, :3].transpose(0, 2, 1) + POSES[:, None, :, 3]
    pixel, inside = pixels_of(seen)
    return pixel, inside, seen[..., 2].astype(np.float32)


PIXEL, INSIDE, FAR = cell_tables()


class Search:
    """Objects in L lanes, what is seen of each, and what is known of it: a `World`."""

    actions = VIEWS

    def __init__(
        self, lanes: int, budget: int, objects: int, split: str, parts: Sequence[str]
    ) -> None:
        expect_number("budget", budget, low=1)
        expect_number("objects", objects, low=1)
        if split not in ("train", "test"):
            raise InputError(f"split: expected 'train' or 'test', got {split!r}")
        self.lanes, self.budget, self.objects = lanes, budget, objects
        self.view = BatchView(library_of(Objects(TEST_SEEDS * (split == "test"))), LENS, lanes)
        whole: dict[str, spaces.Space[Any]] = {
            "depth": spaces.Box(0, 255, (LENS.size, LENS.size), np.uint8),
            "voxels": spaces.Box(0, 1, (2, CELLS, CELLS, CELLS), np.int8),
            "visited": spaces.Box(0, 1, (VIEWS,), np.int8),
            "rgb": spaces.Box(0, 255, (LENS.size, LENS.size, 3), np.uint8),
        }
        space = spaces_of(parts, whole)
        self.space: spaces.Space[Any] = space
        self.parts = tuple(space)
        self.turn = np.zeros(lanes)
        self.taken = np.zeros(lanes, np.int64)
        self.current = np.zeros(lanes, np.int64)
        self.visited = np.zeros((lanes, VIEWS), np.int8)
        self.points = np.zeros((lanes, POINTS, 3), np.float32)
        self.normals = np.zeros((lanes, POINTS, 3), np.float32)
        self.possible = np.ones((lanes, POINTS), bool)
        self.found = np.zeros((lanes, POINTS), bool)
        self.surface = np.zeros((lanes, CELLS**3), bool)
        self.empty = np.zeros((lanes, CELLS**3), bool)
        self.waits = np.ones(lanes, bool)  # for its first picture
        self.depth = np.zeros((lanes, LENS.size, LENS.size), np.uint8)
        self.rgb = np.zeros((lanes, LENS.size, LENS.size, 3), np.uint8)

    def reset(self, lane: int, rng: np.random.Generator) -> None:
        """Another object, turned at random about z, and a first view at random."""
        number = int(rng.integers(self.objects))
        surface = self.view.library.body(number).extra
        self.view.scene[lane] = number
        self.turn[lane] = rng.uniform(0, 2 * math.pi)
        self.current[lane] = rng.integers(VIEWS)
        self.points[lane], self.normals[lane] = surface.points, surface.normals
        self.possible[lane] = surface.possible
        self.found[lane], self.surface[lane], self.empty[lane] = False, False, False
        self.visited[lane], self.taken[lane], self.waits[lane] = 0, 0, True

    def step(self, action: Ints) -> tuple[Numbers, Flags]:
        """Go to views (L,); the reward is the share of the surface that is newly seen."""
        before = self.coverage()
        self.current = action.copy()
        self._look(np.arange(self.lanes))
        return self.coverage() - before, self.taken > self.budget

    def _look(self, lanes: Ints) -> None:
        """Take a picture in these lanes (K,) and learn from it."""
        at = self.current[lanes]
        poses = turned(POSES[at], self.turn[lanes])
        self.view.world_to_camera[lanes] = poses
        found, face = self.view.look(lanes)
        if "rgb" in self.parts:
            self.rgb[lanes] = self.view.colors(lanes, face)
        depth, self.depth[lanes] = found.numpy(), self.view.depth_bytes(found)
        self.visited[lanes, at] = 1
        self.taken[lanes] += 1
        self.waits[lanes] = False
        self.found[lanes] |= visible(self.points[lanes], self.normals[lanes], poses, depth)
        behind = FAR[at] - read_pixels(depth, PIXEL[at])
        self.surface[lanes] |= INSIDE[at] & (np.abs(behind) < HALF / CELLS)
        self.empty[lanes] |= INSIDE[at] & (behind < -HALF / CELLS)

    def coverage(self) -> Numbers:
        """The share (L,) of what cameras can see at all that is seen so far."""
        return np.asarray((self.found & self.possible).sum(1) / self.possible.sum(1).clip(1))

    def observe(self) -> Seen:
        """What every lane knows."""
        if self.waits.any():
            self._look(self.waits.nonzero()[0])
        known = np.stack([self.surface, self.empty & ~self.surface], 1)
        whole = {
            "depth": self.depth.copy(),
            "voxels": known.reshape(self.lanes, 2, CELLS, CELLS, CELLS).view(np.int8),
            "visited": self.visited.copy(),
            "rgb": self.rgb.copy() if "rgb" in self.parts else self.rgb,
        }
        return {name: whole[name] for name in self.parts}

    def measures(self) -> dict[str, NDArray[Any]]:
        """The coverage."""
        return {"coverage": self.coverage()}

    def picture(self, lane: int) -> Pixels:
        """What a lane sees, beside its depth."""
        return self.view.picture(lane)


class NextBestViewEnv(WorldEnv):
    """Choose cameras around an unknown object so that its surface is seen.

    ## Description
    A procedural object (29 kinds, `scenes.build.shapes`) hangs in the middle, turned about the
    vertical at random. A depth camera starts at one of 26 views around it; each step moves it to
    another. See Connolly, The determination of next best views, ICRA 1985, for the problem.

    ## Action Space
    `Discrete(26)`: three rings of 8 views each, 40 degrees below, level with and 40 degrees above
    the middle; then one from near the top and one from near the bottom. Views are numbered in a
    frame that is turned by the same unknown angle as the object.

    ## Observation Space
    A `Dict`, of which `parts` keeps some:
    * `depth` (64, 64) uint8: of the current view, 255 for 4 m and beyond (nothing was hit);
    * `voxels` (2, 16, 16, 16) int8 in the frame of the views, 1.8 m a side, axes x, y, z: cells
      where a surface was seen, and cells that were seen to be empty; 0 in both is unknown;
    * `visited` (26,) int8: the views taken so far;
    * `rgb` (64, 64, 3) uint8, if asked for: the current view, coloured by the object's parts.

    ## Rewards
    The share of the surface that this view is the first to see: of 512 points spread evenly
    over it, without those that none of 52 cameras around sees. A point is seen when its normal
    looks at the camera and nothing nearer is drawn at its pixel.

    ## Starting State
    An object, its turn and the first view, each uniform at random. What the first view sees
    counts as coverage, not as reward.

    ## Episode End
    Terminates after `budget` steps. Infos hold `coverage`, the share seen so far.

    ## Arguments
    * `budget` (3): steps of an episode;
    * `objects` (200): how many there are; they are made when they are first met (5 to 40 ms each);
    * `split` ("train"): "test" has other objects of the same kinds;
    * `parts` (all but `rgb`): which parts of the observation there are.

    ## Version History
    * v0: first version.
    """

    def __init__(
        self,
        render_mode: str | None = None,
        *,
        budget: int = 3,
        objects: int = 200,
        split: str = "train",
        parts: Sequence[str] = PARTS,
    ) -> None:
        super().__init__(Search(1, budget, objects, split, parts), render_mode)


class NextBestViewVectorEnv(WorldVectorEnv):
    """`NextBestViewEnv` on many lanes, NEXT_STEP autoreset."""

    def __init__(
        self,
        num_envs: int = 1,
        render_mode: str | None = None,
        *,
        max_episode_steps: int | None = None,
        budget: int = 3,
        objects: int = 200,
        split: str = "train",
        parts: Sequence[str] = PARTS,
    ) -> None:
        world = Search(num_envs, budget, objects, split, parts)
        super().__init__(world, render_mode, max_episode_steps)
