"""Every key does what its line says, no two are the same, and none is one of viser's own."""

from types import SimpleNamespace

import pytest

from geomdl.viewer.page import keys
from geomdl.viewer.page.controls import Controls
from geomdl.viewer.page.inspect import Inspector
from geomdl.viewer.page.playing import Player
from geomdl.viewer.page.tour import Tour
from geomdl.viewer.viewpoint import named
from tests.geomdl.viewer.page.visitor import Visitor, ball, dots, scene_of, words

VISER = set("WASDQE") | {"arrowup", "arrowdown", "arrowleft", "arrowright"}


@pytest.fixture
def visitor() -> Visitor:
    made = Visitor(scene_of(ball(), dots(), frames=3))
    panel = Controls(made)
    made.keys = keys.all_keys(panel, Tour(panel), Inspector(panel), Player(panel))
    made.panel = panel
    return made


def press(visitor: Visitor, key: str, shift: bool = False) -> None:
    next(k for k in visitor.keys if (k.key, k.shift) == (key, shift)).act()


def test_no_two_are_the_same(visitor):
    pressed = [(key.key, key.shift) for key in visitor.keys]
    assert len(pressed) == len(set(pressed))
    assert not VISER & {key for key, _ in pressed}
    assert not any(key.key.isdigit() and key.shift for key in visitor.keys)  # another sign then


def test_they_are_listed_and_registered(visitor):
    keys.build(visitor.panel, visitor.keys)
    html = words(visitor)
    for key in visitor.keys:
        assert f">{key.shown}<" in html
    commands = visitor.client.gui._command_handle_from_uuid.values()
    assert {(c.hotkey, c.modifier == "shift") for c in commands} == {
        (key.key, key.shift) for key in visitor.keys
    }


def test_registered_keys_act(visitor):
    keys.build(visitor.panel, visitor.keys)
    handles = visitor.client.gui._command_handle_from_uuid.values()
    box = next(handle for handle in handles if handle.hotkey == "B")
    for callback in box._impl.trigger_cb:
        callback(SimpleNamespace())
    assert visitor.look.box


def test_switches(visitor):
    switches = {"L": "legend", "G": "axes", "B": "box", "N": "names", "V": "cameras", "I": "photos"}
    for key, name in switches.items():
        before = getattr(visitor.look, name)
        press(visitor, key)
        assert getattr(visitor.look, name) is not before
        press(visitor, key)
        assert getattr(visitor.look, name) is before


def test_circles(visitor):
    seen = []
    for _ in range(3):
        press(visitor, "F")
        seen.append(visitor.look.wireframe)
    assert seen == ["over", "only", "off"]
    press(visitor, "H")
    assert visitor.look.shading == "flat"
    names = []
    for _ in range(6):
        press(visitor, "C")
        names.append(visitor.look.color_by)
    assert names == ["plain", "normal", "height", "depth", "label", "own"]


def test_views(visitor):
    press(visitor, "5")
    assert visitor.view == named(visitor.drawing, visitor.look, "top", 1.5)
    press(visitor, "home")
    assert visitor.view.eye[2] < 5


def test_cuts(visitor):
    press(visitor, "X")
    press(visitor, "Z")
    assert visitor.look.clip == ("x<50%", "z<50%")
    press(visitor, "X")
    assert visitor.look.clip == ("z<50%",)
    press(visitor, "X", shift=True)
    assert len(visitor.look.clip) == 2
    press(visitor, "U")
    assert visitor.look.clip == ()


def test_points_grow_and_shrink(visitor):
    press(visitor, "pageup", shift=True)
    larger = visitor.look.point_size
    press(visitor, "pagedown", shift=True)
    assert visitor.look.point_size == pytest.approx(larger * 0.8)


def test_one_item_at_a_time(visitor):
    press(visitor, "O")
    assert visitor.look.hide == ("b",)
    press(visitor, "O")
    assert visitor.look.hide == ("a",)
    press(visitor, "O", shift=True)
    assert visitor.look.hide == ()


def test_frames(visitor):
    press(visitor, "pagedown")
    assert visitor.look.frame == 1
    press(visitor, "pageup")
    assert visitor.look.frame == 0


def test_no_frames_no_keys():
    visitor = Visitor(scene_of(ball()))
    panel = Controls(visitor)
    found = keys.all_keys(panel, Tour(panel), Inspector(panel), None)
    assert not {"space", "O"} & {key.key for key in found}
