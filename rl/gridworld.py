"""Gridworlds: small MDPs drawn as text."""

from collections.abc import Sequence

import numpy as np

from core2d.errors import InputError, expect_number
from rl.mdp import MDP

MOVES = ((0, -1), (1, 0), (0, 1), (-1, 0))  # left, down, right, up, as FrozenLake's
BONUS = {"G": 1.0, "X": -1.0}
Way = tuple[float, int, float, bool]


def gridworld(
    rows: Sequence[str], *, slip: float = 0.0, step: float = 0.0, discount: float = 0.99
) -> MDP:
    """A map, one character a cell -> an MDP with a state per cell, row by row, and 4 actions.

    "S" is a start (several: each as likely), "." floor, "#" wall, "G" a goal: +1, and "X" a pit:
    -1; both end the episode. Actions: 0 left, 1 down, 2 right, 3 up; against a wall or the border
    one stays. slip: probability to go to one side instead, half each. step: reward of every step,
    added to that of its cell. Raises InputError.

        solve.value_iteration(gridworld(["S.X", "..G"], slip=0.1)).policy
    """
    expect_map(rows)
    if not 0 <= expect_number("slip", slip) <= 1:
        raise InputError(f"slip: expected a probability, got {slip}")
    cells = [(y, x) for y in range(len(rows)) for x in range(len(rows[0]))]
    turns = ((0, 1 - slip), (-1, slip / 2), (1, slip / 2))
    table: dict[int, dict[int, list[Way]]] = {}
    for s, (y, x) in enumerate(cells):
        table[s] = {}
        for a in range(4):
            if rows[y][x] in "GX#":  # one is never there when acting
                table[s][a] = [(1.0, s, 0.0, True)]
                continue
            ways = ((p, *moved(rows, y, x, (a + turn) % 4)) for turn, p in turns if p)
            table[s][a] = [
                (p, v * len(rows[0]) + u, step + BONUS.get(rows[v][u], 0.0), rows[v][u] in BONUS)
                for p, v, u in ways
            ]
    start = np.array([rows[y][x] == "S" for y, x in cells], float)
    return MDP.from_table(table, start / start.sum(), discount=discount)


def moved(rows: Sequence[str], y: int, x: int, action: int) -> tuple[int, int]:
    """Where one comes to from (y, x) by an action that does not slip."""
    v, u = y + MOVES[action][0], x + MOVES[action][1]
    free = 0 <= v < len(rows) and 0 <= u < len(rows[0]) and rows[v][u] != "#"
    return (v, u) if free else (y, x)


def expect_map(rows: Sequence[str]) -> None:
    """Lines of equal length, of known characters, with a start. Raises InputError."""
    if not rows or not rows[0] or len({len(row) for row in rows}) != 1:
        raise InputError(f"rows: expected lines of equal length, got {list(rows)}")
    if unknown := set("".join(rows)) - set("S.#GX"):
        raise InputError(f"rows: expected S . # G X, got {sorted(unknown)}")
    if "S" not in "".join(rows):
        raise InputError("rows: expected a start S, got none")
