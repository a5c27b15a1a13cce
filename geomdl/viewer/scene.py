"""What is looked at: named items, each one shape or a sequence of them."""

import dataclasses
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch

from geomdl.errors import GeometryError
from geomdl.io.posed import PosedImages
from geomdl.structures import Camera, Mesh, PointCloud, SparseVoxels, VoxelGrid

Shape = Mesh | PointCloud | VoxelGrid | SparseVoxels | PosedImages | Camera
Value = TypeVar("Value")


@dataclass(frozen=True, eq=False)
class Item:
    """A name, and the shapes of its frames: one for a thing that stands still.

    A frame may be a function that gives the shape, so that long sequences are read when they are
    shown. label_names: what whole-number labels mean. path: the file it came from.
    """

    name: str
    frames: tuple[Shape | Callable[[], Shape], ...]
    path: Path | None = None
    label_names: Mapping[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.name or "/" in self.name:
            raise GeometryError(f"name: expected words without '/', got {self.name!r}")
        if not self.frames:
            raise GeometryError(f"frames: expected at least one for {self.name!r}, got none")


class Cache:
    """Values by key, the latest used ones, safe to use from many threads.

    Holds at most `most` values, and `most_bytes` of tensors and bytes in them; the value that was
    made last always stays. A value is made once: threads that ask for it meanwhile wait.
    """

    def __init__(self, most: int = 4096, most_bytes: int = 4 << 30) -> None:
        self._most = most
        self._most_bytes = most_bytes
        self._bytes = 0
        self._values: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._making: dict[Hashable, threading.Lock] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """The value of `key`, by `make` where it is not there."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key][0]
            making = self._making.setdefault(key, threading.Lock())
        with making:
            with self._lock:
                if key in self._values:
                    return self._values[key][0]
            try:
                value = make()
            finally:
                with self._lock:
                    self._making.pop(key, None)
            self._keep(key, value)
            return value

    def _keep(self, key: Hashable, value: Any) -> None:
        size = bytes_of(value)
        with self._lock:
            self._values[key] = (value, size)
            self._bytes += size
            while len(self._values) > 1 and (
                len(self._values) > self._most or self._bytes > self._most_bytes
            ):
                _, (_, gone) = self._values.popitem(last=False)
                self._bytes -= gone


def bytes_of(value: Any) -> int:
    """Memory (bytes) of the tensors, arrays and byte strings in a nest of dataclasses, tuples,
    lists and dictionaries; what several share counts once."""
    return sum(_memory(value).values())


def _memory(value: Any) -> dict[int, int]:
    """Bytes by address."""
    inside: Iterable[Any] = ()
    if isinstance(value, torch.Tensor):
        storage = value.untyped_storage()
        return {storage.data_ptr(): storage.nbytes()}
    if isinstance(value, np.ndarray | bytes | bytearray):
        return {id(value): value.nbytes if isinstance(value, np.ndarray) else len(value)}
    if isinstance(value, Mapping):
        inside = value.values()
    elif isinstance(value, tuple | list):
        inside = value
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        inside = (getattr(value, f.name) for f in dataclasses.fields(value))
    found: dict[int, int] = {}
    for each in inside:
        found |= _memory(each)
    return found


class Scene:
    """Items with different names, and what was computed for them (`cache`).

    All who draw one scene share its cache: the page for every visitor, the picture, the click.
    `passing` is a smaller cache, for what a dragged control makes anew all the time. up: 'x', 'y',
    'z', or with '-', which way is up in the files. origin: where in the files the scene's zero is.
    Raises GeometryError.
    """

    def __init__(
        self,
        items: Sequence[Item],
        up: str = "z",
        origin: tuple[float, float, float] = (0.0, 0.0, 0.0),
    ) -> None:
        names = [item.name for item in items]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise GeometryError(f"items: expected different names, got {twice[0]!r} twice")
        self.items = tuple(items)
        self.up = up
        self.origin = origin
        self._by_name = {item.name: item for item in items}
        self.cache = Cache()
        self.passing = Cache(most_bytes=1 << 30)
        self._shapes = Cache()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the items."""
        return tuple(item.name for item in self.items)

    @property
    def frame_count(self) -> int:
        """Frames of the longest sequence; 1 where nothing moves."""
        return max((len(item.frames) for item in self.items), default=1)

    def __getitem__(self, name: str) -> Item:
        if name not in self._by_name:
            raise GeometryError(f"name: expected one of {', '.join(self.names)}, got {name!r}")
        return self._by_name[name]

    def frame_of(self, item: Item, frame: int) -> int:
        """Which of its own frames an item shows; a shorter sequence stays at its last one."""
        return min(max(frame, 0), len(item.frames) - 1)

    def shape(self, name: str, frame: int = 0) -> Shape:
        """What item `name` is at a frame, on the CPU; read and kept if it was not read yet."""
        item = self[name]
        number = self.frame_of(item, frame)
        source = item.frames[number]
        if not callable(source) and (isinstance(source, PosedImages) or _on_cpu(source)):
            return source

        def read() -> Shape:
            shape = source() if callable(source) else source
            return shape if isinstance(shape, PosedImages) or _on_cpu(shape) else shape.to("cpu")

        return self._shapes.get((name, number), read)


def _on_cpu(shape: Mesh | PointCloud | VoxelGrid | SparseVoxels | Camera) -> bool:
    return shape.device.type == "cpu"
