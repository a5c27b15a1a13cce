import torch

from scenes.build.opening import curtain, door, window
from tests.scenes.build.test_furniture import is_closed


def test_doors_and_windows_lie_on_the_wall() -> None:
    rng = torch.Generator().manual_seed(0)
    for parts in (door(rng), window(rng, 1.3)):
        assert all(is_closed(part.mesh) for part in parts)
        assert max(float(part.mesh.bounds[1][1]) for part in parts) < 1e-4
        assert min(float(part.mesh.bounds[0][1]) for part in parts) > -0.2
    assert {part.label for part in window(rng, 1.3)} == {"window", "curtain"}


def test_curtain_is_a_cloth_with_folds() -> None:
    cloth = curtain(0.3, 1.5, 4.0)
    assert is_closed(cloth)
    low, high = cloth.bounds
    assert torch.allclose(high - low, torch.tensor([0.3, 0.076, 1.5]), atol=2e-3)
    a, b, c = cloth.triangles.double().unbind(1)
    volume = float((a * torch.linalg.cross(b, c)).sum() / 6)
    assert abs(volume - 0.3 * 1.5 * 0.016) < 1e-4
