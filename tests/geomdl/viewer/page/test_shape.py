"""The shape folder has controls for what there is, and sizes that show what was taken."""

import pytest
import torch

from geomdl.structures import Camera, VoxelGrid
from geomdl.viewer.contents import kinds
from geomdl.viewer.drawing import Dots, Photo
from geomdl.viewer.look import Look
from geomdl.viewer.page import shape
from geomdl.viewer.page.controls import Controls
from tests.geomdl.viewer.page.visitor import Visitor, ball, controls, dots, scene_of, use

SURFACE = {"Shading", "Wireframe", "Sides", "Opacity"}


def make(*shapes) -> Visitor:
    visitor = Visitor(scene_of(*shapes))
    shape.build(Controls(visitor), kinds(visitor.scene))
    return visitor


def test_only_what_there_is():
    assert set(controls(make(ball()))) == SURFACE
    assert set(controls(make(dots()))) == {"Point size"}
    assert {"Cameras", "Photos"} <= set(controls(make(Camera.from_fov(8, 6, 1.0))))


def test_surfaces():
    visitor = make(ball())
    use(controls(visitor)["Wireframe"], "only")
    use(controls(visitor)["Shading"], "flat")
    use(controls(visitor)["Sides"], "front")
    use(controls(visitor)["Opacity"], 0.3)
    look = visitor.look
    assert (look.wireframe, look.shading, look.sides, look.opacity) == (
        "only",
        "flat",
        "front",
        0.3,
    )


def test_the_point_size_shows_what_was_taken():
    visitor = make(dots())
    slider = controls(visitor)["Point size"]
    taken = next(2 * p.radius for p in visitor.drawing.parts if isinstance(p, Dots))
    assert slider.visible
    assert slider.value == pytest.approx(taken, abs=slider.step)
    use(slider, 2 * slider.step)
    assert visitor.look.point_size == 2 * slider.step
    use(slider, 0.0)
    assert visitor.look.point_size is None
    assert slider.value == pytest.approx(taken, abs=slider.step)


def test_a_size_that_was_asked_for_is_shown():
    visitor = Visitor(scene_of(Camera.from_fov(8, 6, 1.0)), Look(camera_size=0.8))
    shape.build(Controls(visitor), kinds(visitor.scene))
    slider = controls(visitor)["Camera size"]
    assert slider.value == pytest.approx(0.8, abs=slider.step)


def test_camera_size_and_switches():
    visitor = make(Camera.from_fov(8, 6, 1.0))
    slider = controls(visitor)["Camera size"]
    taken = next(p.size for p in visitor.drawing.parts if isinstance(p, Photo))
    assert slider.value == pytest.approx(taken, abs=slider.step)
    use(controls(visitor)["Cameras"], False)
    assert not visitor.look.cameras


def test_the_level_runs_over_the_values():
    grid = VoxelGrid(torch.linspace(-2, 3, 6 * 6 * 6).reshape(6, 6, 6), "sdf")
    visitor = make(grid)
    slider = controls(visitor)["Level"]
    assert (slider.min, slider.max, slider.value) == (-2, 3, 0)
    use(slider, 1.5)
    assert visitor.look.level == 1.5
    use(controls(visitor)["Voxels"], "cells")
    use(controls(visitor)["Slices"], False)
    assert (visitor.look.voxels, visitor.look.slices) == ("cells", False)
