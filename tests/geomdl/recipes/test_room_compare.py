import math

import pytest
import torch

from geomdl.errors import GeometryError
from geomdl.ops.rasterize import rasterize
from geomdl.recipes.room_compare import Visible, compare, distance_to
from geomdl.structures import Camera, Mesh, Pose
from scenes.build.primitives import box, icosphere

BALL = icosphere(0.5, 4)
CAMERA = Camera.from_fov(
    160, 120, math.radians(50), Pose.look_at(*torch.tensor([[2.0, 0, 0], [0, 0, 0], [0, 0, 1]]))
)


def marked(mesh: Mesh, times: int = 1) -> Visible:
    visible = Visible.on(mesh, 4000)
    seen = CAMERA.world_to_camera.apply(mesh.vertices)
    _, depth, _ = rasterize(seen, mesh.faces, CAMERA.intrinsics, 120, 160)
    for _ in range(times):
        visible.mark(CAMERA, depth[0], 0.1, 5.0, math.radians(80))
    return visible


def test_a_camera_sees_the_cap_of_a_ball() -> None:
    """From 2 m the cap with x > r^2 / d is visible; points near its rim may go either way."""
    visible = marked(BALL)
    x = visible.points[:, 0]
    slant = math.acos(0.125 / 0.5) - math.asin(0.125)
    assert slant > 0
    assert bool((visible.seen[x < 0.1] == 0).all())
    assert float((visible.seen[x > 0.27] == 1).float().mean()) > 0.99


def test_what_is_behind_is_not_seen() -> None:
    screen = box((0.1, 3.0, 3.0))
    shifted = Mesh(screen.vertices + torch.tensor([1.0, 0, 0]), screen.faces)
    both = Mesh.concatenate([BALL, shifted]).merged()
    visible = marked(both)
    on_ball = visible.points.norm(dim=1) < 0.6
    assert int(visible.seen[on_ball].sum()) == 0
    assert int(visible.seen[~on_ball].sum()) > 0


def test_range_and_count() -> None:
    visible = marked(BALL, 3)
    assert sorted(visible.seen.unique().tolist()) == [0, 3]
    before = visible.seen.clone()
    far = torch.full((120, 160), 1.5)
    visible.mark(CAMERA, far, 0.1, 1.0, 1.4)
    assert torch.equal(visible.seen, before)


def test_a_ball_too_large_by_a_centimetre() -> None:
    bigger = icosphere(0.51, 4)
    result = compare(bigger, BALL, marked(BALL, 3), threshold=0.02)
    assert result.accuracy == pytest.approx(0.01, abs=5e-4)
    assert result.completeness == pytest.approx(0.01, abs=5e-4)
    assert result.chamfer == pytest.approx(0.01, abs=5e-4)
    assert result.f_score == result.precision == result.recall == 1.0
    assert result.normal_consistency > 0.995
    assert compare(bigger, BALL, marked(BALL, 3), threshold=0.005).f_score == 0


def test_only_the_visible_part_is_asked_for() -> None:
    half = BALL.submesh(BALL.triangles.mean(1)[:, 0] > 0)
    result = compare(half, BALL, marked(BALL, 3))
    assert result.recall == 1.0
    assert result.f_score == 1.0
    everything = Visible.on(BALL, 4000)
    everything.seen += 3
    assert compare(half, BALL, everything).recall < 0.6
    with pytest.raises(GeometryError, match="no point was seen"):
        compare(half, BALL, Visible.on(BALL, 100))


def test_distance_and_cosine_to_a_box() -> None:
    points, normals = torch.tensor([[0.0, 0.0, 0.8]]), torch.tensor([[0.0, 0.6, -0.8]])
    distance, cosine = distance_to(box((1.0, 1.0, 1.0)), points, normals)
    assert float(distance) == pytest.approx(0.3, abs=1e-6)
    assert float(cosine) == pytest.approx(0.8, abs=1e-6)
