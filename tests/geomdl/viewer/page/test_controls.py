"""Controls change the look, follow it, and take back what cannot be."""

from geomdl.viewer.look import Look
from geomdl.viewer.page.controls import Controls, show
from tests.geomdl.viewer.page.visitor import Visitor, ball, scene_of, use


def make() -> tuple[Visitor, Controls]:
    visitor = Visitor(scene_of(ball()))
    return visitor, Controls(visitor)


def test_both_ways():
    visitor, controls = make()
    slider = controls.gui.add_slider("Opacity", 0.0, 1.0, 0.01, 1.0)
    controls.field(slider, "opacity")
    use(slider, 0.4)
    assert visitor.look.opacity == 0.4
    visitor.change(opacity=0.7)
    assert slider.value == 0.7


def test_following_is_not_the_visitor():
    """Setting a control because the look changed must not change the look again."""
    visitor, controls = make()
    slider = controls.gui.add_slider("Lens", 10.0, 50.0, 1.0, 40.0)
    controls.field(slider, "fov")
    visitor.change(fov=90.0)
    assert slider.value == 50.0
    assert visitor.look.fov == 90.0


def test_what_cannot_be_is_said_and_taken_back():
    visitor, controls = make()
    number = controls.gui.add_number("Opacity", 1.0)
    controls.field(number, "opacity")
    use(number, 7.0)
    assert visitor.look == Look()
    assert number.value == 1.0
    assert "opacity" in visitor.notes[0][1]


def test_a_menu_shows_only_what_it_holds():
    _, controls = make()
    menu = controls.gui.add_dropdown("Menu", ("one", "two"))
    show(menu, "two")
    assert menu.value == "two"


def test_no_more_decimals_than_are_shown():
    """A browser that has to round a number takes the focus, and keys no longer work."""
    _, controls = make()
    slider = controls.gui.add_slider("Size", 0.0, 1.0, 0.01, 0.0)
    show(slider, 0.123456)
    assert slider.value == 0.12
    both = controls.gui.add_multi_slider("X", 0.0, 1.0, 0.01, (0.0, 1.0))
    show(both, (0.123456, 3.0))
    assert both.value == (0.12, 1.0)
