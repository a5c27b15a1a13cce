import math
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch

from geomdl.errors import GeometryError
from geomdl.structures import Mesh
from geomdl.viewer.drawing import Drawing
from geomdl.viewer.look import Look, from_link
from geomdl.viewer.page import panel
from geomdl.viewer.page.server import Viewer
from geomdl.viewer.page.session import Session
from geomdl.viewer.scene import Item, Scene
from geomdl.viewer.viewpoint import Viewpoint
from tests.geomdl.viewer.page.caller import Caller


def until(true: Callable[[], Any], seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not become true"
        time.sleep(0.01)


@pytest.fixture(scope="module")
def viewer() -> Iterator[Viewer]:
    faces = torch.tensor([[0, 1, 2], [0, 3, 1], [0, 2, 3], [1, 3, 2]])
    corners = torch.tensor([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]])
    mesh = Mesh(corners, faces, attributes={"heat": corners.sum(1)})
    viewer = Viewer(Scene([Item("tent", (mesh,))]), port=0)
    yield viewer
    viewer.stop()


class Visit:
    def __init__(self, viewer: Viewer, search: str = "") -> None:
        before = {id(session) for session in viewer.sessions}
        self.caller = Caller(viewer.url, search)
        until(lambda: any(id(s) not in before for s in viewer.sessions))
        self.session: Session = next(s for s in viewer.sessions if id(s) not in before)
        until(lambda: self.session.drawing is not None and len(self.caller.of("GlbMessage")) > 0)
        self.settle()

    def settle(self) -> Drawing:
        done = threading.Event()
        self.session.later(done.set)
        assert done.wait(10)
        assert self.session.drawing is not None
        return self.session.drawing


@pytest.fixture
def enter(viewer: Viewer) -> Iterator[Callable[..., Visit]]:
    visits: list[Visit] = []

    def enter(search: str = "") -> Visit:
        visits.append(Visit(viewer, search))
        return visits[-1]

    yield enter
    for visit in visits:
        visit.caller.close()
    until(lambda: not viewer.sessions)


def test_a_change_is_drawn_and_announced(enter: Callable[..., Visit]) -> None:
    session = enter().session
    told: list[tuple[Look, Look]] = []
    drawn: list[Drawing] = []
    session.listen(lambda old, new: told.append((old, new)))
    session.on_drawing(drawn.append)
    session.change(color_by="heat", axes=True)
    assert session.look.color_by == "heat"
    until(lambda: told and len(drawn) > 1)
    assert (told[0][0].axes, told[0][1].axes) == (False, True)
    assert drawn[-1].legends[0].title


def test_many_changes_are_drawn_together(enter: Callable[..., Visit]) -> None:
    visit = enter()
    told: list[Look] = []
    visit.session.listen(lambda old, new: told.append(new))
    hold = threading.Event()
    visit.session.later(hold.wait)
    for i in range(50):
        visit.session.change(opacity=i / 50)
    hold.set()
    until(lambda: told)
    visit.settle()
    assert [look.opacity for look in told] == [0.98]


def test_bad_values_are_refused_and_change_nothing(enter: Callable[..., Visit]) -> None:
    session = enter().session
    before = session.look
    with pytest.raises(GeometryError, match="opacity"):
        session.change(opacity=2.0)
    assert session.look == before


def test_what_cannot_be_drawn_is_told_and_taken_back(enter: Callable[..., Visit]) -> None:
    visit = enter()
    looks: list[Look] = []
    visit.session.listen(lambda old, new: looks.append(new))
    visit.session.change(color_by="nothing like it")
    until(lambda: len(looks) == 2)
    assert visit.session.look.color_by == "own"
    assert looks[-1].color_by == "own"
    shown = [m["props"]["body"] for m in visit.caller.of("NotificationShowMessage")]
    until(lambda: visit.caller.of("NotificationShowMessage"))
    shown = [m["props"]["body"] for m in visit.caller.of("NotificationShowMessage")]
    assert any("nothing like it" in text for text in shown)


def test_a_link_brings_back_view_and_look(enter: Callable[..., Visit]) -> None:
    visit = enter()
    visit.session.change(clip=("x>50%",), color="#123456")
    visit.caller.camera(position=[4.0, 5.0, 6.0], look_at=[1.0, 0.5, 0.25], fov=0.5)
    until(lambda: visit.session.viewpoint().eye == (4, 5, 6))
    link = visit.session.link()
    assert link.startswith("http://here/?")
    look = from_link(link)
    assert look.eye == (4, 5, 6)
    assert look.target == (1, 0.5, 0.25)
    assert math.isclose(math.radians(look.fov), 0.5, rel_tol=1e-4)
    again = enter(link.partition("/?")[2])
    assert again.session.look.clip == ("x>50%",)
    assert again.session.look.color == "#123456"


def test_a_broken_link_is_told(enter: Callable[..., Visit]) -> None:
    visit = enter("?look=%7Bbroken")
    until(lambda: visit.caller.of("NotificationShowMessage"))
    assert visit.session.look == Look()


def test_visitors_do_not_share_a_look(enter: Callable[..., Visit]) -> None:
    one, two = enter(), enter()
    one.session.change(hide=("tent",))
    until(lambda: one.session.drawing is not None and not one.session.drawing.parts)
    assert two.session.look.hide == ()
    assert two.settle().parts


def test_cameras_of_a_group_move_together(enter: Callable[..., Visit]) -> None:
    one, two, alone = enter("?group=a1"), enter("?group=a1"), enter()
    assert one.session.link_group == "a1"
    one.settle(), two.settle(), alone.settle()
    time.sleep(0.5)
    counts = len(two.caller.of("SetCameraPositionMessage"))
    others = len(alone.caller.of("SetCameraPositionMessage"))
    one.caller.camera(position=[0.0, 9.0, 1.0])
    until(lambda: len(two.caller.of("SetCameraPositionMessage")) > counts)
    told = two.caller.of("SetCameraPositionMessage")[-1]["position"]
    assert list(told) == [0.0, 9.0, 1.0]
    assert len(alone.caller.of("SetCameraPositionMessage")) == others


def test_move_and_camera_callbacks(enter: Callable[..., Visit]) -> None:
    visit = enter()
    seen: list[Viewpoint] = []
    visit.session.on_camera(seen.append)
    visit.settle()
    visit.session.move(Viewpoint((3, 4, 5), (0, 0, 1), (0, 0, 1), 50))

    def last(kind: str, field: str) -> list[float]:
        return list(visit.caller.of(kind)[-1][field])

    until(lambda: last("SetCameraPositionMessage", "position") == [3, 4, 5])
    until(lambda: last("SetCameraLookAtMessage", "look_at") == [0, 0, 1])
    for x in range(10):
        visit.caller.camera(position=[float(x), -5.0, 0.0])
    until(lambda: seen and seen[-1].eye == (9, -5, 0))
    assert len(seen) < 8  # ten messages at once are not ten calls


def test_the_field_of_view_is_set_only_when_the_look_changes_it(
    enter: Callable[..., Visit],
) -> None:
    visit = enter()
    count = 2  # the initial view's and the fitted view's
    until(lambda: len(visit.caller.of("SetCameraFovMessage")) == count)
    visit.caller.camera(fov=0.5)
    until(lambda: visit.session.viewpoint().fov < 30)
    visit.session.change(axes=True)
    visit.settle()
    assert len(visit.caller.of("SetCameraFovMessage")) == count
    visit.session.change(fov=60.0)
    until(lambda: len(visit.caller.of("SetCameraFovMessage")) == count + 1)
    told = visit.caller.of("SetCameraFovMessage")[-1]["fov"]
    assert math.isclose(told, math.radians(60), rel_tol=1e-6)


def test_replaced_surfaces_go_when_the_page_says_so(enter: Callable[..., Visit]) -> None:
    visit = enter()
    pending = visit.session.pending
    assert pending > 0
    for mark in list(visit.session._nodes._waiting):
        visit.caller.say(ready=mark)
    until(lambda: visit.session.pending == 0)


def test_nonsense_from_the_page_is_ignored(enter: Callable[..., Visit]) -> None:
    visit = enter()
    visit.caller.say(ready="x", hello=None)
    visit.caller.say(ready=10**9)
    assert visit.settle().parts


def test_a_slow_page_gets_fewer_points(enter: Callable[..., Visit]) -> None:
    visit = enter()
    visit.settle()
    budget = visit.session._nodes._budget
    before = budget.points
    visit.caller.say(pace="fast")
    visit.caller.say(pace=6.0)
    until(lambda: budget.points == before // 2)


def test_controls_come_after_the_first_picture(
    enter: Callable[..., Visit], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bool] = []
    build = panel.build

    def late(session: Session) -> None:
        seen.append(session.drawing is not None)
        build(session)

    monkeypatch.setattr(panel, "build", late)
    enter()
    until(lambda: bool(seen))
    assert seen == [True]


def test_the_view_for_all_that_comes_late_does_not_undo_the_own_one(
    viewer: Viewer, enter: Callable[..., Visit]
) -> None:
    visit = enter()
    viewer.ready()
    visit.settle()
    until(lambda: visit.session._fitted is not None)
    narrow = {"image_width": 120}
    visit.caller.camera(position=visit.session.viewpoint().eye, **narrow)
    until(lambda: visit.session._fitted is not None and visit.session._fitted[1] == 0.4)
    visit.settle()
    own = visit.session.viewpoint().eye
    common = viewer._server.initial_camera.position.tolist()
    assert math.dist(own, common) > 0.01, "their proportions differ"
    sent = len(visit.caller.of("SetCameraPositionMessage"))
    visit.caller.camera(position=common, **narrow)
    until(lambda: len(visit.caller.of("SetCameraPositionMessage")) > sent)
    until(lambda: math.dist(visit.session.viewpoint().eye, own) < 1e-6)
    visit.caller.camera(position=[9.0, 9.0, 9.0], **narrow)
    until(lambda: visit.session._fitted is None)
    assert visit.session.viewpoint().eye == (9.0, 9.0, 9.0)
