"""The colour folder: menus of what there is, limits, the legend."""

import pytest

from geomdl.viewer.look import Look
from geomdl.viewer.page import coloring
from geomdl.viewer.page.controls import Controls
from tests.geomdl.viewer.page.visitor import Visitor, ball, controls, dots, scene_of, use, words


def make(look: Look = Look()) -> Visitor:  # noqa: B008
    visitor = Visitor(scene_of(ball(), dots()), look)
    coloring.build(Controls(visitor))
    return visitor


def test_the_menu_holds_the_attributes():
    visitor = make()
    menu = controls(visitor)["Colour by"]
    assert {"label", "height", "normals", "own colours"} <= set(menu.options)
    use(menu, "label")
    assert visitor.look.color_by == "label"
    visitor.change(color_by="height")
    assert menu.value == "height"


def test_distances_need_something_to_be_measured_to():
    visitor = make()
    use(controls(visitor)["Colour by"], "distance to …")
    assert (visitor.look.color_by, visitor.look.distance_to) == ("distance", "b")
    to = controls(visitor)["to"]
    assert to.visible
    use(to, "a")
    assert visitor.look.distance_to == "a"


def test_limits_are_fixed_and_free():
    visitor = make(Look(color_by="height"))
    ends = controls(visitor)["Limits"]
    low, high = ends.value
    assert -1.01 < low < high < 1.01
    use(controls(visitor)["Fix limits"], True)
    assert visitor.look.limits == pytest.approx((low, high))
    use(ends, (0.0, 0.5))
    assert visitor.look.limits == (0.0, 0.5)
    assert ">0.5<" in words(visitor)
    use(controls(visitor)["Fix limits"], False)
    assert visitor.look.limits is None
    assert ends.value == pytest.approx((low, high))


def test_limits_the_wrong_way_round_are_refused():
    visitor = make(Look(color_by="height", limits=(0.0, 1.0)))
    use(controls(visitor)["Limits"], (2.0, 1.0))
    assert visitor.look.limits == (0.0, 1.0)
    assert controls(visitor)["Limits"].value == (0.0, 1.0)
    assert visitor.notes


def test_another_colouring_forgets_the_limits():
    visitor = make(Look(color_by="height", limits=(0.0, 1.0)))
    use(controls(visitor)["Colour by"], "depth")
    assert visitor.look.limits is None


def test_a_colour_and_the_legend():
    visitor = make(Look(color_by="height"))
    use(controls(visitor)["Colour"], (255, 0, 128))
    assert visitor.look.color == "#ff0080"
    assert "geomdl-legend" in words(visitor)
    use(controls(visitor)["Legend"], False)
    assert "geomdl-legend" not in words(visitor)


def test_titles_and_names():
    for name in ("own", "distance", "my attribute"):
        assert coloring.name_of(coloring.title_of(name)) == name
    assert coloring.rgb("#ff8001") == (255, 128, 1)
    assert coloring.rgb("none") == (255, 255, 255)


def test_small_limits_keep_their_digits():
    visitor = make(Look(color_by="height", limits=(0.0012, 0.0049)))
    assert controls(visitor)["Limits"].value == pytest.approx((0.0012, 0.0049), abs=1e-6)
