"""What stands in a bath, a bedroom, a kitchen, a living room, an office and a studio.

Every function furnishes a Layout; `clutter` scales how many small things lie about. Big things
come first; what finds no place is left out.
"""

import math
from collections.abc import Callable, Sequence

from scenes.build import clutter as small
from scenes.build import cupboards, fittings
from scenes.build.draw import Draw
from scenes.build.layout import Layout
from scenes.build.shapes import living as beings
from scenes.build.shapes import seats, tables, things, vehicles
from scenes.build.solid import Pieces

Maker = Callable[[Draw], Pieces]
SMALL: dict[str, tuple[str, Maker]] = {  # words for small things: their class and maker
    "vessel": ("vessel", small.vessel),
    "pile": ("book", small.pile),
    "box": ("box", small.box),
    "bag": ("bag", small.bag),
    "shoes": ("shoes", small.shoes),
    "toy": ("toy", small.toy),
    "clothes": ("clothes", small.clothes),
    "cushion": ("cushion", small.cushion),
    "laptop": ("laptop", things.laptop),
    "keyboard": ("keyboard", small.keyboard),
    "plant": ("plant", beings.plant),
    "guitar": ("guitar", things.guitar),
    "umbrella": ("umbrella", things.umbrella),
    "bicycle": ("bicycle", vehicles.bicycle),
    "bin": ("bin", fittings.bin_),
    "stool": ("stool", seats.stool),
    "rack": ("rack", fittings.coat_rack),
}


def living(layout: Layout, clutter: float) -> None:
    """Sofa, low table and rug, a cabinet with the television, shelves, perhaps a dining table."""
    draw = layout.draw
    couch = stand(layout, "sofa", seats.sofa(draw, draw.between(0.75, 1.1)))
    if couch is not None:
        low = layout.make("table", low_table(draw))
        centre = layout.before(couch, low, draw.between(0.3, 0.45), math.pi)
        if centre is not None:
            scatter(layout, centre, ("vessel", "pile", "laptop", "vessel"), 3 * clutter)
            under(layout, centre)
        scatter(layout, couch, ("cushion", "cushion", "clothes", "bag"), 2 * clutter)
    media = stand(layout, "cabinet", cupboards.cabinet(draw))
    if media is not None:
        layout.on_top(media, layout.make("screen", fittings.screen(draw, draw.between(0.35, 0.6))))
        scatter(layout, media, ("vessel", "plant", "pile", "box"), 2 * clutter)
    if layout.size[0] * layout.size[1] > 19 or draw.chance(0.3):
        dining(layout, clutter)
    for _ in range(draw.whole(1, 3)):
        bookshelf(layout, clutter)
    if draw.chance(0.5):
        chair = layout.make("sofa", seats.sofa(draw, draw.between(0.4, 0.48)))
        layout.anywhere(chair)
    if draw.chance(0.25):
        stand(layout, "piano", cupboards.piano(draw))
    finish(layout, clutter, ("plant", "bag", "toy", "box", "guitar", "pile", "shoes", "stool"))


def bedroom(layout: Layout, clutter: float) -> None:
    """Bed with stands at its sides, wardrobe, drawers, often a desk."""
    draw = layout.draw
    rest = stand(layout, "bed", seats.bed(draw))
    if rest is not None:
        for side in (-1, 1):
            table = layout.make("cabinet", cupboards.nightstand(draw))
            placed = layout.beside(rest, table, side) if draw.chance(0.75) else None
            if placed is not None:
                layout.on_top(placed, layout.make("lamp", table_lamp(draw)))
                scatter(layout, placed, ("pile", "vessel"), clutter)
        scatter(layout, rest, ("cushion", "clothes", "bag", "pile", "laptop"), 1.5 * clutter)
        if draw.chance(0.4):
            layout.before(rest, layout.make("bench", cupboards.bench(draw)), 0.05, 0.0)
        under(layout, rest, 1.5)
    stand(layout, "wardrobe", cupboards.wardrobe(draw))
    chest = stand(layout, "drawers", cupboards.drawers(draw))
    if chest is not None:
        scatter(layout, chest, ("vessel", "box", "plant", "pile", "clothes"), 3 * clutter)
    if draw.chance(0.5):
        workplace(layout, clutter)
    if draw.chance(0.5):
        bookshelf(layout, clutter)
    if draw.chance(0.6):
        layout.on_wall(layout.make("mirror", fittings.mirror(draw), hung=True), 0.7)
    finish(layout, clutter, ("clothes", "shoes", "bag", "toy", "box", "guitar", "plant"))


def kitchen(layout: Layout, clutter: float) -> None:
    """A row of counters with sink, stove and fridge, cabinets above, a table with chairs."""
    draw = layout.draw
    for wall in sorted(range(4), key=lambda side: -layout.length(side))[: draw.whole(1, 2)]:
        kitchen_row(layout, wall, clutter)
    dining(layout, clutter)
    if draw.chance(0.5):
        bookshelf(layout, clutter)
    if draw.chance(0.3):
        stand(layout, "washer", cupboards.washer(draw))
    finish(layout, clutter, ("bin", "box", "bag", "stool", "plant", "vessel"))


def office(layout: Layout, clutter: float) -> None:
    """Desks with chairs and screens, shelves, a white board."""
    draw = layout.draw
    for _ in range(draw.whole(1, 4)):
        workplace(layout, clutter)
    board = layout.make("board", fittings.whiteboard(draw), hung=True)
    if draw.chance(0.8):
        layout.on_wall(board, draw.between(0.8, 1.0))
    if draw.chance(0.4):
        dining(layout, clutter)
    for _ in range(draw.whole(1, 3)):
        bookshelf(layout, clutter)
    for label, maker in (("drawers", cupboards.drawers), ("wardrobe", cupboards.wardrobe)):
        number = stand(layout, label, maker(draw)) if draw.chance(0.5) else None
        if number is not None:
            scatter(layout, number, ("plant", "box", "pile"), 2 * clutter)
    finish(layout, clutter, ("bin", "bin", "box", "bag", "plant", "rack", "umbrella", "pile"))


def bath(layout: Layout, clutter: float) -> None:
    """Tub, toilet, wash basin with its mirror, often a washing machine."""
    draw = layout.draw
    stand(layout, "bathtub", fittings.bathtub(draw))
    stand(layout, "toilet", fittings.toilet(draw))
    basin = stand(layout, "sink", fittings.sink(draw))
    if basin is not None and draw.chance(0.8):
        side, low, high, _, _ = layout.walls[-1]
        pane = layout.make("mirror", fittings.mirror(draw), hung=True)
        layout.on_wall(pane, 1.2, wall=side, along=(low + high) / 2)
    if draw.chance(0.6):
        machine = stand(layout, "washer", cupboards.washer(draw))
        if machine is not None and draw.chance(0.5):
            layout.on_top(machine, layout.make("clothes", small.clothes(draw)))
    if draw.chance(0.5):
        chest = stand(layout, "cabinet", cupboards.nightstand(draw))
        if chest is not None:
            scatter(layout, chest, ("vessel", "clothes", "vessel"), 2 * clutter)
    layout.anywhere(layout.make("rug", fittings.rug(draw, 0.4, 0.28)), 0.0)
    finish(layout, clutter, ("bin", "clothes", "stool", "shoes", "vessel"))


def studio(layout: Layout, clutter: float) -> None:
    """Bed, kitchen row, desk and table in one room."""
    draw = layout.draw
    rest = stand(layout, "bed", seats.bed(draw))
    if rest is not None:
        scatter(layout, rest, ("cushion", "clothes", "laptop"), 2 * clutter)
    kitchen_row(layout, draw.whole(0, 3), clutter)
    workplace(layout, clutter)
    dining(layout, clutter)
    couch = stand(layout, "sofa", seats.sofa(draw))
    if couch is not None:
        scatter(layout, couch, ("cushion", "bag"), 2 * clutter)
    stand(layout, "wardrobe", cupboards.wardrobe(draw))
    bookshelf(layout, clutter)
    finish(layout, clutter, ("plant", "guitar", "bicycle", "box", "shoes", "bag", "rack", "bin"))


def stand(layout: Layout, label: str, pieces: Pieces, wall: int | None = None) -> int | None:
    """A piece of furniture with its back to a wall."""
    return layout.against_wall(layout.make(label, pieces), wall)


def low_table(draw: Draw) -> Pieces:
    """A table made low."""
    high = draw.between(0.55, 0.7)
    return Pieces((part, s.scaled(0.85, 0.85, high)) for part, s in tables.table(draw))


def table_lamp(draw: Draw) -> Pieces:
    """A lamp to stand on things."""
    size = draw.between(0.5, 0.8)
    return Pieces((part, s.scaled(size, size, size)) for part, s in tables.desk_lamp(draw))


def dining(layout: Layout, clutter: float) -> None:
    """A table on free floor with chairs around it and things on it."""
    draw = layout.draw
    board = cupboards.desk(draw) if draw.chance(0.1) else dining_table(draw)
    number = layout.anywhere(layout.make("table", board), 0.4)
    if number is None:
        number = layout.against_wall(layout.make("table", board))
    if number is None:
        return
    kind = draw.whole(0, 2**31 - 1)  # all chairs of a table are of one kind
    style = layout.make("chair", seats.chair(Draw("chairs", kind)))
    width = layout.things[number].size[0]
    for side in range(4):
        spots = (-width / 4, width / 4) if side % 2 == 0 and width > 1.1 else (0.0,)
        for along in spots:
            if draw.chance(0.8):
                layout.seat_at(number, style, side * math.pi / 2, along)
    under(layout, number, 1.3)
    scatter(layout, number, ("vessel", "vessel", "vessel", "pile", "laptop", "plant"), 4 * clutter)
    if draw.chance(0.6):
        x, y, _ = layout.things[number].place
        hang = layout.make("lamp", fittings.pendant(draw, layout.size[2] - 1.75), hung=True)
        layout.add(hang.put(x, y, layout.size[2]))


def dining_table(draw: Draw) -> Pieces:
    """A table 0.72 to 0.78 m high."""
    pieces = tables.table(draw)
    top = max(float(s.points[:, 2].amax()) for _, s in pieces)
    high = draw.between(0.72, 0.78) / top
    return Pieces((part, s.scaled(1, 1, high)) for part, s in pieces)


def under(layout: Layout, number: int, size: float = 1.0) -> None:
    """Sometimes a rug below what stands."""
    draw = layout.draw
    if draw.chance(0.65):
        there = layout.things[number]
        carpet = fittings.rug(draw, size * draw.between(0.7, 1.2), size * draw.between(0.5, 0.85))
        rug = layout.make("rug", carpet).put(*there.place[:2], 0.001, there.turn)
        if layout.inside(rug.rectangle()):
            layout.add(rug)


def workplace(layout: Layout, clutter: float) -> None:
    """A desk with its chair, a screen or a laptop, a lamp and papers."""
    draw = layout.draw
    number = stand(layout, "desk", cupboards.desk(draw))
    if number is None:
        return
    layout.seat_at(number, layout.make("chair", seats.chair(draw)), math.pi)
    there = layout.things[number]
    top = there.tops[0]
    for _ in range(draw.whole(0, 2)):
        panel = layout.make("screen", fittings.screen(draw, draw.between(0.22, 0.34)))
        x, y = there.beyond(draw.between(top[0] + 0.3, top[2] - 0.3), top[3] - 0.14)
        panel = panel.put(x, y, top[4], there.turn + draw.between(-0.25, 0.25))
        if layout.is_clear(panel, number):
            layout.add(panel)
    if draw.chance(0.5):
        layout.on_top(number, layout.make("lamp", table_lamp(draw)))
    scatter(layout, number, ("keyboard", "laptop", "pile", "vessel", "pile"), 4 * clutter)


def bookshelf(layout: Layout, clutter: float) -> None:
    """A shelf with rows of books and things on its boards."""
    draw = layout.draw
    item = layout.make("shelf", tables.shelf(draw))
    number = layout.against_wall(item)
    if number is None:
        return
    there = layout.things[number]
    for index, (x0, y0, x1, y1, z, room) in enumerate(there.tops):
        wide, deep = x1 - x0 - 0.04, y1 - y0 - 0.03
        if draw.chance(0.75 * min(clutter, 1.0)):
            long = wide * draw.between(0.25, 0.95)
            books = small.row(draw, long, min(room, 0.32), deep)
            x, y = there.beyond((x0 + x1 - draw.choice((-1, 1)) * (wide - long)) / 2, (y0 + y1) / 2)
            laid = layout.make("book", books).put(x, y, there.place[2] + z, there.turn)
            if laid.size[2] < room:
                layout.add(laid)
        for _ in range(draw.whole(0, 2)):
            label, maker = SMALL[draw.choice(("vessel", "vessel", "box", "pile", "plant"))]
            layout.on_top(number, layout.make(label, maker(draw)), index, 4)


def kitchen_row(layout: Layout, wall: int, clutter: float) -> None:
    """Along a wall: counters, one with a sink, a stove, a fridge; cabinets above."""
    draw = layout.draw
    at = -layout.length(wall) / 2 + draw.between(0.05, 0.3)
    end = layout.length(wall) / 2 - 0.05
    order = draw.choice(
        (("fridge", "counter", "stove", "sink"), ("sink", "counter", "stove", "counter", "fridge"))
    )
    for kind in order:
        if kind in ("counter", "sink"):
            wide = draw.between(0.6, 1.5)
            item = layout.make("counter", cupboards.counter(draw, wide))
        else:
            maker = cupboards.fridge if kind == "fridge" else cupboards.stove
            item = layout.make(kind, maker(draw))
        wide = item.size[0]
        if at + wide > end:
            break
        number = layout.against_wall(item, wall, at + wide / 2)
        if number is not None and kind in ("counter", "sink"):
            if kind == "sink":
                layout.on_top(number, layout.make("sink", fittings.kitchen_sink(draw)))
            scatter(layout, number, ("vessel", "vessel", "box", "vessel"), 3 * clutter)
            over = layout.make("cabinet", cupboards.upper_cabinet(draw, wide - 0.17), hung=True)
            if draw.chance(0.75):
                layout.on_wall(over, draw.between(1.4, 1.55), wall, at + wide / 2)
        at += wide + 0.09


def scatter(layout: Layout, base: int, words: Sequence[str], count: float) -> None:
    """About `count` small things on what stands."""
    for _ in range(round(count * layout.draw.between(0.3, 1.3))):
        label, maker = SMALL[layout.draw.choice(words)]
        layout.on_top(base, layout.make(label, maker(layout.draw)))


def finish(layout: Layout, clutter: float, words: Sequence[str]) -> None:
    """Pictures, a lamp on the ceiling or the floor, and what lies on the floor."""
    draw = layout.draw
    for _ in range(draw.whole(0, 4)):
        layout.on_wall(layout.make("picture", fittings.picture(draw), True), draw.between(1.1, 1.6))
    if draw.chance(0.4):
        layout.on_wall(layout.make("clock", fittings.clock(draw), hung=True), 1.8)
    if draw.chance(0.6):
        lamp = layout.make("lamp", fittings.pendant(draw, draw.between(0.3, 0.6)), hung=True)
        layout.add(lamp.put(draw.between(-0.3, 0.3), draw.between(-0.3, 0.3), layout.size[2]))
    if draw.chance(0.5):
        layout.anywhere(layout.make("lamp", tables.shaded_lamp(draw, tall=True)))
    for _ in range(round(9 * clutter * draw.between(0.4, 1.3))):
        label, maker = SMALL[draw.choice(words)]
        layout.anywhere(layout.make(label, maker(draw)), 0.03)
