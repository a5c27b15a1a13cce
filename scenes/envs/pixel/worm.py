"""Worm: it grows with every apple, and must not bite itself."""

from typing import ClassVar

import numpy as np

from scenes.envs.pixel.dice import Dice, Lanes
from scenes.envs.pixel.game import SIZE, STEP_X, STEP_Y, PixelEnv, PixelVectorEnv, Plane
from scenes.envs.world import Flags, Ints, Numbers, Pixels

LENGTH = 3
HOP = 0.02  # chance that the apple rolls elsewhere
STONE_EVERY = 4  # apples
CLEAR = 2  # no stone appears so near the head
BACK = np.array([0, 2, 1, 4, 3])  # the action that would turn round


class Worm:
    """Rules over lanes. `left` (L, 10, 10) counts the steps until the body leaves a pixel."""

    actions: ClassVar[int] = 5
    planes: ClassVar[tuple[Plane, ...]] = (
        Plane("body", (96, 160, 90)),
        Plane("neck", (130, 190, 100)),
        Plane("tail", (70, 115, 80)),
        Plane("apple", (230, 70, 60)),
        Plane("stones", (120, 120, 130)),
        Plane("head", (215, 235, 120)),
    )

    def __init__(self, lanes: int, dice: Dice, ramp: bool) -> None:
        self.dice, self.ramp, self.all = dice, ramp, np.arange(lanes)
        self.x, self.y, self.heading, self.length = np.zeros((4, lanes), np.int64)
        self.apple_x, self.apple_y = np.zeros((2, lanes), np.int64)
        self.left = np.zeros((lanes, SIZE, SIZE), np.int64)
        self.stone = np.zeros((lanes, SIZE, SIZE), bool)

    def reset(self, lanes: Lanes) -> None:
        u = self.dice.roll(1, 4, lanes)
        self.x[lanes], self.y[lanes] = 2 + (u[0] * 6), 2 + (u[1] * 6)
        self.heading[lanes] = 1 + (u[2] * 4)
        self.length[lanes] = LENGTH
        self.left[lanes], self.stone[lanes] = 0, False
        for back in range(LENGTH):
            x = self.x[lanes] - back * STEP_X[self.heading[lanes]]
            y = self.y[lanes] - back * STEP_Y[self.heading[lanes]]
            self.left[lanes, y, x] = LENGTH - back
        self.put_apple(lanes, u[3])

    def step(self, action: Ints) -> tuple[Numbers, Flags]:
        u = self.dice.roll(1, 3)
        turns = (action != 0) & (action != BACK[self.heading])
        self.heading = np.where(turns, action, self.heading)
        x, y = self.x + STEP_X[self.heading], self.y + STEP_Y[self.heading]
        bumps = (x < 0) | (x >= SIZE) | (y < 0) | (y >= SIZE)
        self.x, self.y = np.clip(x, 0, SIZE - 1), np.clip(y, 0, SIZE - 1)

        eats = (self.x == self.apple_x) & (self.y == self.apple_y) & ~bumps
        self.left -= (self.left > 0) & ~eats[:, None, None]
        bumps |= (self.left[self.all, self.y, self.x] > 0) | self.stone[self.all, self.y, self.x]
        self.length += eats
        self.left[self.all, self.y, self.x] = self.length

        hard = self.ramp & eats & ((self.length - LENGTH) % STONE_EVERY == 0)
        if hard.any():
            lanes = hard.nonzero()[0]
            self.put_stone(lanes, u[0][lanes])
        moved = eats | (u[1] < HOP)
        if moved.any():
            lanes = moved.nonzero()[0]
            self.put_apple(lanes, u[2][lanes])
        return eats.astype(float), bumps

    def put_apple(self, lanes: Lanes, u: Numbers) -> None:
        free = (self.left[lanes] == 0) & ~self.stone[lanes]
        self.apple_y[lanes], self.apple_x[lanes] = pick(free, u)

    def put_stone(self, lanes: Lanes, u: Numbers) -> None:
        at = np.arange(SIZE)
        near_y = abs(at - self.y[lanes, None]) <= CLEAR
        near_x = abs(at - self.x[lanes, None]) <= CLEAR
        free = (self.left[lanes] == 0) & ~self.stone[lanes]
        free &= ~(near_y[:, :, None] & near_x[:, None, :])
        y, x = pick(free, u)
        self.stone[lanes, y, x] = True

    def draw(self, out: Pixels) -> None:
        out[:, 0] = self.left > 0
        out[:, 1] = self.left == self.length[:, None, None] - 1
        out[:, 2] = self.left == 1
        out[self.all, 3, self.apple_y, self.apple_x] = 1
        out[:, 4] = self.stone
        out[self.all, 5, self.y, self.x] = 1


def pick(free: Flags, u: Numbers) -> tuple[Ints, Ints]:
    """Rows and columns (K,) of one of the free pixels (K, 10, 10) each, by u (K,) in 0..1."""
    count = free.reshape(len(free), SIZE * SIZE).cumsum(1)
    index = (count > (u * count[:, -1]).astype(np.int64)[:, None]).argmax(1)
    return index // SIZE, index % SIZE


class WormEnv(PixelEnv):
    """
    ## Description

    A worm crawls on, a pixel in each step, and grows by one with every apple; it must not leave the
    board nor bite itself. Now and then the apple rolls elsewhere. With `ramp` every fourth apple
    leaves a stone on the board. Tests foresight: what is in the way is what was earned.

    ## Action Space

    `Discrete(5)`: 0 crawls on, 1 turns up, 2 down, 3 left, 4 right. Turning round crawls on.

    ## Observation Space

    `Box(0, 1, (6, 10, 10), uint8)`, planes of zeros and ones, rows from the top: 0 body with head
    and tail, 1 the pixel behind the head, 2 tail, which is free after the next step unless an apple
    is eaten, 3 apple, 4 stones, 5 head.

    ## Rewards

    +1 for every apple.

    ## Starting State

    A worm of three pixels, two or more from the border, and an apple, at random.

    ## Episode End

    Termination: the head meets the border, the body or a stone. Truncation: 500 steps.

    ## Arguments

    `render_mode`: None or "rgb_array". `sticky` (0.0): probability that the action before is
    repeated. `ramp` (True): whether stones appear.

    ## Version History

    * v0: first version.
    """

    game = Worm


class WormVectorEnv(PixelVectorEnv):
    """WormEnv on many lanes at once."""

    game = Worm
