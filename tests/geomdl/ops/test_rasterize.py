import numpy as np
import pytest
import torch
from torch import Tensor

from geomdl.errors import GeometryError
from geomdl.ops import dispatch
from geomdl.ops.rasterize import interpolate, rasterize
from tests.oracles.rasterize_oracle import cast

H, W = 48, 64
K = torch.tensor([[60.0, 2.0, 31.0], [0.0, 55.0, 25.0], [0.0, 0.0, 1.0]])


def soup(count: int, seed: int, spread: float = 1.0) -> tuple[Tensor, Tensor]:
    """Random triangles in front of, through and behind the camera."""
    generator = torch.Generator().manual_seed(seed)
    vertices = torch.randn(3 * count, 3, generator=generator) * spread
    vertices[:, 2] += 1.5
    return vertices, torch.arange(3 * count).view(-1, 3)


def tilted() -> tuple[Tensor, Tensor]:
    """Two big triangles, well inside the picture, no edge near a pixel's centre."""
    vertices = torch.tensor(
        [[-0.61, -0.42, 1.3], [0.57, -0.33, 2.1], [0.05, 0.51, 1.7], [0.9, 0.83, 2.4]],
        dtype=torch.float64,
    )
    return vertices, torch.tensor([[0, 1, 2], [2, 1, 3]])


@pytest.mark.parametrize(("count", "spread", "near"), [(1, 1, 0.01), (40, 1, 0.3), (25, 300, 0.05)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_agrees_with_ray_casting(backend, count, spread, near, dtype):
    for seed in range(3):
        vertices, faces = soup(count, seed, spread)
        face, depth, barycentric = rasterize(vertices.to(dtype), faces, K, H, W, near)
        assert face.shape == (1, H, W)
        assert depth.dtype == barycentric.dtype == dtype
        ours = [t[0].double().numpy() for t in (face, depth, barycentric)]
        *theirs, safe = cast(vertices.numpy(), faces.numpy(), K.double().numpy(), H, W, near)
        clear = safe > 0.02
        assert clear.mean() > 0.3
        assert (ours[0] == theirs[0])[clear].mean() > 0.999
        same = clear & (ours[0] == theirs[0]) & (theirs[0] >= 0)
        np.testing.assert_allclose(ours[1][same], theirs[1][same], rtol=2e-6)
        np.testing.assert_allclose(ours[2][same], theirs[2][same], atol=2e-6)
        assert np.isinf(ours[1][ours[0] < 0]).all()
        assert (ours[2][ours[0] < 0] == 0).all()


@pytest.mark.parametrize("spread", [0.5, 5, 1e4])
def test_backends_agree_exactly(spread):
    for seed in range(4):
        vertices, faces = soup(120, 10 + seed, spread)
        with dispatch.backend("native"):
            native = rasterize(vertices, faces, K, 97, 131, cull_backfaces=seed % 2 == 1)
        with dispatch.backend("torch"):
            body = rasterize(vertices, faces, K, 97, 131, cull_backfaces=seed % 2 == 1)
        assert (native[0] != body[0]).sum() <= 1  # float32 against float64 depth in the kernel
        same = native[0] == body[0]
        torch.testing.assert_close(native[1][same], body[1][same])
        torch.testing.assert_close(native[2][same], body[2][same])


def test_shared_edges_are_covered_once(backend):
    """A disc of triangles whose corners lie on pixel centres, drawn one by one."""
    eye = torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    generator = torch.Generator().manual_seed(1)
    for _ in range(10):
        angle = (torch.arange(9) + torch.rand(9, generator=generator)) / 9 * 2 * torch.pi
        rim = torch.stack([angle.cos() * 25 + 32, angle.sin() * 20 + 24], 1).floor() + 0.5
        corners = torch.cat([torch.tensor([[32.5, 24.5]]), rim])
        vertices = torch.cat([corners, torch.ones(10, 1)], 1)
        ring = torch.arange(1, 10)
        faces = torch.stack([torch.zeros_like(ring), ring, ring.roll(-1)], 1)
        count = torch.zeros(H, W)
        for face in faces:
            count += rasterize(vertices, face[None], eye, H, W)[0][0] >= 0
        assert count.max() == 1
        whole = rasterize(vertices, faces, eye, H, W)[0][0] >= 0
        assert torch.equal(whole, count > 0)


def test_no_holes_in_a_closed_room(backend):
    """From inside a finely cut box, every pixel sees a wall, through all kinds of clipping."""
    import trimesh

    box = trimesh.creation.box((4, 3, 5)).subdivide_loop(0).subdivide().subdivide().subdivide()
    faces = torch.from_numpy(np.asarray(box.faces)).long()
    for turn in range(4):
        rotation = torch.linalg.qr(
            torch.randn(3, 3, generator=torch.Generator().manual_seed(turn), dtype=torch.float64)
        ).Q
        vertices = torch.from_numpy(np.asarray(box.vertices)) @ rotation.T + 0.3
        face, depth, _ = rasterize(vertices.float(), faces, K, H, W)
        assert (face >= 0).all()
        assert depth.max() < 5


def test_near_plane_cuts_and_barycentrics_stay_whole(backend):
    vertices = torch.tensor([[-1.0, 0.5, -3.0], [1.0, 0.5, -3.0], [0.0, 0.5, 8.0]])
    face, depth, barycentric = rasterize(vertices, torch.tensor([[0, 1, 2]]), K, H, W, 1.0)
    hit = face[0] >= 0
    assert hit.any()
    assert depth[0][hit].min() >= 1 - 1e-3
    place = interpolate(vertices, torch.tensor([[0, 1, 2]]), face, barycentric)
    torch.testing.assert_close(place[0][hit][:, 1], torch.full((int(hit.sum()),), 0.5))
    torch.testing.assert_close(place[0][hit][:, 2], depth[0][hit])
    row = torch.arange(H)[:, None].expand(H, W)[hit] + 0.5
    torch.testing.assert_close(depth[0][hit], 0.5 * 55 / (row - 25))
    assert not (rasterize(vertices - 9, torch.tensor([[0, 1, 2]]), K, H, W)[0] >= 0).any()


def test_ties_go_to_the_lower_face_whatever_the_order(backend):
    vertices, faces = soup(30, 3)
    again = torch.cat([faces, faces.roll(1, 1), faces.flip(1)])
    once = rasterize(vertices, faces, K, H, W)[0]
    assert torch.equal(rasterize(vertices, again, K, H, W)[0], once)
    back = rasterize(vertices, again.flip(0), K, H, W)[0]
    assert torch.equal(back >= 0, once >= 0)
    assert bool((back[back >= 0] < 30).all())


def test_order_of_faces_changes_only_their_numbers(backend):
    vertices, faces = soup(80, 4)
    order = torch.randperm(80, generator=torch.Generator().manual_seed(0))
    face, depth, _ = rasterize(vertices, faces, K, H, W)
    shuffled, again, _ = rasterize(vertices, faces[order], K, H, W)
    assert torch.equal(torch.where(shuffled >= 0, order[shuffled.clamp(min=0)], -1), face)
    assert torch.equal(depth, again)


def test_backfaces(backend):
    vertices, faces = tilted()
    front = torch.tensor([[0, 2, 1], [2, 3, 1]])  # counter-clockwise seen from the eye (y is down)
    assert torch.equal(
        rasterize(vertices, front, K, H, W, 0.01, True)[0],
        rasterize(vertices, front, K, H, W)[0],
    )
    assert (rasterize(vertices, faces, K, H, W, 0.01, True)[0] == -1).all()


def test_batches_and_packed_meshes_equal_single_ones(backend):
    vertices, faces = soup(20, 5)
    several = torch.stack([vertices, vertices * 0.7, vertices + 0.2])
    cameras = torch.stack([K, K * torch.tensor([[1.2], [1.1], [1.0]]), K])
    batch = rasterize(several, faces, cameras, H, W)
    for i in range(3):
        single = rasterize(several[i], faces, cameras[i], H, W)
        assert all(torch.equal(x[i], y[0]) for x, y in zip(batch, single, strict=True))
    offsets = torch.tensor([0, 7, 7, 20])
    packed = rasterize(vertices, faces, cameras, H, W, face_offsets=offsets)
    assert (packed[0][1] == -1).all()
    for i, start in ((0, 0), (2, 7)):
        part = faces[offsets[i] : offsets[i + 1]]
        single = rasterize(vertices, part, cameras[i], H, W)
        shifted = torch.where(single[0] >= 0, single[0] + start, -1)
        assert torch.equal(packed[0][i], shifted[0])
        assert torch.equal(packed[2][i], single[2][0])


def test_empty_meshes(backend):
    for count in (0, 5):
        face, depth, barycentric = rasterize(
            torch.zeros(count, 3), torch.zeros(0, 3, dtype=torch.int64), K, 3, 5
        )
        assert (face == -1).all()
        assert depth.isinf().all()
        assert barycentric.shape == (1, 3, 5, 3)
    flat = torch.tensor([[0.0, 0, 1], [1, 1, 2], [0, 0, 1]])
    assert (rasterize(flat, torch.tensor([[0, 1, 2]]), K, H, W)[0] == -1).all()


def test_gradients(backend):
    vertices, faces = tilted()
    lens = K.double()

    def points(vertices: Tensor, lens: Tensor) -> tuple[Tensor, Tensor]:
        face, depth, barycentric = rasterize(vertices, faces, lens, 9, 12)
        return depth[face >= 0], barycentric[face >= 0]

    lens[:2] *= 0.19
    vertices.requires_grad_()
    assert torch.autograd.gradcheck(lambda v: points(v, lens), vertices, eps=1e-7)
    free = lens[:2].clone().requires_grad_()  # the rows of fx, skew, cx and fy, cy
    mask = torch.tensor([[1.0, 1.0, 1.0], [0.0, 1.0, 1.0]], dtype=torch.float64)

    def through_lens(rows: Tensor) -> tuple[Tensor, Tensor]:
        return points(vertices.detach(), torch.cat([rows * mask, lens[2:]]))

    assert torch.autograd.gradcheck(through_lens, free, eps=1e-7)


def test_gradients_equal_those_of_the_body():
    vertices, faces = soup(50, 6)
    grads = []
    for name in ("torch", "native"):
        leaf = vertices.clone().requires_grad_()
        with dispatch.backend(name):
            face, depth, barycentric = rasterize(leaf, faces, K, H, W)
        hit = face >= 0
        loss = depth[hit].log().sum() + (barycentric[hit] ** 2).sum()
        grads.append(torch.autograd.grad(loss, leaf)[0])
        assert torch.isfinite(grads[-1]).all()
    torch.testing.assert_close(grads[0], grads[1])


def test_fitting_depth_moves_a_plane(backend):
    """Gradient descent on depth alone brings a tilted quad to where it was seen."""
    faces = torch.tensor([[0, 1, 2], [2, 1, 3]])
    goal = torch.tensor([[-1.0, -1, 2.0], [1, -1, 2.4], [-1, 1, 2.2], [1, 1, 3.0]])
    wanted = rasterize(goal, faces, K, H, W)[1]
    z = torch.full((4, 1), 2.5, requires_grad=True)
    optimiser = torch.optim.Adam([z], lr=0.08)
    for _ in range(80):
        face, depth, _ = rasterize(torch.cat([goal[:, :2], z], 1), faces, K, H, W)
        hit = (face >= 0) & wanted.isfinite()
        loss = (depth[hit] - wanted[hit]).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    torch.testing.assert_close(z.detach(), goal[:, 2:], atol=0.02, rtol=0)


def test_interpolate(backend):
    vertices, faces = tilted()
    face, _, barycentric = rasterize(vertices, faces, K, H, W)
    attributes = torch.rand(4, 5, dtype=torch.float64, requires_grad=True)
    values = interpolate(attributes, faces, face, barycentric)
    assert values.shape == (1, H, W, 5)
    assert (values[face < 0] == 0).all()
    corner = attributes[faces[face.clamp(min=0)]]
    expected = torch.einsum("bhwkc,bhwk->bhwc", corner, barycentric)
    torch.testing.assert_close(values, expected)
    both = interpolate(
        torch.stack([attributes, 2 * attributes]), faces, face.expand(2, -1, -1),
        barycentric.expand(2, -1, -1, -1),
    )  # fmt: skip
    torch.testing.assert_close(both[1:], 2 * values)
    assert torch.autograd.grad(values.sum(), attributes)[0].abs().sum() > 0


def test_threads_and_repeats_give_the_same_bits():
    vertices, faces = soup(400, 8)
    lens = K.clone()
    lens[:2] *= 4
    before = torch.get_num_threads()
    results = []
    for threads in (1, 2, 2, 3):
        torch.set_num_threads(threads)
        with dispatch.backend("native"):
            results.append(rasterize(vertices, faces, lens, 200, 300))
    torch.set_num_threads(before)
    for other in results[1:]:
        assert all(torch.equal(x, y) for x, y in zip(results[0], other, strict=True))


def test_operator_is_sound():
    vertices, faces = soup(10, 9)
    arguments = (vertices[None], faces, K.double()[None], None, 8, 9, 0.01, False)
    torch.library.opcheck(torch.ops.geomdl.scan_convert, arguments)


def test_errors_name_the_argument():
    vertices, faces = tilted()
    bad = vertices.clone()
    bad[0, 0] = torch.nan
    cases = [
        ("vertices", (bad, faces, K, H, W)),
        ("vertices", (vertices[:, :2], faces, K, H, W)),
        ("faces", (vertices, faces + 2, K, H, W)),
        ("intrinsics", (vertices, faces, -K, H, W)),
        ("intrinsics", (vertices.expand(3, 4, 3), faces, K.expand(2, 3, 3), H, W)),
        ("height", (vertices, faces, K, 0, W)),
        ("width", (vertices, faces, K, H, 9000)),
        ("near", (vertices, faces, K, H, W, 0.0)),
        ("face_offsets", (vertices, faces, K, H, W, 0.1, False, torch.tensor([0, 1]))),
        ("face_offsets", (vertices, faces, K, H, W, 0.1, False, torch.tensor([0, 1, 2]))),
    ]
    for name, arguments in cases:
        with pytest.raises(GeometryError, match=f"^{name}"):
            rasterize(*arguments)
