"""Can it learn at all? One example, a handful, then 5, 10, 100, 1000.

One example needs no input: it proves that the target can be reached. A handful needs the input.
Each rung of the ladder asks whether the present number can be overfitted, and the validation
score along the way shows when learning by heart becomes learning.
"""

import copy
import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from core2d.doctor.case import Case, seeded
from core2d.doctor.finding import Finding
from core2d.train.packed import places_labelled


@dataclass(frozen=True)
class Fitted:
    """How well a number of examples was learned by heart, and by which network.

    falling: there are no labels, and the loss still fell when the steps were used up.
    """

    model: nn.Module
    count: int
    rate: float
    first: float
    loss: float
    score: float | None
    steps: int
    learned: bool
    falling: bool = False

    @property
    def stuck(self) -> bool:
        return not self.learned and not self.falling


def memorise(case: Case, index: Tensor, steps: int, rate: float) -> Fitted:
    """Train a copy on the examples `index` with Adam, without augmentation, until they are right.

    Judged in eval mode, or in training mode where that is better: whether the modes agree is
    another check.
    """
    with seeded(case.seed):
        model = case.fresh()
        optimiser = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], rate)
        first, loss, score, done = float("nan"), float("nan"), None, 0
        seen: list[tuple[int, float]] = []
        for done, part in enumerate(portions(case, index, steps)):
            batch = case.load(case.data.train, part)
            optimiser.zero_grad()
            value = case.total(model, batch)
            first = float(value.detach()) if done == 0 else first
            if done % 25 == 24 or done == steps:
                loss, score = examined(case, model, index)
                seen.append((done, loss))
                if right(case, first, loss, score):
                    return Fitted(model, len(index), rate, first, loss, score, done, True)
            if not value.requires_grad or not torch.isfinite(value):
                break
            value.backward()
            optimiser.step()
    before = [v for at, v in seen if at <= done - 25]
    falling = score is None and bool(before) and loss < case.limits.falling * before[-1]
    return Fitted(model, len(index), rate, first, loss, score, done, False, falling)


def portions(case: Case, index: Tensor, steps: int) -> Iterator[Tensor]:
    """`steps` + 1 minibatches of `index`, shuffled anew each pass; one example counts as two."""
    generator, size = case.generator(), min(case.batch, len(index))
    whole = index.repeat(2) if len(index) == 1 else index
    queue: list[Tensor] = []
    for _ in range(steps + 1):
        if not queue:
            shuffled = whole[torch.randperm(len(whole), generator=generator)]
            queue = [p for p in shuffled.split(max(2, size)) if len(p) > 1]
        yield queue.pop()


def examined(case: Case, model: nn.Module, index: Tensor) -> tuple[float, float | None]:
    """Loss and score on examples: those of the better mode. The network stays in training mode."""
    seen = []
    for training in (True, False):
        probe = copy.deepcopy(model).train(training)  # batch norm must not learn from being watched
        results = []
        for part in index.split(case.sample):
            part = part.repeat(2) if len(part) == 1 else part
            results.append(case.judge(probe, case.load(case.data.train, part)))
        scores = [s for _, s in results if s is not None]
        loss = sum(value for value, _ in results) / len(results)
        seen.append((loss, sum(scores) / len(scores) if scores else None))
    return min(seen, key=lambda s: (-(s[1] or 0.0), s[0]))


def right(case: Case, first: float, loss: float, score: float | None) -> bool:
    """All labels right where there are labels, else nearly nothing left of the loss."""
    return loss <= case.limits.gone * abs(first) if score is None else score >= case.limits.right


def attempts(case: Case, index: Tensor) -> Fitted:
    """The first learning rate that overfits the examples, else the best attempt."""
    tried: list[Fitted] = []
    for rate in case.limits.rates:
        tried.append(memorise(case, index, case.limits.steps, rate))
        if tried[-1].learned:
            return tried[-1]
    return min(tried, key=lambda f: (-(f.score or 0.0), f.loss if f.loss == f.loss else math.inf))


def handful(case: Case, count: int = 4) -> Tensor:
    """Indices of a few examples, of different labels where there is one label per example."""
    index = case.pick(case.data.train, case.sample)
    batch = case.load(case.data.train, index)
    label = batch.get("label")
    if label is None or places_labelled(batch) or label.is_floating_point():
        return index[:count]
    seen, chosen = set(), []
    for i, y in zip(index.tolist(), label.tolist(), strict=True):
        if y not in seen:
            chosen.append(i)
            seen.add(y)
    rest = [i for i in index.tolist() if i not in chosen]
    return torch.tensor((chosen + rest)[:count])


def overfit(case: Case) -> list[Finding]:
    """One example, a handful, and the ladder."""
    few = handful(case)
    one = attempts(case, few[:1])
    found = [_told("overfit one", one, _ONE)]
    if one.stuck:
        said = "not tried: one example cannot be learned"
        return [
            *found,
            Finding("overfit handful", "skipped", said),
            Finding("ladder", "skipped", said),
        ]
    some = attempts(case, few)
    found.append(_told("overfit handful", some, _FEW))
    if some.stuck:
        said = "not tried: a handful cannot be learned"
        return [*found, Finding("ladder", "skipped", said)]
    return [*found, ladder(case, some.rate)]


_ONE = (
    "the target cannot be reached whatever the input: look at the loss, at labels out of range, at "
    "the last layer's size and activation, at parameters without gradient"
)
_FEW = (
    "one example can be learned, a few not: does the input reach the output (dead or cut layers, "
    "constant inputs), and do labels and inputs go together?"
)


def _told(check: str, f: Fitted, advice: str) -> Finding:
    left = f"loss {f.first:.3g} -> {f.loss:.2g}" + (
        "" if f.score is None else f", {100 * f.score:.0f} % right"
    )
    numbers = {"first": f.first, "loss": f.loss, "steps": f.steps, "rate": f.rate}
    if f.learned:
        said = f"{f.count} learned by heart within {f.steps} steps at rate {f.rate:g} ({left})"
        return Finding(check, "fine", said, numbers=numbers)
    if f.falling:
        said = f"{f.count} half learned in {f.steps} steps at rate {f.rate:g} ({left})"
        return Finding(check, "note", said, "the loss still falls: more steps", numbers)
    return Finding(
        check, "alarm", f"{f.count} cannot be learned by heart ({left})", advice, numbers
    )


def ladder(case: Case, rate: float) -> Finding:
    """5, 10, 100, 1000 examples: which can be overfitted, and what the validation set says."""
    limits = case.limits
    order = case.pick(case.data.train, len(case.data.train))
    held = case.pick(case.data.validation, case.sample)
    said: list[str] = []
    failed: list[int] = []
    stuck: list[int] = []
    curves: dict[str, list[tuple[float, float]]] = {"train": [], "validation": []}
    scored = True
    for count in (n for n in limits.ladder if n <= len(order)):
        steps = max(limits.steps, 20 * -(-count // case.batch))
        fitted = memorise(case, order[:count], steps, rate)
        value, seen = case.judge(fitted.model.eval(), case.load(case.data.validation, held))
        scored = scored and fitted.score is not None and seen is not None
        ours, theirs = (fitted.score, seen) if scored else (fitted.loss, value)
        curves["train"].append((count, float(ours or 0)))
        curves["validation"].append((count, float(theirs or 0)))
        text = f"{100 * (ours or 0):.0f}|{100 * (theirs or 0):.0f} %"
        said.append(f"{count}: " + (text if scored else f"{ours:.2g}|{theirs:.2g}"))
        failed += [] if fitted.learned else [count]
        stuck += [count] if fitted.stuck else []
    if not said:
        return Finding("ladder", "skipped", "fewer examples than the first rung")
    text = f"train|validation {'score' if scored else 'loss'} at " + ", ".join(said)
    numbers = {"learned": max([c for c, _ in curves["train"] if c not in failed], default=0)}
    if failed:
        small = any(count <= 10 for count in stuck)
        advice = "a larger network or more steps; and look at examples that stay wrong"
        text = f"{failed[0]} cannot be learned by heart in the budget; {text}"
        return Finding("ladder", "alarm" if small else "note", text, advice, numbers, curves)
    return Finding("ladder", "fine", text, numbers=numbers, curves=curves)
