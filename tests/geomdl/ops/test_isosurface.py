"""Level sets: watertight, oriented, where they should be, and differentiable."""

import numpy as np
import pytest
import torch

from geomdl.errors import GeometryError
from geomdl.ops import dispatch
from geomdl.ops.isosurface import isosurface, isosurface_blocks
from tests.oracles import isosurface_oracle as oracle


def positions(side: int, reach: float = 1.0) -> torch.Tensor:
    """Cell centres of a grid over -reach..reach, (side, side, side, 3)."""
    line = (torch.arange(side, dtype=torch.float64) + 0.5) / side * 2 * reach - reach
    return torch.stack(torch.meshgrid(line, line, line, indexing="ij"), -1)


def smooth_noise(shape: tuple[int, ...], seed: int) -> torch.Tensor:
    """A random field, positive at the border, so that its surface is closed."""
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn((1, 1, *shape), generator=generator)
    noise = torch.nn.functional.avg_pool3d(noise, 3, 1, 1)[0, 0]
    return torch.nn.functional.pad(noise[1:-1, 1:-1, 1:-1], [1] * 6, value=1.0)


def to_blocks(grid: torch.Tensor, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """A grid whose sides are multiples of 8 -> shuffled blocks: coordinates, values, order."""
    x, y, z = (n // 8 for n in grid.shape[-3:])
    values = grid.reshape(x, 8, y, 8, z, 8).permute(0, 2, 4, 1, 3, 5).reshape(-1, 8, 8, 8)
    places = torch.cartesian_prod(torch.arange(x), torch.arange(y), torch.arange(z)).int()
    order = torch.randperm(len(places), generator=torch.Generator().manual_seed(seed))
    return places[order], values[order], order


def sound(faces: torch.Tensor, count: int) -> None:
    array = faces.numpy()
    assert set(oracle.edge_uses(array)) <= {2}
    assert oracle.oriented(array)
    assert len(np.unique(array)) == count
    assert oracle.single_fans(array, count)


def test_a_ball_is_a_sphere(backend):
    origin, cell = torch.full((3,), -1.0), 2 / 48
    vertices, faces = isosurface((positions(48).norm(dim=-1) - 0.6).float(), 0.0, origin, cell)
    sound(faces, len(vertices))
    assert oracle.euler(faces.numpy(), len(vertices)) == 2
    assert float((vertices.norm(dim=-1) - 0.6).abs().max()) < 1e-3
    assert oracle.volume(vertices.numpy(), faces.numpy()) == pytest.approx(
        4 / 3 * np.pi * 0.6**3, rel=5e-3
    )
    assert oracle.area(vertices.numpy(), faces.numpy()) == pytest.approx(
        4 * np.pi * 0.6**2, rel=5e-3
    )


def test_the_error_falls_with_the_square_of_the_cell(backend):
    errors = []
    for side in (16, 32, 64):
        values = (positions(side).norm(dim=-1) - 0.6).float()
        mesh = isosurface(values, 0.0, torch.full((3,), -1.0), 2 / side)
        errors.append(4 / 3 * np.pi * 0.6**3 - oracle.volume(mesh[0].numpy(), mesh[1].numpy()))
    assert errors[0] > 3 * errors[1] > 9 * errors[2] > 0


def test_a_torus_has_a_hole(backend):
    p = positions(40)
    ring = torch.hypot(p[..., 0], p[..., 1]) - 0.6
    vertices, faces = isosurface((torch.hypot(ring, p[..., 2]) - 0.25).float())
    sound(faces, len(vertices))
    assert oracle.euler(faces.numpy(), len(vertices)) == 0


@pytest.mark.parametrize("seed", range(6))
def test_random_fields_are_watertight(backend, seed):
    field = smooth_noise((16, 13, 18), seed)
    vertices, faces = isosurface(field)
    assert len(faces) > 500
    sound(faces, len(vertices))
    assert oracle.volume(vertices.numpy(), faces.numpy()) > 0


def test_white_noise_and_values_on_the_level_are_watertight(backend):
    coarse = torch.randint(-1, 2, (10, 10, 10), generator=torch.Generator().manual_seed(5)).float()
    field = torch.nn.functional.pad(coarse, [1] * 6, value=1.0)
    vertices, faces = isosurface(field)
    assert bool(torch.isfinite(vertices).all())
    sound(faces, len(vertices))


def test_as_scikit_image(backend):
    from skimage.measure import marching_cubes

    field = smooth_noise((20, 20, 20), 1)
    vertices, faces = isosurface(field, 0.1)
    theirs = marching_cubes(field.numpy(), 0.1, gradient_direction="ascent")
    mine = np.unique(np.round(vertices.numpy() - 0.5, 3), axis=0)
    peer = np.unique(np.round(theirs[0], 3), axis=0)
    near = np.abs(mine[:, None] - peer).max(-1)
    # Lewiner adds a vertex within some ambiguous cells; those on edges are the same.
    assert near.min(1).max() < 2e-3
    area = oracle.area(vertices.numpy(), faces.numpy())
    assert area == pytest.approx(oracle.area(theirs[0], theirs[1]), rel=0.02)


def test_both_backends_give_the_same_bits_for_any_number_of_threads():
    field = smooth_noise((17, 9, 23), 2)
    mask = torch.rand(field.shape) > 0.1
    before = torch.get_num_threads()
    results = []
    for name, threads in (("torch", 1), ("native", 1), ("native", 2), ("native", 3)):
        torch.set_num_threads(threads)
        with dispatch.backend(name):
            results.append(isosurface(field, 0.05, mask=mask))
    torch.set_num_threads(before)
    for other in results[1:]:
        assert all(torch.equal(a, b) for a, b in zip(results[0], other, strict=True))


def test_a_mask_drops_cells_and_their_vertices(backend):
    field = smooth_noise((12, 12, 12), 3)
    mask = torch.ones_like(field, dtype=torch.bool)
    mask[6:] = False
    field[6:] = float("nan")
    vertices, faces = isosurface(field, mask=mask)
    assert float(vertices[:, 0].max()) <= 5.5
    assert len(torch.unique(faces)) == len(vertices) > 0
    assert set(oracle.edge_uses(faces.numpy())) == {1, 2}


def test_colours_are_those_of_the_field(backend):
    p = positions(24)
    colors = (p.permute(3, 0, 1, 2) + 1).float() / 2
    mesh = isosurface(
        (p.norm(dim=-1) - 0.7).float(), 0.0, torch.full((3,), -1.0), 2 / 24, None, colors
    )
    assert torch.allclose(mesh[2], (mesh[0] + 1) / 2, atol=1e-5)


def test_vertices_are_differentiable_in_the_values(backend):
    field = smooth_noise((6, 6, 6), 4).double()
    weight = torch.randn(3, dtype=torch.float64)

    with dispatch.backend("torch"):  # doubles run the body
        leaf = field.clone().requires_grad_()
        assert torch.autograd.gradcheck(
            lambda v: (isosurface(v, cell=0.5)[0] * weight).sum(), (leaf,), eps=1e-7, atol=1e-5
        )
        (exact,) = torch.autograd.grad(isosurface(leaf, cell=0.5)[0].mul(weight).sum(), leaf)
    single = field.float().requires_grad_()
    (ours,) = torch.autograd.grad(
        isosurface(single, cell=0.5)[0].double().mul(weight).sum(), single
    )
    assert torch.allclose(ours.double(), exact, rtol=1e-3, atol=1e-3)


def test_growing_the_level_moves_a_sphere_by_as_much(backend):
    values = (positions(32).norm(dim=-1) - 0.6).float().requires_grad_()
    vertices, _ = isosurface(values, 0.0, torch.full((3,), -1.0), 2 / 32)
    radius = vertices.norm(dim=-1).mean()
    (gradient,) = torch.autograd.grad(radius, values)
    assert float(gradient.sum()) == pytest.approx(-1, abs=0.02)


def test_blocks_are_as_the_dense_grid(backend):
    field = smooth_noise((24, 16, 32), 7)
    coordinates, values, _ = to_blocks(field)
    colors = torch.rand((3, *field.shape))
    tints = torch.stack([to_blocks(c)[1] for c in colors], 1)
    dense = isosurface(field, 0.0, torch.ones(3), 0.5, None, colors)
    ours = isosurface_blocks(
        coordinates, values, torch.ones_like(values), 0.0, 0.0, torch.ones(3), 0.5, tints
    )
    sound(ours[1], len(ours[0]))
    order, peer = (np.lexsort(np.round(m[0].numpy(), 5).T) for m in (ours, dense))
    assert np.allclose(ours[0].numpy()[order], dense[0].numpy()[peer], atol=1e-5)
    assert np.allclose(ours[2].numpy()[order], dense[2].numpy()[peer], atol=1e-5)
    assert len(ours[1]) == len(dense[1])
    assert oracle.volume(ours[0].numpy(), ours[1].numpy()) == pytest.approx(
        oracle.volume(dense[0].numpy(), dense[1].numpy()), rel=1e-4
    )


def test_blocks_with_gaps_and_low_weights_are_as_a_mask(backend):
    field = smooth_noise((24, 24, 24), 8)
    weight = torch.rand(field.shape) * 2
    coordinates, values, order = to_blocks(field)
    weights = to_blocks(weight)[1]
    kept = torch.arange(len(order)) % 5 != 0
    mask = (weight > 0.2).clone()
    for x, y, z in coordinates[~kept].tolist():
        mask[8 * x : 8 * x + 8, 8 * y : 8 * y + 8, 8 * z : 8 * z + 8] = False
    dense = isosurface(field, mask=mask)
    shift = torch.tensor([-3, 1000, -70], dtype=torch.int32)
    ours = isosurface_blocks(coordinates[kept] + shift, values[kept], weights[kept], 0.2)
    moved = ours[0] - 8 * shift
    assert len(ours[1]) == len(dense[1]) > 100
    assert len(moved) == len(dense[0])
    exact = "donot_use_mm_for_euclid_dist"
    assert float(torch.cdist(moved, dense[0], compute_mode=exact).amin(1).max()) < 1e-3


def test_blocks_of_both_backends_have_the_same_bits():
    coordinates, values, _ = to_blocks(smooth_noise((24, 24, 16), 9))
    weights = torch.rand(values.shape)
    results = []
    for name in ("torch", "native"):
        with dispatch.backend(name):
            results.append(isosurface_blocks(coordinates, values, weights, 0.1))
    assert all(torch.equal(a, b) for a, b in zip(*results, strict=True))


def test_empty_grids_give_empty_meshes(backend):
    for shape in ((4, 4, 4), (1, 5, 5), (3, 3, 1)):
        vertices, faces = isosurface(torch.ones(shape))
        assert vertices.shape == faces.shape == (0, 3)
    blocks = torch.zeros((0, 8, 8, 8))
    vertices, faces = isosurface_blocks(torch.zeros((0, 3), dtype=torch.int32), blocks, blocks)
    assert vertices.shape == faces.shape == (0, 3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda v: isosurface(v[0]), r"values: expected shape \(X Y Z\)"),
        (lambda v: isosurface(v / 0), "values: 27 values are NaN or infinite"),
        (lambda v: isosurface(v, float("nan")), "level: expected a finite number"),
        (lambda v: isosurface(v, mask=v), "mask: expected a bool tensor"),
        (lambda v: isosurface(v, colors=v), "colors: expected"),
        (lambda v: isosurface_blocks(v.int()[0], v, v), "values: expected shape"),
    ],
)
def test_bad_arguments_are_named(call, message):
    with pytest.raises(GeometryError, match=message):
        call(torch.zeros((3, 3, 3)))
