"""Scripted players, one per game: what a person who knows the rules does, from what is seen alone.

A player is a function: observation (C, 10, 10) -> action. Those with a memory are made anew for
every episode, so `PLAYERS` holds makers. Their scores, with those of random play, are the marks
between which a learnt one stands.
"""

from collections import deque
from collections.abc import Callable, Iterator

import numpy as np

from core2d.errors import expect_choice
from scenes.envs.pixel.game import SIZE, STEP_X, STEP_Y
from scenes.envs.world import Flags, Ints, Pixels

Player = Callable[[Pixels], int]
Pixel = tuple[int, int]  # row, column
MOVES = tuple(zip(STEP_Y.tolist(), STEP_X.tolist(), strict=True))


def where(plane: Pixels) -> list[Pixel]:
    """The pixels (row, column) of ones."""
    return [(int(y), int(x)) for y, x in np.argwhere(plane)]


def around(pixel: Pixel) -> Iterator[tuple[int, Pixel]]:
    """Actions 1 .. 4 with the pixel that each leads to, on the board."""
    for action in range(1, 5):
        y, x = pixel[0] + MOVES[action][0], pixel[1] + MOVES[action][1]
        if 0 <= y < SIZE and 0 <= x < SIZE:
            yield action, (y, x)


def distances(target: Pixel, free: Flags) -> np.ndarray:
    """Steps (10, 10) to `target` over free pixels, infinite where no way leads."""
    steps = np.full((SIZE, SIZE), np.inf)
    steps[target] = 0
    queue = deque([target])
    while queue:
        here = queue.popleft()
        for _, pixel in around(here):
            if free[pixel] and steps[pixel] == np.inf:
                steps[pixel] = steps[here] + 1
                queue.append(pixel)
    return steps


def fly(bricks: Flags, y: int, x: int, dy: int, dx: int) -> tuple[Flags, int]:
    """The ball flies until it is on the floor -> bricks left (10, 10), column there."""
    bricks = bricks.copy()
    while y < SIZE - 1:
        dx = dx if 0 <= x + dx < SIZE else -dx
        dy = dy if y + dy >= 0 else 1
        if bricks[y + dy, x + dx]:
            bricks[y + dy, x + dx] = False
            dy = -dy
        else:
            y, x = y + dy, x + dx
    return bricks, x


def aims(x: int) -> list[int]:
    """Paddles (their left pixels) that catch a ball in column `x`."""
    return [left for left in (x, x - 1) if 0 <= left <= SIZE - 2]


def after(bricks: Flags, x: int, left: int, flights: int) -> int:
    """Bricks left when a ball caught so has come down so many times, aimed as well as may be."""
    bricks, x = fly(bricks, SIZE - 2, x, -1, 2 * (x - left) - 1)
    if flights == 1:
        return int(bricks.sum())
    return min(after(bricks, x, aim, flights - 1) for aim in aims(x))


def mason() -> Player:
    """Goes to where the ball will come down; aims so that two flights break the most bricks."""

    def play(seen: Pixels) -> int:
        (y, x), (y0, x0) = where(seen[4])[0], where(seen[2])[0]
        paddle = where(seen[3])[0][1]
        dy = y - y0 or (-1 if y == 0 else 1)  # where it comes from is held within the board
        dx = x - x0 or (1 if x == 0 else -1)
        bricks, x = fly(seen[1] > 0, y, x, dy, dx)
        wanted = min(aims(x), key=lambda left: after(bricks, x, left, 2))
        return 0 if paddle == wanted else 1 if paddle > wanted else 2

    return play


def hail() -> Player:
    """Nine steps ahead under the wind of now: unhurt first, then to the gems."""

    def play(seen: Pixels) -> int:
        wind = int(seen[1, 0, 0]) - int(seen[0, 0, 0])
        value = np.zeros(SIZE)  # of standing in each column, from the last step back
        for step in range(SIZE - 1, 0, -1):
            stones, gems = np.roll(seen[2:4, SIZE - 1 - step].astype(float), wind * step, 1)
            padded = np.pad(0.99 * value + gems - 100 * stones, 1, constant_values=-np.inf)
            choices = np.stack([padded[1:-1], padded[:-2], padded[2:]])  # stay, left, right
            value = choices.max(0)
        return int(choices[:, where(seen[4])[0][1]].argmax())

    return play


def rafts() -> Player:
    """The shortest way over the rafts as they will drift, of 20 steps at most."""

    def play(seen: Pixels) -> int:
        land, goal = seen[0, :, 0] > 0, seen[1, :, 0] > 0
        raft, fast, due = seen[2] | seen[3], seen[4].any(1), seen[5].any(1)
        heading = seen[3].any(1).astype(int) - seen[2].any(1).astype(int)
        drifted = np.zeros(SIZE, int)
        front: dict[Pixel, int] = {where(seen[6])[0]: 0}  # pixels with the first action on the way
        for step in range(20):
            drift = heading * (fast | (due if step % 2 == 0 else ~due))
            reached: dict[Pixel, int] = {}
            for (y0, x0), first in front.items():
                for action, (dy, dx) in enumerate(MOVES):
                    y, x = min(max(y0 + dy, 0), SIZE - 1), min(max(x0 + dx, 0), SIZE - 1)
                    dry = land[y] or raft[y, (x - drifted[y]) % SIZE]
                    x += int(drift[y])
                    if dry and 0 <= x < SIZE:
                        reached.setdefault((y, x), first if step else action)
                        if goal[y]:
                            return reached[y, x]
            drifted, front = drifted + drift, reached
        return 0

    return play


def diver() -> Player:
    """The nearest pearl while the air allows, then up; away from where sharks are or will be."""

    def play(seen: Pixels) -> int:
        here, load = where(seen[7])[0], int(seen[1].sum())
        air = 5 * int(seen[0].sum()) - 4  # at least: a pixel of the gauge is five steps

        def away(pixel: Pixel, other: Pixel) -> int:
            return abs(pixel[0] - other[0]) + abs(pixel[1] - other[1])

        rest = (0 if load else 1, here[1])
        target = min(where(seen[2]), key=lambda pearl: away(pearl, here), default=rest)
        if load == 3 or air < away(target, here) + target[0] + 4:
            target = (0, here[1])
        danger = np.zeros((SIZE, SIZE))
        for plane, heading in ((3, -1), (4, 1)):
            for y, x in where(seen[plane]):
                # Within two steps: both if fast, else the one that is due, the next or the other.
                for ahead in range((2 + seen[5, y, x]) if seen[6, y, x] else 2):
                    if 0 <= x + heading * ahead < SIZE:
                        danger[y, x + heading * ahead] = 100
        ways = [(away(here, target) + danger[here] + 0.5, 0)]
        for action, pixel in around(here):
            if pixel[0] < SIZE - 1:
                ways.append((away(pixel, target) + danger[pixel], action))
        return min(ways)[1]

    return play


def worm() -> Player:
    """The shortest way to the apple, unless it leads into a corner too small for the body."""

    def play(seen: Pixels) -> int:
        free = ~((seen[0] | seen[4]).astype(bool)) | seen[2].astype(bool)
        head, apple, length = where(seen[5])[0], where(seen[3])[0], int(seen[0].sum())
        steps = distances(apple, free)

        def rank(pixel: Pixel) -> tuple[bool, float, float]:
            room = float(np.isfinite(distances(pixel, free)).sum())
            return room < length, steps[pixel], -room

        choices = [(rank(pixel), action) for action, pixel in around(head) if free[pixel]]
        return min(choices)[1] if choices else 0

    return play


def cellar() -> Player:
    """Draws a map: to what it needs if that has been seen, else to where the map ends."""
    known, wall = np.zeros((2, SIZE, SIZE), bool)
    places: dict[str, Pixel] = {}
    had = False

    def play(seen: Pixels) -> int:
        nonlocal had
        here, has = where(seen[5])[0], bool(seen[2].any())
        if had and not has:  # the next cellar
            known[:] = False
            places.clear()
        had = has
        lit = seen[0] > 0
        known[lit], wall[lit] = True, seen[1][lit] > 0
        places.update({name: p for name, n in (("chest", 3), ("key", 4)) for p in where(seen[n])})
        ways = distances(here, known & ~wall)
        goal = places.get("chest" if has else "key", here)
        if goal == here or not np.isfinite(ways[goal]):
            edge = [p for p in where(np.isfinite(ways)) if not all(known[q] for _, q in around(p))]
            goal = min(edge, key=lambda p: ways[p], default=here)
        back = distances(goal, known & ~wall)
        choices = [(back[p], action) for action, p in around(here) if known[p] and not wall[p]]
        return min(choices)[1] if choices else 0

    return play


PLAYERS: dict[str, Callable[[], Player]] = {
    "geomdl/Mason-v0": mason,
    "geomdl/Hail-v0": hail,
    "geomdl/Rafts-v0": rafts,
    "geomdl/Diver-v0": diver,
    "geomdl/Worm-v0": worm,
    "geomdl/Cellar-v0": cellar,
}


class Scripted:
    """The player of a game ("geomdl/Mason-v0") on L lanes: a new one for every episode."""

    def __init__(self, name: str, lanes: int) -> None:
        self.make = PLAYERS[expect_choice("name", name, tuple(PLAYERS))]
        self.players = [self.make() for _ in range(lanes)]

    def __call__(self, seen: Pixels, fresh: Flags) -> Ints:
        """Observations (L, C, 10, 10), which lanes begin an episode (L,) -> actions (L,)."""
        for lane in fresh.nonzero()[0].tolist():
            self.players[lane] = self.make()
        return np.array([play(one) for play, one in zip(self.players, seen, strict=True)])
