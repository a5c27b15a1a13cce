"""Coloured things that stand in a room: parts made one labelled body that can be placed."""

import dataclasses
import functools
import math
from collections.abc import Sequence

import torch
from torch import Tensor

from geomdl.structures import Mesh
from scenes.build.draw import Draw
from scenes.build.paint import linear
from scenes.build.plan import Rectangle
from scenes.build.solid import Pieces, Solid

WOOD = ("#b98a56", "#8a5a32", "#d8b98a", "#6b4428", "#a9744a", "#c7a27a", "#4a3426")
CLOTH = ("#3f6f8c", "#8c3f45", "#55704a", "#c08a3e", "#5b4a78", "#70706c", "#2f5d62", "#b7a99a")
PALE = ("#f2ece0", "#e6dcc8", "#dfe6e4", "#f4f4f2", "#d5d0c4")
GREY = ("#8d8f92", "#b9bcc0", "#5a5d61", "#3a3835")
VIVID = (*CLOTH, "#c8433a", "#2d6fb5", "#e2b33c", "#3f9a5a", "#e07b39")
MATERIALS: dict[str, tuple[str, ...]] = {
    "wood": WOOD,
    "body": (*WOOD, *PALE, *PALE, "#54606b"),
    "door": (*WOOD, *PALE, *PALE, "#6f8f9a"),
    "top": (*WOOD, "#3c3b3a", "#cfcac2"),
    "cloth": CLOTH,
    "linen": (*PALE, "#aebccb", "#c9b7c4"),
    "metal": GREY,
    "white": ("#f4f1ea", "#eceef0", "#f7f4ee"),
    "ceramic": ("#f5f5f2", "#efeee8", "#f2f4f5"),
    "glaze": (*CLOTH, *PALE),
    "dark": ("#18181a", "#232427", "#2e2b29"),
    "plastic": (*GREY, *VIVID),
    "card": ("#b08a5c", "#a47f52", "#c19a6b", "#e6e0d4"),
    "leather": ("#3a2a20", "#5a3a26", "#1f1f22", "#7a5a3a", "#2f3f5a"),
    "paper": ("#f3efe6", "#ece6d8"),
    "glass": ("#c9dbe6", "#b6cdd8", "#e2edf2"),
    "leaf": ("#3d6b2f", "#4f7f3a", "#2f5f3f", "#6d8f3f"),
    "image": VIVID,
    "cover": (*VIVID, *PALE, "#1f2a44", "#7a1f1f"),
    "shade": ("#f3e3b8", "#efd9c0", "#e9e6da", "#c8433a"),
    "skin": ("#e0b08a", "#c68a62", "#8a5a3c", "#5a3a28"),
    "fur": ("#8a6a48", "#2f2a26", "#d9c7a8", "#b5793f"),
}
MATERIAL_OF = {
    "seat": "cloth", "back": "cloth", "arm": "cloth", "leg": "wood", "frame": "wood",
    "mattress": "linen", "pillow": "linen", "apron": "wood", "board": "wood", "base": "metal",
    "pole": "metal", "handle": "metal", "pot": "glaze", "stem": "leaf", "shell": "white",
    "screen": "dark", "keyboard": "dark", "leaf": "leaf",
}  # fmt: skip
SPECIAL = {
    "vessel": dict.fromkeys(("body", "foot", "lid", "spout", "handle", "neck"), "glaze"),
    "door": {"leaf": "door", "frame": "white"},
    "laptop": {"base": "metal", "screen": "dark"},
    "person": {"head": "skin", "torso": "cloth", "arm": "cloth", "leg": "leather"},
    "dog": dict.fromkeys(("body", "head", "leg", "tail"), "fur"),
    "guitar": {"body": "wood", "neck": "dark", "head": "dark"},
    "bicycle": {"wheel": "dark", "frame": "plastic", "handlebar": "metal", "saddle": "dark"},
}
HARD, SOFT = ("top", "board"), ("seat", "mattress")
Top = tuple[float, float, float, float, float, float]  # x0 y0 x1 y1, height, metres free above


@dataclasses.dataclass(frozen=True, eq=False)
class Thing:
    """A solid with colours (V, 3) and a class, and where it stands.

    The solid has the middle of its box at x = y = 0; place (x, y, z) metres, turn radians about z.
    tops are what small things may lie on, soft ones (seats) last, in the solid's own coordinates.
    """

    label: str
    solid: Solid
    colors: Tensor
    tops: tuple[Top, ...] = ()
    place: tuple[float, float, float] = (0.0, 0.0, 0.0)
    turn: float = 0.0

    def put(self, x: float, y: float, z: float = 0.0, turn: float = 0.0) -> "Thing":
        """The same thing elsewhere."""
        return dataclasses.replace(self, place=(x, y, z), turn=turn)

    def points(self) -> Tensor:
        """Vertices (V, 3) where it stands."""
        return self.solid.turned("z", self.turn).at(*self.place).points

    def rectangle(self) -> Rectangle:
        """Of the floor below it."""
        (x0, y0, _), (x1, y1, _) = self.box
        return x0, y0, x1, y1

    @functools.cached_property
    def box(self) -> tuple[list[float], list[float]]:
        """Lowest and highest corner where it stands."""
        points = self.points()
        return points.amin(0).tolist(), points.amax(0).tolist()

    @functools.cached_property
    def size(self) -> tuple[float, float, float]:
        """Width, depth and height before the turn."""
        x, y, z = (self.solid.points.amax(0) - self.solid.points.amin(0)).tolist()
        return x, y, z

    def beyond(self, x: float, y: float) -> tuple[float, float]:
        """A place in the thing's own coordinates -> on the floor of the room."""
        c, s = math.cos(self.turn), math.sin(self.turn)
        return self.place[0] + c * x - s * y, self.place[1] + s * x + c * y


def thing(
    draw: Draw, label: str, pieces: Pieces, style: dict[str, Tensor], hung: bool = False
) -> Thing:
    """Pieces -> a thing whose materials have the colours of the style, or colours of its own.

    What hangs keeps its back at y = 0; all else has its middle there.
    """
    special = SPECIAL.get(label, {})
    own = style if draw.chance(0.6) else {}
    chosen: dict[str, Tensor] = {}
    points, faces, colors, first = [], [], [], 0
    for part, solid in pieces:
        material = special.get(part) or MATERIAL_OF.get(part, part)
        if material not in chosen:
            tone = own.get(material)
            chosen[material] = color_of(draw, material) if tone is None else tone
        points.append(solid.points)
        faces.append(solid.faces + first)
        colors.append(chosen[material].expand(solid.points.shape[0], 3))
        first += solid.points.shape[0]
    whole = torch.cat(points)
    low, high = whole.amin(0), whole.amax(0)
    shift = (-(low + high) / 2).tolist()
    by = (0.0 if hung else shift[0], 0.0 if hung else shift[1], 0.0 if hung else -float(low[2]))
    tops = _tops(pieces, by)
    return Thing(label, Solid(whole, torch.cat(faces)).at(*by), torch.cat(colors), tops)


def color_of(draw: Draw, material: str) -> Tensor:
    """A colour (3,) that the material may have; unknown materials ('cover 3') go by their word."""
    names = MATERIALS.get(material.split()[0], VIVID)
    return (linear(draw.choice(names)) * draw.between(0.75, 1.15)).clamp(0, 1)


def _tops(pieces: Pieces, by: tuple[float, float, float]) -> tuple[Top, ...]:
    tops: list[Top] = []
    for names in (HARD, SOFT):
        boxes = [s.at(*by).points for part, s in pieces if part in names]
        flat = [(*p.amin(0)[:2].tolist(), *p.amax(0).tolist()) for p in boxes]
        if names == SOFT:
            flat = [max(flat, key=lambda top: top[4])] if flat else []
        for x0, y0, x1, y1, z in flat:
            over = [b[4] for b in flat if b[4] > z + 0.05]
            tops.append((x0, y0, x1, y1, z, min(over) - z - 0.03 if over else 1.0))
    return tuple(tops)


def mesh_of(things: Sequence[Thing], labels: Sequence[str]) -> Mesh:
    """Things -> one coloured mesh with (V,) attributes `label` (in labels) and `instance`."""
    counts = torch.tensor([t.solid.points.shape[0] for t in things])
    starts = (counts.cumsum(0) - counts).tolist()
    label = torch.tensor([labels.index(t.label) for t in things])
    return Mesh(
        torch.cat([t.points() for t in things]),
        torch.cat([t.solid.faces + start for t, start in zip(things, starts, strict=True)]),
        colors=torch.cat([t.colors for t in things]),
        attributes={
            "label": label.repeat_interleave(counts),
            "instance": torch.arange(len(things)).repeat_interleave(counts),
        },
    )
