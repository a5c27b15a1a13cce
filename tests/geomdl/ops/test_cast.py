import pytest
import torch
from torch import Tensor

from geomdl.errors import GeometryError
from geomdl.ops import dispatch
from geomdl.ops.cast import cast_blocks
from geomdl.ops.fuse import TSDFVolume, fuse
from geomdl.ops.odometry import scale_intrinsics
from tests.geomdl.reconstruct import corner

CELL = 0.03


@pytest.fixture(scope="module")
def volume() -> TSDFVolume:
    made = TSDFVolume(CELL, 4 * CELL, colored=False)
    for number in range(5):
        pose = corner.camera(number, 5)
        fuse(made, corner.see(pose)[0], corner.LENS, torch.linalg.inv(pose).float(), None)
    return made


def cast(
    volume: TSDFVolume, pose: Tensor, lens: Tensor, height: int, width: int
) -> tuple[Tensor, Tensor]:
    return cast_blocks(
        volume.tsdf, volume.weights, volume.coordinates, volume.origin, lens,
        torch.linalg.inv(pose).float(), volume.cell, volume.truncation, height, width, 0.2, 5.0,
    )  # fmt: skip


def test_view_of_a_volume_lies_on_the_scene(backend: str, volume: TSDFVolume) -> None:
    pose = corner.camera(1, 4)  # none of the fused frames
    lens = scale_intrinsics(corner.LENS, 0.25)
    points, normals = cast(volume, pose, lens, 30, 40)
    hit = points[..., 2] > 0
    assert float(hit.float().mean()) > 0.85
    world = points[hit].double() @ pose[:3, :3].T + pose[:3, 3]
    gap = corner.surface_distance(world)
    assert float(gap.median()) < 0.1 * CELL
    assert float((gap < CELL).float().mean()) > 0.97
    pixel = points[hit] @ lens.T
    row, column = torch.nonzero(hit).unbind(1)
    torch.testing.assert_close(pixel[:, 0] / pixel[:, 2], column + 0.5, atol=1e-3, rtol=0)
    torch.testing.assert_close(pixel[:, 1] / pixel[:, 2], row + 0.5, atol=1e-3, rtol=0)
    known = hit & normals.any(-1)
    assert float(known.sum() / hit.sum()) > 0.95
    facing = (normals[known] * points[known]).sum(-1) < 0
    assert float(facing.float().mean()) > 0.99
    torch.testing.assert_close(normals[known].norm(dim=-1), torch.ones(int(known.sum())))


def test_kernel_agrees_with_the_body(volume: TSDFVolume) -> None:
    pose = corner.camera(2, 7)
    lens = scale_intrinsics(corner.LENS, 0.25)
    found = []
    for name in ("torch", "native"):
        with dispatch.backend(name):
            found.append(cast(volume, pose, lens, 30, 40))
    (p, n), (q, m) = found
    same = (p - q).norm(dim=-1) < 1e-3
    assert float(same.float().mean()) > 0.99
    both = same & n.any(-1) & m.any(-1)
    assert float((n[both] * m[both]).sum(-1).median()) > 0.9999


def test_same_bits_with_one_and_two_threads(volume: TSDFVolume) -> None:
    pose = corner.camera(0, 4)
    before = torch.get_num_threads()
    found = []
    try:
        for count in (1, 2, 2):
            torch.set_num_threads(count)
            with dispatch.backend("native"):
                found.append(cast(volume, pose, corner.LENS, 120, 160))
    finally:
        torch.set_num_threads(before)
    for other in found[1:]:
        assert torch.equal(found[0][0], other[0])
        assert torch.equal(found[0][1], other[1])


def test_backs_and_emptiness_give_nothing(backend: str, volume: TSDFVolume) -> None:
    behind = torch.eye(4, dtype=torch.float64)
    behind[2, 3] = 3.0
    behind[0, 0] = behind[2, 2] = -1.0  # behind the back wall, looking at it
    lens = scale_intrinsics(corner.LENS, 0.25)
    assert not cast(volume, behind, lens, 30, 40)[0].any()
    away = torch.eye(4, dtype=torch.float64)
    away[2, 3] = 50.0
    assert not cast(volume, away, lens, 30, 40)[0].any()
    nothing = TSDFVolume(CELL, 4 * CELL, colored=False)
    assert not cast(nothing, away, lens, 30, 40)[1].any()


def test_errors_name_the_argument(volume: TSDFVolume) -> None:
    with pytest.raises(GeometryError, match="height"):
        cast(volume, torch.eye(4).double(), corner.LENS, 0, 40)
    with pytest.raises(GeometryError, match="intrinsics"):
        cast(volume, torch.eye(4).double(), corner.LENS[:2], 30, 40)
