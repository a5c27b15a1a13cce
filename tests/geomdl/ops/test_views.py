"""Views of many scenes: known answers, against `rasterize`, bodies against kernels, bad input."""

import math

import pytest
import torch
from torch import Tensor

from geomdl.errors import GeometryError
from geomdl.ops import dispatch
from geomdl.ops.rasterize import rasterize
from geomdl.ops.views import BLOCK, Scenes, pack_scenes, view_scenes

K = torch.tensor([[20.0, 0.0, 16.0], [0.0, 22.0, 12.0], [0.0, 0.0, 1.0]], dtype=torch.float64)
H, W = 24, 32


def soup(count: int, seed: int, spread: float = 1.0) -> tuple[Tensor, Tensor]:
    """Small random triangles all around the origin, some through the camera."""
    generator = torch.Generator().manual_seed(seed)
    middle = torch.randn(count, 1, 3, generator=generator) * 2 * spread
    corners = middle + torch.randn(count, 3, 3, generator=generator) * 0.4 * spread
    return corners.reshape(-1, 3), torch.arange(3 * count).view(-1, 3)


def poses(count: int, seed: int) -> Tensor:
    """Random turns about the origin, and a step."""
    generator = torch.Generator().manual_seed(seed)
    turn = torch.linalg.qr(torch.randn(count, 3, 3, generator=generator).double())[0]
    turn = turn * torch.linalg.det(turn).sign()[:, None, None]
    return torch.cat([turn, torch.randn(count, 3, 1, generator=generator).double()], 2)


def straight(z: float = 0.0) -> Tensor:
    pose = torch.eye(4, dtype=torch.float64)[:3].clone()
    pose[2, 3] = z
    return pose[None]


def wall(z: float) -> tuple[Tensor, Tensor]:
    """Two triangles that fill the picture at depth z."""
    corners = torch.tensor([[-9.0, -9.0, z], [9.0, -9.0, z], [9.0, 9.0, z], [-9.0, 9.0, z]])
    return corners, torch.tensor([[0, 1, 2], [0, 2, 3]])


def test_every_lane_sees_its_own_scene(backend):
    scenes = pack_scenes([wall(2.0), wall(3.5), soup(3, 0)])
    pose = torch.cat([straight(), straight(), straight(1.0)])
    depth, face = view_scenes(*scenes, torch.tensor([1, 0, 0]), pose, K, H, W)
    assert depth.dtype == torch.float32
    assert face.dtype == torch.int32
    for lane, (z, numbers) in enumerate([(3.5, {2, 3}), (2.0, {0, 1}), (3.0, {0, 1})]):
        torch.testing.assert_close(depth[lane], torch.full((H, W), z))
        assert set(face[lane].unique().tolist()) == numbers


@pytest.mark.parametrize(("count", "spread"), [(3, 1.0), (200, 1.0), (700, 0.3), (60, 40.0)])
def test_agrees_with_rasterize(backend, count, spread):
    meshes = [soup(count, 1, spread), soup(count // 2 + 1, 2, spread)]
    scenes = pack_scenes(meshes)
    pose, number = poses(6, count), torch.tensor([0, 1, 0, 1, 1, 0])
    depth, face = view_scenes(*scenes, number, pose, K, H, W, 0.02)
    first = [0, meshes[0][1].shape[0]]
    different = 0
    for lane in range(6):
        vertices, faces = meshes[number[lane]]
        seen = vertices.double() @ pose[lane, :, :3].T + pose[lane, :, 3]
        truth, far, _ = rasterize(seen, faces, K, H, W, 0.02)
        truth = torch.where(truth[0] < 0, -1, truth[0] + first[number[lane]])
        same = truth == face[lane]
        different += int((~same).sum())
        hit = same & (truth >= 0)
        close = torch.isclose(depth[lane][hit].double(), far[0][hit], rtol=5e-3).double()
        # the depth of a face that is seen edge on moves with the snap of its corners
        assert (1 - close).sum() <= 1 + 0.01 * close.numel()
        assert depth[lane][same & (truth < 0)].isinf().all()
    assert different <= 3


def test_boxes_leave_out_nothing_that_is_seen(backend):
    scenes = pack_scenes([soup(5 * BLOCK + 3, 5)])
    pose, number = poses(12, 3), torch.zeros(12, dtype=torch.int64)
    whole = view_scenes(*scenes[:4], None, number, pose, K, H, W)
    blocks = view_scenes(*scenes, number, pose, K, H, W)
    assert torch.equal(whole[0], blocks[0])
    assert torch.equal(whole[1], blocks[1])
    assert (whole[1] >= 0).float().mean() > 0.2


def test_kernel_and_body_agree():
    scenes = pack_scenes([soup(150, 7), soup(90, 8, 0.5)])
    pose, number = poses(8, 9), torch.arange(8) % 2
    with dispatch.backend("native"):
        ours = view_scenes(*scenes, number, pose, K, 37, 70)
    with dispatch.backend("torch"):
        truth = view_scenes(*scenes, number, pose, K, 37, 70)
    assert (ours[1] != truth[1]).sum() <= 4
    same = ours[1] == truth[1]
    assert torch.isclose(ours[0], truth[0], rtol=5e-3)[same].double().mean() > 0.99


def test_same_bits_on_one_and_two_threads():
    scenes = pack_scenes([soup(100, 1), soup(100, 2)])
    pose, number = poses(9, 4), torch.arange(9) % 2
    kept = torch.get_num_threads()
    try:
        results = []
        for threads in (1, 2):
            torch.set_num_threads(threads)
            results.append(view_scenes(*scenes, number, pose, K, H, W))
    finally:
        torch.set_num_threads(kept)
    assert all(torch.equal(a, b) for a, b in zip(*results, strict=True))


def test_equal_faces_go_to_the_lower_and_empty_scenes_show_nothing(backend):
    corners, faces = wall(2.0)
    scenes = pack_scenes([(corners, torch.cat([faces, faces])), (corners, faces[:0])])
    depth, face = view_scenes(*scenes, torch.tensor([0, 1]), straight().repeat(2, 1, 1), K, H, W)
    assert int(face[0].max()) == 1
    assert depth[1].isinf().all()
    assert (face[1] == -1).all()
    none = view_scenes(*scenes, torch.zeros(0, dtype=torch.int64), straight()[:0], K, H, W)
    assert none[0].shape == none[1].shape == (0, H, W)


def test_near_plane_cuts(backend):
    """A floor under the camera is seen from the near plane on, never behind it."""
    floor = torch.tensor([[-50.0, 1.0, -50.0], [50.0, 1.0, -50.0], [0.0, 1.0, 90.0]])
    scenes = pack_scenes([(floor, torch.tensor([[0, 1, 2]]))])
    depth, _ = view_scenes(*scenes, torch.zeros(1, dtype=torch.int64), straight(), K, H, W)
    row = torch.arange(H) + 0.5
    truth = torch.where(row > 12, 22.0 / (row - 12).double(), math.inf)
    truth = torch.where(truth < 60, truth, math.nan)
    seen = ~truth.isnan()
    torch.testing.assert_close(
        depth[0, seen, 16].double(), truth[seen], rtol=5e-3, atol=0.0, check_dtype=False
    )


def test_bad_arguments_are_refused(backend):
    scenes = pack_scenes([wall(2.0)])
    one = torch.zeros(1, dtype=torch.int64)
    bad = Scenes(*scenes)._replace(faces=scenes.faces + 1)
    with pytest.raises((ValueError, IndexError)):
        view_scenes(*bad, one, straight(), K, H, W)
    with pytest.raises(GeometryError, match="scene: numbers run from 1 to 1"):
        view_scenes(*scenes, one + 1, straight(), K, H, W)
    with pytest.raises(GeometryError, match="world_to_camera"):
        view_scenes(*scenes, one, straight() * math.nan, K, H, W)
    with pytest.raises(GeometryError, match="intrinsics"):
        view_scenes(*scenes, one, straight(), -K, H, W)
    with pytest.raises(GeometryError, match="boxes"):
        view_scenes(*scenes[:4], scenes.boxes[:0], one, straight(), K, H, W)
    nan = scenes._replace(vertices=scenes.vertices * math.nan)
    with pytest.raises(ValueError, match=r"NaN|finite"):
        view_scenes(*nan[:4], None, one, straight(), K, H, W)
    with pytest.raises(GeometryError, match="at least one"):
        pack_scenes([])
    with pytest.raises(GeometryError, match=r"meshes\[0\] faces"):
        pack_scenes([(wall(1.0)[0], wall(1.0)[1] + 2)])
