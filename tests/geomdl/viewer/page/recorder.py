"""A client of viser that only notes what is sent to it."""

import contextlib
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np


class Node:
    """What the page would show."""

    def __init__(self, owner: "Recorder", name: str, kind: str, fields: dict[str, Any]) -> None:
        self._owner = owner
        self.name = name
        self.kind = kind
        self.visible = True
        vars(self).update(fields)

    def remove(self) -> None:
        below = [n for n in self._owner.nodes if n == self.name or n.startswith(self.name + "/")]
        for name in below:
            del self._owner.nodes[name]


class Recorder:
    """Stands in for viser.ClientHandle: nodes by name, how many were made, bytes of points."""

    def __init__(self) -> None:
        self.nodes: dict[str, Node] = {}
        self.made = 0
        self.bytes = 0
        self.scene = self
        buffer = SimpleNamespace(message_from_id={})
        self._websock_connection = SimpleNamespace(get_message_buffer=lambda: buffer)

    def add_frame(self, name: str, **fields: Any) -> Node:
        self.nodes[name] = Node(self, name, "frame", fields)
        return self.nodes[name]

    def add_point_cloud(
        self, name: str, points: np.ndarray, colors: np.ndarray, **fields: Any
    ) -> Node:
        points = points.astype(fields["precision"])
        self.made += 1
        self.bytes += points.nbytes + colors.nbytes
        fields = {"scale": 1.0} | fields | {"points": points, "colors": colors}
        self.nodes[name] = Node(self, name, "points", fields)
        return self.nodes[name]

    @contextlib.contextmanager
    def atomic(self) -> Iterator[None]:
        yield
