"""Players to stand beside a learned policy: random, scripted by what is seen, and with an oracle.

A player is asked with what L lanes see and which lanes begin an episode, and answers with actions
(L,). Scripted players use observations alone; oracles look into the world.

    play(NextBestViewVectorEnv(16), Farthest(), episodes=64)     mean return and measures
"""

import math
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from core2d.errors import expect_number
from geomdl.ops.views import view_scenes
from scenes.envs import next_best_view as nbv
from scenes.envs import object_goal as goal
from scenes.envs import voxel_maze as maze
from scenes.envs.batch_view import NEAR
from scenes.envs.world import Flags, Ints, Seen, WorldVectorEnv

Player = Callable[[Seen, Flags], Ints]


def play(envs: WorldVectorEnv, player: Player, episodes: int, seed: int = 0) -> dict[str, float]:
    """Means over the first episodes of each lane: `return`, `steps`, and the world's measures.

    Every lane plays equally many, so that short episodes do not count more. Raises InputError.
    """
    expect_number("episodes", episodes, low=1)
    each = -(-episodes // envs.num_envs)
    seen, _ = envs.reset(seed=seed)
    fresh, over = np.ones(envs.num_envs, bool), np.zeros(envs.num_envs, bool)
    total, length = np.zeros(envs.num_envs), np.zeros(envs.num_envs)
    done = np.zeros(envs.num_envs, np.int64)
    kept: list[dict[str, float]] = []
    while (done < each).any():
        seen, reward, terminated, truncated, infos = envs.step(player(seen, fresh))
        fresh = over  # these lanes began anew in this step
        total, length = np.where(over, 0, total + reward), np.where(over, 0, length + 1)
        over = terminated | truncated
        for lane in (over & (done < each)).nonzero()[0].tolist():
            found = {name: float(infos[name][lane]) for name in envs.world.measures()}
            kept.append({"return": float(total[lane]), "steps": float(length[lane]), **found})
        done += over
    return {name: float(np.mean([k[name] for k in kept])) for name in kept[0]}


class Random:
    """Any action, each as likely."""

    def __init__(self, actions: int, seed: int = 0) -> None:
        self.actions, self.rng = actions, np.random.default_rng(seed)

    def __call__(self, seen: Seen, fresh: Flags) -> Ints:
        return self.rng.integers(self.actions, size=len(fresh))


class Farthest:
    """Next best view, the uniform baseline: views spread evenly around, whatever is there.

    The next one is that whose nearest visited one is farthest away; needs `visited`.
    """

    def __init__(self) -> None:
        cosine = (nbv.DIRECTIONS @ nbv.DIRECTIONS.T).clip(-1, 1)
        self.angle = np.arccos(cosine)

    def __call__(self, seen: Seen, fresh: Flags) -> Ints:
        visited = seen["visited"].astype(bool)
        nearest = np.where(visited[:, None, :], self.angle, np.inf).min(-1)  # (L, VIEWS)
        return np.asarray(nearest.argmax(1))


class Greedy:
    """Next best view with an oracle: the view that will see most of what is not seen yet."""

    def __init__(self, world: nbv.Search) -> None:
        self.world = world

    def __call__(self, seen: Seen, fresh: Flags) -> Ints:
        return np.array([self.gains(lane).argmax() for lane in range(len(fresh))])

    def gains(self, lane: int) -> NDArray[np.float64]:
        """What each view would add to the coverage of a lane (VIEWS,)."""
        world = self.world
        poses = nbv.turned(nbv.POSES, np.full(nbv.VIEWS, world.turn[lane]))
        number = world.view.library.places(np.repeat(world.view.scene[lane], nbv.VIEWS))
        size, K = nbv.LENS.size, nbv.LENS.intrinsics()
        depth, _ = view_scenes(
            *world.view.library.scenes(), torch.from_numpy(number), torch.from_numpy(poses),
            K, size, size, NEAR,
        )  # fmt: skip
        points = np.repeat(world.points[lane : lane + 1], nbv.VIEWS, 0)
        there = nbv.visible(points, world.normals[lane : lane + 1], poses, depth.numpy())
        fresh = there & world.possible[lane] & ~world.found[lane]
        return np.asarray(fresh.sum(1) / max(world.possible[lane].sum(), 1))


def over_floor() -> NDArray[np.float64]:
    """Of each pixel of the object-goal camera (H, W): metres on the floor per metre of depth."""
    size, focal = goal.LENS.size, float(goal.LENS.intrinsics()[0, 0])
    down, right = np.mgrid[:size, :size] + 0.5 - size / 2
    ahead = math.cos(goal.PITCH) + math.sin(goal.PITCH) * down / focal
    return np.asarray(np.hypot(ahead, right / focal))


OVER_FLOOR = over_floor()


class Seeker:
    """Object goal: turn until the goal is seen, go there, stop when it is near.

    Where the way is blocked it turns to the freer side and takes two steps; after a whole turn
    without the goal it walks on at random. Reads `view`.
    """

    near = 0.65  # metres on the floor at which it takes the goal to be within reach
    clear = 0.45  # metres that must be free ahead

    def __init__(self, lanes: int, seed: int = 0) -> None:
        self.rng = np.random.default_rng(seed)
        self.turns = np.zeros(lanes, np.int64)
        self.plan: list[list[int]] = [[] for _ in range(lanes)]

    def __call__(self, seen: Seen, fresh: Flags) -> Ints:
        self.turns[fresh] = 0
        for lane in fresh.nonzero()[0].tolist():
            self.plan[lane] = []
        return np.array([self._act(lane, *seen["view"][lane]) for lane in range(len(fresh))])

    def _act(self, lane: int, depth: NDArray[np.uint8], mask: NDArray[np.uint8]) -> int:
        metres = depth.astype(float) * goal.LENS.far / 255
        there = mask > 0
        if there.any() and float((metres * OVER_FLOOR)[there].min()) < self.near:
            return goal.STOP
        if self.plan[lane]:
            return self.plan[lane].pop(0)
        size = len(depth)
        ahead = float(metres[size // 4 : 3 * size // 4, 3 * size // 8 : 5 * size // 8].min())
        if there.sum() > 3:
            self.turns[lane] = 0
            aside = float(there.nonzero()[1].mean()) / size - 0.5
            if abs(aside) > 0.2:
                return goal.LEFT if aside < 0 else goal.RIGHT
            if ahead > self.clear:
                return goal.FORWARD
            left = metres[:, : size // 2].mean() > metres[:, size // 2 :].mean()
            turn = goal.LEFT if left else goal.RIGHT
            self.plan[lane] = [turn, goal.FORWARD, goal.FORWARD]
            return turn
        if self.turns[lane] < 12:
            self.turns[lane] += 1
            return goal.LEFT
        self.turns[lane] = 0
        turn = [goal.LEFT, goal.RIGHT][int(self.rng.integers(2))]
        self.plan[lane] = [turn] * int(self.rng.integers(6)) + [goal.FORWARD] * 5
        return goal.FORWARD


class ShortestWalk:
    """Object goal with an oracle: turn to where the way is shortest, walk, stop at the goal."""

    def __init__(self, world: goal.Walk) -> None:
        self.world = world

    def __call__(self, seen: Seen, fresh: Flags) -> Ints:
        return np.array([self._act(lane) for lane in range(len(fresh))])

    def _act(self, lane: int) -> int:
        world = self.world
        if world.left[lane] == 0:
            return goal.STOP
        floor, place = world.floor(lane), world.place[lane]
        best, chosen = math.inf, 0
        for turn in (0, 1, -1, 2, -2, 3, -3, 4, -4, 5, -5, 6):
            angle = world.heading[lane] + turn * goal.TURN
            end = place + goal.STEP * np.array([math.cos(angle), math.sin(angle)])
            if floor.is_free(place, end):
                left = float(world.to_go(lane)[tuple(floor.cells(end[None])[0])])
                if left < best - 1e-9:
                    best, chosen = left, turn
        return goal.FORWARD if chosen == 0 else goal.LEFT if chosen > 0 else goal.RIGHT


class Compass:
    """Voxel maze: go where the compass points if that is open, now and then anywhere."""

    # Where each of ahead, left, up, behind, right, down lies in the map around, and what to do.
    sides = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [-1, 0, 0], [0, -1, 0], [0, 0, -1]])
    acts = (maze.FORWARD, maze.LEFT, maze.UP, maze.LEFT, maze.RIGHT, maze.DOWN)

    def __init__(self, seed: int = 0, wander: float = 0.2) -> None:
        self.rng, self.wander = np.random.default_rng(seed), wander

    def __call__(self, seen: Seen, fresh: Flags) -> Ints:
        middle = maze.KNOWN // 2
        x, y, z = (self.sides + middle).T
        is_open = seen["voxels"][:, 1][:, x, y, z] > 0  # (L, 6)
        pull = seen["compass"].astype(float) @ self.sides.T
        noise = self.rng.random(pull.shape)
        free = self.rng.random((len(fresh), 1)) < self.wander
        value = np.where(is_open, np.where(free, noise, pull + 1e-3 * noise), -np.inf)
        return np.array(self.acts)[value.argmax(1)]


class Planner:
    """Voxel maze: the shortest way on the map known so far, what is unknown taken as open.

    It remembers all that was known in its episode, not only the part around; nothing hidden.
    With `whole` it knows the maze from the start: the oracle.
    """

    def __init__(self, world: maze.Dig, *, whole: bool = False) -> None:
        self.world, self.whole = world, whole

    def __call__(self, seen: Seen, fresh: Flags) -> Ints:
        return np.array([self._act(lane) for lane in range(len(fresh))])

    def _act(self, lane: int) -> int:
        world, rim = self.world, maze.KNOWN // 2
        known = world.known[lane][(slice(rim, -rim),) * 3] == 1
        blocked = world.solid[lane] if self.whole else known
        left = maze.paths_of(blocked)[:, world.number(world.goal[lane])]
        at, heading = world.cell[lane], int(world.heading[lane])
        here = left[world.number(at)]
        order = [(heading + k) % 4 for k in (0, 1, 3, 2)]
        for side in [order[0], 4, 5, *order[1:]]:
            there = at + maze.AXES[side]
            wall = tuple(2 * at + 1 + maze.AXES[side])
            inside = bool((there >= 0).all() and (there < world.cells).all())
            if inside and not blocked[wall] and left[world.number(there)] < here:
                if side >= 4:
                    return maze.UP if side == 4 else maze.DOWN
                turn = (side - heading) % 4
                return (maze.FORWARD, maze.LEFT, maze.LEFT, maze.RIGHT)[turn]
        return maze.FORWARD
