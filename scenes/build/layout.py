"""Where things may stand: against walls, before each other, around a table, on a shelf."""

import math

from torch import Tensor

from scenes.build.draw import Draw
from scenes.build.plan import Plan, Rectangle, Span
from scenes.build.solid import Pieces
from scenes.build.thing import MATERIALS, Thing, color_of, thing


class Layout(Plan):
    """A room that is being furnished. Every way to place a thing tells its number, or None.

    style holds the colours that most things of the room share. Things without a class of their
    own (what lies in a shelf, say) are things as well.
    """

    def __init__(self, size: tuple[float, float, float], draw: Draw) -> None:
        super().__init__(size)
        self.draw = draw
        self.things: list[Thing] = []
        self.style: dict[str, Tensor] = {name: color_of(draw, name) for name in MATERIALS}

    def make(self, label: str, pieces: Pieces, hung: bool = False) -> Thing:
        """A coloured thing, not yet placed."""
        return thing(self.draw, label, pieces, self.style, hung)

    def add(self, item: Thing, rectangle: Rectangle | None = None) -> int:
        """Placed as it is; rectangle is the floor that it takes."""
        if rectangle is not None:
            self.floor[len(self.things)] = rectangle
        self.things.append(item)
        return len(self.things) - 1

    def inside(self, place: Rectangle, margin: float = 0.01) -> bool:
        """Whether a rectangle lies between the walls."""
        x, y = self.size[0] / 2 - margin, self.size[1] / 2 - margin
        return -x <= place[0] and -y <= place[1] and place[2] <= x and place[3] <= y

    def try_at(self, item: Thing, margin: float = 0.05) -> int | None:
        """Where it already is, when that is free."""
        place = item.rectangle()
        if not self.inside(place) or not self.is_free(place, margin):
            return None
        return self.add(item, place)

    def against_wall(
        self, item: Thing, wall: int | None = None, along: float | None = None, tries: int = 40
    ) -> int | None:
        """With its back to a wall, where both wall and floor are free."""
        width, depth, height = item.size
        for _ in range(tries if along is None else 1):
            side = self.draw.whole(0, 3) if wall is None else wall
            half = self.length(side) / 2 - width / 2 - 0.03
            if half < 0:
                continue
            at = self.draw.between(-half, half) if along is None else along
            turn, (x, y) = self.wall_place(side, at, depth / 2 + 0.02)
            span = (side, at - width / 2, at + width / 2, 0.0, height)
            if self.wall_free(span):
                number = self.try_at(item.put(x, y, 0.0, turn))
                if number is not None:
                    self.walls.append(span)
                    return number
        return None

    def on_wall(
        self, item: Thing, low: float, wall: int | None = None, along: float | None = None
    ) -> Span | None:
        """Hung at a height where the wall is free; tells the span that it takes."""
        width, _, tall = item.size
        for _ in range(40 if along is None else 1):
            side = self.draw.whole(0, 3) if wall is None else wall
            half = self.length(side) / 2 - width / 2 - 0.05
            if half < 0 or low + tall > self.size[2]:
                continue
            at = self.draw.between(-half, half) if along is None else along
            span = (side, at - width / 2, at + width / 2, low, low + tall)
            if abs(at) <= half and self.wall_free(span):
                turn, (x, y) = self.wall_place(side, at, 0.0)
                self.walls.append(span)
                self.add(item.put(x, y, low, turn))
                return span
        return None

    def anywhere(self, item: Thing, margin: float = 0.05, tries: int = 40) -> int | None:
        """On free floor, turned at random (big things by right angles)."""
        x, y = self.size[0] / 2 - 0.1, self.size[1] / 2 - 0.1
        for _ in range(tries):
            turn = self.draw.between(0, 2 * math.pi)
            if max(item.size[:2]) > 0.7:
                turn = self.draw.whole(0, 3) * math.pi / 2 + self.draw.between(-0.06, 0.06)
            spot = (self.draw.between(-x, x), self.draw.between(-y, y))
            number = self.try_at(item.put(*spot, 0.0, turn), margin)
            if number is not None:
                return number
        return None

    def before(self, base: int, item: Thing, gap: float, turn: float = math.pi) -> int | None:
        """In front of what stands, at `gap` metres, turned towards it."""
        there = self.things[base]
        reach = there.size[1] / 2 + gap + item.size[1] / 2
        x, y = there.beyond(self.draw.between(-0.1, 0.1), -reach)
        return self.try_at(item.put(x, y, 0.0, there.turn + turn), 0.02)

    def beside(self, base: int, item: Thing, side: int, gap: float = 0.06) -> int | None:
        """Left (-1) or right (1) of what stands, backs in line."""
        there = self.things[base]
        reach = side * (there.size[0] / 2 + gap + item.size[0] / 2)
        x, y = there.beyond(reach, (there.size[1] - item.size[1]) / 2)
        return self.try_at(item.put(x, y, 0.0, there.turn), 0.02)

    def seat_at(self, base: int, item: Thing, side: float, along: float = 0.0) -> int | None:
        """A chair at a table: `side` is the turn about the table of where it is (0: behind it).

        It stands with its front some way under the top; only other things must leave it room.
        """
        there = self.things[base]
        far = there.size[1] if round(side / (math.pi / 2)) % 2 == 0 else there.size[0]
        out = far / 2 + item.size[1] * self.draw.between(0.05, 0.4)
        u, v = math.cos(side) * along - math.sin(side) * out, math.cos(side) * out
        x, y = there.beyond(u, v + math.sin(side) * along)
        turn = there.turn + side + self.draw.between(-0.35, 0.35)
        seated = item.put(x, y, 0.0, turn)
        place = seated.rectangle()
        kept = self.floor.pop(base)
        free = self.inside(place) and self.is_free(place, 0.02)
        self.floor[base] = kept
        return self.add(seated, place) if free else None

    def on_top(self, base: int, item: Thing, top: int = 0, taken: int = 12) -> int | None:
        """On a top of what stands, where nothing else lies; `taken` tries."""
        there = self.things[base]
        if top >= len(there.tops):
            return None
        x0, y0, x1, y1, z, room = there.tops[top]
        room = min(room, self.size[2] - there.place[2] - z - 0.02)
        for _ in range(taken):
            angle = self.draw.between(-math.pi, math.pi)
            if max(item.size[:2]) > 0.6 * min(x1 - x0, y1 - y0):
                angle = self.draw.between(-0.15, 0.15)
            laid = item.put(0, 0, 0, angle)
            a, b, c, d = laid.rectangle()
            if c - a > x1 - x0 or d - b > y1 - y0 or item.size[2] > room:
                continue
            spot = (self.draw.between(x0 - a, x1 - c), self.draw.between(y0 - b, y1 - d))
            put = item.put(*there.beyond(*spot), there.place[2] + z, there.turn + angle)
            if self.is_clear(put, base):
                return self.add(put)
        return None

    def is_clear(self, item: Thing, base: int) -> bool:
        """Whether a thing touches none but the one that it lies on (boxes against boxes)."""
        low, high = item.box
        floor = low[2] + 0.004
        for number, other in enumerate(self.things):
            if number == base or other.label in ("floor", "wall", "ceiling"):
                continue
            start, end = other.box
            apart = start[2] > high[2] or end[2] < floor
            if not apart and all(start[i] < high[i] and end[i] > low[i] for i in (0, 1)):
                return False
        return True
