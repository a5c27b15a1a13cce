import pytest
import torch

from geomdl.errors import GeometryError
from geomdl.structures.distortion import distort, jacobian, undistort

FOX = [0.0578421, -0.0805099, -0.000980296, 0.00015575, 0.0]
STRONG = [-0.28, 0.07, 1e-3, -5e-4, 0.01]


def written_out(x: float, y: float, k: list[float]) -> tuple[float, float]:
    """OpenCV's documentation, calib3d, line by line."""
    k1, k2, p1, p2, k3 = k
    r2 = x**2 + y**2
    factor = 1 + k1 * r2 + k2 * r2**2 + k3 * r2**3
    return (
        x * factor + 2 * p1 * x * y + p2 * (r2 + 2 * x**2),
        y * factor + p1 * (r2 + 2 * y**2) + 2 * p2 * x * y,
    )


def grid(reach: float) -> torch.Tensor:
    line = torch.linspace(-reach, reach, 21, dtype=torch.float64)
    return torch.stack(torch.meshgrid(line, line, indexing="ij"), dim=-1).reshape(-1, 2)


@pytest.mark.parametrize("k", [FOX, STRONG])
def test_formula_and_inverse(k: list[float]) -> None:
    flat, coefficients = grid(0.7), torch.tensor(k, dtype=torch.float64)
    bent = distort(flat, coefficients)
    for point, found in zip(flat.tolist(), bent.tolist(), strict=True):
        assert found == pytest.approx(written_out(point[0], point[1], k), abs=1e-14)
    assert float((undistort(bent, coefficients) - flat).abs().max()) < 1e-12


def test_jacobian_is_the_derivative() -> None:
    point, k = torch.tensor([0.3, -0.6], dtype=torch.float64), torch.tensor(STRONG).double()
    wanted = torch.autograd.functional.jacobian(lambda p: distort(p, k), point)
    assert torch.allclose(jacobian(point, k), wanted)


def test_inverse_is_differentiable_in_points_and_coefficients() -> None:
    bent = grid(0.5)[::37].clone().requires_grad_()
    k = torch.tensor(STRONG, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(undistort, (bent, k))


def test_folded_images_are_refused() -> None:
    k = torch.tensor([-0.5, 0.0, 0.0, 0.0, 0.0], dtype=torch.float64)
    with pytest.raises(GeometryError, match="no undistorted point"):
        undistort(torch.tensor([[0.9, 0.0]], dtype=torch.float64), k)


def test_float32_arrives() -> None:
    k = torch.tensor(FOX)
    flat = grid(0.7).float()
    assert float((undistort(distort(flat, k), k) - flat).abs().max()) < 1e-5
