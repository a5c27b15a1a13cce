"""Clicks show what is there and measure; what files say is escaped."""

from types import SimpleNamespace

import pytest
import torch

from geomdl.structures import Camera, Pose
from geomdl.viewer.page import inspect
from geomdl.viewer.page.controls import Controls
from geomdl.viewer.page.inspect import Inspector, measures_html, to_html
from tests.geomdl.viewer.page.visitor import Visitor, ball, controls, scene_of, use, words


def found(x: float, **values: str) -> SimpleNamespace:
    return SimpleNamespace(item="a", position=(x, 0.0, 0.5), index=1234, kind="face", values=values)


@pytest.fixture
def visitor(monkeypatch: pytest.MonkeyPatch) -> Visitor:
    """A visitor whose clicks hit what `visitor.hit` says."""
    made = Visitor(scene_of(ball()))
    made.hit = found(0.0, label="3 chair")
    monkeypatch.setattr(inspect, "pick", lambda *_: made.hit)
    made.inspector = Inspector(Controls(made))
    return made


def click(visitor: Visitor) -> None:
    for callback in visitor.clicks:
        callback((0.0, -5.0, 0.0), (0.0, 1.0, 0.0), 0.001)


def mark(visitor: Visitor):
    return visitor.client.scene._handle_from_node_name.get("/picked")


def test_a_click_shows_the_values_and_marks_the_place(visitor):
    click(visitor)
    for text in ("3 chair", "1,234", "0 0 0.5"):
        assert text in words(visitor)
    x, y, z = mark(visitor).position
    assert (x, z) == (0, 0.5)
    assert -0.1 < y < 0  # before the place, seen from the eye
    assert mark(visitor).visible


def test_the_value_stands_beside_the_mark(visitor):
    def beside() -> str:
        return visitor.client.scene._handle_from_node_name["/picked/words"].text

    click(visitor)
    assert beside() == "a · face 1,234"
    visitor.look = visitor.look.replace(color_by="label")
    click(visitor)
    assert beside() == "a · label 3 chair"
    visitor.inspector.clear()
    assert not mark(visitor).visible
    assert inspect.HINT in words(visitor)


def test_long_names_are_shortened():
    text = inspect.shortened("abc" * 50, 11)
    assert (len(text), text[:5], text[-5:]) == (11, "abcab", "bcabc")
    assert inspect.shortened("abc", 3) == "abc"


def test_a_click_on_nothing(visitor):
    click(visitor)
    visitor.hit = None
    click(visitor)
    assert "Nothing there" in words(visitor)
    assert not mark(visitor).visible


def test_two_clicks_measure(visitor):
    use(controls(visitor)["Measure"], True)
    click(visitor)
    assert visitor.look.measure == ()
    visitor.hit = found(3.0)
    click(visitor)
    assert visitor.look.measure == ((0.0, 0.0, 0.5, 3.0, 0.0, 0.5),)
    assert "<b>3</b>" in words(visitor)
    click(visitor)
    visitor.inspector.remove_last()
    assert len(visitor.look.measure) == 1
    visitor.inspector.remove_last()
    assert visitor.look.measure == ()


def test_clicks_do_not_measure_unasked(visitor):
    click(visitor)
    click(visitor)
    assert visitor.look.measure == ()
    visitor.inspector.measure()
    click(visitor)
    visitor.inspector.measure()
    visitor.inspector.measure()
    click(visitor)
    assert visitor.look.measure == ()


def test_all_distances_go_at_once(visitor):
    visitor.change(measure=((0.0,) * 6, (1.0,) * 6))
    assert controls(visitor)["Distances"].visible
    use(controls(visitor)["Distances"], "remove all")
    assert visitor.look.measure == ()
    assert not controls(visitor)["Distances"].visible


def test_one_may_look_through_a_camera(monkeypatch: pytest.MonkeyPatch):
    """What the camera projects to a corner of its image, the view projects there, too."""
    pose = Pose.look_at(
        torch.tensor([3.0, 1.0, 2.0]), torch.zeros(3), torch.tensor([0.2, 0.1, 1.0])
    )
    camera = Camera.from_fov(80, 60, 1.0, pose)
    visitor = Visitor(scene_of(Camera.stack([Camera.from_fov(80, 60, 1.0), camera])))
    inspector = Inspector(Controls(visitor))
    button = controls(visitor)["Look through this camera"]
    assert not button.visible
    hit = SimpleNamespace(item="a", position=(3.0, 1.0, 2.0), index=1, kind="camera", values={})
    monkeypatch.setattr(inspect, "pick", lambda *_: hit)
    click(visitor)
    assert button.visible
    use(button)
    point = torch.tensor([[0.3, -0.2, 0.1]])
    expected, _ = camera.project(point)
    got, _ = visitor.view.camera(80, 60).project(point)
    torch.testing.assert_close(got, expected, atol=1e-3, rtol=0)
    assert inspector.found is hit


def test_everything_is_escaped():
    html = to_html(found(0.0, **{"<b>": "<script>"}))
    assert "<script>" not in html
    assert "&lt;b&gt;" in html


def test_positions_are_told_as_the_files_count_them():
    assert "500002.500 −4000000.000 0.500" in to_html(found(2.5), (500000.0, -4000000.0, 0.0))
    assert "2.5 0 0.5" in to_html(found(2.5))
    dust = found(2.5)
    dust.position = (2.5, 4e-7, 0.5)
    assert "2.5 0 0.5" in to_html(dust)


def test_parts_of_a_distance():
    html = measures_html(((0.0, 0.0, 0.0, 3.0, -4.0, 0.0),))
    assert "<b>5</b>" in html
    assert "x 3 y 4 z 0" in html
