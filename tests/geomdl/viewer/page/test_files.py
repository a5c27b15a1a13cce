"""Rows show and hide items, and tell what these hold."""

import viser

from geomdl.errors import GeometryError
from geomdl.structures import Mesh
from geomdl.viewer.page import files
from geomdl.viewer.page.controls import Controls
from geomdl.viewer.page.files import toggled
from geomdl.viewer.scene import Item, Scene
from tests.geomdl.viewer.page.visitor import Visitor, ball, controls, dots, scene_of, use


def test_rows_toggle_and_follow():
    visitor = Visitor(scene_of(ball(), dots()))
    files.build(Controls(visitor))
    found = controls(visitor)
    assert {label.replace("\N{NO-BREAK SPACE}", " ") for label in found} == {
        "a · 320 faces", "b · 400 points",
    }  # fmt: skip
    first, row = found.values()
    use(row)
    assert visitor.look.hide == ("b",)
    assert row.icon == viser.Icon.EYE_OFF
    visitor.change(hide=("a",))
    assert row.icon == viser.Icon.EYE
    assert first.icon == viser.Icon.EYE_OFF


def test_several_at_once():
    visitor = Visitor(scene_of(*(ball(i) for i in range(4))))
    files.build(Controls(visitor))
    show = controls(visitor)["Show"]
    use(show, "none")
    assert visitor.look.hide == ("a", "b", "c", "d")
    use(show, "all")
    assert visitor.look.hide == ()
    visitor.change(hide=("b",))
    use(show, "others")
    assert visitor.look.hide == ("a", "c", "d")


def test_a_filter_chooses_among_many():
    cloud = dots(4)
    scene = Scene([Item(f"scan {i}", (cloud,)) for i in range(100)])
    visitor = Visitor(scene)
    files.build(Controls(visitor))
    rows = [name for name in controls(visitor) if name.startswith("scan")]
    assert len(rows) == files.MOST_ROWS
    use(controls(visitor)["Filter"], "9")
    rows = [name for name in controls(visitor) if name.startswith("scan")]
    assert len(rows) == 19
    assert all("9" in name for name in rows)


def test_toggled():
    assert toggled(("a", "b"), "a") == ("b",)
    assert toggled(("a",), "b") == ("a", "b")


def test_a_file_that_cannot_be_read_says_so():
    def broken() -> Mesh:
        raise GeometryError("no")

    visitor = Visitor(scene_of(ball()))
    visitor.scene = Scene([Item("a", (ball(),)), Item("b", (broken,))])
    files.build(Controls(visitor))
    assert any("cannot be read" in label for label in controls(visitor))
