import pytest
import torch
from torch import Tensor

from geomdl.errors import GeometryError
from geomdl.ops import dispatch
from geomdl.ops.splat import splat
from tests.oracles.splat_oracle import nearest_discs

H, W = 30, 40
K = torch.tensor([[50.0, 1.0, 19.0], [0.0, 45.0, 16.0], [0.0, 0.0, 1.0]])


def cloud(count: int = 150, seed: int = 0) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    points = torch.randn(count, 3, generator=generator)
    points[:, 2] += 2
    normals = torch.nn.functional.normalize(torch.randn(count, 3, generator=generator), dim=1)
    return points, normals


@pytest.mark.parametrize("oriented", [False, True])
def test_agrees_with_brute_force(backend, oriented):
    for seed in range(3):
        points, normals = cloud(seed=seed)
        index, depth = splat(points, normals if oriented else None, K, H, W, 0.06)
        given = normals.numpy() if oriented else None
        expected, z, safe = nearest_discs(points.numpy(), given, K.numpy(), H, W, 0.06)
        agree = index.numpy() == expected
        assert agree[safe > 1e-4].all()
        assert agree.mean() > 0.98
        both = torch.from_numpy(agree) & (index >= 0)
        torch.testing.assert_close(depth[both], torch.from_numpy(z).float()[both])
        assert depth[index < 0].isinf().all()


def test_ties_go_to_the_lower_index_and_every_point_has_a_pixel(backend):
    points = torch.tensor([[0.0, 0, 1], [0, 0, 1], [0.01, 0.01, 1], [0, 0, -1], [0, 0, 0]])
    index, depth = splat(points, None, K, H, W, 1e-6)
    assert index[16, 19] == 0
    assert sorted(index.unique().tolist()) == [-1, 0]
    assert depth[16, 19] == 1
    index, _ = splat(points.flip(0), None, K, H, W, 0.2)
    assert index.max() <= 3
    assert (index == 2).any()


def test_empty_clouds(backend):
    index, depth = splat(torch.zeros(0, 3), None, K, H, W, 0.1)
    assert (index == -1).all()
    assert depth.isinf().all()


def test_threads_give_the_same_bits():
    points, normals = cloud(4000)
    before = torch.get_num_threads()
    found = []
    for threads in (1, 2, 3):
        torch.set_num_threads(threads)
        with dispatch.backend("native"):
            found.append(splat(points, normals, K, H, W, 0.05))
    torch.set_num_threads(before)
    for other in found[1:]:
        assert torch.equal(other[0], found[0][0])
        assert torch.equal(other[1], found[0][1])


def test_operator_is_sound():
    points, normals = cloud(20)
    torch.library.opcheck(torch.ops.geomdl.splat, (points, normals, K, 5, 6, 0.1))


def test_errors_name_the_argument():
    points, normals = cloud()
    cases = [
        ("points", (points[:, :2], None, K, H, W, 0.1)),
        ("normals", (points, normals[:4], K, H, W, 0.1)),
        ("radius", (points, None, K, H, W, 0.0)),
        ("height", (points, None, K, 0, W, 0.1)),
        ("intrinsics", (points, None, K[:2], H, W, 0.1)),
    ]
    for name, arguments in cases:
        with pytest.raises(GeometryError, match=f"^{name}"):
            splat(*arguments)
