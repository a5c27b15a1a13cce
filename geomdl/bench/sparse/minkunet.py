"""A whole training step of MinkUNet18A against the same network on plain torch operations."""

import functools
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from core2d.errors import InputError
from core2d.space import Space
from geomdl.bench.measure import Floor, Row, Work
from geomdl.bench.sparse_peers import torch_conv, torch_pairs
from geomdl.bench.sparse_surface import surface
from geomdl.models.minkunet import minkunet
from geomdl.nn.sparse_space import SparseSpace
from geomdl.structures import SparseVoxels

EXTENT, ITEMS, CLASSES = 120, 2, 20
OPERATIONS = 3 * 177e9  # three times those of its 41 sparse convolutions forwards, as counted


class TorchMultiply:
    """`gather_conv` as gather, mm and index_add, on tables that are ours; pairs found once each."""

    def __init__(self) -> None:
        self.pairs: dict[int, tuple[Tensor, list[tuple[Tensor, Tensor]]]] = {}

    def __call__(
        self,
        features: Tensor,
        weight: Tensor,
        table: Tensor,
        bias: Tensor | None,
        groups: int,
        transposed: Tensor | None,
    ) -> Tensor:
        """As `gather_conv`, for one group."""
        if groups != 1:
            raise InputError(f"groups: the plain network has 1, got {groups}")
        if id(table) not in self.pairs:
            self.pairs[id(table)] = (table, torch_pairs(table))
        result = torch_conv(self.pairs[id(table)][1], len(table))(features, weight)
        return result if bias is None else result + bias


def batch() -> tuple[SparseVoxels, Tensor]:
    """ITEMS shells with random colours and labels."""
    draw = torch.Generator().manual_seed(0)
    sites = surface(EXTENT).sites
    items = [SparseVoxels(sites, torch.randn(len(sites), 3, generator=draw)) for _ in range(ITEMS)]
    voxels = SparseVoxels.concatenate(items)
    return voxels, torch.randint(CLASSES, (len(voxels),), generator=draw)


def stepper(space: Space, make: Callable[[SparseVoxels], object]) -> Callable[[], Tensor]:
    """One step of SGD at the same weights each time -> its loss; maps are made anew."""
    torch.manual_seed(0)
    model = minkunet("18A", classes=CLASSES, space=space)
    optimiser = torch.optim.SGD(model.parameters(), lr=0.0)
    voxels, label = batch()

    def step() -> Tensor:
        optimiser.zero_grad()
        logits = model(make(voxels)).values
        loss = torch.nn.functional.cross_entropy(logits, label)
        loss.backward()
        optimiser.step()
        return loss.detach()

    return step


def prepare() -> Work:
    ours = SparseSpace(3)
    plain = TorchMultiply()
    theirs = SparseSpace(3, multiply=plain)

    def field(voxels: SparseVoxels) -> object:
        plain.pairs.clear()  # a new batch has new maps
        return theirs.field(voxels)

    return Work(
        ours=stepper(ours, ours.field),
        peer=stepper(theirs, field),
        same=functools.partial(torch.testing.assert_close, rtol=1e-3, atol=1e-3),
    )


def rows() -> Iterator[Row]:
    yield Row(
        name="minkunet_step",
        group="sparse",
        work="MinkUNet18A, two surfaces, 100k voxels",
        peer="torch gather, mm, index_add",
        prepare=prepare,
        floor=Floor(flops=OPERATIONS),
        target=3.0,
        repeats=3,
    )
