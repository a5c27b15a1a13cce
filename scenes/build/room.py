"""A furnished room, different for every seed, as one coloured and labelled mesh.

The floor is at z = 0 and its middle is the origin, z is up. Furniture stands against walls or
around the table without overlaps, and a ring around the table stays free to walk.
"""

import dataclasses
import math

import torch
from torch import Tensor

from geomdl.errors import GeometryError, expect_number
from geomdl.structures import Mesh
from scenes.build import furniture, opening
from scenes.build.assembly import Part, block, footprint, joined, moved, parts_moved, rectangle_of
from scenes.build.furniture import pick, seed_of, uniform
from scenes.build.paint import Paint, linear, painted, plain, planks, wallpaper
from scenes.build.plan import Plan, Rectangle
from scenes.build.primitives import plane
from scenes.build.shelf import shelf

LABELS = (
    *("floor", "wall", "ceiling", "window", "door", "table", "chair", "sofa", "cushion", "shelf"),
    *("book", "vessel", "lamp", "plant", "picture", "rug", "cabinet", "screen", "curtain"),
)
WALLS = ("#e4ddcd", "#cfd8d3", "#d9c9b4", "#c4cdd8", "#dcd3dd")


@dataclasses.dataclass(frozen=True, eq=False)
class Room:
    """A mesh with (V,) attributes `label` (index into `labels`) and `instance`, and its size.

    size is (x, y, z) metres inside the walls; rectangles are the floor places (x0, y0, x1, y1) of
    what stands on the floor, by instance number.
    """

    mesh: Mesh
    labels: tuple[str, ...]
    size: tuple[float, float, float]
    rectangles: dict[int, Rectangle]


class _Plan(Plan):
    """What is placed so far: objects, and the rectangles of the floor and of the walls taken."""

    def __init__(self, size: tuple[float, float, float], rng: torch.Generator) -> None:
        super().__init__(size)
        self.rng = rng
        self.objects: list[list[Part]] = []

    def add(self, parts: list[Part], rectangle: Rectangle | None = None) -> None:
        if rectangle is not None:
            self.floor[len(self.objects)] = rectangle
        self.objects.append(parts)

    def against_wall(
        self, parts: list[Part], wall: int | None = None, gap: float = 0.02, tries: int = 60
    ) -> bool:
        """Stand parts with their back to a wall where it is free; False where none is."""
        height = max(float(part.mesh.bounds[1][2]) for part in parts)
        for _ in range(tries):
            side = int(torch.randint(4, (), generator=self.rng)) if wall is None else wall
            width, depth = footprint(parts)
            half = self.length(side) / 2 - width / 2 - 0.06
            along = uniform(self.rng, -half, half)
            turn, (x, y) = self.wall_place(side, along, depth / 2 + gap)
            w, d = footprint(parts, turn)
            place = (x - w / 2, y - d / 2, x + w / 2, y + d / 2)
            span = (side, along - width / 2, along + width / 2, 0.0, height)
            if self.is_free(place, 0.08) and self.wall_free(span):
                self.walls.append(span)
                self.add(parts_moved(parts, (x, y, 0.0), turn), place)
                return True
        return False

    def on_wall(
        self, parts: list[Part], low: float, tries: int = 60, wall: int | None = None
    ) -> bool:
        """Hang parts (back at y = 0, bottom at z = 0) at a height where the wall is free."""
        width = max(float(part.mesh.bounds[1][0]) for part in parts) * 2
        tall = max(float(part.mesh.bounds[1][2]) for part in parts)
        for _ in range(tries):
            side = int(torch.randint(4, (), generator=self.rng)) if wall is None else wall
            half = self.length(side) / 2 - width / 2 - 0.1
            along = uniform(self.rng, -half, half)
            span = (side, along - width / 2, along + width / 2, low, low + tall)
            if half > 0 and self.wall_free(span):
                turn, (x, y) = self.wall_place(side, along, 0.0)
                self.walls.append(span)
                self.add(parts_moved(parts, (x, y, low), turn))
                return True
        return False


def room(seed: int = 0, *, ceiling: bool = True, detail: float = 0.03) -> Room:
    """A seed -> Room of about 5 x 4 x 2.5 m. detail: edges in metres of patterned surfaces."""
    expect_number("detail", detail, above=0)
    rng = torch.Generator().manual_seed(seed)
    size = (uniform(rng, 4.6, 5.4), uniform(rng, 3.9, 4.5), 2.5)
    plan = _Plan(size, rng)
    _shell(plan, ceiling, detail)
    _dining(plan)
    first = int(torch.randint(4, (), generator=rng))
    plan.on_wall(opening.door(rng), 0.0, wall=first)
    window_side = (first + 2) % 4
    plan.on_wall(opening.window(rng, uniform(rng, 1.1, 1.5)), 0.9, wall=window_side)
    _block_door(plan)
    for parts in (furniture.sofa(rng), shelf(rng), furniture.cabinet(rng)):
        if not plan.against_wall(parts):
            raise GeometryError(f"seed: no place for the furniture of seed {seed}")
    for parts in (shelf(rng, 0.8), furniture.plant(rng), furniture.floor_lamp(rng)):
        plan.against_wall(parts)
    for _ in range(5):
        w, h = uniform(rng, 0.4, 0.8), uniform(rng, 0.35, 0.6)
        hung = parts_moved(furniture.framed_picture(rng, w, h), (0.0, 0.0, h / 2))
        plan.on_wall(hung, 1.65 - h / 2)
    if ceiling:
        plan.add(furniture.pendant(rng, size[2]))
    floor_places = {n: r for n, r in plan.floor.items() if plan.objects[n]}
    return Room(joined(plan.objects, LABELS), LABELS, size, floor_places)


def _shell(plan: _Plan, ceiling: bool, detail: float) -> None:
    """Floor, walls with skirting, and the ceiling: sheets that face the room."""
    rng, (x, y, z) = plan.rng, plan.size
    boards = planks(pick(rng, furniture.WOODS), seed_of(rng))
    plan.add([Part("floor", painted(plane(x, y, detail), boards))])
    color = pick(rng, WALLS)
    stripes = wallpaper(color, color * uniform(rng, 0.6, 0.9), seed_of(rng), 0.24)
    plaster = wallpaper(color * 1.05, color, seed_of(rng), 0.0)
    papered = int(torch.randint(4, (), generator=rng))
    for side in range(4):
        paint: Paint | Tensor = stripes if side == papered else plaster
        plan.add([Part("wall", m) for m in _wall(plan, side, paint, detail)])
    if ceiling:
        sheet = plane(x, y, 4 * detail).flipped()
        white = plain(linear("#efece6"), seed_of(rng), 0.03)
        plan.add([Part("ceiling", moved(painted(sheet, white), (0.0, 0.0, z)))])


def _wall(plan: _Plan, side: int, paint: Paint | Tensor, detail: float) -> list[Mesh]:
    length, height = plan.length(side), plan.size[2]
    flat = plane(length, height, detail)  # x, y become along and up
    u, v = flat.vertices[:, 0], flat.vertices[:, 1]
    points = torch.stack([u, torch.zeros_like(u), v + height / 2], dim=-1)
    sheet = painted(Mesh(points, flat.faces), paint)
    skirt = block((-length / 2, -0.018, 0.0), (length / 2, 0.0, 0.09), linear("#f4f1ea"), 0.3)
    turn, (x, y) = plan.wall_place(side, 0.0, 0.0)
    return [moved(mesh, (x, y, 0.0), turn) for mesh in (sheet, skirt)]


def _dining(plan: _Plan) -> None:
    """A rug, a table with two or four chairs, in the middle."""
    rng = plan.rng
    width, depth = uniform(rng, 1.2, 1.5), uniform(rng, 0.75, 0.9)
    rug_size = (width + 0.9, depth + 0.9)
    plan.objects.append(furniture.carpet(rng, *rug_size))
    plan.add(furniture.table(rng, width, depth), (-width / 2, -depth / 2, width / 2, depth / 2))
    color, seat = pick(rng, furniture.WOODS), pick(rng, furniture.CLOTHS)
    for turn, along in ((0.0, -0.3), (0.0, 0.3), (math.pi, -0.3), (math.pi, 0.3)):
        if uniform(rng, 0, 1) < 0.2:
            continue
        parts = parts_moved(
            furniture.chair(rng, color, seat), (0.0, 0.0, 0.0), uniform(rng, -0.2, 0.2)
        )
        x, y = along * width / 0.9, depth / 2 + uniform(rng, 0.24, 0.34)
        standing = parts_moved(parts, (x, y if turn == 0.0 else -y, 0.0), turn)
        plan.add(standing, rectangle_of(standing))


def _block_door(plan: _Plan) -> None:
    """Nothing stands in the metre before the door."""
    plan.add([], plan.before_wall(plan.walls[0], 1.0))
