"""Where the time of a step goes: loading, forward, backward, optimiser."""

import statistics
import time
from collections.abc import Callable

import torch

from core2d.doctor.case import Case, seeded
from core2d.doctor.finding import Finding

PARTS = ("loading", "forward", "backward", "optimiser")
ADVICE = {
    "loading": "decode once into a memory map on the local disk, never over the network; smaller "
    "pictures; batched augmentation; load ahead in a thread",
    "forward": "smaller pictures or network, bf16, channels_last, a GPU",
    "backward": "smaller pictures or network, bf16, channels_last, a GPU",
    "optimiser": "fewer parameters; a foreach or fused optimiser",
}


def measured(
    case: Case, steps: int = 5, clock: Callable[[], float] = time.perf_counter
) -> dict[str, float]:
    """Median seconds of each part of a step, after one step to warm up."""
    model = case.fresh()
    optimiser = case.optimiser([p for p in model.parameters() if p.requires_grad], case.rate)
    generator = case.generator()
    seen: dict[str, list[float]] = {part: [] for part in PARTS}
    device = next((p.device for p in model.parameters()), torch.device("cpu"))

    def now() -> float:
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        return clock()

    with seeded(case.seed):
        for _ in range(steps + 1):
            index = torch.randint(len(case.data.train), (case.batch,), generator=generator)
            times = [now()]
            batch = case.load(case.data.train, index, generator)
            times.append(now())
            optimiser.zero_grad()
            loss = case.total(model, batch)
            times.append(now())
            if loss.requires_grad:
                loss.backward()
            times.append(now())
            optimiser.step()
            times.append(now())
            for part, begin, end in zip(PARTS, times[:-1], times[1:], strict=True):
                seen[part].append(end - begin)
    return {part: statistics.median(values[1:]) for part, values in seen.items()}


def timing(case: Case, epochs: float = 1, seconds: dict[str, float] | None = None) -> Finding:
    """The parts, the bottleneck, and how long the training will take."""
    seconds = seconds or measured(case)
    whole = sum(seconds.values())
    slowest = max(seconds, key=lambda part: seconds[part])
    steps = epochs * max(1, len(case.data.train) // case.batch)
    shares = ", ".join(f"{p} {1000 * s:.3g}" for p, s in seconds.items())
    said = f"{1000 * whole:.3g} ms a step ({shares}); {epochs:g} epochs take about "
    said += f"{steps * whole / 60:.3g} minutes; bottleneck: {slowest}"
    if whole > case.limits.slow:
        return Finding("timing", "warning", f"slow: {said}", ADVICE[slowest], seconds)
    if seconds["loading"] > case.limits.waiting * whole and whole > case.limits.brief:
        return Finding("timing", "warning", f"waits for data: {said}", ADVICE["loading"], seconds)
    return Finding("timing", "fine", said, numbers=seconds)
