"""Diver: pearls below, air above, sharks between."""

from typing import ClassVar

import numpy as np

from scenes.envs.pixel.dice import Dice, Lanes
from scenes.envs.pixel.game import SIZE, STEP_X, STEP_Y, PixelEnv, PixelVectorEnv, Plane
from scenes.envs.world import Flags, Ints, Numbers, Pixels

DEEPEST = 8  # row; row 9 holds the gauges
AIR = 50  # steps under water
WORTH = np.array([0.0, 1.0, 3.0, 6.0])  # of so many pearls brought up at once
PEARLS, FIND = 3, 0.2  # pearls lying about at most, chance of a new one
SHARK, MORE, FAST, RAMP = 0.05, 0.10, 0.5, 400  # chances: a shark enters, ramp adds, it is fast


class Diver:
    """Rules over lanes. One shark at most in each of the rows 2 .. 8, slow ones rest every other
    step."""

    actions: ClassVar[int] = 5
    planes: ClassVar[tuple[Plane, ...]] = (
        Plane("air", (120, 200, 240)),
        Plane("pearls carried", (235, 225, 250)),
        Plane("pearls", (235, 225, 250)),
        Plane("sharks to the left", (220, 90, 90)),
        Plane("sharks to the right", (230, 140, 70)),
        Plane("fast", (255, 255, 255), 0.15),
        Plane("moves next", (255, 255, 255), 0.15),
        Plane("diver", (250, 220, 60)),
    )

    def __init__(self, lanes: int, dice: Dice, ramp: bool) -> None:
        self.dice, self.ramp, self.all = dice, ramp, np.arange(lanes)
        self.x, self.y, self.air, self.load, self.age = np.zeros((5, lanes), np.int64)
        self.pearl = np.zeros((lanes, SIZE, SIZE), bool)
        # Sharks by row; a heading of 0 says that there is none. Rows 0, 1 and 9 stay empty.
        self.shark, self.heading = np.zeros((2, lanes, SIZE), np.int64)
        self.fast, self.due = np.zeros((2, lanes, SIZE), bool)

    def reset(self, lanes: Lanes) -> None:
        u = self.dice.roll(1, 1, lanes)
        self.x[lanes] = u[0] * SIZE
        self.y[lanes], self.air[lanes], self.load[lanes], self.age[lanes] = 0, AIR, 0, 0
        self.pearl[lanes], self.heading[lanes] = False, 0

    def step(self, action: Ints) -> tuple[Numbers, Flags]:
        u = self.dice.roll(1, 3 + 3 * SIZE)
        self.age += 1
        self.x = np.clip(self.x + STEP_X[action], 0, SIZE - 1)
        self.y = np.clip(self.y + STEP_Y[action], 0, DEEPEST)
        caught = self.meets_shark()
        found = self.pearl[self.all, self.y, self.x] & (self.load < len(WORTH) - 1)
        self.pearl[self.all, self.y, self.x] &= ~found
        self.load += found
        self.swim(u[3:].reshape(3, SIZE, -1).transpose(0, 2, 1))
        caught |= self.meets_shark()

        up = self.y == 0
        reward = np.where(up & ~caught, WORTH[self.load], 0.0)
        self.load = np.where(up, 0, self.load)
        self.air = np.where(up, AIR, self.air - 1)
        new = (u[0] < FIND) & (self.pearl.sum((1, 2)) < PEARLS)
        row, column = 3 + (u[1] * 6).astype(np.int64), (u[2] * SIZE).astype(np.int64)
        self.pearl[self.all, row, column] |= new
        return reward, caught | (self.air == 0)

    def swim(self, u: Numbers) -> None:
        """Sharks that are due move on, then new ones enter by rolls (3, L, 10)."""
        here = self.heading != 0
        self.shark += self.heading * self.due
        gone = (self.shark < 0) | (self.shark >= SIZE)
        self.heading[gone] = 0
        self.due = here & (self.fast | ~self.due)
        part = self.ramp * np.minimum(self.age / RAMP, 1)[:, None]
        row = np.arange(SIZE)
        enters = (self.heading == 0) & (u[0] < SHARK + MORE * part) & (row > 1) & (row <= DEEPEST)
        enters &= row != self.y[:, None]  # no shark out of nowhere beside the diver
        self.shark = np.where(enters, np.where(u[1] < 0.5, 0, SIZE - 1), self.shark)
        self.heading = np.where(enters, np.where(u[1] < 0.5, 1, -1), self.heading)
        self.fast = np.where(enters, u[2] < FAST * part, self.fast)
        self.due |= enters

    def meets_shark(self) -> Flags:
        met = self.shark[self.all, self.y] == self.x
        return met & (self.heading[self.all, self.y] != 0)

    def draw(self, out: Pixels) -> None:
        out[:, 0, SIZE - 1] = np.arange(SIZE) < -(-self.air * SIZE // AIR)[:, None]
        out[:, 1, SIZE - 1] = np.arange(SIZE) < self.load[:, None]
        out[:, 2] = self.pearl
        lane, row = self.heading.nonzero()
        column, heading = self.shark[lane, row], self.heading[lane, row]
        out[lane, np.where(heading < 0, 3, 4), row, column] = 1
        out[lane, 5, row, column] = self.fast[lane, row]
        out[lane, 6, row, column] = self.due[lane, row]
        out[self.all, 7, self.y, self.x] = 1


class DiverEnv(PixelEnv):
    """
    ## Description

    Pearls lie in the deep, and the air lasts for 50 steps under water. The diver carries three
    pearls at most and is paid at the surface, more for each the more there are: 1, 3 and 6. Sharks
    cross the rows in between; slow ones move in every other step. With `ramp` there come more of
    them, and faster ones, during the first 400 steps. Tests planning under a resource: one more
    pearl is worth more than the one before, and further from air.

    ## Action Space

    `Discrete(5)`: 0 stays, 1 up, 2 down, 3 left, 4 right.

    ## Observation Space

    `Box(0, 1, (8, 10, 10), uint8)`, planes of zeros and ones, rows from the top, row 0 is the
    surface: 0 air (length in the lowest row), 1 pearls carried (number in the lowest row), 2
    pearls, 3 sharks that swim to the left, 4 to the right, 5 those of them that are fast, 6 those
    that move in the next step, 7 diver.

    ## Rewards

    1, 3 or 6 when one, two or three pearls come to the surface.

    ## Starting State

    The diver at the surface in a random column, with air; no pearls and no sharks yet.

    ## Episode End

    Termination: a shark and the diver meet, or the air is used up. Truncation: 500 steps.

    ## Arguments

    `render_mode`: None or "rgb_array". `sticky` (0.0): probability that the action before is
    repeated. `ramp` (True): whether sharks become more and faster.

    ## Version History

    * v0: first version.
    """

    game = Diver


class DiverVectorEnv(PixelVectorEnv):
    """DiverEnv on many lanes at once."""

    game = Diver
