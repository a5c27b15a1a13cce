"""Rafts: over two streams on what drifts by, and back again."""

from typing import ClassVar

import numpy as np

from scenes.envs.pixel.dice import Dice, Lanes
from scenes.envs.pixel.game import SIZE, STEP_X, STEP_Y, PixelEnv, PixelVectorEnv, Plane
from scenes.envs.world import Flags, Ints, Numbers, Pixels

EVERY = 5  # columns from one raft of a row to the next
LAND = np.array([True, False, False, False, True, True, False, False, False, True])
# Strips of land in the order of the way up, and where one stands on them after a fall.
STRIP = np.array([2, -1, -1, -1, 1, 1, -1, -1, -1, 0])
HOME = np.array([[9, 9], [5, 4], [0, 0]])  # [strip, on the way up]
LEVELS = 4  # at this level and on rafts are all short, and fast with this chance:
FAST = 0.5


class Rafts:
    """Rules over lanes. The rafts of a row lie five columns apart and drift round and round."""

    actions: ClassVar[int] = 5
    planes: ClassVar[tuple[Plane, ...]] = (
        Plane("land", (84, 110, 60)),
        Plane("goal", (210, 190, 80), 0.6),
        Plane("rafts to the left", (150, 105, 70)),
        Plane("rafts to the right", (170, 130, 80)),
        Plane("fast", (255, 255, 255), 0.2),
        Plane("moves next", (255, 255, 255), 0.15),
        Plane("player", (240, 90, 150)),
    )

    def __init__(self, lanes: int, dice: Dice, ramp: bool) -> None:
        self.dice, self.ramp, self.all = dice, ramp, np.arange(lanes)
        self.x, self.y, self.strip, self.level = np.zeros((4, lanes), np.int64)
        self.up = np.zeros(lanes, bool)
        # By row: column of the first raft (0 .. 4), its length, where to and when it moves.
        self.first, self.length, self.heading = np.zeros((3, lanes, SIZE), np.int64)
        self.fast, self.due = np.zeros((2, lanes, SIZE), bool)

    def reset(self, lanes: Lanes) -> None:
        u = self.dice.roll(1, 1 + 5 * SIZE, lanes)
        self.x[lanes] = u[0] * SIZE
        self.y[lanes], self.strip[lanes], self.level[lanes], self.up[lanes] = 9, 0, 0, True
        self.launch(lanes, u[1:])

    def launch(self, lanes: Lanes, u: Numbers) -> None:
        """New rafts in these lanes by rolls (50, K)."""
        u = u.reshape(5, SIZE, -1).transpose(0, 2, 1)  # (5, K, 10)
        part = self.ramp * np.minimum(self.level[lanes] / LEVELS, 1)[:, None]
        self.first[lanes] = u[0] * EVERY
        # Neighbours drift against each other: side by side they might never come together.
        self.heading[lanes] = np.where(u[1, :, :1] < 0.5, -1, 1) * (-1) ** np.arange(SIZE)
        self.due[lanes] = (u[2] < 0.5) & ~LAND
        self.fast[lanes] = (u[3] < FAST * part) & ~LAND
        self.length[lanes] = np.where(u[4] < part, 2, 3) * ~LAND

    def step(self, action: Ints) -> tuple[Numbers, Flags]:
        self.x = np.clip(self.x + STEP_X[action], 0, SIZE - 1)
        self.y = np.clip(self.y + STEP_Y[action], 0, SIZE - 1)
        wet = ~self.stands()
        drift = self.heading * self.due
        self.first = (self.first + drift) % EVERY
        self.x = self.x + drift[self.all, self.y] * ~wet
        self.due = ~LAND & (self.fast | ~self.due)
        wet |= (self.x < 0) | (self.x >= SIZE)
        self.x = np.clip(self.x, 0, SIZE - 1)
        self.y = np.where(wet, HOME[self.strip, self.up * 1], self.y)

        arrived = STRIP[self.y] == self.strip + np.where(self.up, 1, -1)
        self.strip = np.where(arrived, STRIP[self.y], self.strip)
        across = arrived & (self.strip != 1)
        self.up ^= across
        self.level += across
        lanes = across.nonzero()[0]
        if lanes.size:
            self.launch(lanes, self.dice.roll(1, 5 * SIZE, lanes))
        return arrived.astype(float), np.zeros(len(self.all), bool)

    def stands(self) -> Flags:
        """Is there land or a raft under the player?"""
        first, length = self.first[self.all, self.y], self.length[self.all, self.y]
        return LAND[self.y] | ((self.x - first) % EVERY < length)

    def draw(self, out: Pixels) -> None:
        goal = self.strip + np.where(self.up, 1, -1)
        out[:, 0] = LAND[:, None]
        out[:, 1] = (goal[:, None] == STRIP)[:, :, None]
        raft = (np.arange(SIZE) - self.first[:, :, None]) % EVERY < self.length[:, :, None]
        out[:, 2] = raft & (self.heading < 0)[:, :, None]
        out[:, 3] = raft & (self.heading > 0)[:, :, None]
        out[:, 4] = raft & self.fast[:, :, None]
        out[:, 5] = raft & self.due[:, :, None]
        out[self.all, 6, self.y, self.x] = 1


class RaftsEnv(PixelEnv):
    """
    ## Description

    Three strips of land and two streams, three rows wide each. Rafts drift in the streams, one row
    to the left and the next to the right. The player must reach the next strip on them, up to the
    far bank and back again, as often as the time allows. Rafts carry the player along; who steps
    beside them or is carried off the edge starts from the last strip again. On either bank the
    rafts are drawn anew; with `ramp` more and more of them are short, and fast: the slow ones move
    in every other step. Tests timing over several steps, with a reward only for a whole stream.

    ## Action Space

    `Discrete(5)`: 0 stays, 1 up, 2 down, 3 left, 4 right.

    ## Observation Space

    `Box(0, 1, (7, 10, 10), uint8)`, planes of zeros and ones, rows from the top: 0 land, 1 the
    strip to reach, 2 rafts that drift to the left, 3 to the right, 4 those of them that are fast,
    5 those that move in the next step, 6 player.

    ## Rewards

    +1 for every strip reached in its turn.

    ## Starting State

    The player on the lowest row in a random column; rafts three columns long, at random places.

    ## Episode End

    Termination: never. Truncation: 200 steps.

    ## Arguments

    `render_mode`: None or "rgb_array". `sticky` (0.0): probability that the action before is
    repeated. `ramp` (True): whether rafts become shorter and faster.

    ## Version History

    * v0: first version.
    """

    game = Rafts


class RaftsVectorEnv(PixelVectorEnv):
    """RaftsEnv on many lanes at once."""

    game = Rafts
