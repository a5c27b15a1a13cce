from types import SimpleNamespace
from typing import Any

import pytest
import torch

from geomdl.structures import Camera, Mesh, Pose
from geomdl.viewer.drawing import Drawing, Lines, Part, Photo, Surface, Words
from geomdl.viewer.page import nodes
from geomdl.viewer.page.nodes import Files, Nodes
from geomdl.viewer.scene import Cache


class Node:
    def __init__(self, client: "Client", name: str, what: Any) -> None:
        self.client, self.name, self.what = client, name, what
        self.visible = True
        self._impl = SimpleNamespace(removed=False)

    def remove(self) -> None:
        self._impl.removed = True
        del self.client.nodes[self.name]


class Client:
    """Notes the nodes and the scripts that it is sent."""

    def __init__(self) -> None:
        self.nodes: dict[str, Node] = {}
        self.sent: list[str] = []
        self.ran: list[str] = []
        self.scene = self
        interface = SimpleNamespace(queue_message=lambda m: self.ran.append(m.source))
        self.gui = SimpleNamespace(_websock_interface=interface)

    def _add(self, name: str, what: Any) -> Node:
        assert name not in self.nodes
        self.sent.append(name)
        self.nodes[name] = Node(self, name, what)
        return self.nodes[name]

    def add_glb(self, name: str, data: bytes, **_: Any) -> Node:
        return self._add(name, data)

    def add_line_segments(self, name: str, points: Any, colors: Any, **_: Any) -> Node:
        return self._add(name, (points, colors))

    def add_label(self, name: str, text: str, **_: Any) -> Node:
        return self._add(name, text)

    @property
    def seen(self) -> set[str]:
        return {name.rsplit("/", 1)[0] for name, node in self.nodes.items() if node.visible}


class Page:
    def __init__(self) -> None:
        self.client = Client()
        self.delayed: list[Any] = []
        later = lambda f, s: self.delayed.append(f)  # noqa: E731
        self.nodes = Nodes(self.client, Files(), Cache(), later)  # type: ignore[arg-type]

    def show(self, *parts: Part) -> None:
        ends = torch.zeros(3), torch.ones(3)
        self.nodes.update(Drawing(parts, (), *ends, up="z", background="#ffffff"))

    def read(self) -> None:
        for mark in list(self.nodes._waiting):
            self.nodes.ready(mark)


def surface(key: object, name: str = "a/surface 0", count: int = 1, **fields: Any) -> Surface:
    mesh = fields.pop("mesh", None) or Mesh(torch.rand(3, 3), torch.tensor([[0, 1, 2]] * count))
    return Surface(name, "a", key, mesh, **fields)  # type: ignore[arg-type]


@pytest.fixture
def page() -> Page:
    return Page()


def test_equal_keys_are_not_sent_again(page: Page) -> None:
    page.show(surface(1))
    page.show(surface(1))
    assert len(page.client.sent) == 1


def test_an_old_surface_stays_until_the_new_one_is_read(page: Page) -> None:
    page.show(surface(1))
    page.read()
    page.show(surface(2))
    old, new = page.client.nodes.values()
    assert old.visible
    assert new.visible
    assert page.nodes.pending == 1
    page.read()
    assert not old.visible
    assert new.visible
    assert page.nodes.pending == 0


def test_without_an_answer_the_old_one_goes_after_a_while(page: Page) -> None:
    page.show(surface(1))
    page.show(surface(2))
    for function in page.delayed:
        function()
    assert [node.visible for node in page.client.nodes.values()] == [False, True]


def test_what_comes_back_is_not_sent_again(page: Page) -> None:
    first, second = surface(1), surface(2)
    page.show(first)
    page.show(second)
    page.show(first)
    page.read()
    assert len(page.client.sent) == 2
    assert [node.visible for node in page.client.nodes.values()] == [True, False]


def test_what_is_gone_is_hidden_at_once(page: Page) -> None:
    page.show(surface(1), surface(3, "b/surface 0"))
    page.show(surface(3, "b/surface 0"))
    assert page.client.seen == {"/b/surface 0"}


def test_another_style_of_the_same_mesh_is_told_not_sent(page: Page) -> None:
    mesh = surface(0).mesh
    page.show(surface(1, mesh=mesh))
    page.show(surface(2, mesh=mesh, opacity=0.5, lit=False))
    assert len(page.client.sent) == 1
    (told,) = page.client.ran
    assert "style(" in told
    assert '"opacity": 0.5' in told
    assert '"lit": false' in told


def test_wireframe_adds_edges_or_stands_alone(page: Page) -> None:
    mesh = surface(0).mesh
    page.show(surface(1, mesh=mesh))
    page.show(surface(2, mesh=mesh, wireframe="over"))
    page.read()
    assert page.client.seen == {"/a/surface 0", "/a/surface 0 edges"}
    page.show(surface(3, mesh=mesh, wireframe="only"))
    page.read()
    assert page.client.seen == {"/a/surface 0 edges"}
    assert len(page.client.sent) == 2


def test_small_things_are_sent_first(page: Page) -> None:
    segment = torch.rand(1, 2, 3)
    page.show(
        surface(1, "big/surface 0", count=50),
        surface(2, "small/surface 0"),
        Lines("box", "a", 3, segment, torch.rand(1, 3)),
        Words("word", "a", 4, torch.zeros(3), "<b>hello"),
    )
    names = [name.split("/")[1] for name in page.client.sent]
    assert names == ["box", "word", "small", "big"]
    assert next(n.what for n in page.client.nodes.values() if "word" in n.name) == "<b>hello"


def test_the_pyramids_of_an_item_are_one_node(page: Page) -> None:
    camera = Camera(torch.tensor([[50.0, 0, 20], [0, 50, 10], [0, 0, 1]]), Pose.identity(), 40, 20)
    photos = [Photo(f"p/{i}", "p", i, camera, 1.0, torch.rand(2, 4, 3)) for i in range(3)]
    bare = Photo("p/3", "p", 3, camera, 1.0, None)
    page.show(*photos, bare)
    page.read()
    assert page.client.seen == {"/p/pyramids", "/p/0", "/p/1", "/p/2"}
    points, colors = next(n.what for n in page.client.nodes.values() if "pyramids" in n.name)
    assert points.shape == (32, 2, 3)
    assert colors.shape == (32, 2, 3)
    page.show(*photos[:2])
    assert page.client.seen == {"/p/pyramids", "/p/0", "/p/1"}


def test_hidden_nodes_are_forgotten_in_the_end(page: Page, monkeypatch) -> None:
    monkeypatch.setattr(nodes, "HIDDEN_NODES", 3)
    for key in range(10):
        page.show(surface(key))
        page.read()
    assert len(page.client.nodes) == 4
    assert sum(node.visible for node in page.client.nodes.values()) == 1
    page.show(surface(0))
    assert len(page.client.sent) == 11


def test_files_are_made_once_for_all_visitors(monkeypatch) -> None:
    made: list[int] = []
    real = nodes.glb.surface
    monkeypatch.setattr(nodes.glb, "surface", lambda *a: made.append(1) or real(*a))
    files, part = Files(), surface(1)
    for _ in range(2):
        client = Client()
        shown = Nodes(client, files, Cache(), lambda f, s: None)  # type: ignore[arg-type]
        shown.update(Drawing((part,), (), torch.zeros(3), torch.ones(3), "z", "#ffffff"))
        assert len(client.sent) == 1
    assert made == [1]
