"""The path is a line and a pyramid for each keyframe."""

import numpy as np
import pytest

from geomdl.viewer.page.controls import Controls
from geomdl.viewer.page.flight import MOST_PYRAMIDS, Flight
from geomdl.viewer.path import CameraPath, Keyframe
from geomdl.viewer.viewpoint import Viewpoint
from tests.geomdl.viewer.page.visitor import Visitor, ball, scene_of

Z = (0.0, 0.0, 1.0)


def path(count: int) -> CameraPath:
    views = [Viewpoint((float(i), -5.0, 0.0), (float(i), 0.0, 0.0), Z, 40.0) for i in range(count)]
    return CameraPath(tuple(map(Keyframe, views)))


def nodes(visitor: Visitor) -> dict:
    handles = visitor.client.scene._handle_from_node_name
    return {name: handle for name, handle in handles.items() if name.startswith("/flight")}


def test_it_stands_where_the_camera_goes():
    visitor = Visitor(scene_of(ball()))
    flight = Flight(Controls(visitor))
    flight.draw(path(3), print)
    found = nodes(visitor)
    assert set(found) == {"/flight", "/flight/line", "/flight/0", "/flight/1", "/flight/2"}
    np.testing.assert_allclose(found["/flight/2"].position, (2, -5, 0), atol=1e-5)
    ends = found["/flight/line"].points
    np.testing.assert_allclose(ends[0, 0], (0, -5, 0), atol=1e-5)
    np.testing.assert_allclose(ends[-1, 1], (2, -5, 0), atol=1e-5)
    np.testing.assert_allclose(found["/flight/0"].fov, np.radians(40))


def test_another_path_takes_its_place():
    visitor = Visitor(scene_of(ball()))
    flight = Flight(Controls(visitor))
    flight.draw(path(3), print)
    flight.draw(path(1), print)
    assert set(nodes(visitor)) == {"/flight", "/flight/0"}
    flight.visible(False)
    assert not nodes(visitor)["/flight"].visible
    flight.draw(None, print)
    assert nodes(visitor) == {}
    flight.visible(True)


@pytest.mark.parametrize("count", [MOST_PYRAMIDS, 500])
def test_many_keyframes_have_few_pyramids(count):
    visitor = Visitor(scene_of(ball()))
    Flight(Controls(visitor)).draw(path(count), print)
    assert len(nodes(visitor)) - 2 <= MOST_PYRAMIDS
