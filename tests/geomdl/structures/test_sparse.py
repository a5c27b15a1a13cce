import pytest
import torch

from geomdl.errors import GeometryError
from geomdl.ops.keys import morton_keys
from geomdl.structures import SparseVoxels
from geomdl.structures.sparse import morton_order


def sites(axes: int = 3, count: int = 40) -> tuple[torch.Tensor, torch.Tensor]:
    rng = torch.Generator().manual_seed(axes)
    cells = torch.randint(0, 12, (count, axes), generator=rng).unique(dim=0).to(torch.int32)
    cells = cells[torch.randperm(cells.shape[0], generator=rng)]
    return cells, torch.randn(cells.shape[0], 5, generator=rng)


@pytest.mark.parametrize("axes", [1, 2, 3, 4])
def test_sorted_and_dense_agree_with_a_scatter(axes: int) -> None:
    cells, features = sites(axes)
    voxels = SparseVoxels.sorted(cells, features)
    wanted = torch.zeros(5, *[12] * axes)
    for cell, row in zip(cells.tolist(), features, strict=True):
        wanted[(slice(None), *cell)] = row
    assert torch.equal(voxels.dense([12] * axes)[0], wanted)


def test_order_is_that_of_the_op() -> None:
    rng = torch.Generator().manual_seed(5)
    for axes in (1, 2, 3, 4):
        cells = torch.randint(0, 2**15, (300, axes), generator=rng, dtype=torch.int32)
        assert torch.equal(morton_order(cells), morton_keys(cells))


def test_sorting_keeps_items_apart() -> None:
    cells, features = sites()
    count = cells.shape[0]
    offsets = torch.tensor([0, 7, 7, count])
    batch = SparseVoxels.sorted(cells, features, 2, offsets)
    assert batch.items.tolist() == [0] * 7 + [2] * (count - 7)
    single = SparseVoxels.sorted(cells[7:], features[7:], 2)
    assert torch.equal(batch.item(2).coordinates, single.coordinates)
    assert torch.equal(batch.item(2).features, single.features)
    again = SparseVoxels.concatenate(batch.split())
    assert torch.equal(again.features, batch.features)
    assert again.stride == 2
    part = batch[batch.coordinates[:, 0] > 5]
    assert part.batch_size == 3
    assert bool((part.coordinates[:, 0] > 5).all())


def test_gradients_reach_the_features() -> None:
    cells, features = sites()
    voxels = SparseVoxels.sorted(cells, features)
    leaf = voxels.features.clone().requires_grad_()
    SparseVoxels(voxels.coordinates, leaf).dense([12, 12, 12]).sum().backward()
    assert torch.equal(leaf.grad, torch.ones_like(leaf))


def test_bad_rows_are_refused() -> None:
    cells = torch.tensor([[1, 0, 0], [0, 0, 0]], dtype=torch.int32)
    with pytest.raises(GeometryError, match="row 1 is not after row 0"):
        SparseVoxels(cells, torch.zeros(2, 1))
    with pytest.raises(GeometryError, match="repeats"):
        SparseVoxels.sorted(cells * 0, torch.zeros(2, 1))
    with pytest.raises(GeometryError, match="coordinates: expected dtype int32"):
        SparseVoxels(cells.long(), torch.zeros(2, 1))
    with pytest.raises(GeometryError, match="features: expected 2 rows"):
        SparseVoxels(cells.flip(0), torch.zeros(3, 1))
    with pytest.raises(GeometryError, match="run from -1 to 0, expected 0 to"):
        SparseVoxels(cells.flip(0) - 1, torch.zeros(2, 1))
    with pytest.raises(GeometryError, match=r"expected 0 to 2\^21 - 1 on 3 axes"):
        SparseVoxels(cells.flip(0) * 2**21, torch.zeros(2, 1))
    with pytest.raises(GeometryError, match="stride"):
        SparseVoxels(cells.flip(0), torch.zeros(2, 1), stride=0)
    voxels = SparseVoxels(cells.flip(0), torch.zeros(2, 1))
    with pytest.raises(GeometryError, match="does not hold sites"):
        voxels.dense([1, 1, 1])
    for shape in (8, (8, 8), (8, 8, 8, 8), (8, 8, -1), "abc"):
        with pytest.raises(GeometryError, match="shape: expected 3 whole numbers >= 0, got"):
            voxels.dense(shape)
    for features in (torch.zeros(1, 1), torch.zeros(3, 1)):  # none may be lost on the way
        with pytest.raises(GeometryError, match="features: expected 2 rows"):
            SparseVoxels.sorted(cells, features)
    with pytest.raises(GeometryError, match="features: expected a tensor"):
        SparseVoxels.sorted(cells, None)
    with pytest.raises(GeometryError, match="coordinates: expected 1 to 4 axes, got 5"):
        SparseVoxels.sorted(torch.zeros(2, 5, dtype=torch.int32), torch.zeros(2, 1))
    for other in (
        SparseVoxels(cells[:1, :2], torch.zeros(1, 1)),
        SparseVoxels(cells[:1], torch.zeros(1, 2)),
    ):
        with pytest.raises(GeometryError, match="batches: expected as many axes and channels"):
            SparseVoxels.concatenate([voxels, other])


def test_repr() -> None:
    voxels = SparseVoxels(torch.tensor([[0, 0], [1, 3]], dtype=torch.int32), torch.zeros(2, 4), 2)
    assert repr(voxels) == (
        "SparseVoxels(2 sites in 2D, 4 channels, stride 2, bounds [0 0] to [1 3], float32 on cpu)"
    )
