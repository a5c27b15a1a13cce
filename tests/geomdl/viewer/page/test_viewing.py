"""The view folder moves the camera and switches what is drawn beside the items."""

import math

import numpy as np
import pytest

from geomdl.viewer.look import Look
from geomdl.viewer.page import viewing
from geomdl.viewer.page.controls import Controls
from geomdl.viewer.viewpoint import Viewpoint, named
from tests.geomdl.viewer.page.visitor import Visitor, ball, controls, scene_of, use


def make() -> Visitor:
    visitor = Visitor(scene_of(ball()))
    viewing.build(Controls(visitor))
    return visitor


def test_named_sides():
    visitor = make()
    use(controls(visitor)["Go to"], "left")
    assert visitor.view == named(visitor.drawing, visitor.look, "left", 1.5)
    assert visitor.view.eye[0] < -2


def test_fit_keeps_the_direction():
    visitor = make()
    visitor.move(Viewpoint((30.0, 40.0, 0.0), (0.0, 0.0, 0.0), (0.0, 0.0, 1.0), 40.0))
    use(controls(visitor)["Go to"], "fit")
    view = visitor.view
    away = np.subtract(view.eye, view.target)
    np.testing.assert_allclose(away / np.linalg.norm(away), (0.6, 0.8, 0), atol=1e-3)
    assert np.linalg.norm(view.eye) == pytest.approx(1 / math.sin(math.radians(20)), rel=0.2)


def test_fields():
    visitor = make()
    use(controls(visitor)["Up"], "-y")
    use(controls(visitor)["Lens °"], 55.0)
    use(controls(visitor)["Background"], (0, 0, 0))
    for label in ("Axes", "Box", "Names"):
        use(controls(visitor)[label], True)
    assert visitor.look == Look(
        up="-y", fov=55.0, background="#000000", axes=True, box=True, names=True
    )
    use(controls(visitor)["Up"], "auto")
    assert visitor.look.up is None


def test_status_and_links():
    visitor = make()
    use(controls(visitor)["Status"], False)
    assert visitor.status is False
    use(controls(visitor)["Link views"], True)
    assert visitor.link_group == viewing.GROUP
    use(controls(visitor)["Link views"], False)
    assert visitor.link_group is None


def test_circles():
    assert viewing.next_of(("a", "b"), "b") == "a"
    assert viewing.next_of(("a", "b"), "other") == "a"
    assert viewing.closer(Look(), 2.0, 0.1) == {"point_size": 0.2}
    assert viewing.closer(Look(point_size=1.0), 0.5, 0.1) == {"point_size": 0.5}
