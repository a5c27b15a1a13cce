"""Keyframes are added, changed, flown along, recorded, saved and read."""

import time
from types import SimpleNamespace

import pytest

from geomdl.errors import GeometryError
from geomdl.viewer.page import sharing
from geomdl.viewer.page.controls import Controls
from geomdl.viewer.page.tour import Tour
from geomdl.viewer.path import CameraPath
from geomdl.viewer.viewpoint import Viewpoint
from tests.geomdl.viewer.page.visitor import Visitor, ball, controls, scene_of, use


def at(x: float) -> Viewpoint:
    return Viewpoint((x, -5.0, 0.0), (0.0, 0.0, 0.0), (0.0, 0.0, 1.0), 40.0)


def make(*places: float) -> tuple[Visitor, Tour]:
    visitor = Visitor(scene_of(ball()))
    tour = Tour(Controls(visitor))
    for x in places:
        visitor.move(at(x))
        tour.add()
    return visitor, tour


def eyes(tour: Tour) -> list[float]:
    return [key.viewpoint.eye[0] for key in tour.keys]


def test_keyframes_are_added_after_the_chosen_one():
    visitor, tour = make(0, 2, 4)
    use(tour.chosen, tour.chosen.options[0])
    assert visitor.view == at(0)
    visitor.move(at(1))
    tour.add()
    assert eyes(tour) == [0, 1, 2, 4]
    assert tour.chosen.value.startswith("2 at 2.0 s")


def test_keyframes_are_replaced_and_removed():
    visitor, tour = make(0, 2, 4)
    visitor.move(at(9))
    use(controls(visitor)["Keyframe"], "replace")
    assert eyes(tour) == [0, 2, 9]
    use(tour.chosen, tour.chosen.options[0])
    use(controls(visitor)["Keyframe"], "remove")
    assert eyes(tour) == [2, 9]
    use(controls(visitor)["Keyframe"], "remove")
    use(controls(visitor)["Keyframe"], "remove")
    use(controls(visitor)["Keyframe"], "remove")
    assert tour.keys == []


def test_seconds_stretch_the_path():
    _, tour = make(0, 2)
    use(tour.chosen, tour.chosen.options[0])
    use(tour.seconds, 7.5)
    assert tour.path.seconds == 7.5
    assert tour.time.max == 7.5
    use(tour.loop, True)
    assert tour.path.seconds == 9.5


def test_the_slider_shows_the_way():
    visitor, tour = make(0, 2)
    use(tour.time, 1.0)
    assert visitor.view == tour.path.at(1.0)


def test_flying_ends_at_the_end():
    visitor, tour = make(0, 2)
    use(tour.chosen, tour.chosen.options[0])
    use(tour.seconds, 0.3)
    use(tour.time, 0.0)
    tour.toggle()
    end = time.monotonic() + 8
    while tour.play.label == "Stop":
        assert time.monotonic() < end
        time.sleep(0.01)
    assert visitor.view.eye == pytest.approx((2, -5, 0), abs=1e-4)


def test_nothing_to_fly_along():
    visitor, tour = make()
    with pytest.raises(GeometryError, match="keyframe"):
        tour.toggle()
    use(tour.play)
    assert visitor.notes
    _, tour = make(1)
    with pytest.raises(GeometryError, match="two"):
        tour.toggle()


def test_recording():
    visitor, tour = make()
    tour.toggle_recording()
    for i in range(8):
        time.sleep(0.01)
        visitor.move(at(i / 8))
    time.sleep(0.01)
    tour.toggle_recording()
    assert tour.record.label == "Record"
    assert tour.keys[-1].viewpoint.eye[0] == pytest.approx(7 / 8)
    assert tour.path.seconds > 0.05


def test_files_there_and_back():
    visitor, tour = make(0, 2, 4)
    use(tour.loop, True)
    use(controls(visitor)["Path"], "save")
    saved = visitor.files["a_path.json"]
    assert CameraPath.from_json(saved) == tour.path
    use(controls(visitor)["Path"], "clear")
    assert tour.keys == []
    load = controls(visitor)["Load a path"]
    load._impl.value = SimpleNamespace(name="p.json", content=saved)
    for callback in load._impl.update_cb:
        callback(SimpleNamespace(target=load, client=object()))
    assert eyes(tour) == [0, 2, 4]
    assert tour.loop.value


def test_broken_files_are_named():
    visitor, tour = make()
    load = controls(visitor)["Load a path"]
    load._impl.value = SimpleNamespace(name="p.json", content=b"{}")
    for callback in load._impl.update_cb:
        callback(SimpleNamespace(target=load, client=object()))
    assert tour.keys == []
    assert "geomdl_path" in visitor.notes[-1][1]


def test_the_command_of_a_film(monkeypatch: pytest.MonkeyPatch):
    visitor, _ = make(0, 2)
    monkeypatch.setattr(sharing.script, "run", lambda client, source: visitor.ran.append(source))
    use(controls(visitor)["Path"], "command")
    assert "--path a_path.json" in visitor.notes[-1][1]
