"""Smooth curves through values and rotations at given times."""

import math

import torch
from torch import Tensor

STILL = 1e-9  # slower than this is no motion, but rounding


class Way:
    """Knots in time (K,), and for each of `times` the segment it lies in and how far along."""

    def __init__(self, knots: Tensor, times: Tensor, loop: bool) -> None:
        self.loop = loop
        self.steps = knots.diff()  # (K - 1,)
        if len(knots) == 1:
            self.first = torch.zeros(len(times), dtype=torch.int64)
            self.share = torch.zeros(len(times), 1, dtype=knots.dtype)
            return
        inside = times.clamp(float(knots[0]), float(knots[-1]))
        self.first = (torch.searchsorted(knots, inside, right=True) - 1).clamp(0, len(knots) - 2)
        self.share = ((inside - knots[self.first]) / self.steps[self.first])[:, None]

    def slopes(self, rise: Tensor) -> Tensor:
        """Rises (K - 1, C) of the segments -> slopes (K, C) at the knots."""
        slope = rise / self.steps[:, None]
        if self.loop:
            slope = torch.cat([slope[-1:], slope, slope[:1]])
            steps = torch.cat([self.steps[-1:], self.steps, self.steps[:1]])[:, None]
            return _between(slope, steps)
        inner = _between(slope, self.steps[:, None])
        if len(slope) == 1:
            return slope.expand(2, -1)
        ends = [1.5 * slope[i] - 0.5 * inner[i] for i in (0, -1)]
        rests = [slope[i].norm() < STILL for i in (0, -1)]
        first, last = (torch.zeros_like(e) if r else e for e, r in zip(ends, rests, strict=True))
        return torch.cat([first[None], inner, last[None]])

    def spline(self, values: Tensor) -> Tensor:
        """Values (K, C) at the knots -> values (T, C), cubic Hermite."""
        if len(values) == 1:
            return values.expand(len(self.first), -1)
        slope = self.slopes(values.diff(dim=0))
        i, s = self.first, self.share
        step = self.steps[i][:, None]
        a, b = values[i], values[i + 1]
        swing = s * (1 - s) * step * ((1 - s) * slope[i] - s * slope[i + 1])
        return a + s * s * (3 - 2 * s) * (b - a) + swing

    def turned(self, turns: Tensor) -> Tensor:
        """Unit quaternions (K, 4) at the knots -> (T, 4)."""
        if len(turns) == 1:
            return turns.expand(len(self.first), -1)
        rise = _log(_times(_back(turns[:-1]), turns[1:]))  # (K - 1, 3), in the camera's axes
        slope = self.slopes(rise)
        i, s = self.first, self.share
        third = self.steps[i][:, None] / 3
        a, d = turns[i], turns[i + 1]
        b = _times(a, _exp(slope[i] * third))
        c = _times(d, _exp(-slope[i + 1] * third))
        ab, bc, cd = _slerp(a, b, s), _slerp(b, c, s), _slerp(c, d, s)
        return _slerp(_slerp(ab, bc, s), _slerp(bc, cd, s), s)


def _between(slope: Tensor, steps: Tensor) -> Tensor:
    """Slopes (S, C), steps (S, 1) -> slopes (S - 1, C) of the parabolas; 0 beside a rest."""
    before, after = slope[:-1], slope[1:]
    mean = (before * steps[1:] + after * steps[:-1]) / (steps[1:] + steps[:-1])
    rests = (before.norm(dim=1) < STILL) | (after.norm(dim=1) < STILL)
    return torch.where(rests[:, None], 0.0, mean)


def _slerp(a: Tensor, b: Tensor, share: Tensor) -> Tensor:
    return _times(a, _exp(_log(_times(_back(a), b)) * share))


def _times(a: Tensor, b: Tensor) -> Tensor:
    """Product of quaternions (..., 4), w first."""
    w, v = a[..., :1], a[..., 1:]
    s, u = b[..., :1], b[..., 1:]
    scalar = w * s - (v * u).sum(-1, keepdim=True)
    return torch.cat([scalar, w * u + s * v + torch.linalg.cross(v, u)], -1)


def _back(q: Tensor) -> Tensor:
    return q * q.new_tensor([1.0, -1.0, -1.0, -1.0])


def _exp(vector: Tensor) -> Tensor:
    """Axis times angle (..., 3) -> unit quaternion (..., 4)."""
    half = vector.norm(dim=-1, keepdim=True) / 2
    return torch.cat([half.cos(), torch.sinc(half / math.pi) / 2 * vector], -1)


def _log(q: Tensor) -> Tensor:
    """Unit quaternion (..., 4) -> axis times angle (..., 3), the shorter way round."""
    q = torch.where(q[..., :1] < 0, -q, q)
    sine = q[..., 1:].norm(dim=-1, keepdim=True)
    half = torch.atan2(sine, q[..., :1])
    return q[..., 1:] * torch.where(sine > 1e-12, 2 * half / sine.clamp(min=1e-12), 2.0)
