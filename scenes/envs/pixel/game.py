"""What the games share: rules over lanes, and the two doors to them, one lane and many.

A game is written once, as `Rules` on arrays with a row per lane; `PixelEnv` plays them on one lane,
`PixelVectorEnv` on many. Lane i of a vector seeded with s plays the episodes of an environment
seeded with s + i, first and later ones, as in Gymnasium's own vectorisers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import gymnasium
import numpy as np
from gymnasium.utils import seeding
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from core2d.errors import InputError, expect_number
from scenes.envs.pixel.dice import Dice, Lanes

SIZE = 10
SCALE = 32  # screen pixels per pixel of a game
NIGHT = (18, 20, 30)
KEYS = 2**64
# Steps (x, y) of the five actions of the games in the plane: stay, up, down, left, right.
STEP_X = np.array([0, 0, 0, -1, 1])
STEP_Y = np.array([0, -1, 1, 0, 0])

Flags = NDArray[np.bool_]
Numbers = NDArray[np.float64]
Ints = NDArray[np.int64]
Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Plane:
    """One channel of what is seen: its name, and how it is painted (sRGB bytes, opacity)."""

    name: str
    colour: tuple[int, int, int]
    opacity: float = 1.0


class Rules(Protocol):
    """The dynamics of one game on L lanes, made by `Game(lanes, dice, ramp)`."""

    actions: ClassVar[int]
    planes: ClassVar[tuple[Plane, ...]]

    def __init__(self, lanes: int, dice: Dice, ramp: bool) -> None: ...

    def reset(self, lanes: Lanes) -> None:
        """New episodes in these lanes (K,); the dice stand at step 0 there."""

    def step(self, action: Ints) -> tuple[Numbers, Flags]:
        """Actions (L,) -> rewards (L,), terminated (L,); rolls 1 and on are the game's."""

    def draw(self, out: Pixels) -> None:
        """Write ones into `out` (L, C, 10, 10), which is zero."""


class Table:
    """A game being played on L lanes: rules, dice and sticky actions."""

    def __init__(self, game: type[Rules], lanes: int, *, sticky: float, ramp: bool) -> None:
        expect_number("sticky", sticky, low=0)
        if sticky >= 1:
            raise InputError(f"sticky: expected a probability below 1, got {sticky}")
        if lanes < 1:
            raise InputError(f"num_envs: expected at least 1, got {lanes}")
        self.dice = Dice(lanes)
        self.rules = game(lanes, self.dice, ramp)
        self.shape = (lanes, len(game.planes), SIZE, SIZE)
        self.sticky = sticky
        self.last = np.zeros(lanes, np.int64)

    def reset(self, lanes: Lanes) -> None:
        """The next episode in these lanes (K,)."""
        self.dice.begin(lanes)
        self.last[lanes] = 0
        self.rules.reset(lanes)

    def step(self, action: Ints) -> tuple[Numbers, Flags]:
        """Actions (L,) -> rewards (L,), terminated (L,); sticky ones repeat the one before."""
        self.dice.tick()
        if self.sticky > 0:
            action = np.where(self.dice.roll(0, 1)[0] < self.sticky, self.last, action)
        self.last = action
        return self.rules.step(action)

    def observe(self) -> Pixels:
        """What is seen, a new array (L, C, 10, 10) of zeros and ones."""
        out = np.zeros(self.shape, np.uint8)
        self.rules.draw(out)
        return out


def paint(planes: Sequence[Plane], seen: Pixels) -> Pixels:
    """Planes (C, 10, 10) -> picture (320, 320, 3), later planes over earlier ones."""
    picture = np.broadcast_to(np.array(NIGHT, float), (SIZE, SIZE, 3))
    for plane, mask in zip(planes, seen, strict=True):
        share = plane.opacity * mask[..., None]
        picture = picture * (1 - share) + share * np.array(plane.colour, float)
    picture = picture.round().astype(np.uint8).repeat(SCALE, 0).repeat(SCALE, 1)
    picture[::SCALE], picture[:, ::SCALE] = NIGHT, NIGHT  # thin lines part the pixels
    return picture


def expect_mode(render_mode: str | None) -> str | None:
    if render_mode not in (None, "rgb_array"):
        raise InputError(f"render_mode: expected None or 'rgb_array', got {render_mode!r}")
    return render_mode


class PixelEnv(gymnasium.Env[Pixels, np.int64]):
    """One lane of a game. Each game's own class names its rules."""

    metadata = {"render_modes": ["rgb_array"], "render_fps": 10}  # noqa: RUF012
    game: ClassVar[type[Rules]]

    def __init__(
        self, render_mode: str | None = None, *, sticky: float = 0.0, ramp: bool = True
    ) -> None:
        self.render_mode = expect_mode(render_mode)
        self.table = Table(self.game, 1, sticky=sticky, ramp=ramp)
        self.action_space = gymnasium.spaces.Discrete(self.game.actions)
        self.observation_space = gymnasium.spaces.Box(0, 1, self.table.shape[1:], np.uint8)
        self.started = False

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Pixels, dict[str, Any]]:
        """The next episode; with a seed, the first one of that seed. No options."""
        super().reset(seed=seed)
        lane = np.zeros(1, np.int64)
        if seed is not None or not self.started:
            self.table.dice.seed(lane, self.np_random.integers(0, KEYS, 1, dtype=np.uint64))
            self.started = True
        self.table.reset(lane)
        return self.table.observe()[0], {}

    def step(self, action: np.int64) -> tuple[Pixels, float, bool, bool, dict[str, Any]]:
        """Never truncates: the time limit is Gymnasium's wrapper. Raises InputError."""
        if not self.started or not self.action_space.contains(np.int64(action)):
            wanted = f"an action in 0..{self.game.actions - 1} after reset()"
            raise InputError(f"action: expected {wanted}, got {action!r}")
        reward, terminated = self.table.step(np.array([action], np.int64))
        return self.table.observe()[0], float(reward[0]), bool(terminated[0]), False, {}

    def render(self) -> Pixels | None:
        """The picture (320, 320, 3), or None without render_mode."""
        if self.render_mode is None:
            return None
        return paint(self.game.planes, self.table.observe()[0])


def seeds_of(seed: int | Sequence[int | None] | None, lanes: int) -> Sequence[int | None]:
    """One seed per lane, None where it plays on."""
    if seed is None:
        return [None] * lanes
    if isinstance(seed, (int, np.integer)):
        return [int(seed) + i for i in range(lanes)]
    seeds = list(seed)
    if len(seeds) != lanes:
        raise InputError(f"seed: expected one or {lanes} seeds, got {len(seeds)}")
    return seeds


class PixelVectorEnv(VectorEnv[Pixels, Ints, Any]):
    """L lanes of a game at once; a lane that ended starts anew in the next step (NEXT_STEP)."""

    metadata = {  # noqa: RUF012
        "render_modes": ["rgb_array"], "render_fps": 10, "autoreset_mode": AutoresetMode.NEXT_STEP,
    }  # fmt: skip
    game: ClassVar[type[Rules]]

    def __init__(
        self,
        num_envs: int = 1,
        render_mode: str | None = None,
        *,
        max_episode_steps: int | None = None,
        sticky: float = 0.0,
        ramp: bool = True,
    ) -> None:
        self.num_envs = num_envs
        self.render_mode = expect_mode(render_mode)
        self.table = Table(self.game, num_envs, sticky=sticky, ramp=ramp)
        self.limit = np.iinfo(np.int64).max if max_episode_steps is None else max_episode_steps
        self.single_action_space = gymnasium.spaces.Discrete(self.game.actions)
        self.single_observation_space = gymnasium.spaces.Box(0, 1, self.table.shape[1:], np.uint8)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.steps = np.zeros(num_envs, np.int64)
        self.ended = np.zeros(num_envs, bool)
        self.started = False

    def reset(
        self, *, seed: int | list[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Pixels, dict[str, Any]]:
        """The next episodes of all lanes; seed s gives lane i the seed s + i, a list one each."""
        super().reset(seed=seed if isinstance(seed, int) else None)
        for lane, own in enumerate(seeds_of(seed, self.num_envs)):
            if own is not None or not self.started:
                source = self.np_random if own is None else seeding.np_random(int(own))[0]
                self.table.dice.seed(np.array([lane]), source.integers(0, KEYS, 1, dtype=np.uint64))
        self.started = True
        self.steps[:], self.ended[:] = 0, False
        self.table.reset(np.arange(self.num_envs))
        return self.table.observe(), {}

    def step(self, actions: Ints) -> tuple[Pixels, Numbers, Flags, Flags, dict[str, Any]]:
        """Actions (L,) -> seen, rewards, terminated, truncated, {}. Raises InputError."""
        actions = np.asarray(actions)
        whole = actions.shape == (self.num_envs,) and actions.dtype.kind in "iu"
        if not self.started or not whole or actions.min() < 0 or actions.max() >= self.game.actions:
            wanted = f"{self.num_envs} integers in 0..{self.game.actions - 1} after reset()"
            raise InputError(f"actions: expected {wanted}, got {actions!r}")
        reward, terminated = self.table.step(actions.astype(np.int64))
        self.steps += 1
        truncated = self.steps >= self.limit
        if self.ended.any():
            lanes = self.ended.nonzero()[0]
            self.table.reset(lanes)
            reward[lanes], terminated[lanes], truncated[lanes], self.steps[lanes] = 0, 0, 0, 0
        self.ended = terminated | truncated
        return self.table.observe(), reward, terminated, truncated, {}

    def render(self) -> tuple[Pixels, ...] | None:
        """A picture (320, 320, 3) of every lane, or None without render_mode."""
        if self.render_mode is None:
            return None
        return tuple(paint(self.game.planes, lane) for lane in self.table.observe())
