"""The nodes of one visitor's page, kept equal to a Drawing.

Parts are told apart by name and key: what is there already is not sent again, what went away is
hidden and kept for a while, and an old surface stays until its successor has been read, so that
nothing flickers while a clip plane is dragged.
"""

import itertools
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from dataclasses import asdict, dataclass, field, replace

import numpy as np
import torch
import viser

from geomdl.structures import Mesh
from geomdl.viewer.detail import Budget
from geomdl.viewer.drawing import Dots, Drawing, Lines, Part, Photo, Surface, Words
from geomdl.viewer.look import Vector
from geomdl.viewer.page import glb, script
from geomdl.viewer.page.stream import Stream
from geomdl.viewer.scene import Cache
from geomdl.viewer.viewpoint import pyramid

HIDDEN_BYTES = 256 * 2**20
HIDDEN_NODES = 400
PATIENCE = 2.0  # seconds until an old node is hidden, should its successor never be read
EDGES = ((0, 1), (0, 2), (0, 3), (0, 4), (1, 2), (2, 3), (3, 4), (4, 1))
_marks = itertools.count(1)

Later = Callable[[Callable[[], object], float], None]
Handle = viser.GlbHandle | viser.LineSegmentsHandle | viser.LabelHandle


@dataclass
class _Node:
    handle: Handle
    size: int
    mark: int = 0  # of what the page reads by and by; 0 for what is there at once
    style: glb.Style | None = None
    replaced: list["_Node"] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class Faces(Part):
    """The faces of a Surface; another style keeps the key."""

    mesh: Mesh
    style: glb.Style


@dataclass(frozen=True, eq=False)
class Edges(Part):
    """The edges of a Surface."""

    mesh: Mesh


class Files:
    """GLB files by the key of their part, made once for all visitors."""

    def __init__(self) -> None:
        self._cache = Cache(most_bytes=1 << 30)

    def of(self, part: Faces | Edges | Photo) -> tuple[int, bytes]:
        """The mark that the page sends back when it has read the file, and the file."""

        def make() -> tuple[int, bytes]:
            mark = next(_marks)
            if isinstance(part, Faces):
                return mark, glb.surface(part.mesh, part.style, mark)
            if isinstance(part, Edges):
                return mark, glb.edges(part.mesh, mark)
            return mark, glb.photo(part, mark)

        style = part.style if isinstance(part, Faces) else None
        return self._cache.get((type(part), part.key, style), make)

    def prepare(self, drawing: Drawing) -> None:
        """Make the files of a drawing before anyone asks for them."""
        for part in _apart(drawing):
            if isinstance(part, Faces | Edges | Photo):
                self.of(part)


class Nodes:
    """What one client sees. All methods but `ready` are called from one thread."""

    def __init__(self, client: script.Page, files: Files, levels: Cache, later: Later) -> None:
        self._client = client
        self._files = files
        self._levels = levels
        self._budget = Budget()
        self._later = later
        self._shown: dict[tuple[str, Hashable], _Node] = {}
        self._hidden: OrderedDict[tuple[str, Hashable], _Node] = OrderedDict()
        self._waiting: dict[int, list[_Node]] = {}
        self._surfaces: dict[str, Surface] = {}
        self._streams: dict[str, Stream] = {}
        self._count = itertools.count()
        self._camera: tuple[Vector, Vector, float, float, int] | None = None

    @property
    def pending(self) -> int:
        """Surfaces and photographs that were sent and not read yet."""
        return len(self._waiting)

    def update(self, drawing: Drawing) -> None:
        """Show the parts of a drawing and nothing else."""
        wanted = {(part.name, part.key): part for part in _apart(self._steady(drawing))}
        gone = {place: node for place, node in self._shown.items() if place not in wanted}
        by_name: dict[str, list[_Node]] = {}
        for (name, _), node in gone.items():
            by_name.setdefault(name, []).append(node)
        for place in gone:
            self._hidden[place] = self._shown.pop(place)
        fresh: set[str] = set()
        for place, part in sorted(wanted.items(), key=lambda pair: _weight(pair[1])):
            if place in self._shown:
                self._restyle(self._shown[place], part)
                continue
            if place in self._hidden:
                node = self._hidden.pop(place)
                self._unwait(node)
                node.handle.visible = True
                self._restyle(node, part)
            else:
                node = self._add(part)
            self._shown[place] = node
            if node.mark and node.mark in self._waiting:
                fresh.add(part.name)
                node.replaced = by_name.get(part.name, [])
        for (name, _), node in gone.items():
            if name not in fresh:
                node.handle.visible = False
        self._dots({part.name: part for part in drawing.parts if isinstance(part, Dots)})
        self._forget()

    def camera(
        self,
        position: Vector,
        direction: Vector,
        fov: float,
        aspect: float,
        height: int,
    ) -> None:
        """Where the visitor looks from, so that clouds send what is needed there."""
        self._camera = (position, direction, fov, aspect, height)
        for stream in self._streams.values():
            stream.camera(position, direction, fov, aspect, height)

    def paced(self, rate: float) -> None:
        """The page draws so many frames per second while the camera moves."""
        self._budget.paced(rate)

    def ready(self, mark: int) -> None:
        """The page has read the file with this mark: what it replaces goes."""
        for node in self._waiting.pop(mark, []):
            self._drop_replaced(node)

    def clear(self) -> None:
        """Forget everything; the visitor has gone."""
        for stream in self._streams.values():
            stream.remove()
        self._streams.clear()
        self._shown.clear()
        self._hidden.clear()
        self._waiting.clear()

    def _add(self, part: Part) -> _Node:
        name = f"/{part.name}/{next(self._count)}"
        if isinstance(part, Faces | Edges | Photo):
            mark, data = self._files.of(part)
            handle = self._client.scene.add_glb(
                name, unpacked(data), cast_shadow=False, receive_shadow=False
            )
            style = part.style if isinstance(part, Faces) else None
            node = _Node(handle, len(data), mark, style)
            self._waiting.setdefault(mark, []).append(node)
            self._later(lambda: self.ready(mark), PATIENCE)
            return node
        if isinstance(part, Lines):
            # viser shows these bytes as linear light.
            colors = part.colors.clamp(0, 1).mul(255).round().byte().cpu().numpy()
            lines = self._client.scene.add_line_segments(
                name,
                part.segments.float().cpu().numpy(),
                np.repeat(colors[:, None], 2, 1),
                thickness=part.width,
                thickness_units="screen",
            )
            return _Node(lines, part.segments.numel() * 8)
        assert isinstance(part, Words)
        label = self._client.scene.add_label(
            name, part.text, position=part.position.float().cpu().numpy(), anchor="center-center",
            font_screen_scale=0.9,
        )  # fmt: skip
        return _Node(label, 1000)

    def _steady(self, drawing: Drawing) -> Drawing:
        """The drawing with the meshes that were sent, where keys say that they are the same."""
        before, self._surfaces = self._surfaces, {}
        parts = []
        for part in drawing.parts:
            if isinstance(part, Surface):
                known = before.get(part.name)
                if known is not None and known.key == part.key:
                    part = known
                self._surfaces[part.name] = part
            parts.append(part)
        return replace(drawing, parts=tuple(parts))

    def _restyle(self, node: _Node, part: Part) -> None:
        if isinstance(part, Faces) and part.style != node.style:
            node.style = part.style
            script.call(self._client, "style", node.mark, asdict(part.style))

    def _drop_replaced(self, node: _Node) -> None:
        shown = {id(other) for other in self._shown.values()}
        for old in node.replaced:
            if id(old) not in shown and not old.handle._impl.removed:
                old.handle.visible = False
        node.replaced = []

    def _unwait(self, node: _Node) -> None:
        for nodes in self._waiting.values():
            for waiting in nodes:
                waiting.replaced = [old for old in waiting.replaced if old is not node]

    def _dots(self, wanted: dict[str, Dots]) -> None:
        for name, stream in self._streams.items():
            stream.show(name in wanted)
        for name, part in wanted.items():
            if name in self._streams:
                self._streams[name].update(part)
            else:
                assert isinstance(self._client, viser.ClientHandle)
                self._streams[name] = Stream(
                    self._client, part, cache=self._levels, budget=self._budget
                )
                if self._camera is not None:
                    self._streams[name].camera(*self._camera)

    def _forget(self) -> None:
        """Remove what was hidden longest, where it is too much."""
        total = sum(node.size for node in self._hidden.values())
        while self._hidden and (total > HIDDEN_BYTES or len(self._hidden) > HIDDEN_NODES):
            _, node = self._hidden.popitem(last=False)
            total -= node.size
            node.handle.remove()


def unpacked(data: bytes) -> bytes:
    """A file as viser sends it as it is; it would compress bytes, and the browser unpack them."""
    return np.frombuffer(data, np.uint8)  # type: ignore[return-value]


def _weight(part: Part) -> int:
    """What is sent first: words and lines, then small surfaces, large ones last."""
    if isinstance(part, Faces | Edges):
        return 2 + len(part.mesh.faces)
    return 1 if isinstance(part, Photo) else 0


def _apart(drawing: Drawing) -> Iterator[Part]:
    """The parts as they are sent: faces, edges, pictures, the pyramids of an item; no dots."""
    yield from _pyramids(drawing)
    for part in drawing.parts:
        if isinstance(part, Surface):
            mesh = part.mesh  # compared by identity: another style has the same one
            if part.wireframe != "only":
                style = glb.Style(part.lit, part.front, part.opacity)
                yield Faces(part.name, part.item, ("faces", mesh), mesh, style)
            if part.wireframe != "off":
                yield Edges(f"{part.name} edges", part.item, ("edges", mesh), mesh)
        elif isinstance(part, Lines | Words) or (
            isinstance(part, Photo) and part.image is not None
        ):
            yield part


def _pyramids(drawing: Drawing) -> list[Lines]:
    """The edges of all cameras of an item in one part: hundreds of nodes would be slow."""
    by_item: dict[str, list[Photo]] = {}
    for part in drawing.parts:
        if isinstance(part, Photo):
            by_item.setdefault(part.item, []).append(part)
    found = []
    for item, photos in by_item.items():
        corners = torch.stack([pyramid(photo) for photo in photos])  # (P, 5, 3)
        segments = corners[:, torch.tensor(EDGES)].flatten(0, 1)  # (8P, 2, 3)
        colors = torch.tensor([photo.color for photo in photos]).repeat_interleave(len(EDGES), 0)
        key = ("pyramids", *(photo.key for photo in photos))
        found.append(Lines(f"{item}/pyramids", item, key, segments, colors))
    return found
