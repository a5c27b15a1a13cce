"""Random changes of packed batches of points, each a function Batch, Generator -> Batch.

"points" (N, 3) and "offsets" (B+1,) int64; what else has a row per point goes with it, and what
has a row per cloud stays. Every cloud draws its own numbers, and the same generator state gives
the same batch. z is up. A recipe composes them: `jitter(turn(batch, generator), generator)`.

vectors: the column of "features" at which unit directions, such as normals, begin; they are
turned and mirrored with their points.
"""

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from core2d.errors import InputError, describe, expect_number, expect_share
from core2d.offsets import items_of
from core2d.train.packed import count_of, kept, of_places, split
from core2d.train.recipe import Batch
from geomdl.ops.voxelize import trilinear

KNOTS = 10_000_000  # of an elastic field, at most


def turn(
    batch: Batch,
    generator: Generator,
    *,
    angle: float = math.pi,
    axis: int = 2,
    vectors: int | None = None,
) -> Batch:
    """Turn each cloud about an axis through the origin by up to `angle` radians either way."""
    if axis not in (0, 1, 2):
        raise InputError(f"axis: expected 0, 1 or 2, got {axis}")
    expect_number("angle", angle)
    theta = _uniform(generator, count_of(batch), -angle, angle)
    first, second = (axis + 1) % 3, (axis + 2) % 3
    matrix = torch.zeros(len(theta), 3, 3)
    matrix[:, axis, axis] = 1
    matrix[:, first, first] = matrix[:, second, second] = theta.cos()
    matrix[:, second, first], matrix[:, first, second] = theta.sin(), -theta.sin()
    return _moved(batch, matrix, vectors)


def tumble(batch: Batch, generator: Generator, *, vectors: int | None = None) -> Batch:
    """Any rotation of each cloud, all equally likely (a normal quaternion made unit)."""
    w, x, y, z = F.normalize(torch.randn(4, count_of(batch), generator=generator), dim=0)
    rows = (
        (1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)),
        (2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)),
        (2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)),
    )
    return _moved(batch, torch.stack([torch.stack(row, -1) for row in rows], 1), vectors)


def scale(
    batch: Batch,
    generator: Generator,
    *,
    low: float = 0.8,
    high: float = 1.25,
    stretch: bool = False,
    vectors: int | None = None,
) -> Batch:
    """Scale each cloud about the origin by a factor in low to high; with `stretch` each axis."""
    expect_number("low", low, above=0)
    expect_number("high", high, low=low)
    axes = 3 if stretch else 1
    factor = _uniform(generator, (count_of(batch), axes), low, high).expand(-1, 3)
    return _moved(batch, torch.diag_embed(factor), vectors)


def mirror(
    batch: Batch,
    generator: Generator,
    *,
    axes: Sequence[int] = (0, 1),
    chance: float = 0.5,
    vectors: int | None = None,
) -> Batch:
    """Mirror each cloud along each of the axes with that chance."""
    expect_share("chance", chance)
    sign = torch.ones(count_of(batch), 3)
    for axis in _axes(axes):
        sign[torch.rand(len(sign), generator=generator) < chance, axis] = -1
    return _moved(batch, torch.diag_embed(sign), vectors)


def shift(batch: Batch, generator: Generator, *, most: float = 0.1) -> Batch:
    """Shift each cloud by up to `most` along each axis."""
    expect_number("most", most, low=0)
    move = _uniform(generator, (count_of(batch), 3), -most, most)
    return {
        **batch,
        "points": batch["points"] + move.to(batch["points"])[items_of(batch["offsets"])],
    }


def jitter(
    batch: Batch, generator: Generator, *, sigma: float = 0.01, limit: float = 0.05
) -> Batch:
    """Shift every point by a normal number along each axis, cut off at `limit`."""
    expect_number("sigma", sigma, low=0)
    expect_number("limit", limit, low=0)
    noise = sigma * torch.randn(batch["points"].shape, generator=generator)
    return {**batch, "points": batch["points"] + noise.clamp(-limit, limit).to(batch["points"])}


def drop(batch: Batch, generator: Generator, *, most: float = 0.875) -> Batch:
    """Drop every point with a chance that each cloud draws from 0 to `most`; one point stays.

    Qi et al. 2017, PointNet++, section 3.3, "random input dropout".
    """
    if not 0 <= expect_number("most", most) < 1:
        raise InputError(f"most: expected a share of 0 to below 1, got {most}")
    items = items_of(batch["offsets"])
    chance = _uniform(generator, count_of(batch), 0, most)
    draws = torch.rand(len(items), generator=generator)
    stays = draws >= chance[items.cpu()]
    best = torch.full((len(chance),), -1.0).scatter_reduce(0, items.cpu(), draws, "amax")
    stays |= draws == best[items.cpu()]
    return kept(batch, stays.nonzero()[:, 0].to(items.device))


def crop(
    batch: Batch,
    generator: Generator,
    *,
    size: float = math.inf,
    axes: Sequence[int] = (0, 1),
    most: int = 0,
) -> Batch:
    """Of each cloud what lies around one of its points: a window of `size` metres along `axes`.

    most: at most so many points, those nearest to that point along `axes`.
    """
    if not size > 0 or not isinstance(most, int) or most < 0:
        raise InputError(f"size, most: expected metres and a whole number, got {size}, {most}")
    if not _axes(axes):
        raise InputError("axes: expected one or more, got none")
    rows = []
    for begin, points in _clouds(batch):
        apart = (points - points[_pick(generator, len(points))])[:, list(axes)].abs()
        inside = (apart.amax(1) <= size / 2).nonzero()[:, 0]
        if most and len(inside) > most:
            nearest = apart[inside].square().sum(1).topk(most, largest=False).indices
            inside = inside[nearest].sort().values
        rows.append(inside + begin)
    return kept(batch, torch.cat(rows)) if rows else batch


def hole(batch: Batch, generator: Generator, *, most: float = 0.5) -> Batch:
    """Of each cloud without the points nearest to one of them: a share of up to `most`."""
    if not 0 <= expect_number("most", most) < 1:
        raise InputError(f"most: expected a share of 0 to below 1, got {most}")
    rows = []
    for begin, points in _clouds(batch):
        share = float(_uniform(generator, 1, 0, most))
        apart = (points - points[_pick(generator, len(points))]).square().sum(1)
        left = len(points) - int(share * len(points))
        rows.append(apart.topk(left).indices.sort().values + begin)
    return kept(batch, torch.cat(rows)) if rows else batch


def elastic(batch: Batch, generator: Generator, *, cell: float = 0.2, bend: float = 0.05) -> Batch:
    """Bend space smoothly: displacements drawn on a grid of `cell` metres, linear between.

    bend: the standard deviation, in metres, of the displacements along each axis at the knots.
    Neighbouring knots share a part of their draws, which smooths the field (as in Graham et al.
    2018, SparseConvNet, on ScanNet). Raises InputError where a cloud would need over ten million
    knots.
    """
    expect_number("cell", cell, above=0)
    expect_number("bend", bend, low=0)
    moved = batch["points"].clone()
    for begin, points in _clouds(batch):
        low = points.amin(0) - cell
        shape = [int(n) + 3 for n in ((points.amax(0) - low) / cell).tolist()]
        if math.prod(shape) > KNOTS:
            raise InputError(f"cell: {cell:g} m is too small for a cloud of {shape} knots")
        knots = torch.randn(3, *(n + 2 for n in shape), generator=generator)
        knots = F.avg_pool3d(knots[None], 3, stride=1)[0] * math.sqrt(27) * bend
        field = trilinear(knots.to(points), points, low - cell / 2, cell)
        moved[begin : begin + len(points)] += field
    return {**batch, "points": moved}


def recolour(
    batch: Batch,
    generator: Generator,
    *,
    column: int = 0,
    light: float = 0.1,
    noise: float = 0.02,
    grey: float = 0.2,
) -> Batch:
    """Change the colours, features `column` to `column` + 2 in 0..1: each cloud, then each point.

    light: by how much each channel of a cloud is brighter or darker at most. noise: standard
    deviation of each point. grey: the chance of a cloud to lose its colours. What leaves 0..1 is
    cut off.
    """
    expect_share("grey", grey)
    expect_number("light", light, low=0)
    expect_number("noise", noise, low=0)
    features = _columns(batch, "column", column).clone()
    count, items = count_of(batch), items_of(batch["offsets"])
    colour = features[:, column : column + 3]
    lost = torch.rand(count, generator=generator) < grey
    mean = colour.mean(1, keepdim=True).expand_as(colour)
    colour = torch.where(lost.to(items.device)[items][:, None], mean, colour)
    colour = colour + _uniform(generator, (count, 3), -light, light).to(colour)[items]
    colour = colour + noise * torch.randn(colour.shape, generator=generator).to(colour)
    features[:, column : column + 3] = colour.clamp(0, 1)
    return {**batch, "features": features}


def mix(batch: Batch, generator: Generator, *, chance: float = 1.0) -> Batch:
    """Two clouds laid into each other as one, where every point has its label (Nekrasov 2021).

    Mix3D, section 3: pairs are drawn, each with that chance, and the middles of their x and y are
    laid on the origin. The batch becomes smaller. Raises InputError for values of clouds.
    """
    expect_share("chance", chance)
    total, count = int(batch["offsets"][-1]), count_of(batch)
    for name, value in batch.items():
        if name != "offsets" and not of_places(name, value, total, count):
            raise InputError(f"{name}: expected a row per point, to mix clouds, got one per cloud")
    order = torch.randperm(count, generator=generator).tolist()
    pairs = list(zip(order[0::2], order[1::2], strict=False))
    together = (torch.rand(len(pairs), generator=generator) < chance).tolist()
    groups = [list(p) for p, mixed in zip(pairs, together, strict=True) if mixed]
    taken = {i for group in groups for i in group}
    groups = sorted(groups + [[i] for i in range(count) if i not in taken])
    rows = torch.arange(total).split(batch["offsets"].diff().tolist())
    order_of_rows = torch.cat([rows[i] for group in groups for i in group])
    points = batch["points"].clone()
    for i in taken:
        flat = points[rows[i], :2]
        if len(flat):
            points[rows[i], :2] = flat - (flat.amin(0) + flat.amax(0)) / 2
    sizes = torch.tensor([0] + [sum(len(rows[i]) for i in group) for group in groups])
    mixed = {n: v[order_of_rows] for n, v in {**batch, "points": points}.items() if n != "offsets"}
    return {**batch, **mixed, "offsets": sizes.cumsum(0).to(batch["offsets"].device)}


def swap(batch: Batch, generator: Generator, *, most: float = 0.5) -> Batch:
    """Put a part of another cloud in the place of a part of each: both labels then hold by share.

    Of each cloud the points nearest to one of them, a share of up to `most`, make room for as many
    of a partner that lie nearest there (PointCutMix-K, Zhang et al. 2021, with an even share).
    Adds "other" (B,), the partner's label, and "share" (B,), what is left of the own points, as
    core2d's `mixup` does. Raises InputError where points have labels.
    """
    expect_share("most", most)
    if "label" not in batch:
        raise InputError(f"label: the batch has none, only {', '.join(batch)}")
    if of_places("label", batch["label"], int(batch["offsets"][-1]), count_of(batch)):
        raise InputError("label: expected one per cloud, got one per point (see mix)")
    partner = torch.randperm(count_of(batch), generator=generator)
    clouds = split(batch, "points")
    starts, rows, share = batch["offsets"].tolist(), [], []
    for own, other in enumerate(partner.tolist()):
        points, others = clouds[own], clouds[other]
        part = float(_uniform(generator, 1, 0, most))
        moved = min(int(part * len(points)), len(others))
        share.append(1 - moved / max(1, len(points)))
        if not moved:
            rows.append(torch.arange(starts[own], starts[own + 1]))
            continue
        place = points[_pick(generator, len(points))]
        apart = (points - place).square().sum(1)
        left = apart.topk(len(points) - moved).indices.sort().values
        new = (others - place).square().sum(1).topk(moved, largest=False).indices.sort().values
        rows += [left + starts[own], new + starts[other]]
    index = torch.cat(rows)
    total, count = int(batch["offsets"][-1]), count_of(batch)
    found = {
        name: value[index] if of_places(name, value, total, count) else value
        for name, value in batch.items()
        if name != "offsets"
    }
    found |= {"offsets": batch["offsets"], "other": batch["label"][partner]}
    return found | {"share": torch.tensor(share)}


def to_unit_sphere(batch: Batch) -> Batch:
    """Each cloud with its mean at the origin and its farthest point at distance 1. Not random."""
    items, count = items_of(batch["offsets"]), count_of(batch)
    points = batch["points"]
    size = batch["offsets"].diff().clamp(min=1).to(points)[:, None]
    mean = points.new_zeros(count, 3).index_add(0, items, points) / size
    points = points - mean[items]
    radius = points.new_zeros(count).scatter_reduce(0, items, points.norm(dim=1), "amax")
    return {**batch, "points": points / radius.clamp(min=1e-12)[items][:, None]}


def _uniform(generator: Generator, shape: int | tuple[int, ...], low: float, high: float) -> Tensor:
    return low + (high - low) * torch.rand(shape, generator=generator)


def _pick(generator: Generator, count: int) -> int:
    return int(torch.randint(count, (), generator=generator))


def _axes(axes: Sequence[int]) -> Sequence[int]:
    if any(axis not in (0, 1, 2) for axis in axes):
        raise InputError(f"axes: expected some of 0, 1 and 2, got {tuple(axes)}")
    return axes


def _columns(batch: Batch, name: str, first: int) -> Tensor:
    """The features, which have three columns from `first` on. Raises InputError."""
    features = batch.get("features")
    if features is None or not 0 <= first <= features.shape[1] - 3:
        got = "no features" if features is None else describe(features)
        raise InputError(f"{name}: expected three columns of features from {first} on, got {got}")
    return features


def _clouds(batch: Batch) -> list[tuple[int, Tensor]]:
    """First row and points of every cloud that has some."""
    begins = batch["offsets"].tolist()
    clouds = zip(begins, split(batch, "points"), strict=False)
    return [(begin, points) for begin, points in clouds if len(points)]


def _moved(batch: Batch, matrix: Tensor, vectors: int | None) -> Batch:
    """Points times the matrix (3, 3) of their cloud; directions by its inverse transpose."""
    items = items_of(batch["offsets"])
    points = batch["points"]
    moved = {**batch, "points": (matrix.to(points)[items] * points[:, None]).sum(-1)}
    if vectors is not None:
        features = _columns(batch, "vectors", vectors).clone()
        turned = torch.linalg.inv(matrix).mT.to(features)[items]
        part = (turned * features[:, None, vectors : vectors + 3]).sum(-1)
        features[:, vectors : vectors + 3] = F.normalize(part, dim=1)
        moved["features"] = features
    return moved
