"""What is taken of a room's floor and walls; the middle of the floor is the origin, z is up."""

import math

Rectangle = tuple[float, float, float, float]  # x0 y0 x1 y1 on the floor
Span = tuple[int, float, float, float, float]  # wall, along it from, to, and height from, to


class Plan:
    """Rectangles of the floor by the number of what stands there, and spans of the walls.

    size is (x, y, z) metres inside the walls; wall 0 is at +y, 1 at -x, 2 at -y, 3 at +x.
    """

    def __init__(self, size: tuple[float, float, float]) -> None:
        self.size = size
        self.floor: dict[int, Rectangle] = {}
        self.walls: list[Span] = []

    def length(self, side: int) -> float:
        """Metres along a wall."""
        return self.size[0] if side % 2 == 0 else self.size[1]

    def wall_place(self, side: int, along: float, out: float) -> tuple[float, tuple[float, float]]:
        """Turn and place of what looks into the room from wall 0 (+y), 1 (-x), 2 (-y), 3 (+x)."""
        turn = side * math.pi / 2
        x, y = along, self.size[1 - side % 2] / 2 - out
        c, s = round(math.cos(turn)), round(math.sin(turn))
        return turn, (c * x - s * y, s * x + c * y)

    def is_free(self, place: Rectangle, margin: float) -> bool:
        """Whether nothing stands within `margin` metres of a rectangle."""
        x0, y0, x1, y1 = place
        return all(
            x1 + margin <= a or c + margin <= x0 or y1 + margin <= b or d + margin <= y0
            for a, b, c, d in self.floor.values()
        )

    def wall_free(self, span: Span) -> bool:
        """Whether nothing hangs or stands at a span of a wall."""
        side, low, high, bottom, top = span
        return all(
            side != s
            or high + 0.08 <= a
            or b + 0.08 <= low
            or top + 0.06 <= c
            or d + 0.06 <= bottom
            for s, a, b, c, d in self.walls
        )

    def before_wall(self, span: Span, deep: float) -> Rectangle:
        """The rectangle of the floor before a span of a wall, `deep` metres into the room."""
        side, low, high, _, _ = span
        _, (x0, y0) = self.wall_place(side, low, 0.0)
        _, (x1, y1) = self.wall_place(side, high, deep)
        return min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)
