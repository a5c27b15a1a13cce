"""Object-goal navigation: find a thing of a named class in a furnished room, and stop at it."""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from numpy.typing import NDArray

from core2d.errors import InputError, expect_number
from scenes.build.home import LABELS, furnish
from scenes.envs.batch_view import BatchView, Body, Lens, library_of, looking
from scenes.envs.floor_map import FloorMap, floor_map
from scenes.envs.room_map import SHAPE, RoomMap
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

LENS = Lens(size=64, opening=90.0, far=6.4)
GOALS = (
    *("door", "window", "table", "desk", "chair", "stool", "sofa", "bed", "shelf", "wardrobe"),
    *("drawers", "cabinet", "counter", "sink", "fridge", "toilet", "bathtub", "plant"),
)
EYE = 1.1  # metres above the floor
PITCH = math.radians(-15.0)
STEP, TURN = 0.25, math.radians(30.0)
REACH = 0.7  # metres from a thing at which one has found it
APART = 1.0  # metres to walk at least from the start
PRICE = 0.01  # of a step
TEST_SEEDS = 1_000_000  # rooms of the test split have seeds from here on
STOP, FORWARD, LEFT, RIGHT = range(4)
PARTS = ("view",)


@dataclasses.dataclass(frozen=True)
class Rooms:
    """The maker of rooms; `extra` is the map of the floor."""

    first_seed: int
    clutter: float

    def __call__(self, number: int) -> Body:
        seed = self.first_seed + number
        while True:
            home = furnish(seed, clutter=self.clutter)
            floor = floor_map(home, GOALS, REACH)
            if starts_of(floor):
                break
            seed += 10_000  # a room so full that nothing in it is far away
        mesh = home.room().mesh
        of_vertex = mesh.attributes["label"]
        code = torch.tensor([GOALS.index(n) + 1 if n in GOALS else 0 for n in LABELS])
        label = code[of_vertex[mesh.faces[:, 0]]].to(torch.uint8)
        assert mesh.colors is not None
        return Body(mesh.vertices, mesh.faces, label, mesh.colors[mesh.faces].mean(1), floor)


def starts_of(floor: FloorMap) -> list[str]:
    """Classes that can be walked to from at least APART away."""
    return [n for n, d in floor.distance.items() if (np.isfinite(d) & (d >= APART)).any()]


class Walk:
    """Walkers in the rooms of L lanes: a `World`."""

    actions = 4

    def __init__(
        self,
        lanes: int,
        rooms: int,
        *,
        split: str,
        clutter: float,
        parts: Sequence[str],
    ) -> None:
        expect_number("rooms", rooms, low=1)
        expect_number("clutter", clutter, low=0)
        if split not in ("train", "test"):
            raise InputError(f"split: expected 'train' or 'test', got {split!r}")
        self.lanes, self.rooms = lanes, rooms
        make = Rooms(TEST_SEEDS * (split == "test"), clutter)
        self.view = BatchView(library_of(make), LENS, lanes)
        side = (LENS.size, LENS.size)
        whole: dict[str, spaces.Space[Any]] = {
            "view": spaces.Box(0, 255, (2, *side), np.uint8),
            "voxels": spaces.Box(0, 1, SHAPE, np.int8),
            "depth": spaces.Box(0, 255, side, np.uint8),
            "semantic": spaces.Box(0, len(GOALS), side, np.uint8),
            "goal": spaces.Box(0, 1, (len(GOALS),), np.int8),
            "rgb": spaces.Box(0, 255, (*side, 3), np.uint8),
        }
        space = spaces_of(parts, whole)
        self.space: spaces.Space[Any] = space
        self.parts = tuple(space)
        turns = round(2 * math.pi / TURN)
        self.map = RoomMap(lanes, LENS, eye=EYE, pitch=PITCH, turns=turns)
        self.place = np.zeros((lanes, 2))
        self.heading = np.zeros(lanes)
        self.goal = np.zeros(lanes, np.int64)
        self.left = np.zeros(lanes)  # metres to the goal now, at the start, and walked
        self.shortest = np.zeros(lanes)
        self.walked = np.zeros(lanes)
        self.success = np.zeros(lanes, bool)

    def floor(self, lane: int) -> FloorMap:
        """The map of the room of a lane."""
        found: FloorMap = self.view.library.body(int(self.view.scene[lane])).extra
        return found

    def to_go(self, lane: int) -> Numbers:
        """Metres (X, Y) from every cell of a lane's floor to its goal."""
        return self.floor(lane).distance[GOALS[self.goal[lane]]]

    def reset(self, lane: int, rng: np.random.Generator) -> None:
        """A room, a class that it has, and a place and a heading far enough from it."""
        self.view.scene[lane] = rng.integers(self.rooms)
        floor = self.floor(lane)
        names = starts_of(floor)
        name = names[int(rng.integers(len(names)))]
        self.goal[lane] = GOALS.index(name)
        distance = floor.distance[name]
        cells = np.argwhere(np.isfinite(distance) & (distance >= APART))
        cell = cells[int(rng.integers(len(cells)))]
        self.place[lane] = floor.middle(cell)
        self.heading[lane] = TURN * rng.integers(12)
        self.left[lane] = self.shortest[lane] = distance[tuple(cell)]
        self.walked[lane], self.success[lane] = 0.0, False
        self.map.forget(lane)

    def step(self, action: Ints) -> tuple[Numbers, Flags]:
        """Metres come nearer to the goal, less the price of a step; 1 for stopping at it."""
        self.heading += TURN * ((action == LEFT).astype(float) - (action == RIGHT))
        reward = np.full(self.lanes, -PRICE)
        for lane in (action == FORWARD).nonzero()[0].tolist():
            reward[lane] += self._forward(lane)
        self.success = (action == STOP) & (self.left == 0)
        return reward + self.success, action == STOP

    def _forward(self, lane: int) -> float:
        """A step ahead where nothing stands in the way; how much nearer the goal it is."""
        floor, angle = self.floor(lane), self.heading[lane]
        end = self.place[lane] + STEP * np.array([math.cos(angle), math.sin(angle)])
        if not floor.is_free(self.place[lane], end):
            self.map.feel(lane, end)
            return 0.0
        self.place[lane] = end
        self.walked[lane] += STEP
        before, cell = self.left[lane], floor.cells(end[None])[0]
        self.left[lane] = self.to_go(lane)[tuple(cell)]
        return float(before - self.left[lane])

    def observe(self) -> Seen:
        """The parts that are wanted, of one picture for all of them."""
        lanes = np.arange(self.lanes)
        ahead = np.stack([np.cos(self.heading), np.sin(self.heading)], 1) * math.cos(PITCH)
        forward = np.concatenate([ahead, np.full((self.lanes, 1), math.sin(PITCH))], 1)
        eye = np.concatenate([self.place, np.full((self.lanes, 1), EYE)], 1)
        self.view.world_to_camera = looking(eye, forward)
        depth, face = self.view.look(lanes)
        label, far = self.view.labels(face).numpy(), self.view.depth_bytes(depth)
        there = label == (self.goal + 1).astype(np.uint8)[:, None, None]
        seen: dict[str, NDArray[Any]] = {"depth": far, "semantic": label}
        if "view" in self.parts:
            seen["view"] = np.stack([far, there.view(np.uint8) * np.uint8(255)], 1)
        if "voxels" in self.parts:
            self.map.see(self.place, self.heading, depth.numpy(), there)
            seen["voxels"] = self.map.voxels(self.place, self.heading)
        if "goal" in self.parts:
            seen["goal"] = np.zeros((self.lanes, len(GOALS)), np.int8)
            seen["goal"][lanes, self.goal] = 1
        if "rgb" in self.parts:
            seen["rgb"] = self.view.colors(lanes, face)
        return {name: seen[name] for name in self.parts}

    def measures(self) -> dict[str, NDArray[Any]]:
        """success; spl, its share weighted by the path; metres that are left.

        SPL: success * shortest / max(shortest, walked) (Anderson et al. 2018, eq. 1).
        """
        path = np.maximum(self.walked, self.shortest)
        spl = self.success * self.shortest / np.where(path > 0, path, 1.0)
        return {"success": self.success.copy(), "spl": spl, "distance": self.left.copy()}

    def picture(self, lane: int) -> Pixels:
        """What a lane sees, beside its depth."""
        return self.view.picture(lane)


class ObjectGoalEnv(WorldEnv):
    """Find a thing of a named class in a furnished room, and stop at it.

    ## Description
    A walker with a depth camera stands in a procedural room (`scenes.build.home`), is told the
    class of a thing that the room has, and must go there and say that it arrived. After Batra et
    al., ObjectNav revisited, 2020, in one room of our own.

    ## Action Space
    `Discrete(4)`: 0 stop, 1 forward 0.25 m, 2 turn left 30 degrees, 3 turn right 30 degrees. A
    step into a wall or a thing does nothing.

    ## Observation Space
    A `Dict`, of which `parts` keeps some:
    * `view` (2, 64, 64) uint8: depth, 255 for 6.4 m and beyond, and 255 where a thing of the
      wanted class is seen, else 0;
    * `voxels` (3, 32, 32, 4) int8: surfaces that were seen so far in this episode, those of the
      wanted class, and where the walker has been (`scenes.envs.room_map`), as they lie around it
      now: axes are ahead, left and up, the walker is in the middle. Cells are 0.2 m a side; the
      layers end at 0.1 (the floor), 0.7, 1.4 and 2.1 m. Where the walker ran into something a
      surface is marked. Where it was stands a pillar, of 1 to 4 layers by the steps spent there;
    * `depth` (64, 64) uint8, as in `view`;
    * `semantic` (64, 64) uint8: 1 + the number of the class in `GOALS`, 0 for all else;
    * `goal` (18,) int8: one at the class that is wanted;
    * `rgb` (64, 64, 3) uint8: what the camera sees, shaded.

    ## Rewards
    Metres by which the way to the goal became shorter, less 0.01 for each step, and 1 for
    stopping where the goal is within reach: 0.7 m on the floor from a thing of the class.

    ## Starting State
    A room and a class of those that are in it, uniform; a place from which the goal is at least
    1 m to walk, and one of twelve headings.

    ## Episode End
    Terminates at action stop, wherever that is; the registered time limit is 100 steps. Infos:
    `success`, `spl` (Anderson et al. 2018), `distance` (metres left to walk).

    ## Arguments
    * `rooms` (20): how many there are; they are made when first entered (about 0.3 s each);
    * `split` ("train"): "test" has other rooms;
    * `clutter` (0.0): how many small things lie about, 1 for as many as in `scenes.build.home`;
    * `parts` (`view` alone): which parts of the observation there are.

    ## Version History
    * v0: first version.
    """

    def __init__(
        self,
        render_mode: str | None = None,
        *,
        rooms: int = 20,
        split: str = "train",
        clutter: float = 0.0,
        parts: Sequence[str] = PARTS,
    ) -> None:
        world = Walk(1, rooms, split=split, clutter=clutter, parts=parts)
        super().__init__(world, render_mode)


class ObjectGoalVectorEnv(WorldVectorEnv):
    """`ObjectGoalEnv` on many lanes, NEXT_STEP autoreset."""

    def __init__(
        self,
        num_envs: int = 1,
        render_mode: str | None = None,
        *,
        max_episode_steps: int | None = None,
        rooms: int = 20,
        split: str = "train",
        clutter: float = 0.0,
        parts: Sequence[str] = PARTS,
    ) -> None:
        world = Walk(num_envs, rooms, split=split, clutter=clutter, parts=parts)
        super().__init__(world, render_mode, max_episode_steps)
