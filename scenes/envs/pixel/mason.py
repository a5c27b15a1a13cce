"""Mason: a ball, a paddle of two pixels that aims, and a wall that sinks."""

from typing import ClassVar

import numpy as np

from scenes.envs.pixel.dice import Dice, Lanes
from scenes.envs.pixel.game import SIZE, PixelEnv, PixelVectorEnv, Plane
from scenes.envs.world import Flags, Ints, Numbers, Pixels

MOVE = np.array([0, -1, 1])
WAIT, SHORTEST, SHORTER = 90, 40, 3  # steps until the wall sinks: first, at least, less each time


class Mason:
    """Rules over lanes. The ball moves one pixel along both axes in a step."""

    actions: ClassVar[int] = 3
    planes: ClassVar[tuple[Plane, ...]] = (
        Plane("clock", (60, 64, 84)),
        Plane("bricks", (201, 92, 63)),
        Plane("trail", (92, 94, 110)),
        Plane("paddle", (92, 184, 228)),
        Plane("ball", (250, 240, 200)),
    )

    def __init__(self, lanes: int, dice: Dice, ramp: bool) -> None:
        self.dice, self.ramp, self.all = dice, ramp, np.arange(lanes)
        self.paddle, self.x, self.y, self.dx, self.dy, self.wait, self.pause = np.zeros(
            (7, lanes), np.int64
        )
        self.bricks = np.zeros((lanes, SIZE, SIZE), bool)

    def reset(self, lanes: Lanes) -> None:
        u = self.dice.roll(1, 3, lanes)
        self.paddle[lanes] = u[0] * 9
        self.x[lanes] = u[1] * 10
        self.dx[lanes] = np.where(u[2] < 0.5, -1, 1)
        self.y[lanes], self.dy[lanes] = 4, 1
        self.bricks[lanes] = np.arange(SIZE)[:, None] < 3
        self.wait[lanes], self.pause[lanes] = WAIT, WAIT

    def step(self, action: Ints) -> tuple[Numbers, Flags]:
        self.paddle = np.clip(self.paddle + MOVE[action], 0, SIZE - 2)
        aside, ahead = self.x + self.dx, self.y + self.dy
        self.dx = np.where((aside < 0) | (aside >= SIZE), -self.dx, self.dx)
        self.dy = np.where(ahead < 0, 1, self.dy)
        # An ended lane has its ball on the floor and is stepped once more before it starts anew.
        aside, ahead = self.x + self.dx, np.minimum(self.y + self.dy, SIZE - 1)
        hit = self.bricks[self.all, ahead, aside]
        self.bricks[self.all, ahead, aside] = False

        bottom = ahead == SIZE - 1
        right = aside - self.paddle
        caught = bottom & ((right == 0) | (right == 1))
        self.x = np.where(hit, self.x, aside)
        self.y = np.where(hit, self.y, ahead - caught)
        self.dy = np.where(hit, -self.dy, np.where(caught, -1, self.dy))
        self.dx = np.where(caught, 2 * right - 1, self.dx)
        return hit.astype(float), (bottom & ~caught) | self.sink()

    def sink(self) -> Flags:
        """The wall comes down a row when its time is up or when it is gone -> has it landed?"""
        self.wait -= 1
        landed = np.zeros(len(self.all), bool)
        due = ((self.wait == 0) | ~self.bricks.any((1, 2))).nonzero()[0]
        if due.size:
            self.bricks[due, 1:] = self.bricks[due, :-1]
            self.bricks[due, 0] = True
            self.bricks[due, self.y[due], self.x[due]] = False
            self.pause[due] = np.maximum(self.pause[due] - SHORTER * self.ramp, SHORTEST)
            self.wait[due] = self.pause[due]
            landed[due] = self.bricks[due, SIZE - 2].any(1)
        return landed

    def draw(self, out: Pixels) -> None:
        lit = -(-self.wait * SIZE // self.pause)
        out[:, 0, SIZE - 1] = np.arange(SIZE) < lit[:, None]
        out[:, 1] = self.bricks
        behind = (np.clip(self.y - self.dy, 0, SIZE - 1), np.clip(self.x - self.dx, 0, SIZE - 1))
        out[self.all, 2, behind[0], behind[1]] = 1
        out[self.all, 3, SIZE - 1, self.paddle] = 1
        out[self.all, 3, SIZE - 1, self.paddle + 1] = 1
        out[self.all, 4, self.y, self.x] = 1


class MasonEnv(PixelEnv):
    """
    ## Description

    A ball flies between a wall of bricks above and a paddle below. The paddle is two pixels wide:
    its left pixel sends the ball to the left, its right pixel to the right, whichever way it came.
    The wall sinks: when its time is up, or when no brick is left, it comes down a row and a new row
    appears on top; with `ramp` that time becomes shorter. Tests reaction, and aiming later on.

    ## Action Space

    `Discrete(3)`: 0 stays, 1 moves the paddle left, 2 moves it right.

    ## Observation Space

    `Box(0, 1, (5, 10, 10), uint8)`, planes of zeros and ones, rows from the top: 0 the clock in the
    lowest row (its length is the share of time left until the wall sinks), 1 bricks, 2 where the
    ball comes from, 3 paddle, 4 ball.

    ## Rewards

    +1 for every brick that the ball hits. A brick that sinks onto the ball breaks without reward.

    ## Starting State

    Three full rows of bricks; ball in the fifth row, in a random column, falling to a random side;
    paddle at random.

    ## Episode End

    Termination: the ball passes the paddle, or a brick reaches the row above the paddle.
    Truncation: 1000 steps.

    ## Arguments

    `render_mode`: None or "rgb_array". `sticky` (0.0): probability that the action before is
    repeated. `ramp` (True): whether the wall sinks faster from time to time.

    ## Version History

    * v0: first version.
    """

    game = Mason


class MasonVectorEnv(PixelVectorEnv):
    """MasonEnv on many lanes at once."""

    game = Mason
