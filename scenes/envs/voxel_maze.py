"""A maze of voxels in three dimensions, seen through a depth camera; find the exit."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import shortest_path

from core2d.errors import InputError, expect_number
from geomdl.render.colormap import palette
from scenes.build.draw import Draw
from scenes.envs.batch_view import BatchView, Body, Lens, library_of, looking
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

LENS = Lens(size=64, opening=100.0, far=10.0)
KNOWN = 9  # voxels per side of the map around the walker
STAYS = (1, 2, 4, 7, 11)  # steps spent in a cell at which the map says so
LARGEST = 15  # cells per side
PRICE, PROGRESS, FRESH, PRIZE = 0.02, 0.02, 0.05, 1.0
TEST_SEEDS = 1_000_000  # mazes of the test split have seeds from here on
FORWARD, LEFT, RIGHT, UP, DOWN = range(5)
PARTS = ("depth", "voxels", "compass")
AXES = np.array([[1, 0, 0], [0, 1, 0], [-1, 0, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]])


@dataclasses.dataclass(frozen=True, eq=False)
class Plan:
    """solid (W, W, W) bool voxels, W = 2 cells + 1, cell c at voxel 2 c + 1; paths (C, C) steps
    between cells, numbered x cells^2 + y cells + z."""

    solid: NDArray[np.bool_]
    paths: NDArray[np.int16]


@dataclasses.dataclass(frozen=True)
class Mazes:
    """The maker of mazes: every cell can be reached, and a share `loops` of further walls is open.

    Carved by a walk that turns back where it is stuck (the recursive backtracker).
    """

    first_seed: int
    cells: int
    loops: float

    def __call__(self, number: int) -> Body:
        draw, n = Draw("maze", self.first_seed + number), self.cells
        solid = np.ones((2 * n + 1,) * 3, bool)
        solid[1::2, 1::2, 1::2] = False
        way, seen = [(0, 0, 0)], {(0, 0, 0)}
        while way:
            here = np.array(way[-1])
            ahead = [tuple((here + a).tolist()) for a in AXES]
            fresh = [c for c in ahead if min(c) >= 0 and max(c) < n and c not in seen]
            if not fresh:
                way.pop()
                continue
            there = draw.choice(fresh)
            solid[tuple(here + np.array(there) + 1)] = False
            seen.add(there)
            way.append(there)
        walls = np.argwhere(solid[1:-1, 1:-1, 1:-1]) + 1
        walls = walls[(walls % 2 == 0).sum(1) == 1]  # between two cells
        for wall in walls.tolist():
            if draw.chance(self.loops):
                solid[tuple(wall)] = False
        vertices, faces = shell(solid)
        height = vertices[faces[:, 0], 2].long()
        label = torch.ones(len(faces), dtype=torch.uint8)
        return Body(vertices, faces, label, palette(height), Plan(solid, paths_of(solid)))


def paths_of(solid: NDArray[np.bool_]) -> NDArray[np.int16]:
    """Steps from cell to cell (C, C); a step goes through an open wall."""
    n = (len(solid) - 1) // 2
    number = np.arange(n**3).reshape(n, n, n)
    starts, ends = [], []
    for axis in range(3):
        first = number.take(range(n - 1), axis)
        second = number.take(range(1, n), axis)
        slices = [slice(1, None, 2)] * 3
        slices[axis] = slice(2, -1, 2)
        is_open = ~solid[tuple(slices)]
        starts.append(first[is_open])
        ends.append(second[is_open])
    a, b = np.concatenate(starts), np.concatenate(ends)
    graph = sparse.csr_matrix((np.ones(len(a)), (a, b)), shape=(n**3, n**3))
    return np.asarray(shortest_path(graph, directed=False, unweighted=True)).astype(np.int16)


def shell(solid: NDArray[np.bool_]) -> tuple[torch.Tensor, torch.Tensor]:
    """Voxels (W, W, W) -> the sides of empty ones that touch solid ones: vertices and faces."""
    quads = []
    for axis in AXES:
        beyond = np.roll(solid, tuple((-axis).tolist()), (0, 1, 2))
        at = np.argwhere(~solid & beyond)
        across = np.eye(3, dtype=np.int64)[np.abs(axis) == 0]
        corner = at + (axis > 0)  # the side towards `axis` starts there
        square = [corner, corner + across[0], corner + across[0] + across[1], corner + across[1]]
        quads.append(np.stack(square, 1))
    vertices = torch.from_numpy(np.concatenate(quads).reshape(-1, 3)).float()
    first = 4 * torch.arange(len(vertices) // 4)[:, None]
    faces = torch.cat([first + torch.tensor([0, 1, 2]), first + torch.tensor([0, 2, 3])])
    order = torch.arange(len(faces)).view(2, -1).T.reshape(-1)  # the two halves of a side together
    return vertices, faces[order]


class Dig:
    """Walkers in the mazes of L lanes: a `World`."""

    actions = 5

    def __init__(
        self,
        lanes: int,
        cells: int,
        mazes: int,
        *,
        split: str,
        loops: float,
        parts: Sequence[str],
    ) -> None:
        expect_number("mazes", mazes, low=1)
        expect_number("loops", loops, low=0)
        if not 2 <= cells <= LARGEST:
            raise InputError(f"cells: expected 2 to {LARGEST}, got {cells}")
        if split not in ("train", "test"):
            raise InputError(f"split: expected 'train' or 'test', got {split!r}")
        self.lanes, self.cells, self.mazes = lanes, cells, mazes
        make = Mazes(TEST_SEEDS * (split == "test"), cells, float(loops))
        self.view = BatchView(library_of(make), LENS, lanes)
        whole: dict[str, spaces.Space[Any]] = {
            "depth": spaces.Box(0, 255, (LENS.size, LENS.size), np.uint8),
            "voxels": spaces.Box(0, 1, (3 + len(STAYS), KNOWN, KNOWN, KNOWN), np.int8),
            "compass": spaces.Box(-1, 1, (3,), np.float32),
            "rgb": spaces.Box(0, 255, (LENS.size, LENS.size, 3), np.uint8),
        }
        space = spaces_of(parts, whole)
        self.space: spaces.Space[Any] = space
        self.parts = tuple(space)
        side, rim = 2 * cells + 1, KNOWN // 2
        self.cell = np.zeros((lanes, 3), np.int64)
        self.goal = np.zeros((lanes, 3), np.int64)
        self.heading = np.zeros(lanes, np.int64)
        self.solid = np.ones((lanes, side, side, side), bool)
        # What was seen of the maze, 0 unknown, 1 solid, 2 empty, with a rim of unknown around.
        self.known = np.zeros((lanes, *(side + 2 * rim,) * 3), np.int8)
        self.stayed = np.zeros_like(self.known)  # steps in each cell, as far as STAYS counts
        self.shortest = np.ones(lanes, np.int64)
        self.walked = np.zeros(lanes, np.int64)
        self.success = np.zeros(lanes, bool)

    def number(self, cell: NDArray[np.int64]) -> NDArray[np.int64]:
        """Cells (..., 3) -> their numbers (...,)."""
        return np.asarray((cell * self.cells ** np.array([2, 1, 0])).sum(-1))

    def to_go(self, lane: int) -> int:
        """Steps to the exit by the shortest way."""
        paths = self.view.library.body(int(self.view.scene[lane])).extra.paths
        return int(paths[self.number(self.cell[lane]), self.number(self.goal[lane])])

    def reset(self, lane: int, rng: np.random.Generator) -> None:
        """A maze, a place, a heading and an exit that is not too near."""
        self.view.scene[lane] = rng.integers(self.mazes)
        plan = self.view.library.body(int(self.view.scene[lane])).extra
        self.solid[lane] = plan.solid
        self.cell[lane] = rng.integers(self.cells, size=3)
        far = plan.paths[self.number(self.cell[lane])]
        chosen = rng.choice((far >= min(self.cells, int(far.max()))).nonzero()[0])
        self.goal[lane] = np.unravel_index(chosen, (self.cells,) * 3)
        self.heading[lane] = rng.integers(4)
        self.shortest[lane] = far[chosen]
        self.walked[lane], self.success[lane] = 0, False
        self.known[lane], self.stayed[lane] = 0, 0
        self._learn(lane)

    def ahead(self, action: int, lane: int) -> NDArray[np.int64]:
        """The direction (3,) in which an action moves."""
        return AXES[{UP: 4, DOWN: 5}.get(action, int(self.heading[lane]))]

    def step(self, action: Ints) -> tuple[Numbers, Flags]:
        """PROGRESS on the shortest way, FRESH cells, PRIZE at the exit, less PRICE."""
        self.heading = (self.heading + (action == LEFT) - (action == RIGHT)) % 4
        reward = np.full(self.lanes, -PRICE)
        for lane in np.isin(action, (FORWARD, UP, DOWN)).nonzero()[0].tolist():
            reward[lane] += self._move(lane, self.ahead(int(action[lane]), lane))
        for lane in range(self.lanes):
            self._learn(lane)
        self.success = (self.cell == self.goal).all(1)
        return reward + PRIZE * self.success, self.success.copy()

    def _move(self, lane: int, way: NDArray[np.int64]) -> float:
        """To the next cell if that is open; the reward of it."""
        if self.solid[lane][tuple(2 * self.cell[lane] + 1 + way)]:
            return 0.0
        before = self.to_go(lane)
        self.cell[lane] += way
        self.walked[lane] += 1
        stayed = int(self.stayed[lane][tuple(2 * self.cell[lane] + 1 + KNOWN // 2)])
        return PROGRESS * (before - self.to_go(lane)) + FRESH / (1 + stayed)

    def _learn(self, lane: int) -> None:
        """Feel the walls around, and see as far ahead as the corridor goes."""
        solid, rim = self.solid[lane], KNOWN // 2
        known = self.known[lane][(slice(rim, -rim),) * 3]
        at = 2 * self.cell[lane] + 1
        box = tuple(slice(k - 1, k + 2) for k in at.tolist())
        known[box] = np.where(solid[box], 1, 2)
        stayed = self.stayed[lane][tuple(at + rim)]
        self.stayed[lane][tuple(at + rim)] = min(stayed + 1, STAYS[-1])
        way = AXES[self.heading[lane]]
        while not solid[tuple(at)]:
            at = at + way
            known[tuple(at)] = 1 if solid[tuple(at)] else 2

    def observe(self) -> Seen:
        """Depth ahead, the known map around turned with the walker, and where the exit is."""
        way = AXES[self.heading].astype(float)
        self.view.world_to_camera = looking(2.0 * self.cell.astype(float) + 1.5, way)
        seen: dict[str, NDArray[Any]] = {}
        if "depth" in self.parts or "rgb" in self.parts:
            lanes = np.arange(self.lanes)
            depth, face = self.view.look(lanes)
            seen["depth"] = self.view.depth_bytes(depth)
            if "rgb" in self.parts:
                seen["rgb"] = self.view.colors(lanes, face)
        offset = self.goal - self.cell
        left = AXES[(self.heading + 1) % 4]
        exit_at = np.stack([(offset * way).sum(1), (offset * left).sum(1), offset[:, 2]], 1)
        seen["compass"] = (exit_at / max(self.cells - 1, 1)).astype(np.float32)
        if "voxels" in self.parts:
            seen["voxels"] = self._around(exit_at.astype(np.int64))
        return {name: seen[name] for name in self.parts}

    def _around(self, exit_at: NDArray[np.int64]) -> NDArray[np.int8]:
        """The map around each lane; exit_at (L, 3) is in cells ahead, left and up."""
        voxels = np.zeros((self.lanes, 3 + len(STAYS), KNOWN, KNOWN, KNOWN), np.int8)
        for lane in range(self.lanes):
            box = tuple(slice(2 * k + 1, 2 * k + 1 + KNOWN) for k in self.cell[lane].tolist())
            turn = -int(self.heading[lane])
            known = np.rot90(self.known[lane][box], turn, (0, 1))
            stayed = np.rot90(self.stayed[lane][box], turn, (0, 1))
            voxels[lane, 0], voxels[lane, 1] = known == 1, known == 2
            for k, steps in enumerate(STAYS):
                voxels[lane, 2 + k] = stayed >= steps
        x, y, z = np.clip(2 * exit_at + KNOWN // 2, 0, KNOWN - 1).T
        voxels[np.arange(self.lanes), -1, x, y, z] = 1
        return voxels

    def measures(self) -> dict[str, NDArray[Any]]:
        """success; spl (Anderson et al. 2018, eq. 1) in steps from cell to cell."""
        spl = self.success * self.shortest / np.maximum(self.walked, self.shortest)
        return {"success": self.success.copy(), "spl": spl}

    def picture(self, lane: int) -> Pixels:
        """What a lane sees, beside its depth."""
        return self.view.picture(lane)


class VoxelMazeEnv(WorldEnv):
    """Find the exit of a maze of voxels in three dimensions.

    ## Description
    Cells of a cubic grid, some joined to the cells beside, above or below by openings. A walker
    with a depth camera turns, moves ahead, rises and sinks; it knows where the exit lies, not how
    to get there.

    ## Action Space
    `Discrete(5)`: 0 forward, 1 turn left, 2 turn right (by 90 degrees), 3 up, 4 down. A move into
    a wall does nothing.

    ## Observation Space
    A `Dict`, of which `parts` keeps some:
    * `depth` (64, 64) uint8: ahead, 100 degrees wide, 255 for 10 voxels and beyond;
    * `voxels` (8, 9, 9, 9) int8: what is known of the voxels around: solid ones and empty ones, 0
      in both is unknown; cells in which the walker spent at least 1, 2, 4, 7 and 11 steps; and the
      exit, at the side of the map where it lies beyond. The walker is in the middle; axes are
      ahead, left and up. A cell is a voxel, and so is the wall or the opening between two. Known
      are the voxels around every cell that was visited and those straight ahead as far as one
      could see;
    * `compass` (3,) float32: from here to the exit, ahead, left and up, 1 for the whole maze;
    * `rgb` (64, 64, 3) uint8, if asked for: what the camera sees; walls are coloured by height.

    ## Rewards
    1 at the exit and -0.02 for every step. Beside these, such that a walker learns long before it
    finds an exit: 0.02 for each step by which the shortest way to the
    exit became shorter (less for longer); and 0.05 / (1 + n) for entering a cell in which it spent
    n steps so far (a count-based bonus, Bellemare et al. 2016, "Unifying count-based exploration
    and intrinsic motivation"). Who looks into every corner gains nothing by that, since going back
    and turning cost as much; who goes round in circles loses.

    ## Starting State
    A maze, a cell, a heading, and an exit that is at least `cells` steps away, all at random.

    ## Episode End
    Terminates at the exit; the registered time limit is 100 steps. Infos: `success` and `spl`
    (Anderson et al. 2018).

    ## Arguments
    * `cells` (4): per side, 2 to 15;
    * `mazes` (200): how many there are; they are made when first entered (some ms each);
    * `split` ("train"): "test" has other mazes;
    * `loops` (0.1): share of walls between cells that are opened besides, 0 for one way only;
    * `parts` (all but `rgb`): which parts of the observation there are; without pictures a step
      takes less than half the time.

    ## Version History
    * v0: first version.
    """

    def __init__(
        self,
        render_mode: str | None = None,
        *,
        cells: int = 4,
        mazes: int = 200,
        split: str = "train",
        loops: float = 0.1,
        parts: Sequence[str] = PARTS,
    ) -> None:
        world = Dig(1, cells, mazes, split=split, loops=loops, parts=parts)
        super().__init__(world, render_mode)


class VoxelMazeVectorEnv(WorldVectorEnv):
    """`VoxelMazeEnv` on many lanes, NEXT_STEP autoreset."""

    def __init__(
        self,
        num_envs: int = 1,
        render_mode: str | None = None,
        *,
        max_episode_steps: int | None = None,
        cells: int = 4,
        mazes: int = 200,
        split: str = "train",
        loops: float = 0.1,
        parts: Sequence[str] = PARTS,
    ) -> None:
        world = Dig(num_envs, cells, mazes, split=split, loops=loops, parts=parts)
        super().__init__(world, render_mode, max_episode_steps)
