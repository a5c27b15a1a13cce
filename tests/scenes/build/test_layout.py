import math

import pytest
import torch

from scenes.build.draw import Draw
from scenes.build.layout import Layout
from scenes.build.solid import Pieces, slab
from scenes.build.thing import Thing


def block(layout: Layout, w: float, d: float, high: float, part: str = "top") -> Thing:
    pieces = Pieces()
    pieces.add(part, slab((-w / 2, -d / 2, 0), (w / 2, d / 2, high)))
    return layout.make("box", pieces)


def overlap(a: Thing, b: Thing) -> float:
    (ax0, ay0, ax1, ay1), (bx0, by0, bx1, by1) = a.rectangle(), b.rectangle()
    return max(min(ax1, bx1) - max(ax0, bx0), 0) * max(min(ay1, by1) - max(ay0, by0), 0)


@pytest.mark.parametrize("seed", range(4))
def test_nothing_overlaps_and_all_is_inside(seed: int) -> None:
    layout = Layout((4.0, 3.0, 2.5), Draw(seed))
    for _ in range(12):
        layout.against_wall(block(layout, 0.8, 0.4, 1.0))
        layout.anywhere(block(layout, 0.5, 0.5, 0.5))
    assert len(layout.things) > 8
    for number, item in enumerate(layout.things):
        assert layout.inside(item.rectangle())
        assert all(overlap(item, other) == 0 for other in layout.things[:number])


@pytest.mark.parametrize("wall", range(4))
def test_backs_are_to_the_wall(wall: int) -> None:
    layout = Layout((4.0, 3.0, 2.5), Draw(0))
    number = layout.against_wall(block(layout, 1.0, 0.4, 1.0), wall, 0.3)
    assert number is not None
    x, y = layout.things[number].beyond(0.0, 0.2)  # the middle of its back
    _, expected = layout.wall_place(wall, 0.3, 0.02)
    assert (x, y) == pytest.approx(expected)
    assert layout.against_wall(block(layout, 1.0, 0.4, 1.0), wall, 0.3) is None
    assert layout.on_wall(block(layout, 0.5, 0.1, 0.5), 1.5, wall, 0.3) is not None
    assert layout.on_wall(block(layout, 0.5, 0.1, 0.5), 1.5, wall, 0.3) is None
    assert layout.against_wall(block(layout, 9.0, 0.4, 1.0)) is None


@pytest.mark.parametrize("seed", range(4))
def test_small_things_lie_on_tops_without_touching(seed: int) -> None:
    layout = Layout((4.0, 3.0, 2.5), Draw(seed))
    base = layout.anywhere(block(layout, 1.0, 0.6, 0.7))
    assert base is not None
    laid = [layout.on_top(base, block(layout, 0.15, 0.2, 0.1, "card")) for _ in range(8)]
    numbers = [number for number in laid if number is not None]
    assert len(numbers) >= 3
    table = layout.things[base].rectangle()
    for number in numbers:
        item = layout.things[number]
        assert item.box[0][2] == pytest.approx(0.7, abs=1e-5)
        x, y, _ = item.place
        assert table[0] < x < table[2]
        assert table[1] < y < table[3]
        assert all(overlap(item, layout.things[n]) == 0 for n in numbers if n < number)
    assert layout.on_top(base, block(layout, 2.0, 2.0, 0.1)) is None
    assert layout.on_top(base, block(layout, 0.1, 0.1, 0.1), top=5) is None


def test_chairs_face_their_table() -> None:
    """From every side, the front (-y) of a seat points to the table's middle."""
    for side in range(4):
        layout = Layout((6.0, 6.0, 2.5), Draw(side))
        base = layout.add(block(layout, 1.6, 0.8, 0.7).put(0.4, 0.2, 0, 0.3))
        layout.floor[base] = layout.things[base].rectangle()
        number = layout.seat_at(base, block(layout, 0.4, 0.45, 0.9), side * math.pi / 2)
        assert number is not None
        seat = layout.things[number]
        front = torch.tensor(seat.beyond(0, -1)) - torch.tensor(seat.place[:2])
        way = torch.tensor(layout.things[base].place[:2]) - torch.tensor(seat.place[:2])
        assert float(torch.nn.functional.cosine_similarity(front, way, dim=0)) > 0.9


def test_before_and_beside() -> None:
    layout = Layout((6.0, 6.0, 2.5), Draw(0))
    base = layout.add(block(layout, 2.0, 0.8, 0.7).put(0, 0, 0, math.pi / 2))
    front = layout.before(base, block(layout, 0.8, 0.4, 0.4), 0.5)
    right = layout.beside(base, block(layout, 0.4, 0.4, 0.4), 1, 0.1)
    assert front is not None
    assert right is not None
    assert layout.things[front].place[0] == pytest.approx(0.4 + 0.5 + 0.2)
    assert layout.things[right].place[:2] == pytest.approx((-0.2, 1.0 + 0.1 + 0.2))
