import math

import numpy as np
import pytest
import torch

from geomdl.viewer.drawing import Drawing
from geomdl.viewer.page.aim import AXES, aim, reach, size_of
from geomdl.viewer.viewpoint import Viewpoint
from tests.geomdl.viewer.page.visitor import serving


def drawing(size: float, up: str = "z") -> Drawing:
    return Drawing((), (), torch.zeros(3), torch.full((3,), size), up, "#ffffff")


@pytest.mark.parametrize("size", [1e-3, 1.0, 1e5])
def test_planes_scale_with_the_drawing(size: float) -> None:
    near, far = reach(drawing(size))
    diagonal = size * math.sqrt(3)
    assert math.isclose(size_of(drawing(size)), diagonal, rel_tol=1e-6)
    assert near < 1e-3 * diagonal
    assert far > 50 * diagonal


def test_a_point_has_a_size() -> None:
    assert size_of(drawing(0.0)) == 1


@pytest.mark.parametrize("up", AXES)
def test_visitors_begin_at_the_view(up: str) -> None:
    server = serving()
    view = Viewpoint((1, 2, 3), (4, 5, 6), AXES[up], 45)
    aim(server, view, drawing(2.0, up))
    camera = server.initial_camera
    assert np.allclose(camera.position, view.eye)
    assert np.allclose(camera.look_at, view.target)
    assert camera.up is not None
    assert np.allclose(camera.up, AXES[up])
    assert math.isclose(camera.fov, math.radians(45))
