"""What the games share: rules over lanes, dice, sticky actions, pictures.

A game is written once, as `Rules` on arrays with a row per lane. `PixelEnv` plays them on one lane,
`PixelVectorEnv` on many: they are the doors of every world of ours, with a game behind them.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import gymnasium
import numpy as np
from numpy.typing import NDArray

from core2d.errors import InputError, expect_number
from scenes.envs.pixel.dice import Dice, Lanes
from scenes.envs.world import Flags, Ints, Numbers, Pixels, WorldEnv, WorldVectorEnv

SIZE = 10
SCALE = 32  # screen pixels per pixel of a game
NIGHT = (18, 20, 30)
# Steps (x, y) of the five actions of the games in the plane: stay, up, down, left, right.
STEP_X = np.array([0, 0, 0, -1, 1])
STEP_Y = np.array([0, -1, 1, 0, 0])


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
    """A game being played on L lanes: a world, of rules, dice and sticky actions."""

    def __init__(self, game: type[Rules], lanes: int, *, sticky: float, ramp: bool) -> None:
        expect_number("sticky", sticky, low=0)
        if sticky >= 1:
            raise InputError(f"sticky: expected a probability below 1, got {sticky}")
        expect_number("num_envs", lanes, low=1)
        self.lanes, self.actions, self.sticky = lanes, game.actions, sticky
        shape = (len(game.planes), SIZE, SIZE)
        self.space: gymnasium.Space[Any] = gymnasium.spaces.Box(0, 1, shape, np.uint8)
        self.dice = Dice(lanes)
        self.rules = game(lanes, self.dice, ramp)
        self.last = np.zeros(lanes, np.int64)

    def reset(self, lane: int, rng: np.random.Generator) -> None:
        """A new episode in this lane: one number of `rng` decides all of it."""
        only = np.array([lane])
        self.dice.begin(only, rng.integers(0, 2**64, 1, dtype=np.uint64))
        self.last[lane] = 0
        self.rules.reset(only)

    def step(self, action: Ints) -> tuple[Numbers, Flags]:
        """Actions (L,) -> rewards (L,), terminated (L,); sticky ones repeat the one before."""
        self.dice.tick()
        if self.sticky > 0:
            action = np.where(self.dice.roll(0, 1)[0] < self.sticky, self.last, action)
        self.last = action
        return self.rules.step(action)

    def observe(self) -> Pixels:
        """What is seen, a new array (L, C, 10, 10) of zeros and ones."""
        out = np.zeros((self.lanes, *(self.space.shape or ())), np.uint8)
        self.rules.draw(out)
        return out

    def measures(self) -> dict[str, NDArray[Any]]:
        """None: the return says it all."""
        return {}

    def picture(self, lane: int) -> Pixels:
        """What a lane sees, painted (320, 320, 3)."""
        return paint(self.rules.planes, self.observe()[lane])


def paint(planes: tuple[Plane, ...], seen: Pixels) -> Pixels:
    """Planes (C, 10, 10) -> picture (320, 320, 3), later planes over earlier ones."""
    picture = np.broadcast_to(np.array(NIGHT, float), (SIZE, SIZE, 3))
    for plane, mask in zip(planes, seen, strict=True):
        share = plane.opacity * mask[..., None]
        picture = picture * (1 - share) + share * np.array(plane.colour, float)
    picture = picture.round().astype(np.uint8).repeat(SCALE, 0).repeat(SCALE, 1)
    picture[::SCALE], picture[:, ::SCALE] = NIGHT, NIGHT  # thin lines part the pixels
    return picture


class PixelEnv(WorldEnv):
    """One lane of a game. Each game's own class names its rules."""

    metadata = {"render_modes": ["rgb_array"], "render_fps": 6}  # noqa: RUF012
    game: ClassVar[type[Rules]]

    def __init__(
        self, render_mode: str | None = None, *, sticky: float = 0.0, ramp: bool = True
    ) -> None:
        super().__init__(Table(self.game, 1, sticky=sticky, ramp=ramp), render_mode)


class PixelVectorEnv(WorldVectorEnv):
    """L lanes of a game at once. Each game's own class names its rules."""

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
        table = Table(self.game, num_envs, sticky=sticky, ramp=ramp)
        super().__init__(table, render_mode, max_episode_steps)
