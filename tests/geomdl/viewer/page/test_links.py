import time

from geomdl.viewer.page import links
from geomdl.viewer.viewpoint import Viewpoint


class Page:
    def __init__(self) -> None:
        self.views: list[Viewpoint] = []

    def move(self, viewpoint: Viewpoint) -> None:
        self.views.append(viewpoint)


def view(x: float) -> Viewpoint:
    return Viewpoint((x, 0, 0), (0, 0, 0), (0, 0, 1), 40)


def test_a_group_follows_and_others_do_not() -> None:
    group = links.Links()
    a, b, c, d = Page(), Page(), Page(), Page()
    for page, name in ((a, "one"), (b, "one"), (c, "two")):
        group.join(page, name)
    group.moved(a, view(1))
    assert (a.views, b.views, c.views, d.views) == ([], [view(1)], [], [])
    group.moved(d, view(2))
    assert b.views == [view(1)]


def test_echoes_do_not_move_the_leader() -> None:
    group = links.Links()
    a, b = Page(), Page()
    group.join(a, "one")
    group.join(b, "one")
    for x in range(3):
        group.moved(a, view(x))
        group.moved(b, view(x - 0.5))  # where b was a moment ago
    assert a.views == []
    assert b.views == [view(0), view(1), view(2)]


def test_another_page_leads_after_a_while(monkeypatch) -> None:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    group = links.Links()
    a, b = Page(), Page()
    group.join(a, "one")
    group.join(b, "one")
    group.moved(a, view(1))
    now[0] += links.ECHO + 0.01
    group.moved(b, view(2))
    assert a.views == [view(2)]


def test_who_left_is_left_alone() -> None:
    group = links.Links()
    a, b = Page(), Page()
    group.join(a, "one")
    group.join(b, "one")
    assert group.group(b) == "one"
    group.join(b, None)
    group.moved(a, view(1))
    assert b.views == []
    assert group.group(b) is None
