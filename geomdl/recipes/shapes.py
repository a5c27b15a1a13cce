"""What the recipes that name procedural shapes share: clouds, their damage, loss, metrics."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Generator, Tensor, nn

from core2d.errors import expect_number, expect_share, expect_sizes
from core2d.losses import cross_entropy
from core2d.metrics import hits
from core2d.train.evaluate import batches
from core2d.train.recipe import Batch, Data, Examples
from core2d.train.settings import Train
from geomdl.augment import drop, jitter, scale, shift, to_unit_sphere, turn
from geomdl.models.pointnet2 import Level
from geomdl.ops import sample_surface
from geomdl.structures import Mesh, PointCloud
from scenes.datasets.point_batches import chosen, packed
from scenes.datasets.shapes import shape_set, shapes

DATA = "procedural shapes"
FEW = {"quarter": 4, "eighth": 8}  # what is left of the points in the sparse columns


@dataclass(frozen=True)
class Config:
    """points: of every cloud. kinds: shapes of each kind that train, validate and test.

    thin: at most this share of the points is dropped while training (random input dropout, Qi et
    al. 2017, PointNet++, section 3.3); the rest is repeated. The defaults are what two cores can
    afford; as published, on a GPU: --points 1024 --kinds 300 30 60 --epochs 20.
    """

    train: Train = Train(
        epochs=5.5,
        batch=16,
        rate=1e-3,
        decay=1e-4,
        schedule="one-cycle",
        warmup=0.1,
    )
    points: int = 256
    kinds: tuple[int, int, int] = (40, 3, 8)
    thin: float = 0.875

    def __post_init__(self) -> None:
        expect_number("points", self.points, low=8)  # an eighth of them is tested on
        expect_sizes("kinds", self.kinds, 3)
        expect_share("thin", self.thin)


@dataclass(frozen=True)
class Columns:
    """Sets one behind the other; each batch says by "column" (B,) from which its clouds are."""

    sets: Mapping[str, Examples]

    def __len__(self) -> int:
        return sum(map(len, self.sets.values()))

    def batch(self, index: Tensor, generator: Generator | None = None) -> Batch:
        """Indices (B,) -> a packed batch, in the order of the indices."""
        ends = torch.tensor([len(examples) for examples in self.sets.values()]).cumsum(0)
        column = torch.bucketize(index, ends, right=True)
        sets, clouds = list(self.sets.values()), []
        for number, place in zip(column.tolist(), index.tolist(), strict=True):
            start = int(ends[number]) - len(sets[number])
            clouds.append(sets[number].batch(torch.tensor([place - start]), generator))
        found = packed([{"points": cloud["points"]} for cloud in clouds])
        return found | {"label": torch.cat([c["label"] for c in clouds]), "column": column}


@dataclass(frozen=True)
class Thin:
    """The first `few` points of each cloud, repeated until there are `count`."""

    examples: Examples
    few: int
    count: int

    def __len__(self) -> int:
        return len(self.examples)

    def batch(self, index: Tensor, generator: Generator | None = None) -> Batch:
        batch = self.examples.batch(index, generator)
        return filled(filled(batch, self.few), self.count)


def data(config: Config) -> Data:
    """Clean shapes train; the test set comes clean, noisy, half missing and in few points."""
    clean = shapes(
        sizes=config.kinds, count=config.points, augment=partial(augmented, thin=config.thin)
    )
    damaged = {
        version: shape_set("test", version=version, each=config.kinds[2], count=config.points)
        for version in ("noisy", "half")
    }
    few = {
        name: Thin(clean.test, config.points // part, config.points) for name, part in FEW.items()
    }
    test = Columns({"": clean.test, **damaged, **few})
    return Data(clean.train, clean.validation, test, clean.classes, DATA)


def in_proportion(levels: Sequence[Level], points: int) -> tuple[Level, ...]:
    """PointNet++'s levels for clouds of 1,024 points -> for `points`: the same share is centres."""
    return tuple((max(1, count * points // 1024), scales) for count, scales in levels)


def augmented(batch: Batch, generator: Generator, thin: float) -> Batch:
    """Turned about the vertical, scaled, shifted, jittered, thinned."""
    count = int(batch["offsets"][1])
    batch = scale(turn(batch, generator), generator)
    batch = jitter(shift(batch, generator), generator)
    return filled(drop(batch, generator, most=thin), count) if thin else batch


def filled(batch: Batch, count: int) -> Batch:
    """The first `count` points of each cloud, or all of them again and again until `count`."""
    rows, offsets = chosen(torch.arange(len(batch["points"])), batch["offsets"], count)
    return {**batch, "points": batch["points"][rows], "offsets": offsets}


def loss(model: nn.Module, batch: Batch, step: int, generator: Generator) -> Tensor:
    """Mean cross entropy with labels smoothed by 0.2 (as Wang et al. 2019 do), in nats."""
    scores = model(batch["points"], batch["offsets"])
    return cross_entropy(scores, batch["label"], smoothing=0.2)


def metrics(model: nn.Module, examples: Examples) -> dict[str, float]:
    """Share of clouds that are named rightly; of a test set in columns each by its name."""
    right: dict[int, float] = {}
    count: dict[int, int] = {}
    for batch in batches(examples, 16):
        scores = model(batch["points"], batch["offsets"]).float()
        column = batch.get("column", torch.zeros_like(batch["label"]))
        for number in column.unique().tolist():
            own = column == number
            right[number] = right.get(number, 0) + hits(scores[own], batch["label"][own])[0]
            count[number] = count.get(number, 0) + int(own.sum())
    names = ("accuracy", "accuracy_noisy", "accuracy_half", *(f"accuracy_{n}" for n in FEW))
    return {names[number]: right[number] / count[number] for number in sorted(count)}


def predict(model: nn.Module, x: Batch) -> Tensor:
    """A packed batch -> probabilities (B, classes)."""
    return torch.softmax(model(x["points"], x["offsets"]).float(), 1)


def read(shape: Mesh | PointCloud, config: Config) -> Batch:
    """A mesh, or a cloud, z up -> as many points as the network knows, in the unit ball."""
    if isinstance(shape, Mesh):
        points = sample_surface(shape.vertices, shape.faces, config.points)[0]
    else:
        order = torch.randperm(len(shape.points), generator=Generator().manual_seed(0))
        points = shape.points[order]
    batch = {"points": points.float(), "offsets": torch.tensor([0, len(points)])}
    return to_unit_sphere(filled(batch, config.points))
