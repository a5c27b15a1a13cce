"""A toy Space for tests: features at an explicit list of sites, found by a dict.

A field is `Listed`: values (N, C) of all samples one after the other, and the sites they stand at.
It shows that models and layers ask nothing of a space but its protocol. Slow, and plain to read.
"""

import itertools
from dataclasses import dataclass

import torch
from torch import Tensor

from core2d.errors import InputError, expect_choice
from core2d.space import Space

Place = tuple[int, ...]  # (sample, *coordinates)


@dataclass(frozen=True, eq=False)
class Sites:
    """Places in order of samples; stride: cells of the finest level per step; count of samples."""

    places: list[Place]
    stride: float
    samples: int

    def rows(self) -> dict[Place, int]:
        return {place: row for row, place in enumerate(self.places)}

    def sample(self) -> Tensor:
        return torch.tensor([place[0] for place in self.places], dtype=torch.int64)


@dataclass(frozen=True, eq=False)
class Listed:
    values: Tensor  # (N, C)
    sites: Sites

    def on(self, values: Tensor) -> "Listed":
        return Listed(values, self.sites)


def listed(x: Tensor, active: Tensor | None = None, *, stride: float = 1) -> Listed:
    """Dense field (B, C, *S), active (B, *S) bool or None for all -> a field of ListedSpace."""
    active = torch.ones_like(x[:, 0], dtype=torch.bool) if active is None else active
    places = active.nonzero()
    values = x.movedim(1, -1)[active]
    return Listed(values, Sites([tuple(p) for p in places.tolist()], stride, len(x)))


def dense(x: Listed, extent: tuple[int, ...]) -> Tensor:
    """A field of ListedSpace -> (B, C, *extent), zero where it has no site."""
    out = x.values.new_zeros(x.sites.samples, *extent, x.values.shape[1])
    places = torch.tensor(x.sites.places, dtype=torch.int64)
    return out.index_put(tuple(places.T), x.values).movedim(-1, 1)


class ListedSpace(Space):
    def __init__(self, axes: int) -> None:
        self.axes = axes

    def _steps(self, name, size) -> int:
        steps = set(self.sizes(name, size))
        assert len(steps) == 1, "the toy has one stride for all axes"
        return steps.pop()

    def _refuse(self, padding, ceil=False) -> None:
        if padding != "same":
            raise self._dense_only(f"padding={padding!r}")
        if ceil:
            raise self._dense_only("ceil=True")

    def _parents(self, sites: Sites, step: int) -> Sites:
        if step == 1:
            return sites
        places = {(place[0], *(c // step for c in place[1:])) for place in sites.places}
        return Sites(sorted(places), sites.stride * step, sites.samples)

    def _children(self, sites: Sites, step: int) -> Sites:
        places = [
            (place[0], *(c * step + o for c, o in zip(place[1:], offset, strict=True)))
            for place in sites.places
            for offset in itertools.product(range(step), repeat=self.axes)
        ]
        return Sites(places, sites.stride / step, sites.samples)

    def _pairs(self, fine: Sites, coarse: Sites, kernel, step: int, dilation: int):
        """For each entry of the kernel, row-major: its index, rows of coarse, rows of fine."""
        rows = fine.rows()
        for index in itertools.product(*map(range, kernel)):
            offset = [
                dilation * (i - (k - 1) // 2 if k % 2 else i)
                for i, k in zip(index, kernel, strict=True)
            ]
            found = [
                (row, rows[at])
                for row, place in enumerate(coarse.places)
                if (
                    at := (
                        place[0],
                        *(c * step + o for c, o in zip(place[1:], offset, strict=True)),
                    )
                )
                in rows
            ]
            pairs = torch.tensor(found, dtype=torch.int64).view(-1, 2)
            yield index, pairs[:, 0], pairs[:, 1]

    def conv(self, x, weight, bias=None, *, stride=1, dilation=1, groups=1, padding="same"):
        self._refuse(padding)
        step, hole = self._steps("stride", stride), self._steps("dilation", dilation)
        sites = self._parents(x.sites, step)
        out = x.values.new_zeros(len(sites.places), len(weight))
        for index, coarse, fine in self._pairs(x.sites, sites, weight.shape[2:], step, hole):
            taken = x.values[fine].unflatten(1, (groups, -1))
            w = weight[(..., *index)].unflatten(0, (groups, -1))  # (G, O/G, C/G)
            out = out.index_add(0, coarse, torch.einsum("ngc,goc->ngo", taken, w).flatten(1))
        return Listed(out if bias is None else out + bias, sites)

    def conv_transpose(self, x, weight, bias=None, *, like=None, stride=1, dilation=1, groups=1):
        step, hole = self._steps("stride", stride), self._steps("dilation", dilation)
        sites = self._children(x.sites, step) if like is None else like.sites
        out = x.values.new_zeros(len(sites.places), weight.shape[1] * groups)
        for index, coarse, fine in self._pairs(sites, x.sites, weight.shape[2:], step, hole):
            taken = x.values[coarse].unflatten(1, (groups, -1))
            w = weight[(..., *index)].unflatten(0, (groups, -1))  # (G, C/G, O/G)
            out = out.index_add(0, fine, torch.einsum("ngc,gco->ngo", taken, w).flatten(1))
        return Listed(out if bias is None else out + bias, sites)

    def _windows(self, x: Listed, size, stride):
        """Values of each window (N', K, C), the rows they came from, which exist (N', K)."""
        kernel = self.sizes("size", size)
        step = self._steps("stride", size if stride is None else stride)
        sites = self._parents(x.sites, step)
        rows = torch.zeros(len(sites.places), 0, dtype=torch.int64)
        for _, coarse, fine in self._pairs(x.sites, sites, kernel, step, 1):
            column = torch.full((len(sites.places), 1), -1)
            column[coarse, 0] = fine
            rows = torch.cat([rows, column], 1)
        return x.values[rows.clamp(min=0)], rows, rows >= 0, sites

    def pool(self, x, size, stride=None, kind="max", *, padding="same", ceil=False):
        self._refuse(padding, ceil)
        values, _, there, sites = self._windows(x, size, stride)
        if kind == "max":
            return Listed(values.masked_fill(~there[..., None], -torch.inf).amax(1), sites)
        return Listed((values * there[..., None]).sum(1) / there.sum(1, keepdim=True), sites)

    def pool_indices(self, x, size, stride=None):
        values, rows, there, sites = self._windows(x, size, stride)
        best, at = values.masked_fill(~there[..., None], -torch.inf).max(1)
        return Listed(best, sites), Listed(rows.gather(1, at), sites)

    def unpool(self, x, indices, like):
        zeros = x.values.new_zeros(len(like.sites.places), x.values.shape[1])
        return like.on(zeros.scatter_add(0, indices.values, x.values))

    def resize(self, x, like=None, scale=0, mode="nearest"):
        expect_choice("mode", mode, ("nearest", "linear"))
        sites = self._children(x.sites, scale) if like is None else like.sites
        rows, ratio = x.sites.rows(), sites.stride / x.sites.stride
        total = x.values.new_zeros(len(sites.places), x.values.shape[1])
        weights = x.values.new_zeros(len(sites.places), 1)
        for corner in itertools.product((0, 1), repeat=self.axes):
            for row, place in enumerate(sites.places):
                centre = [(c + 0.5) * ratio - 0.5 for c in place[1:]]
                low = [int(c // 1) if mode == "linear" else int((c + 0.5) // 1) for c in centre]
                share = 1.0
                for c, a, up in zip(centre, low, corner, strict=True):
                    part = min(max(c - a, 0), 1) if mode == "linear" else 0.0
                    share *= part if up else 1 - part
                source = rows.get((place[0], *(a + up for a, up in zip(low, corner, strict=True))))
                if share > 0 and source is not None:
                    at = torch.tensor([row])
                    total = total.index_add(0, at, share * x.values[source][None])
                    weights = weights.index_add(0, at, weights.new_full((1, 1), share))
        return Listed(total / weights, sites)

    def map(self, function, *xs):
        if any(x.sites.places != xs[0].sites.places for x in xs[1:]):
            raise InputError("x: expected fields of equal sites")
        return xs[0].on(function(*(x.values for x in xs)))

    def reduce(self, x, kind="mean"):
        sample = x.sites.sample()
        samples = [x.values[sample == item] for item in range(x.sites.samples)]
        pick = {"mean": lambda v: v.mean(0), "sum": lambda v: v.sum(0), "max": lambda v: v.amax(0)}
        return torch.stack([pick[kind](values) for values in samples])

    def broadcast(self, values, like):
        return like.on(values[like.sites.sample()])

    def group_norm(self, x, groups, weight=None, bias=None, eps=1e-5):
        sample = x.sites.sample()
        parts = []
        for item in range(x.sites.samples):
            values = x.values[sample == item].unflatten(1, (groups, -1))
            mean = values.mean((0, 2), keepdim=True)
            variance = (values - mean).square().mean((0, 2), keepdim=True)
            parts.append(((values - mean) / (variance + eps).sqrt()).flatten(1))
        y = torch.cat(parts)
        y = y if weight is None else y * weight
        return x.on(y if bias is None else y + bias)

    def tokens(self, x):
        sample = x.sites.sample()
        parts = [x.values[sample == item] for item in range(x.sites.samples)]
        padded = torch.nn.utils.rnn.pad_sequence(parts, batch_first=True)
        counts = torch.tensor([len(part) for part in parts])
        return padded, torch.arange(padded.shape[1]) < counts[:, None]

    def untokens(self, values, like):
        _, there = self.tokens(like)
        return like.on(values[there])

    def positions(self, x):
        places = torch.tensor(x.sites.places, dtype=torch.int64)
        return self.tokens(Listed(places[:, 1:], x.sites))[0]

    def grow(self, x, logits, target=None):
        kept = logits.values[:, 0] > 0
        if target is not None:
            parents = set(self._parents(target.sites, 2).places)
            kept = torch.tensor([place in parents for place in x.sites.places])
        places = list(itertools.compress(x.sites.places, kept.tolist()))
        few = Listed(x.values[kept], Sites(places, x.sites.stride, x.sites.samples))
        return self.resize(few, scale=2)

    def randn_like(self, x, generator=None):
        return x.on(torch.randn(x.values.shape, generator=generator, dtype=x.values.dtype))
