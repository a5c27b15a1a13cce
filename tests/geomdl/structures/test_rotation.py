import math

import pytest
import torch
from scipy.spatial.transform import Rotation

from geomdl.errors import GeometryError
from geomdl.structures import rotation


def vectors() -> torch.Tensor:
    rng = torch.Generator().manual_seed(0)
    way = torch.nn.functional.normalize(
        torch.randn(200, 3, generator=rng, dtype=torch.float64), dim=1
    )
    angle = torch.linspace(0, math.pi - 1e-4, 200, dtype=torch.float64)
    tiny = torch.tensor([0.0, 1e-12, 1e-8, 1e-4, 0.0999, 0.1001], dtype=torch.float64)
    angle[1:7] = tiny
    return way * angle[:, None]


def test_exp_and_log_against_scipy() -> None:
    found = rotation.exp(vectors())
    wanted = torch.from_numpy(Rotation.from_rotvec(vectors().numpy()).as_matrix())
    assert float((found - wanted).abs().max()) < 1e-12
    assert float((rotation.log(wanted) - vectors()).abs().max()) < 1e-9


def test_log_of_half_turns() -> None:
    for axis in torch.eye(3, dtype=torch.float64):
        found = rotation.log(rotation.exp(axis * math.pi))
        assert float((found.abs() - axis * math.pi).abs().max()) < 1e-9


def test_quaternions_against_scipy() -> None:
    quaternion = rotation.to_quaternion(rotation.exp(vectors()))
    xyzw = Rotation.from_rotvec(vectors().numpy()).as_quat(canonical=True)
    wanted = torch.from_numpy(xyzw)[:, [3, 0, 1, 2]]
    assert float((quaternion - wanted).abs().max()) < 1e-9
    back = rotation.from_quaternion(3 * quaternion)
    assert float((back - rotation.exp(vectors())).abs().max()) < 1e-9
    with pytest.raises(GeometryError, match="length is 0"):
        rotation.from_quaternion(torch.zeros(2, 4))


def test_left_jacobian_is_the_derivative_of_exp() -> None:
    """exp(phi + d) = exp(J d) exp(phi) to first order."""
    step = 1e-6
    for phi in (vectors()[3], vectors()[50], vectors()[150]):
        jacobian = rotation.left_jacobian(phi)
        for axis in torch.eye(3, dtype=torch.float64):
            turned = rotation.exp(phi + step * axis) @ rotation.exp(phi).T
            assert torch.allclose(rotation.log(turned) / step, jacobian @ axis, atol=1e-5)


@pytest.mark.parametrize("row", [0, 1, 3, 5, 6, 100, 190])
def test_gradients_also_at_small_angles(row: int) -> None:
    phi = vectors()[row].clone().requires_grad_()
    assert torch.autograd.gradcheck(rotation.exp, (phi,))
    assert torch.autograd.gradcheck(rotation.left_jacobian, (phi,))
    around = rotation.exp(phi.detach())
    delta = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(
        lambda d: rotation.log(around @ rotation.exp(d)), (delta,), atol=1e-5
    )


def test_nearest_never_mirrors() -> None:
    rng = torch.Generator().manual_seed(3)
    found = rotation.nearest(torch.randn(50, 3, 3, generator=rng))
    assert rotation.orthonormality_error(found) < 1e-5
    assert rotation.orthonormality_error(torch.diag(torch.tensor([1.0, 1.0, -1.0]))) == math.inf
