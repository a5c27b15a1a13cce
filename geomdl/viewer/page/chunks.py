"""The chunks of one cloud in the page of one visitor: viser nodes, and what each was made of."""

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import torch
import viser
from torch import Tensor

from geomdl.structures.srgb import to_srgb
from geomdl.viewer.detail import View, choose, gaps
from geomdl.viewer.drawing import Dots
from geomdl.viewer.levels import Levels, near_centre
from geomdl.viewer.look import vector

PREVIEW = 100_000  # points sent before the levels are known
CLOSED = 1.1  # radius, in gaps between points, at which discs close a surface
SPARE = 3  # budgets of hidden points that stay in the browser
SHARP = 1 / 8  # rounding by float16 that is allowed, in gaps between the finest points
TONES = 4096
LAMP = torch.tensor([0.48, 0.36, 0.8])
AMBIENT = 0.45

Numbers = np.ndarray[Any, Any]


@dataclass
class Packet:
    """Points ready to send: float16 or float32 (n, 3) around a centre, uint8 sRGB (n, 3)."""

    points: Numbers
    colors: Numbers
    centre: tuple[float, float, float]
    scale: float
    kept: bytes


@dataclass
class _Sent:
    """What a chunk in the browser was made of, and when it was last chosen."""

    handle: viser.PointCloudHandle
    paint: int
    kept: bytes
    count: int
    scale: float
    seen: int


class Chunks:
    """Nodes below one root for the points of one `place`.

    Not safe from several threads at once, but for `pack`, which only reads.
    """

    def __init__(self, client: viser.ClientHandle, dots: Dots, number: int, visible: bool) -> None:
        self.place = dots.place
        self._client = client
        self._name = f"/points/{dots.name}/{number}"
        self._root = client.scene.add_frame(self._name, show_axes=False, visible=visible)
        self._dots = dots
        self._levels: Levels | None = None
        self._sent: dict[int, _Sent] = {}
        self._preview: viser.PointCloudHandle | None = None
        self._paint = 0  # counts the colours that came
        self._mask: Tensor | None = None  # keep in the order of the levels
        self._kept = torch.zeros(0, dtype=torch.int64)
        self._turn = 0

    @property
    def points(self) -> int:
        """Points on the screen."""
        shown = sum(sent.count for sent in self._sent.values() if sent.handle.visible)
        return shown + (0 if self._preview is None else len(self._preview.points))

    def show(self, visible: bool) -> None:
        """All or nothing."""
        self._root.visible = visible

    def remove(self) -> None:
        """Take every node from the page."""
        self._root.remove()

    def preview(self, dots: Dots) -> None:
        """Every so-manieth point, until the levels are known."""
        rows = torch.arange(0, len(dots.points), max(len(dots.points) // PREVIEW, 1))
        if dots.keep is not None:
            rows = rows[dots.keep[rows].cpu()]
        if len(rows) == 0:
            return
        points = dots.points[rows].detach().cpu().double()
        low, high = points.amin(0), points.amax(0)
        centre = (low + high) / 2
        self._preview = self._client.scene.add_point_cloud(
            f"{self._name}/preview",
            (points - centre).numpy(),
            srgb_of(dots, rows),
            point_size=dots.radius,
            point_shape="circle",
            point_shading="flat",
            precision="float32",
            position=vector(centre),
        )

    def arrange(self, levels: Levels, dots: Dots, view: View | None, budget: int) -> list[int]:
        """Show and hide what is here; the chunks that are to be sent, the most needed first."""
        self._take(levels, dots)
        shown = {chunk for chunk, sent in self._sent.items() if sent.handle.visible}
        chosen = choose(levels, view, budget, self._kept, shown)
        wanted = set(chosen)
        self._turn += 1
        for chunk, sent in self._sent.items():
            sent.handle.visible = chunk in wanted and (chunk in shown or self._fresh(chunk))
            sent.seen = self._turn if chunk in wanted else sent.seen
        self._forget(SPARE * budget)
        self._resize()
        return [chunk for chunk in chosen if not self._fresh(chunk)]

    def pack(self, chunk: int) -> Packet:
        """The points and colours of a chunk as they are sent."""
        levels, dots = self._known(), self._dots
        rows, kept, here = levels.rows(chunk), b"", self._kept_of(chunk)
        if here is not None:
            rows, kept = rows[here], np.packbits(here.numpy()).tobytes()
        points = dots.points.detach().cpu().index_select(0, rows)
        near, centre, scale = near_centre(points, levels.low[chunk], levels.high[chunk])
        if scale / 4096 > SHARP * float(levels.spacing[-1]):
            near, scale = (points.double() - centre).float(), 1.0
        return Packet(near.numpy(), srgb_of(dots, rows), vector(centre), scale, kept)

    def put(self, chunk: int, packet: Packet) -> None:
        """Send a packet; colours alone where the points are there already."""
        old = self._sent.get(chunk)
        if old is not None and old.kept == packet.kept:
            old.handle.colors = packet.colors
            old.handle.visible = True
            old.paint = self._paint
        else:
            handle = self._client.scene.add_point_cloud(
                f"{self._name}/{chunk}",
                packet.points,
                packet.colors,
                point_size=self._dots.radius / packet.scale,
                point_shape="circle",
                point_shading="flat",
                precision="float16" if packet.points.dtype == np.float16 else "float32",
                scale=packet.scale,
                position=packet.centre,
            )
            self._sent[chunk] = _Sent(
                handle, self._paint, packet.kept, len(packet.points), packet.scale, self._turn
            )
        if self._preview is not None:
            self._preview.remove()
            self._preview = None
        self._resize()

    def _take(self, levels: Levels, dots: Dots) -> None:
        """Note what a new Dots changes: colours, and which points are kept."""
        first = self._levels is None
        self._levels = levels
        if first or not _same_paint(dots, self._dots):
            self._paint += 1
        if first or dots.keep is not self._dots.keep:
            order, starts = levels.order, levels.starts
            self._mask, self._kept = None, levels.counts
            if dots.keep is not None:
                self._mask = dots.keep.cpu().index_select(0, order)
                total = torch.cat([starts.new_zeros(1), self._mask.cumsum(0)])
                self._kept = total[starts].diff()
        self._dots = dots

    def _fresh(self, chunk: int) -> bool:
        """Whether a chunk is in the browser as it is to be."""
        sent = self._sent.get(chunk)
        if sent is None or sent.paint != self._paint:
            return False
        here = self._kept_of(chunk)
        return sent.kept == (b"" if here is None else np.packbits(here.numpy()).tobytes())

    def _kept_of(self, chunk: int) -> Tensor | None:
        """True (n,) where the points of a chunk are kept; None where all are."""
        levels = self._known()
        if self._mask is None or self._kept[chunk] == levels.counts[chunk]:
            return None
        return self._mask[int(levels.starts[chunk]) : int(levels.starts[chunk + 1])]

    def _resize(self) -> None:
        """Discs as wide as the gaps between what is on the screen, never thinner than asked."""
        shown = [chunk for chunk, sent in self._sent.items() if sent.handle.visible]
        for chunk, gap in gaps(self._known(), self._kept, shown).items():
            sent = self._sent[chunk]
            sent.handle.point_size = max(self._dots.radius, CLOSED * gap) / sent.scale

    def _forget(self, most: int) -> None:
        """Remove what was not seen for longest where more than `most` points are hidden."""
        hidden = [item for item in self._sent.items() if not item[1].handle.visible]
        total = sum(sent.count for _, sent in hidden)
        for chunk, sent in sorted(hidden, key=lambda item: item[1].seen):
            if total <= most:
                break
            total -= sent.count
            sent.handle.remove()
            del self._sent[chunk]

    def _known(self) -> Levels:
        assert self._levels is not None, "arrange comes first"
        return self._levels


def srgb_of(dots: Dots, rows: Tensor) -> Numbers:
    """The colours of some points as uint8 sRGB (n, 3), lit from one side where normals are known.

    The page has no light for points, so it is in their colours; either side of a normal counts.
    """
    colors = dots.colors.detach().cpu().index_select(0, rows)
    if dots.lit and dots.normals is not None:
        normals = dots.normals.detach().cpu().index_select(0, rows).float()
        light = AMBIENT + (1 - AMBIENT) * (normals @ LAMP).abs()
        colors = colors * light[:, None].clamp(max=1)
    tones: Numbers = _tones()[(colors.clamp(0, 1) * (TONES - 1)).round().int().numpy()]
    return tones


@cache
def _tones() -> Numbers:
    """Bytes of sRGB (TONES,) for equal steps of linear light."""
    linear = torch.linspace(0, 1, TONES)
    bytes_of: Numbers = (to_srgb(linear[:, None])[:, 0] * 255).round().byte().numpy()
    return bytes_of


def _same_paint(one: Dots, other: Dots) -> bool:
    return (
        _same(one.colors, other.colors) and _same(one.normals, other.normals)
        and one.lit == other.lit
    )  # fmt: skip


def _same(one: Tensor | None, other: Tensor | None) -> bool:
    """Whether two tensors that are both alive are the same memory."""
    if one is None or other is None:
        return one is other
    return one.data_ptr() == other.data_ptr() and one.shape == other.shape
