"""The learning-rate range test (Smith 2017, "Cyclical learning rates", section 3.3).

The rate grows exponentially from step to step. Below some rate the loss hardly moves, then it
falls, and at some rate it explodes. Good rates lie where it falls steepest, below the explosion.
"""

import math

import torch

from core2d.doctor.case import Case, seeded
from core2d.doctor.finding import Finding


def sweep(
    case: Case, low: float = 1e-6, high: float = 10.0, steps: int = 100
) -> list[tuple[float, float]]:
    """Points (rate, smoothed loss) of one training whose rate grows; ends where the loss explodes.

    The loss is an average over about ten steps, corrected for its start.
    """
    model, points, mean = case.fresh(), [], 0.0
    optimiser = case.optimiser([p for p in model.parameters() if p.requires_grad], low)
    order = torch.randint(
        len(case.data.train), (steps, min(case.batch, 128)), generator=case.generator()
    )
    with seeded(case.seed):
        for number, index in enumerate(order):
            rate = low * (high / low) ** (number / (steps - 1))
            for group in optimiser.param_groups:
                group["lr"] = rate
            optimiser.zero_grad()
            loss = case.total(model, case.load(case.data.train, index))
            value = float(loss.detach())
            mean = 0.9 * mean + 0.1 * value
            smooth = mean / (1 - 0.9 ** (number + 1))
            if not math.isfinite(value):
                break
            points.append((rate, smooth))
            best = min(v for _, v in points)
            if number > 10 and value > 4 * abs(best) + abs(points[0][1]):
                break
            if loss.requires_grad:
                loss.backward()
                optimiser.step()
    return points


def steepest(points: list[tuple[float, float]]) -> tuple[float, float]:
    """Rate at which the loss falls steepest per factor of the rate, and that of the lowest loss."""
    lowest = min(range(len(points)), key=lambda i: points[i][1])
    drops = [
        (points[i - 2][1] - points[i + 2][1], i) for i in range(2, min(lowest + 1, len(points) - 2))
    ]
    at = max(drops)[1] if drops else lowest
    return points[at][0], points[lowest][0]


def learning_rate(case: Case) -> Finding:
    """The rate that the case is trained with lies where the loss falls."""
    points = sweep(case)
    curves = {"range test": points}
    if len(points) < 10:
        said = "the loss explodes at the smallest rates"
        advice = "normalise the inputs, look at the loss and at the first gradients"
        return Finding("learning rate", "alarm", said, advice, curves=curves)
    best, top = steepest(points)
    fallen = (points[0][1] - min(v for _, v in points)) / max(abs(points[0][1]), 1e-12)
    numbers = {"rate": case.rate, "steepest": best, "largest": top}
    if fallen < case.limits.flat:
        said = "the loss falls at no rate"
        advice = "first overfit one example: loss, labels or graph are wrong"
        return Finding("learning rate", "warning", said, advice, numbers, curves)
    said = f"rate {case.rate:.2g}; the loss falls steepest at {best:.2g}, until {top:.2g}"
    if case.rate > case.limits.rate_high * top:
        advice = f"too large; try {best:.1g}"
        return Finding("learning rate", "alarm", said, advice, numbers, curves)
    if case.rate < case.limits.rate_low * best:
        return Finding(
            "learning rate", "alarm", said, f"too small; try {best:.1g}", numbers, curves
        )
    return Finding("learning rate", "fine", said, numbers=numbers, curves=curves)
