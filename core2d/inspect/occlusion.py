"""Which parts of an input a decision rests on: hide them one after the other.

Zeiler and Fergus 2014, section 4.2: a block moves over the input; where the class's probability
falls, the network had looked.
"""

import itertools
import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from core2d.errors import InputError
from core2d.inspect.watch import Unit, frozen, space_of
from core2d.space import Field, Size, Space


@dataclass(frozen=True)
class Occlusion:
    """What hiding did, W blocks one by one.

    starts: (W, axes) int64, first site of each block. whole: (B,) score with nothing hidden.
    scores: (W, B). labels: (W, B) int64, the channel that scores most. drop: field (B, 1, *S), at
    each site the mean of whole - score over the blocks that hid it (0 where none did).
    """

    starts: Tensor
    whole: Tensor
    scores: Tensor
    labels: Tensor
    drop: Field

    def grid(self) -> Tensor:
        """The scores as an array (B, *positions of the block)."""
        shape = [len(self.starts[:, axis].unique()) for axis in range(self.starts.shape[1])]
        return self.scores.T.unflatten(1, shape)


@torch.no_grad()
def occlusion(
    model: nn.Module,
    x: Field,
    unit: Unit,
    *,
    size: Size,
    stride: Size | None = None,
    fill: float | Tensor = 0.0,
    probability: bool = False,
) -> Occlusion:
    """Input (B, C, *S) -> the unit's score with each block of `size` sites hidden.

    The blocks lie inside the input, `stride` sites apart (default: half their size) and one flush
    with the far end of each axis. fill: what a block shows, a number or one per channel (C,); 0 is
    the mean colour of normalised images. probability: the softmax over the channels, as in the
    paper, instead of the score itself. Raises InputError where the block is larger than the input.
    """
    space = space_of(model, x)
    values, exists = space.tokens(x)  # (B, L, C), (B, L)
    places = space.positions(x)  # (L, axes) or (B, L, axes)
    sizes = space.sizes("size", size)
    halves = tuple(max(s // 2, 1) for s in sizes)
    steps = halves if stride is None else space.sizes("stride", stride)
    hidden = torch.as_tensor(fill, dtype=values.dtype, device=values.device)
    alive = places.expand(*values.shape[:2], -1)
    starts = _starts(alive.flatten(0, 1) if exists is None else alive[exists], sizes, steps)
    with frozen(model):
        whole, _ = _score(model, x, unit, space, probability)
        scores, labels = [], []
        drop = torch.zeros_like(values[..., :1])  # (B, L, 1)
        count = torch.zeros_like(drop)
        for start in starts:
            inside = ((places >= start) & (places < start + start.new_tensor(sizes))).all(-1)
            covered = inside.expand(values.shape[:2])[..., None]  # (B, L, 1)
            field = space.untokens(torch.where(covered, hidden, values), x)
            score, label = _score(model, field, unit, space, probability)
            scores.append(score)
            labels.append(label)
            drop += covered * (whole - score)[:, None, None]
            count += covered
    mean = space.untokens(drop / count.clamp(min=1), x)
    return Occlusion(starts, whole, torch.stack(scores), torch.stack(labels), mean)


def _starts(flat: Tensor, sizes: tuple[int, ...], steps: tuple[int, ...]) -> Tensor:
    """Sites (N, axes) -> first sites (W, axes) of the blocks, the last axis running fastest."""
    lines = []
    for axis, (size, step) in enumerate(zip(sizes, steps, strict=True)):
        low, high = int(flat[:, axis].min()), int(flat[:, axis].max()) + 1
        if size > high - low:
            raise InputError(f"size: expected at most {high - low} on axis {axis}, got {size}")
        lines.append(sorted({*range(low, high - size + 1, step), high - size}))
    count = math.prod(len(line) for line in lines)
    grid = torch.tensor(list(itertools.product(*lines)), device=flat.device)
    return grid.view(count, len(sizes))


def _score(
    model: nn.Module, x: Field, unit: Unit, space: Space, probability: bool
) -> tuple[Tensor, Tensor]:
    """The unit's score and the strongest channel of its layer, (B,) each."""
    scores = unit.beside(model, x, space)
    shown = scores.softmax(1) if probability else scores
    return shown[:, unit.index], scores.argmax(1)
