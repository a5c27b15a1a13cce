"""Fusion against a voxel-by-voxel oracle, against the truth, and on the real kitchen."""

import numpy as np
import pytest
import torch

from geomdl.errors import GeometryError
from geomdl.ops import dispatch
from geomdl.ops.fuse import TSDFVolume, fuse, fuse_grid, pixel_weights
from geomdl.ops.isosurface import isosurface, isosurface_blocks
from tests.oracles import fuse_oracle as oracle
from tests.oracles.isosurface_oracle import edge_uses

LENS = torch.tensor([[100.0, 0, 48], [0, 100, 40], [0, 0, 1]])
RADIUS = 0.35
Frame = tuple[torch.Tensor, torch.Tensor, torch.Tensor]


def ball_frames(count: int = 6) -> list[Frame]:
    """Depth (80, 96), colours that depend on the pixel, and poses around a ball."""
    frames = []
    for i in range(count):
        angle, height = 2 * np.pi * i / count, 0.5 * (-1) ** i
        eye = np.array([1.3 * np.cos(angle), height, 1.3 * np.sin(angle)])
        pose = oracle.look_at(eye, np.zeros(3))
        depth = oracle.ball_depth(pose, LENS.double().numpy(), 80, 96, RADIUS)
        v, u = torch.meshgrid(torch.arange(80) / 80, torch.arange(96) / 96, indexing="ij")
        color = torch.stack([u, v, torch.full_like(u, i / count)], -1)
        frames.append((torch.from_numpy(depth).float(), color, torch.from_numpy(pose).float()))
    return frames


def fused(frames: list[Frame], cell: float = 0.02, **options: object) -> TSDFVolume:
    volume = TSDFVolume(cell, 4 * cell, torch.tensor([0.003, 0.0, -0.007]))
    for depth, color, pose in frames:
        fuse(volume, depth, LENS, pose, color, **options)  # type: ignore[arg-type]
    return volume


def mesh_of(volume: TSDFVolume, colored: bool = False) -> tuple[torch.Tensor, ...]:
    return isosurface_blocks(
        volume.coordinates,
        volume.tsdf,
        volume.weights,
        0.0,
        0.0,
        volume.origin,
        volume.cell,
        volume.colors if colored else None,
    )


def centres(volume: TSDFVolume) -> torch.Tensor:
    """Centres of all voxels (M, 8, 8, 8, 3), double."""
    local = torch.cartesian_prod(*[torch.arange(8)] * 3).reshape(8, 8, 8, 3)
    voxels = volume.coordinates.long()[:, None, None, None] * 8 + local
    return volume.origin.double() + (voxels + 0.5) * volume.cell


def test_values_are_those_of_the_oracle(backend):
    frames = ball_frames(3)
    volume = TSDFVolume(0.02, 0.08, torch.tensor([0.003, 0.0, -0.007]), max_weight=2.0)
    for depth, color, pose in frames:
        fuse(volume, depth, LENS, pose, color)
    chosen = torch.arange(0, volume.count, 7)
    # Once all blocks are there, later frames reach every one of them: fuse them a second time.
    volume.tsdf.zero_()
    volume.weights.zero_()
    volume.colors.zero_()
    for depth, color, pose in frames:
        fuse(volume, depth, LENS, pose, color)
    plain = [(d.double().numpy(), c.double().numpy(), p.double().numpy()) for d, c, p in frames]
    points = centres(volume)[chosen].reshape(-1, 3).numpy()
    tsdf, weight, color = oracle.integrate(points, plain, LENS.double().numpy(), 0.08, 2.0)
    mine = volume.weights[chosen].flatten().numpy()
    # A block only takes part in the frames whose band it meets; there the numbers agree.
    same = mine == weight
    assert same.mean() > 0.5
    assert np.all(mine <= weight + 1)
    gap = np.abs(volume.tsdf[chosen].flatten().numpy() - tsdf)[same]
    assert np.quantile(gap, 0.999) < 1e-4
    tint = volume.colors[chosen].permute(0, 2, 3, 4, 1).reshape(-1, 3).numpy()[same]
    assert np.quantile(np.abs(tint - color[same]), 0.999) < 1e-4


def test_a_dense_grid_is_exactly_the_oracle(backend):
    frames, shape = ball_frames(2), (11, 70, 9)
    origin, cell = torch.tensor([-0.1, -0.7, 0.2]), 0.02
    grid, seen, tint = torch.zeros(shape), torch.zeros(shape), torch.zeros((3, *shape))
    for depth, color, pose in frames:
        grid, seen, tint = fuse_grid(
            grid, seen, depth, LENS, pose, origin, cell, 0.08, color, tint, max_weight=1.5
        )
    index = torch.cartesian_prod(*[torch.arange(n) for n in shape]).double()
    points = (origin.double() + (index + 0.5) * cell).numpy()
    plain = [(d.double().numpy(), c.double().numpy(), p.double().numpy()) for d, c, p in frames]
    tsdf, weight, color = oracle.integrate(points, plain, LENS.double().numpy(), 0.08, 1.5)
    assert (weight > 0).mean() > 0.02
    assert np.mean(seen.flatten().numpy() != weight) < 1e-3  # pixels at their border
    same = seen.flatten().numpy() == weight
    assert np.quantile(np.abs(grid.flatten().numpy() - tsdf)[same], 0.999) < 1e-4
    assert np.quantile(np.abs(tint.reshape(3, -1).T.numpy() - color)[same], 0.999) < 1e-4


def test_the_surface_of_a_ball_is_found(backend):
    vertices, faces, colors = mesh_of(fused(ball_frames(8)), colored=True)
    error = (vertices.norm(dim=-1) - RADIUS).abs()
    assert float(error.mean()) < 0.004
    assert float(error.quantile(0.99)) < 0.02
    assert float(colors.min()) >= 0
    assert float(colors.max()) <= 1
    a, b, c = vertices[faces].unbind(1)
    normal = torch.linalg.cross(b - a, c - a)
    assert float(((normal * a).sum(-1) > 0).float().mean()) > 0.98


def test_one_frame_leaves_no_holes_within_the_surface(backend):
    u = torch.meshgrid(torch.arange(80) + 0.5, torch.arange(96) + 0.5, indexing="ij")[1]
    depth = 1 + 0.3 * ((u - 48) / 100)  # a slanted wall
    volume = TSDFVolume(0.02, 0.08, colored=False)
    fuse(volume, depth, LENS, torch.eye(4))
    vertices, faces = mesh_of(volume)
    edges = torch.sort(faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), dim=1).values
    unique, count = torch.unique(edges, dim=0, return_counts=True)
    rim = vertices[unique[count == 1].flatten()]
    x = LENS[0, 0] * rim[:, 0] / rim[:, 2] + 48
    y = LENS[1, 1] * rim[:, 1] / rim[:, 2] + 40
    margin = torch.stack([x, 96 - x, y, 80 - y]).amin(0)
    assert float(margin.max()) < 6


def test_backends_agree_and_threads_do_not_matter():
    frames = ball_frames(4)
    before = torch.get_num_threads()
    volumes = []
    for name, threads in (("torch", 1), ("native", 1), ("native", 2), ("native", 3)):
        torch.set_num_threads(threads)
        with dispatch.backend(name):
            volumes.append(fused(frames))
    torch.set_num_threads(before)
    slow, fast, *others = volumes
    assert torch.equal(slow.coordinates, fast.coordinates)
    assert float((slow.weights != fast.weights).float().mean()) < 1e-4
    same = slow.weights == fast.weights
    assert float((slow.tsdf - fast.tsdf).abs()[same].quantile(0.999)) < 1e-5
    for other in others:
        for name in ("coordinates", "tsdf", "weights", "colors"):
            assert torch.equal(getattr(fast, name), getattr(other, name))


def test_moving_the_world_moves_the_surface(backend):
    frames = ball_frames(4)
    shift = torch.tensor([1.6, -0.8, 0.32])  # whole blocks
    moved = []
    for depth, color, pose in frames:
        other = pose.clone()
        other[:3, 3] -= pose[:3, :3] @ shift
        moved.append((depth, color, other))
    here, there = fused(frames), fused(moved)
    steps = (shift / (8 * here.cell)).round().int()
    near = mesh_of(here)[0].mean(0) + shift
    assert torch.allclose(near, mesh_of(there)[0].mean(0), atol=2e-3)
    mine = {tuple(b) for b in (here.coordinates + steps).tolist()}
    other_blocks = {tuple(b) for b in there.coordinates.tolist()}
    assert len(mine ^ other_blocks) < 0.05 * len(mine)


def test_holes_and_depths_out_of_range_do_nothing(backend):
    depth, color, pose = ball_frames(1)[0]
    for bad in (
        torch.zeros_like(depth),
        depth * float("nan"),
        depth + 20,
        depth * 0 + float("inf"),
    ):
        volume = TSDFVolume(0.02, 0.08)
        fuse(volume, bad, LENS, pose, color)
        assert (volume.count, volume.frames) == (0, 1)


def test_pixel_weights_count(backend):
    frames = ball_frames(2)
    volume = TSDFVolume(0.02, 0.08)
    for depth, color, pose in frames:
        fuse(volume, depth, LENS, pose, color, weights=torch.full_like(depth, 0.25))
    assert set(volume.weights.unique().tolist()) <= {0.0, 0.25, 0.5}
    equal = fused(frames)
    volume.origin = equal.origin
    facing = pixel_weights(torch.full((80, 96), 2.0), LENS)
    assert float(facing[40, 48]) == pytest.approx(0.25, rel=1e-3)
    assert float(facing.min()) > 0.2
    assert float(pixel_weights(torch.zeros((80, 96)), LENS).max()) == 0


def test_a_saved_volume_goes_on_as_if_nothing_had_happened(backend, tmp_path):
    frames = ball_frames(4)
    whole = fused(frames)
    half = fused(frames[:2])
    half.save(tmp_path / "half.safetensors")
    again = TSDFVolume.load(tmp_path / "half.safetensors")
    assert (again.frames, again.count) == (2, half.count)
    for depth, color, pose in frames[2:]:
        fuse(again, depth, LENS, pose, color)
    for name in ("coordinates", "tsdf", "weights", "colors"):
        assert torch.equal(getattr(again, name), getattr(whole, name))
    assert again.frames == 4
    assert [p.name for p in tmp_path.iterdir()] == ["half.safetensors"]
    with pytest.raises(GeometryError, match="no tensor named numbers"):
        TSDFVolume.from_state({k: v for k, v in half.state().items() if k != "numbers"})


def test_blocks_are_kept_beyond_the_first_capacity(backend, monkeypatch):
    import sys

    monkeypatch.setattr(sys.modules["geomdl.ops.fuse"], "FIRST", 16)
    small = fused(ball_frames(3))
    monkeypatch.undo()
    assert small.count > 64
    large = fused(ball_frames(3))
    assert torch.equal(small.tsdf, large.tsdf)
    assert torch.equal(small.colors, large.colors)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"depth": torch.zeros(5)}, r"depth: expected shape \(H W\)"),
        ({"color": None}, "the volume is coloured"),
        ({"color": torch.zeros((80, 96))}, r"color: expected shape \(80, 96, 3\)"),
        ({"color": torch.zeros((80, 96, 3), dtype=torch.uint8)}, "floats in 0..1"),
        ({"intrinsics": torch.eye(4)}, "intrinsics"),
        ({"world_to_camera": torch.eye(4) * float("nan")}, "world_to_camera"),
        ({"far": 0.05}, "far: expected more than 0.1"),
        ({"stride": 0}, "stride"),
    ],
)
def test_bad_arguments_are_named(change, message):
    depth, color, pose = ball_frames(1)[0]
    given = {"depth": depth, "intrinsics": LENS, "world_to_camera": pose, "color": color, **change}
    with pytest.raises(GeometryError, match=message):
        fuse(TSDFVolume(0.02, 0.08), **given)


def test_bad_volumes_are_named():
    with pytest.raises(GeometryError, match="cell"):
        TSDFVolume(0.0, 0.1)
    with pytest.raises(GeometryError, match="truncation"):
        TSDFVolume(0.1, 0.05)


def test_dense_and_blocks_give_one_surface(backend):
    frames = ball_frames(5)
    volume = fused(frames)
    shape, corner = (56, 56, 56), volume.origin - 28 * volume.cell
    grid, seen = torch.zeros(shape), torch.zeros(shape)
    for depth, _, pose in frames:
        grid, seen, _ = fuse_grid(grid, seen, depth, LENS, pose, corner, volume.cell, 0.08)
    dense = isosurface(grid, 0.0, corner, volume.cell, seen > 0)[0]
    blocks = mesh_of(volume)[0]
    gaps = torch.cdist(blocks, dense).amin(1)
    assert float(gaps.mean()) < 0.1 * volume.cell


def test_the_real_kitchen(data):
    folder = data / "rgbd_redkitchen"
    if not folder.is_dir():
        pytest.skip(f"{folder} is not there")
    from PIL import Image

    lens = torch.from_numpy(np.loadtxt(folder / "camera-intrinsics.txt")).float()
    volume = TSDFVolume(0.02, 0.08, colored=False)
    for name in ("000000", "000004", "000008"):
        depth = np.array(Image.open(folder / f"frame-{name}.depth.png")).astype(np.float32)
        depth[depth == 65535] = 0
        pose = np.linalg.inv(np.loadtxt(folder / f"frame-{name}.pose.txt"))
        fuse(volume, torch.from_numpy(depth / 1000), lens, torch.from_numpy(pose).float(), far=4.0)
    vertices, faces = mesh_of(volume)
    assert len(faces) > 20_000
    assert set(edge_uses(faces.numpy())) <= {1, 2}
    x, y, z = torch.from_numpy(pose[:3]).float() @ torch.cat(
        [vertices.T, vertices.new_ones(1, len(vertices))]
    )
    u, v = (lens[0, 0] * x / z + lens[0, 2]).long(), (lens[1, 1] * y / z + lens[1, 2]).long()
    seen = (u >= 0) & (u < 640) & (v >= 0) & (v < 480)
    there = torch.from_numpy(depth / 1000)[v[seen], u[seen]]
    gap = (there - z[seen]).abs()[there > 0]
    assert float(gap.median()) < 0.01
