import pytest
import torch
from scipy.linalg import expm
from scipy.spatial.transform import Rotation, Slerp

from geomdl.errors import GeometryError
from geomdl.structures import Pose, rotation


def poses(count: int = 5, seed: int = 0) -> Pose:
    rng = torch.Generator().manual_seed(seed)
    rows = torch.randn(count, 6, generator=rng, dtype=torch.float64)
    return Pose.from_axis_angle(rows[:, :3], rows[:, 3:])


def test_composition_and_inverse_are_those_of_matrices() -> None:
    a, b = poses(seed=0), poses(seed=1)
    assert torch.allclose((a @ b).matrix(), a.matrix() @ b.matrix())
    assert torch.allclose(a.inverse().matrix(), torch.linalg.inv(a.matrix()))
    points = torch.randn(5, 7, 3, dtype=torch.float64)
    assert torch.allclose((a @ b).apply(points), a.apply(b.apply(points)))
    assert torch.allclose(a.inverse().apply(a.apply(points)), points)
    assert a.apply(points[0]).shape == (5, 7, 3)


def test_exp_against_the_matrix_exponential() -> None:
    twist = torch.randn(4, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    twist[0] *= 1e-6
    for row in twist:
        algebra = torch.zeros(4, 4, dtype=torch.float64)
        algebra[:3, :3] = rotation.skew(row[3:])
        algebra[:3, 3] = row[:3]
        wanted = torch.from_numpy(expm(algebra.numpy()))
        assert torch.allclose(Pose.exp(row).matrix(), wanted, atol=1e-12)
    assert torch.allclose(Pose.exp(twist).log(), twist, atol=1e-9)


def test_interpolation_against_scipy_slerp() -> None:
    two = poses(2)
    slerp = Slerp([0, 1], Rotation.from_matrix(two.rotation.numpy()))
    for amount in (0.0, 0.25, 0.7, 1.0):
        between = two[0].interpolate(two[1], amount)
        assert torch.allclose(between.rotation, torch.from_numpy(slerp(amount).as_matrix()))
        line = two.translation[0] + amount * (two.translation[1] - two.translation[0])
        assert torch.allclose(between.translation, line)
    many = two[0].interpolate(two[1], torch.linspace(0, 1, 9, dtype=torch.float64))
    assert many.shape == (9,)


def test_matrix_and_quaternion_round_trip() -> None:
    a = poses()
    assert torch.equal(Pose.from_matrix(a.matrix()).matrix(), a.matrix())
    assert torch.equal(Pose.from_matrix(a.matrix()[:, :3]).matrix(), a.matrix())
    again = Pose.from_quaternion(a.quaternion(), a.translation)
    assert torch.allclose(again.matrix(), a.matrix())


def test_look_at_sees_the_target_upright() -> None:
    eye, target = torch.tensor([1.0, 2.0, 3.0]), torch.tensor([4.0, -1.0, 2.0])
    up = torch.tensor([0.0, 0.0, 1.0])
    pose = Pose.look_at(eye, target, up)
    seen = pose.apply(torch.stack([eye, target, target + up]))
    assert torch.allclose(seen[0], torch.zeros(3), atol=1e-6)
    assert torch.allclose(seen[1, :2], torch.zeros(2), atol=1e-6)
    assert float(seen[1, 2]) == pytest.approx(float((target - eye).norm()))
    assert abs(float(seen[2, 0])) < 1e-6
    assert float(seen[2, 1]) < 0
    with pytest.raises(GeometryError, match="target"):
        Pose.look_at(eye, eye + up, up)
    with pytest.raises(GeometryError, match="target"):
        Pose.look_at(eye, eye, up)


def test_what_is_no_rotation_is_refused() -> None:
    with pytest.raises(GeometryError, match="off the identity"):
        Pose(torch.eye(3) * 1.01, torch.zeros(3))
    with pytest.raises(GeometryError, match="mirrors"):
        Pose(torch.diag(torch.tensor([-1.0, 1.0, 1.0])), torch.zeros(3))
    with pytest.raises(GeometryError, match="translation: expected shape"):
        Pose(torch.eye(3), torch.zeros(2, 3))
    with pytest.raises(GeometryError, match="NaN"):
        Pose(torch.eye(3), torch.full((3,), float("nan")))
    with pytest.raises(GeometryError, match="last row"):
        Pose.from_matrix(torch.ones(4, 4))
    rough = Pose.nearest(1.01 * torch.eye(4))
    assert torch.allclose(rough.rotation, torch.eye(3))


def test_gradients_through_motion() -> None:
    twist = torch.randn(6, dtype=torch.float64, requires_grad=True)
    points = torch.randn(4, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda t, p: Pose.exp(t).apply(p), (twist, points))


def test_batch_axes_and_repr() -> None:
    a = poses()
    assert len(a) == 5
    assert Pose.stack([a[0], a[1]]).shape == (2,)
    assert a[torch.tensor([True, False, True, False, False])].shape == (2,)
    assert repr(a) == "Pose((5,) poses, float64 on cpu)"
    assert repr(Pose.identity()) == "Pose(turns 0 degrees, moves [0 0 0], float32 on cpu)"
    with pytest.raises(GeometryError, match="batch axes"):
        len(Pose.identity())
