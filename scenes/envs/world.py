"""What the 3D worlds share: a world is dynamics on L lanes, with two doors, one lane and many.

Lane i of the vector form seeded with s plays the episodes of the single form seeded with s + i,
first and later ones, as in Gymnasium's own vectorisers: both call the same world.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import gymnasium
import numpy as np
from gymnasium.utils import seeding
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from core2d.errors import InputError
from scenes.envs.batch_view import BatchView
from scenes.envs.window import Window

Flags = NDArray[np.bool_]
Numbers = NDArray[np.float64]
Ints = NDArray[np.int64]
Pixels = NDArray[np.uint8]
Seen = Any  # an array (L, ...), or a dict of them, as the world's space says


class World(Protocol):
    """Dynamics of L lanes. `space` and `actions` are those of one lane."""

    lanes: int
    actions: int
    space: gymnasium.spaces.Space[Any]

    def reset(self, lane: int, rng: np.random.Generator) -> None:
        """A new episode in this lane."""

    def step(self, action: Ints) -> tuple[Numbers, Flags]:
        """Actions (L,) -> rewards (L,), terminated (L,). Lanes that ended may be stepped on."""

    def observe(self) -> Seen:
        """What every lane sees, new arrays (L, ...)."""

    def measures(self) -> dict[str, NDArray[Any]]:
        """Numbers by which a policy is judged, each (L,), of the episodes so far."""

    def picture(self, lane: int) -> Pixels:
        """A picture (H, W, 3) of a lane for people."""


def expect_mode(render_mode: str | None, modes: Sequence[str]) -> str | None:
    if render_mode is not None and render_mode not in modes:
        words = ", ".join(map(repr, modes))
        raise InputError(f"render_mode: expected None or one of {words}, got {render_mode!r}")
    return render_mode


def spaces_of(
    parts: Sequence[str], whole: Mapping[str, gymnasium.spaces.Space[Any]]
) -> gymnasium.spaces.Dict:
    """The parts of an observation that are wanted. Raises InputError for others, or none."""
    if isinstance(parts, str) or not parts or set(parts) - set(whole):
        raise InputError(f"parts: expected some of {tuple(whole)}, got {parts!r}")
    return gymnasium.spaces.Dict({name: s for name, s in whole.items() if name in parts})


def of_lane(seen: Seen, lane: int) -> Seen:
    """The observation of one lane, of Python or NumPy type as its space wants it."""
    if isinstance(seen, dict):
        return {name: part[lane] for name, part in seen.items()}
    return seen[lane]


class WorldEnv(gymnasium.Env[Any, np.int64]):
    """One lane of a world; every world's own class makes it.

    render_mode: "rgb_array", or "human" for a page in the browser that follows every step.
    """

    metadata = {"render_modes": ["rgb_array", "human"], "render_fps": 6}  # noqa: RUF012

    def __init__(self, world: World, render_mode: str | None) -> None:
        self.world = world
        self.render_mode = expect_mode(render_mode, self.metadata["render_modes"])
        self.window: Window | None = None
        self.action_space = gymnasium.spaces.Discrete(world.actions)
        self.observation_space = world.space
        self.started = False

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Seen, dict[str, Any]]:
        """The next episode; with a seed, the first one of that seed. No options."""
        super().reset(seed=seed)
        self.world.reset(0, self.np_random)
        self.started = True
        seen = of_lane(self.world.observe(), 0)
        self._watch(fresh=True)
        return seen, of_lane(self.world.measures(), 0)

    def step(self, action: np.int64) -> tuple[Seen, float, bool, bool, dict[str, Any]]:
        """Never truncates: the time limit is Gymnasium's wrapper. Raises InputError."""
        if not self.started or not self.action_space.contains(np.int64(action)):
            wanted = f"an action in 0..{self.world.actions - 1} after reset()"
            raise InputError(f"action: expected {wanted}, got {action!r}")
        reward, terminated = self.world.step(np.array([action], np.int64))
        seen, info = of_lane(self.world.observe(), 0), of_lane(self.world.measures(), 0)
        self._watch()
        return seen, float(reward[0]), bool(terminated[0]), False, info

    def render(self) -> Pixels | None:
        """The picture (H, W, 3) for "rgb_array", else None: a page shows every step by itself."""
        return self.world.picture(0) if self.render_mode == "rgb_array" else None

    def close(self) -> None:
        """End the page, if there is one."""
        if self.window is not None:
            self.window.close()
            self.window = None

    def _watch(self, *, fresh: bool = False) -> None:
        if self.render_mode == "human":
            view = getattr(self.world, "view", None)
            assert isinstance(view, BatchView)  # flat worlds have no such mode
            self.window = self.window or Window(fps=self.metadata["render_fps"])
            self.window.show(view, fresh=fresh)


class WorldVectorEnv(VectorEnv[Any, Ints, Any]):
    """L lanes of a world at once; a lane that ended starts anew in the next step (NEXT_STEP).

    Infos hold the world's measures, each (L,), with the mask `_<name>` of Gymnasium.
    """

    metadata = {  # noqa: RUF012
        "render_modes": ["rgb_array"], "render_fps": 6, "autoreset_mode": AutoresetMode.NEXT_STEP,
    }  # fmt: skip

    def __init__(
        self, world: World, render_mode: str | None, max_episode_steps: int | None
    ) -> None:
        self.world = world
        self.num_envs = world.lanes
        self.render_mode = expect_mode(render_mode, ("rgb_array",))
        self.limit = np.iinfo(np.int64).max if max_episode_steps is None else max_episode_steps
        self.single_action_space = gymnasium.spaces.Discrete(world.actions)
        self.single_observation_space = world.space
        self.action_space = batch_space(self.single_action_space, world.lanes)
        self.observation_space = batch_space(world.space, world.lanes)
        self.rngs: list[np.random.Generator] = []
        self.steps = np.zeros(world.lanes, np.int64)
        self.ended = np.zeros(world.lanes, bool)

    def reset(
        self, *, seed: int | list[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Seen, dict[str, Any]]:
        """The next episodes of all lanes; seed s gives lane i the seed s + i, a list one each."""
        super().reset(seed=seed if isinstance(seed, int) else None)
        for lane, own in enumerate(seeds_of(seed, self.num_envs)):
            fresh = seeding.np_random(own)[0] if own is not None or not self.rngs else None
            if lane >= len(self.rngs):
                self.rngs.append(fresh or seeding.np_random(None)[0])
            elif fresh is not None:
                self.rngs[lane] = fresh
            self.world.reset(lane, self.rngs[lane])
        self.steps[:], self.ended[:] = 0, False
        return self.world.observe(), self._infos()

    def step(self, actions: Ints) -> tuple[Seen, Numbers, Flags, Flags, dict[str, Any]]:
        """Actions (L,) -> seen, rewards, terminated, truncated, infos. Raises InputError."""
        actions = np.asarray(actions)
        whole = actions.shape == (self.num_envs,) and actions.dtype.kind in "iu"
        if not self.rngs or not whole or actions.min() < 0 or actions.max() >= self.world.actions:
            wanted = f"{self.num_envs} integers in 0..{self.world.actions - 1} after reset()"
            raise InputError(f"actions: expected {wanted}, got {actions!r}")
        reward, terminated = self.world.step(actions.astype(np.int64))
        self.steps += 1
        truncated = self.steps >= self.limit
        for lane in self.ended.nonzero()[0].tolist():
            self.world.reset(lane, self.rngs[lane])
            reward[lane], terminated[lane], truncated[lane], self.steps[lane] = 0, 0, 0, 0
        self.ended = terminated | truncated
        return self.world.observe(), reward, terminated, truncated, self._infos()

    def _infos(self) -> dict[str, Any]:
        infos: dict[str, Any] = {}
        for name, values in self.world.measures().items():
            infos[name], infos[f"_{name}"] = values, np.ones(self.num_envs, bool)
        return infos

    def render(self) -> tuple[Pixels, ...] | None:
        """A picture (H, W, 3) of every lane, or None without render_mode."""
        if self.render_mode is None:
            return None
        return tuple(self.world.picture(lane) for lane in range(self.num_envs))


def seeds_of(seed: int | Sequence[int | None] | None, lanes: int) -> Sequence[int | None]:
    """One seed per lane, None where it plays on."""
    if seed is None:
        return [None] * lanes
    if isinstance(seed, (int, np.integer)):
        return [int(seed) + i for i in range(lanes)]
    if len(seed) != lanes:
        raise InputError(f"seed: expected one or {lanes} seeds, got {len(seed)}")
    return list(seed)
