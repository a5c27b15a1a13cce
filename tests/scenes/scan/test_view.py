import math

import pytest
import torch

from geomdl.errors import GeometryError
from geomdl.structures import Camera, Mesh, Pose
from scenes.build.paint import painted
from scenes.build.primitives import plane
from scenes.scan.view import view

CAMERA = Camera.from_fov(40, 30, math.radians(60))


def wall(slant: float = 0.0) -> Mesh:
    """A wall 2 m before the camera, turned about the vertical by `slant`."""
    sheet = painted(plane(20.0, 20.0, 2.0), torch.tensor([0.2, 0.4, 0.6]))
    pose = Pose.from_axis_angle(torch.tensor([0.0, slant, 0.0]), torch.tensor([0.0, 0.0, 2.0]))
    return sheet.transformed(pose)


def test_a_slanted_wall_has_the_depth_of_its_plane() -> None:
    slant = 0.5
    mesh = wall(slant)
    assert mesh.colors is not None
    found = view(mesh, mesh.colors[mesh.faces], CAMERA)
    directions = CAMERA.camera_directions(CAMERA.pixel_centres().reshape(-1, 2))
    normal = torch.tensor([math.sin(slant), 0.0, math.cos(slant)])
    depth = 2 * normal[2] / (directions @ normal)
    assert torch.allclose(found.depth.reshape(-1), depth, rtol=1e-4)
    cosine = torch.nn.functional.normalize(directions, dim=-1) @ normal
    assert torch.allclose(found.cosine.reshape(-1), cosine, atol=1e-4)
    assert torch.allclose(found.radiance, torch.tensor([0.2, 0.4, 0.6]), atol=1e-4)
    assert bool((found.face >= 0).all())


def test_nothing_is_infinitely_far() -> None:
    mesh = wall()
    assert mesh.colors is not None
    away = CAMERA.with_pose(Pose.from_axis_angle(torch.tensor([0.0, math.pi, 0.0])))
    found = view(mesh, mesh.colors[mesh.faces], away)
    assert bool(torch.isinf(found.depth).all())
    assert int(found.face.max()) == -1
    assert float(found.radiance.abs().max()) == 0
    with pytest.raises(GeometryError, match="camera"):
        view(mesh, mesh.colors[mesh.faces], Camera.stack([CAMERA, CAMERA]))
