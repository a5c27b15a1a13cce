"""Cellar: a maze in the dark, a key and a chest."""

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from scenes.envs.pixel.dice import Dice, Lanes
from scenes.envs.pixel.game import SIZE, STEP_X, STEP_Y, PixelEnv, PixelVectorEnv, Plane
from scenes.envs.world import Flags, Ints, Numbers, Pixels

ROOMS = 5  # along each axis, at the even rows and columns; walls and doors between them
SIGHT = 2  # pixels, along both axes
OPEN, LESS = 0.5, 0.1  # chance that a wall between rooms is left out, what ramp takes per chest
ROLLS = ROOMS * ROOMS + 2 * ROOMS * (ROOMS - 1) + 4


class Cellar:
    """Rules over lanes. Rows and columns 0 .. 8 are the maze, row 9 and column 9 are wall."""

    actions: ClassVar[int] = 5
    planes: ClassVar[tuple[Plane, ...]] = (
        Plane("lit", (70, 62, 50)),
        Plane("walls", (128, 108, 92)),
        Plane("has the key", (240, 205, 90), 0.15),
        Plane("chest", (190, 110, 50)),
        Plane("key", (250, 215, 90)),
        Plane("player", (120, 200, 250)),
    )

    def __init__(self, lanes: int, dice: Dice, ramp: bool) -> None:
        self.dice, self.ramp, self.all = dice, ramp, np.arange(lanes)
        self.x, self.y, self.level = np.zeros((3, lanes), np.int64)
        self.key_x, self.key_y, self.chest_x, self.chest_y = np.zeros((4, lanes), np.int64)
        self.has = np.zeros(lanes, bool)
        self.wall = np.ones((lanes, SIZE, SIZE), bool)

    def reset(self, lanes: Lanes) -> None:
        u = self.dice.roll(1, 1 + ROLLS, lanes)
        room = (u[0] * ROOMS**2).astype(np.int64)
        self.y[lanes], self.x[lanes] = 2 * (room // ROOMS), 2 * (room % ROOMS)
        self.level[lanes] = 0
        self.dig(lanes, u[1:])

    def dig(self, lanes: Lanes, u: Numbers) -> None:
        """A new cellar around the players of these lanes, by rolls (ROLLS, K)."""
        chance = np.maximum(OPEN - LESS * self.ramp * self.level[lanes], 0.0)
        self.wall[lanes] = maze(u[4:].T, chance, (u[2:4] < 0.5).T)
        # Key and chest in two rooms of those without the player, all pairs equally likely.
        start = ROOMS * (self.y[lanes] // 2) + self.x[lanes] // 2
        key = (u[0] * (ROOMS**2 - 1)).astype(np.int64)
        key += key >= start
        chest = (u[1] * (ROOMS**2 - 2)).astype(np.int64)
        chest += chest >= np.minimum(start, key)
        chest += chest >= np.maximum(start, key)
        self.key_y[lanes], self.key_x[lanes] = 2 * (key // ROOMS), 2 * (key % ROOMS)
        self.chest_y[lanes], self.chest_x[lanes] = 2 * (chest // ROOMS), 2 * (chest % ROOMS)
        self.has[lanes] = False

    def step(self, action: Ints) -> tuple[Numbers, Flags]:
        x = np.clip(self.x + STEP_X[action], 0, SIZE - 1)
        y = np.clip(self.y + STEP_Y[action], 0, SIZE - 1)
        free = ~self.wall[self.all, y, x]
        self.x, self.y = np.where(free, x, self.x), np.where(free, y, self.y)
        self.has |= (self.x == self.key_x) & (self.y == self.key_y)
        opened = self.has & (self.x == self.chest_x) & (self.y == self.chest_y)
        self.level += opened
        lanes = opened.nonzero()[0]
        if lanes.size:
            self.dig(lanes, self.dice.roll(1, ROLLS, lanes))
        return opened.astype(float), np.zeros(len(self.all), bool)

    def draw(self, out: Pixels) -> None:
        at = np.arange(SIZE)
        lit = (abs(at - self.y[:, None]) <= SIGHT)[:, :, None]
        out[:, 0] = lit & (abs(at - self.x[:, None]) <= SIGHT)[:, None, :]
        out[:, 1] = self.wall & (out[:, 0] > 0)
        out[:, 2] = self.has[:, None, None]
        out[self.all, 3, self.chest_y, self.chest_x] = 1
        out[self.all, 4, self.key_y, self.key_x] = ~self.has
        out[:, 3:5] *= out[:, :1]
        out[self.all, 5, self.y, self.x] = 1


def maze(u: Numbers, chance: Numbers, flip: NDArray[np.bool_]) -> Flags:
    """Rolls (K, 65), chances (K,) of a wall left out, mirrorings (K, 2) -> walls (K, 10, 10).

    A binary tree: each room has a door to the room above or to that on its left, whichever the
    roll says, so that all hang together; a mirrored one hides where the long corridors are.
    """
    above = u[:, : ROOMS**2].reshape(-1, ROOMS, ROOMS) < 0.5
    above[:, 0], above[:, :, 0] = False, True
    above[:, 0, 0] = False
    extra = u[:, ROOMS**2 :].reshape(-1, 2, ROOMS, ROOMS - 1) < chance[:, None, None, None]
    wall = np.ones((len(u), SIZE, SIZE), bool)
    inner = wall[:, :-1, :-1]
    inner[:, ::2, ::2] = False
    inner[:, ::2, 1::2] = above[:, :, 1:] & ~extra[:, 0]
    inner[:, 1::2, ::2] = ~(above[:, 1:] | extra[:, 1].transpose(0, 2, 1))
    inner[:] = np.where(flip[:, :1, None], inner[:, ::-1], inner)
    inner[:] = np.where(flip[:, 1:, None], inner[:, :, ::-1], inner)
    return wall


class CellarEnv(PixelEnv):
    """
    ## Description

    A maze of five by five rooms, of which a lamp shows what is within two pixels. First find the
    key, then the chest, which opens with the key alone and leads into the next cellar. With `ramp`
    each cellar has fewer ways round. Tests acting on partial information, with a reward that is far
    away: the best players remember where they have been.

    ## Action Space

    `Discrete(5)`: 0 stays, 1 up, 2 down, 3 left, 4 right. Who walks against a wall stays.

    ## Observation Space

    `Box(0, 1, (6, 10, 10), uint8)`, planes of zeros and ones, rows from the top: 0 what the lamp
    shows; within that, 1 walls, 3 chest, 4 key; 2 all ones once the player has the key, 5 player.

    ## Rewards

    +1 for every chest.

    ## Starting State

    A random maze, player, key and chest in three different rooms.

    ## Episode End

    Termination: never. Truncation: 300 steps.

    ## Arguments

    `render_mode`: None or "rgb_array". `sticky` (0.0): probability that the action before is
    repeated. `ramp` (True): whether each cellar has fewer ways round.

    ## Version History

    * v0: first version.
    """

    game = Cellar


class CellarVectorEnv(PixelVectorEnv):
    """CellarEnv on many lanes at once."""

    game = Cellar
