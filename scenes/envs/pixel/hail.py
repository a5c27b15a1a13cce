"""Hail: stones and gems fall, and the wind carries them."""

from typing import ClassVar

import numpy as np

from scenes.envs.pixel.dice import Dice, Lanes
from scenes.envs.pixel.game import SIZE, PixelEnv, PixelVectorEnv, Plane
from scenes.envs.world import Flags, Ints, Numbers, Pixels

MOVE = np.array([0, -1, 1])
GEM = 0.02  # chance of a gem in each column of the new row
STONE, MORE, RAMP = 0.06, 0.10, 400  # chance of a stone, what ramp adds, steps until all of it
GUST = 0.1  # chance that the wind is drawn anew
# Columns from which wind -1, 0, +1 brings what falls: row w + 1.
CARRIED = (np.arange(SIZE) - np.arange(-1, 2)[:, None]) % SIZE


class Hail:
    """Rules over lanes. Everything falls one row in a step and drifts with the wind."""

    actions: ClassVar[int] = 3
    planes: ClassVar[tuple[Plane, ...]] = (
        Plane("wind to the left", (70, 110, 170), 0.25),
        Plane("wind to the right", (170, 110, 70), 0.25),
        Plane("stones", (190, 200, 215)),
        Plane("gems", (80, 220, 140)),
        Plane("player", (240, 190, 70)),
    )

    def __init__(self, lanes: int, dice: Dice, ramp: bool) -> None:
        self.dice, self.ramp, self.all = dice, ramp, np.arange(lanes)
        self.player, self.wind, self.age = np.zeros((3, lanes), np.int64)
        self.falling = np.zeros((lanes, 2, SIZE, SIZE), bool)  # stones, gems

    def reset(self, lanes: Lanes) -> None:
        u = self.dice.roll(1, 2, lanes)
        self.player[lanes] = u[0] * SIZE
        self.wind[lanes] = (u[1] * 3).astype(np.int64) - 1
        self.age[lanes] = 0
        self.falling[lanes] = False

    def step(self, action: Ints) -> tuple[Numbers, Flags]:
        u = self.dice.roll(1, 2 + SIZE)
        self.age += 1
        self.player = np.clip(self.player + MOVE[action], 0, SIZE - 1)
        source = CARRIED[self.wind + 1][:, None, None, :]
        self.falling[:, :, 1:] = np.take_along_axis(self.falling[:, :, :-1], source, 3)
        stone = STONE + MORE * self.ramp * np.minimum(self.age / RAMP, 1)
        fresh = u[2:].T  # (L, 10)
        self.falling[:, 1, 0] = fresh < GEM
        self.falling[:, 0, 0] = (fresh >= GEM) & (fresh < GEM + stone[:, None])
        self.wind = np.where(u[0] < GUST, (u[1] * 3).astype(np.int64) - 1, self.wind)
        met = self.falling[self.all, :, SIZE - 1, self.player]  # (L, 2)
        return met[:, 1].astype(float), met[:, 0]

    def draw(self, out: Pixels) -> None:
        out[:, 0] = (self.wind < 0)[:, None, None]
        out[:, 1] = (self.wind > 0)[:, None, None]
        out[:, 2:4] = self.falling
        out[self.all, 4, SIZE - 1, self.player] = 1


class HailEnv(PixelEnv):
    """
    ## Description

    Stones and gems fall from the sky, a row in each step, and the wind carries them a column to the
    side; what leaves on one side comes back on the other. The player on the ground catches gems and
    must not be hit. With `ramp` the hail becomes denser during the first 400 steps. Tests acting
    under chance: where things will land is known only until the wind turns.

    ## Action Space

    `Discrete(3)`: 0 stays, 1 moves left, 2 moves right.

    ## Observation Space

    `Box(0, 1, (5, 10, 10), uint8)`, planes of zeros and ones, rows from the top: 0 all ones while
    the wind blows to the left, 1 the same to the right, 2 stones, 3 gems, 4 player.

    ## Rewards

    +1 for every gem caught.

    ## Starting State

    An empty sky, the player in a random column of the lowest row; wind to the left, to the right or
    none, at random.

    ## Episode End

    Termination: a stone hits the player. Truncation: 500 steps.

    ## Arguments

    `render_mode`: None or "rgb_array". `sticky` (0.0): probability that the action before is
    repeated. `ramp` (True): whether the hail becomes denser.

    ## Version History

    * v0: first version.
    """

    game = Hail


class HailVectorEnv(PixelVectorEnv):
    """HailEnv on many lanes at once."""

    game = Hail
