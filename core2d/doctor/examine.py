"""All checks, in the order in which a person should read them."""

import copy
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from torch import nn

from core2d.doctor import (
    activity,
    inputs,
    leakage,
    loop,
    overfit,
    plan,
    rates,
    structure,
    timing,
    verdict,
)
from core2d.doctor.case import Case, Loss
from core2d.doctor.finding import Finding, Report
from core2d.doctor.limits import Limits
from core2d.doctor.loop import Step
from core2d.doctor.run import Run, short_run
from core2d.train.recipe import Data

Said = Callable[[str], None]


def examine(
    model: nn.Module,
    data: Data,
    loss: Loss,
    run: Run | None = None,
    *,
    step: Step | None = None,
    evaluate: Callable[[], Any] | None = None,
    batch: int = 64,
    rate: float = 1e-3,
    limits: Limits | None = None,
) -> Report:
    """What is wrong with a network, its data, its loss and its training.

        report = examine(model, data, lambda model, batch: cross_entropy(model(batch["image"]),
                                                                         batch["label"]))
        print(text(report))

    model: before training; it is left as it came. run: a training that has happened; without one
    a short one is made, by `step` where it is given. step(batch): one step of your own loop, which
    trains `model` with your optimiser; it is watched, and what it did is undone. Where it draws
    its own examples, their order is looked at. evaluate(): your own validation. batch, rate: of
    your training. Raises InputError only for arguments that no check can use; a check that fails
    is an alarm.
    """
    case = Case(model, data, loss, batch=batch, rate=rate, limits=limits or Limits())
    return Report(tuple(findings(case, run, step=step, evaluate=evaluate)))


def findings(
    case: Case,
    run: Run | None = None,
    *,
    step: Step | None = None,
    evaluate: Callable[[], Any] | None = None,
    more: Sequence[tuple[str, Callable[[Run], Finding]]] = (),
    epochs: float = 1,
    said: Said = lambda text: None,
) -> Iterator[Finding]:
    """The findings of all checks, one after the other, and at last what to do next.

    more: names and checks of the run beside ours. epochs: of the whole training, for the estimate
    of its time. said: told what is being done.
    """
    seen: list[Finding] = []
    made: list[Run] = [] if run is None else [run]
    for found in (
        _before(case, epochs, said),
        _looped(case, made, step, evaluate, said),
        _after(case, made, more, said),
    ):
        for finding in found:
            seen.append(finding)
            yield finding
    yield plan.next_step(seen, bool(made) and made[0].whole)


def _before(case: Case, epochs: float, said: Said) -> Iterator[Finding]:
    """What can be seen before training."""
    checks: tuple[tuple[str, Callable[[], Any]], ...] = (
        ("parameters", partial(structure.parameters, case)),
        ("inputs", partial(inputs.scale, case)),
        ("labels", partial(inputs.labels, case)),
        ("order", partial(inputs.order, case)),
        ("leakage", partial(leakage.leakage, case)),
        ("logits", partial(structure.logits, case)),
        ("biases", partial(structure.biases, case)),
        ("mixing", partial(structure.mixing, case)),
        ("repeatable", partial(verdict.repeatable, case)),
        ("start", partial(structure.start, case)),
        ("gradients", partial(activity.gradients, case)),
        ("overfit one", partial(overfit.overfit, case)),
        ("learning rate", partial(rates.learning_rate, case)),
        ("timing", partial(timing.timing, case, epochs)),
    )
    for name, check in checks:
        yield from guarded(name, check, said)


def _looped(
    case: Case,
    made: list[Run],
    step: Step | None,
    evaluate: Callable[[], Any] | None,
    said: Said,
) -> Iterator[Finding]:
    """The user's own step, and a short training into `made` where there is none."""
    if step is not None:
        yield from guarded("zero_grad", partial(loop.loop, case, step, evaluate), said)
    yield from guarded("train loss", partial(_trained, case, step, made), said)


def _after(
    case: Case,
    made: list[Run],
    more: Sequence[tuple[str, Callable[[Run], Finding]]],
    said: Said,
) -> Iterator[Finding]:
    """What training shows; nothing where it could not be made."""
    if not made:
        return
    past = made[0]
    checks: tuple[tuple[str, Callable[[], Any]], ...] = (
        ("train loss", partial(verdict.signs, case, past)),
        ("dead units", partial(activity.dead, case, past.model)),
        ("saturation", partial(activity.saturated, case, past.model)),
        ("last batch", partial(inputs.last_batch, case, past.model)),
    )
    for name, check in checks:
        yield from guarded(name, check, said)
    for name, last in more:
        yield from guarded(name, partial(last, past), said)


def _trained(case: Case, step: Step | None, made: list[Run]) -> list[Finding]:
    """Put a run into `made` where there is none."""
    if not made and step is None:
        made.append(short_run(case))
    elif not made:
        with loop.untouched(case.model):
            run = short_run(case, step)
            made.append(Run(run.log, copy.deepcopy(run.model), run.whole))
    return []


def guarded(
    name: str, check: Callable[[], Finding | list[Finding]], said: Said
) -> Iterator[Finding]:
    """The findings of a check; where it fails, that is one."""
    said(name)
    try:
        found = check()
    except (ValueError, RuntimeError, TypeError, IndexError, KeyError, ArithmeticError) as error:
        text = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        yield Finding(name, "alarm", f"cannot be examined: {text}", "mend this first")
        return
    yield from [found] if isinstance(found, Finding) else found
