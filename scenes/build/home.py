"""Furnished rooms by the hundred: six kinds of room, some forty kinds of things, clutter.

    home = furnish(seed)             things and where they stand
    furnished_room(seed)             the same as one coloured mesh with labels and instances

Light on purpose: flat colours, few vertices, no baked light, so that a room takes a fraction of a
second (scenes.build.room is the fine one for pictures). z is up, the floor is at 0.
"""

import dataclasses
from collections.abc import Callable

import torch

from geomdl.errors import GeometryError, expect_number
from scenes.build import fittings, homes
from scenes.build.draw import Draw
from scenes.build.layout import Layout
from scenes.build.paint import plain, planks, wallpaper
from scenes.build.primitives import plane
from scenes.build.room import Room
from scenes.build.solid import Solid, slab
from scenes.build.thing import Thing, color_of, mesh_of

LABELS = (
    *("floor", "wall", "ceiling", "door", "window", "curtain", "picture", "table", "desk", "chair"),
    *("stool", "bench", "sofa", "bed", "shelf", "wardrobe", "drawers", "cabinet", "counter"),
    *("sink", "fridge", "stove", "washer", "toilet", "bathtub", "mirror", "radiator", "board"),
    *("lamp", "plant", "bin", "rack", "piano", "rug", "screen", "box", "book", "vessel"),
    *("cushion", "bag", "shoes", "toy", "laptop", "keyboard", "clothes", "clock", "guitar"),
    *("bicycle", "umbrella", "person", "dog"),
)
SCANNET = {
    "floor": "floor", "wall": "wall", "door": "door", "window": "window", "curtain": "curtain",
    "picture": "picture", "table": "table", "desk": "desk", "chair": "chair", "stool": "chair",
    "sofa": "sofa", "bed": "bed", "shelf": "bookshelf", "wardrobe": "cabinet",
    "drawers": "cabinet", "cabinet": "cabinet", "counter": "counter", "sink": "sink",
    "fridge": "refrigerator", "toilet": "toilet", "bathtub": "bathtub",
    **dict.fromkeys(
        ("bench", "stove", "washer", "mirror", "radiator", "board", "lamp", "plant", "bin", "rack",
         "piano", "screen", "box", "bag"), "otherfurniture",
    ),
}  # fmt: skip
S3DIS = {
    "ceiling": "ceiling", "floor": "floor", "wall": "wall", "window": "window", "door": "door",
    "table": "table", "desk": "table", "chair": "chair", "stool": "chair", "sofa": "sofa",
    "shelf": "bookcase", "wardrobe": "bookcase", "board": "board",
}  # fmt: skip
ROOMS: dict[str, tuple[Callable[[Layout, float], None], tuple[float, ...]]] = {
    "bath": (homes.bath, (2.0, 3.2, 1.8, 2.8)),
    "bedroom": (homes.bedroom, (3.2, 4.6, 2.9, 4.2)),
    "kitchen": (homes.kitchen, (2.9, 4.8, 2.7, 4.2)),
    "living": (homes.living, (4.2, 6.4, 3.6, 5.2)),
    "office": (homes.office, (3.6, 6.2, 3.2, 5.0)),
    "studio": (homes.studio, (4.8, 6.6, 4.0, 5.4)),
}


@dataclasses.dataclass(frozen=True, eq=False)
class Home:
    """A furnished room as things: kind (of ROOMS), size (x, y, z) metres, things in order.

    floor holds the rectangles (x0, y0, x1, y1) of what stands on the floor, by its number.
    """

    kind: str
    size: tuple[float, float, float]
    things: tuple[Thing, ...]
    floor: dict[int, tuple[float, float, float, float]]

    def room(self) -> Room:
        """As one mesh; instances are the numbers of the things."""
        return Room(mesh_of(self.things, LABELS), LABELS, self.size, self.floor)


def furnished_room(
    seed: int, kind: str | None = None, *, clutter: float = 1.0, detail: float | None = None
) -> Room:
    """A seed -> Room with (V,) attributes `label` (in LABELS) and `instance`, and colours.

    kind is one of ROOMS, by default drawn from the seed. Raises GeometryError.
    """
    return furnish(seed, kind, clutter=clutter, detail=detail).room()


def furnish(
    seed: int, kind: str | None = None, *, clutter: float = 1.0, detail: float | None = None
) -> Home:
    """A seed -> Home. clutter scales how many small things lie about, 0 for none.

    detail, in metres, cuts floor and walls finely enough to carry boards and wallpaper; without
    it they have one colour each. Raises GeometryError for unknown kinds and bad numbers.
    """
    expect_number("clutter", clutter, low=0)
    if detail is not None:
        expect_number("detail", detail, above=0)
    draw = Draw("home", seed)
    drawn = draw.choice(sorted(ROOMS))
    kind = drawn if kind is None else kind
    if kind not in ROOMS:
        raise GeometryError(f"kind: expected one of {', '.join(ROOMS)}, got {kind!r}")
    furnisher, (x0, x1, y0, y1) = ROOMS[kind]
    size = (draw.between(x0, x1), draw.between(y0, y1), draw.between(2.4, 2.9))
    layout = Layout(size, draw)
    _shell(layout, detail)
    _openings(layout, windows=draw.whole(0, 1) if kind == "bath" else draw.whole(1, 2))
    if kind != "bath" and draw.chance(0.35):
        _pillar(layout)
    furnisher(layout, clutter)
    standing = {n: r for n, r in layout.floor.items() if layout.things[n].label != "door"}
    return Home(kind, size, tuple(layout.things), standing)


def _shell(layout: Layout, detail: float | None) -> None:
    """Floor, walls with skirting, and the ceiling: sheets that face the room."""
    draw, (x, y, z) = layout.draw, layout.size
    step = 1e9 if detail is None else detail
    seed = draw.whole(0, 2**31 - 1)
    wood, pale = color_of(draw, "wood"), color_of(draw, "white")
    tone = color_of(draw, draw.choice(("linen", "linen", "white", "cloth")))
    ground = color_of(draw, draw.choice(("wood", "wood", "metal", "linen")))
    papered, pitch = draw.whole(0, 4), draw.choice((0.0, 0.24))
    sheet = plane(x, y, step)
    boards = (
        ground.expand_as(sheet.vertices) if detail is None else planks(wood, seed)(sheet.vertices)
    )
    layout.add(Thing("floor", Solid(sheet.vertices, sheet.faces), boards.clamp(0, 1)))
    for side in range(4):
        long = layout.length(side)
        flat = plane(long, z, step)
        u, v = flat.vertices[:, 0], flat.vertices[:, 1]
        upright = torch.stack([u, torch.zeros_like(u), v + z / 2], -1)
        color = tone if side == papered else 0.5 * (tone + pale)
        paint = wallpaper(color, color * 0.8, seed, pitch if side == papered else 0.0)
        colors = color.expand_as(upright) if detail is None else paint(upright)
        skirt = slab((-long / 2, -0.018, 0), (long / 2, 0, 0.08))
        solid = Solid(
            torch.cat([upright, skirt.points]),
            torch.cat([flat.faces, skirt.faces + upright.shape[0]]),
        )
        colors = torch.cat([colors, pale.expand_as(skirt.points)]).clamp(0, 1)
        turn, (wx, wy) = layout.wall_place(side, 0.0, 0.0)
        layout.add(Thing("wall", solid, colors).put(wx, wy, 0.0, turn))
    top = plane(x, y, step).flipped()
    shades = plain(pale, seed, 0.03)(top.vertices) if detail else pale.expand_as(top.vertices)
    layout.add(Thing("ceiling", Solid(top.vertices, top.faces), shades.clamp(0, 1)).put(0, 0, z))


def _openings(layout: Layout, windows: int) -> None:
    """A door with free floor before it, windows with curtains and radiators on other walls."""
    draw = layout.draw
    side = draw.whole(0, 3)
    leaf = layout.make("door", fittings.door(draw), hung=True)
    span = layout.on_wall(leaf, 0.0, wall=side)
    if span is not None:
        layout.floor[len(layout.things) - 1] = layout.before_wall(span, 0.85)
    for number in range(windows):
        wall = (side + draw.choice((1, 2, 3))) % 4
        wide, high, sill = draw.between(0.7, 1.6), draw.between(0.9, 1.35), draw.between(0.75, 1.0)
        pane = layout.make("window", fittings.window(draw, wide, high), hung=True)
        place = layout.on_wall(pane, sill, wall=wall)
        if place is None:
            continue
        _, (wx, wy) = layout.wall_place(wall, (place[1] + place[2]) / 2, 0.0)
        turn = layout.things[-1].turn
        reach = max(abs(place[1]), abs(place[2])) + 0.45
        if draw.chance(0.7) and reach < layout.length(wall) / 2:
            drop = min(high, layout.size[2] - sill - 0.15)
            cloth = layout.make("curtain", fittings.curtains(draw, wide, drop), hung=True)
            layout.add(cloth.put(wx, wy, sill, turn))
        if number == 0 and draw.chance(0.7):
            ribs = layout.make("radiator", fittings.radiator(draw), hung=True)
            ribs = ribs.put(wx, wy, 0.0, turn)
            if layout.is_free(ribs.rectangle(), 0.0):
                layout.add(ribs, ribs.rectangle())


def _pillar(layout: Layout) -> None:
    """A corner that is walled off, so that not every room is a rectangle."""
    draw, (x, y, z) = layout.draw, layout.size
    w, d = draw.between(0.3, 1.1), draw.between(0.3, 0.9)
    right, back = draw.choice((-1, 1)), draw.choice((-1, 1))
    middle = (right * (x - w) / 2, back * (y - d) / 2)
    solid = slab((-w / 2, -d / 2, 0.0), (w / 2, d / 2, z))
    color = layout.things[1].colors[0]
    block = Thing("wall", solid, color.expand_as(solid.points)).put(*middle)
    if not layout.is_free(block.rectangle(), 0.02):
        return
    spans = [(0 if back > 0 else 2, middle[0], w), (3 if right > 0 else 1, middle[1], d)]
    walls = []
    for side, at, wide in spans:
        along = {0: at, 1: at, 2: -at, 3: -at}[side]
        walls.append((side, along - wide / 2, along + wide / 2, 0.0, z))
    if all(layout.wall_free(span) for span in walls):
        layout.walls.extend(walls)
        layout.add(block, block.rectangle())
