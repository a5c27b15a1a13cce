"""Sliders cut, follow what cut elsewhere, and leave free planes alone."""

import pytest

from geomdl.viewer.look import Look
from geomdl.viewer.page import clipping
from geomdl.viewer.page.controls import Controls
from geomdl.viewer.scene import Item, Scene
from geomdl.viewer.viewpoint import Viewpoint
from tests.geomdl.viewer.page.visitor import Visitor, ball, controls, scene_of, use


def make(look: Look = Look()) -> Visitor:  # noqa: B008
    visitor = Visitor(scene_of(ball()), look)
    clipping.build(Controls(visitor))
    return visitor


def test_sliders_span_the_box():
    found = controls(make())
    for axis in "XYZ":
        assert found[axis].value == pytest.approx((-1, 1), abs=0.01)


def test_a_thumb_cuts_and_the_box_stays():
    visitor = make()
    use(controls(visitor)["X"], (-1.0, 0.25))
    assert visitor.look.clip == ("x<0.25",)
    assert controls(visitor)["X"].max == pytest.approx(1, abs=0.01)
    assert controls(visitor)["Z"].value == pytest.approx((-1, 1), abs=0.01)


def test_sliders_follow_a_key_or_a_link():
    visitor = make(Look(clip=("y<50%",)))
    assert controls(visitor)["Y"].value == pytest.approx((-1, 0), abs=0.01)
    visitor.change(clip=())
    assert controls(visitor)["Y"].value == pytest.approx((-1, 1), abs=0.01)


def test_a_plane_across_the_view():
    visitor = make()
    visitor.move(Viewpoint((3.0, 4.0, 0.0), (0.0, 0.0, 0.0), (0.0, 0.0, 1.0), 40.0))
    use(controls(visitor)["Plane"], "add")
    assert visitor.look.clip == ("0.6,0.8,0<0",)
    slider = controls(visitor)["Plane 1"]
    assert (slider.min, slider.max) == pytest.approx((-1.4, 1.4), abs=0.02)
    use(slider, 0.5)
    assert visitor.look.clip == ("0.6,0.8,0<0.5",)
    use(controls(visitor)[""], "flip")
    assert visitor.look.clip == ("0.6,0.8,0>0.5",)
    assert controls(visitor)["Plane 1"].value == pytest.approx(-0.5)
    use(controls(visitor)["X"], (-0.5, 1.0))
    assert visitor.look.clip == ("x>-0.5", "0.6,0.8,0>0.5")
    use(controls(visitor)[""], "remove")
    assert visitor.look.clip == ("x>-0.5",)
    assert "Plane 1" not in controls(visitor)
    use(controls(visitor)["Plane"], "none")
    assert visitor.look.clip == ()


def test_planes_are_typed_and_told():
    visitor = make()
    field = controls(visitor)["Planes"]
    for typed in ("z", "z<", "z<0."):
        use(field, typed)
    assert visitor.notes == [], "half a plane is no mistake"
    use(field, "z < 0.5 x>25%")
    assert visitor.look.clip == ("z<0.5", "x>25%")
    assert field.value == "z < 0.5 x>25%", "nobody writes into what is being typed"
    assert controls(visitor)["Z"].value == pytest.approx((-1, 0.5), abs=0.01)
    use(controls(visitor)["Y"], (-1.0, 0.0))
    assert field.value == " ".join(visitor.look.clip)
    assert "y<0" in field.value
    use(field, "")
    assert visitor.look.clip == ()


def test_a_sequence_widens_the_sliders_and_stays_whole():
    visitor = Visitor(Scene([Item("a", (ball(), ball(3.0)))]))
    clipping.build(Controls(visitor))
    slider = controls(visitor)["X"]
    visitor.change(frame=1)
    assert controls(visitor)["X"] is slider
    assert (slider.min, slider.max) == pytest.approx((-1, 4), abs=0.01)
    assert slider.value == (slider.min, slider.max), "nothing is cut, and nothing seems to be"
    visitor.change(frame=0)
    assert (slider.min, slider.max) == pytest.approx((-1, 4), abs=0.01)
    visitor.change(clip=("x<50%",))
    assert slider.value == pytest.approx((-1, 0), abs=0.01)


def test_hidden_things_narrow_the_sliders():
    visitor = Visitor(scene_of(ball(), ball(3.0)))
    clipping.build(Controls(visitor))
    assert controls(visitor)["X"].max == pytest.approx(4, abs=0.01)
    visitor.change(hide=("b",))
    assert controls(visitor)["X"].value == pytest.approx((-1, 1), abs=0.01)
    assert controls(visitor)["X"].max == pytest.approx(1, abs=0.01)
