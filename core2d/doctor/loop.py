"""A user's own training step under watch: zero_grad, step, parameters, train and eval mode."""

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.optimizer import register_optimizer_step_pre_hook

from core2d.doctor.case import Case, first_tensor, seeded
from core2d.doctor.finding import Finding
from core2d.doctor.inputs import order
from core2d.doctor.leakage import hashed, prints
from core2d.doctor.watch import Trace, watching
from core2d.train.recipe import Batch

Step = Callable[[Batch], Any]


def loop(case: Case, step: Step, evaluate: Callable[[], Any] | None = None) -> list[Finding]:
    """Watch `step(batch)` a few times, `evaluate()` once, and `step` again.

    Both close over the network of the case and run as they do in the user's loop; where train()
    is called once per epoch, let `step` be that call and the step. Where `step` leaves its batch
    aside and draws its own, their order is judged. The network and its optimisers are put back
    afterwards.
    """
    size = min(case.batch, len(case.data.train))
    drawn = torch.randint(len(case.data.train), (6, size), generator=case.generator())
    batches = [case.load(case.data.train, index, case.generator()) for index in drawn]
    matters = mode_matters(case)
    with untouched(case.model), seeded(case.seed):
        with watching(case.model) as before:
            for batch in batches[:4]:
                step(batch)
        found = [*gradients(before), *optimisers(case.model, before)]
        found += drawn_by(case, before.inputs, batches)
        if evaluate is None:
            return [*found, training(matters, before, None)]
        kept = {name: b.clone() for name, b in case.model.named_buffers()}
        with watching(case.model) as looked:
            evaluate()
        changed = [n for n, b in case.model.named_buffers() if not torch.equal(b, kept[n])]
        with watching(case.model) as after:
            for batch in batches[4:]:
                step(batch)
    return [*found, training(matters, before, after), evaluating(matters, looked, changed)]


def drawn_by(case: Case, seen: list[Tensor], given: list[Batch]) -> Iterator[Finding]:
    """The order of the examples that a step draws itself; nothing where it takes those `given`.

    They are recognised among the training examples, so only without augmentation.
    """
    ours = {h for batch in given for x in batch.values() if x.ndim for h in hashed(x)}
    foreign = [rows for x in seen if x.ndim and (rows := hashed(x)) and not ours.issuperset(rows)]
    if not foreign:
        return
    places = {h: i for i, h in enumerate(prints(case.data.train).hashes)}
    drawn = [torch.tensor([places[h] for h in rows if h in places]) for rows in foreign]
    drawn = [index for index in drawn if len(index) > 1]
    if not drawn:
        said = "what the network gets in a step is none of the training examples as they are"
        yield Finding("order", "skipped", said)
        return
    found = order(case, drawn)
    steps = torch.cat([index.diff() for index in drawn])
    if not found.bad and bool((steps == 1).all()):
        said = "the steps take the examples as they stand in the set, one after the other"
        found = Finding("order", "note", said, "shuffle before every epoch", found.numbers)
    yield found


@contextmanager
def untouched(model: nn.Module) -> Iterator[None]:
    """Put the network and the optimisers that step inside back as they were."""
    state, training = copy.deepcopy(model.state_dict()), model.training
    modes = {m: m.training for m in model.modules()}
    optimisers: dict[Optimizer, Any] = {}

    def keep(optimiser: Optimizer, *_: Any) -> None:
        if optimiser not in optimisers:
            optimisers[optimiser] = copy.deepcopy(optimiser.state_dict())

    hook = register_optimizer_step_pre_hook(keep)
    try:
        yield
    finally:
        hook.remove()
        for optimiser, kept in optimisers.items():
            optimiser.load_state_dict(kept)
        model.load_state_dict(state)
        model.train(training)
        for module, mode in modes.items():
            module.training = mode
        for p in model.parameters():
            p.grad = None


@torch.no_grad()
def mode_matters(case: Case) -> bool:
    """Whether the output differs between training and eval mode (dropout, batch norm).

    The network is called as the loss calls it, but in our mode, whatever the loss does to it.
    """
    batch = case.load(case.data.train, case.pick(case.data.train, min(case.batch, 16)))
    model, calls = case.fresh(), []
    hook = model.register_forward_pre_hook(
        lambda _m, args, named: calls.append((args, named)), with_kwargs=True
    )
    case.total(model, batch)
    hook.remove()
    if not calls:
        return False
    args, named = calls[0]
    outputs = []
    for mode in (True, False):
        with seeded(case.seed):
            outputs.append(first_tensor(case.fresh().train(mode)(*args, **named)))
    first, second = outputs
    if first is None or second is None:
        return False
    return first.shape != second.shape or not torch.allclose(first, second, rtol=1e-3, atol=1e-5)


def gradients(trace: Trace) -> Iterator[Finding]:
    """zero_grad, where it belongs."""
    if trace.stale:
        yield Finding(
            "zero_grad",
            "alarm",
            "gradients are added to those of the step before "
            f"({len(trace.stale)} parameters, such as {min(trace.stale)})",
            "optimiser.zero_grad() before every backward()",
        )
    elif trace.empty:
        yield Finding(
            "zero_grad",
            "alarm",
            f"{trace.empty} of {trace.steps} steps found gradients that had been cleared",
            "zero_grad(), then backward(), then step(); nothing between the last two",
        )
    else:
        yield Finding("zero_grad", "fine", "every step uses its own gradients")


def optimisers(model: nn.Module, trace: Trace) -> Iterator[Finding]:
    """The optimiser steps after the gradients are there, on the parameters of this network."""
    wanted = {name: p for name, p in model.named_parameters() if p.requires_grad}
    left = [name for name, p in wanted.items() if id(p) not in trace.held]
    said, advice = "", ""
    if trace.strangers:
        said = f"an optimiser holds {trace.strangers} parameters that are not this network's"
        advice = "make the optimiser after the network is built, moved and copied"
    elif trace.backwards == 0:
        said, advice = "no gradient arrives: backward() is never called", "loss.backward()"
    elif trace.steps == 0:
        said, advice = "gradients are computed, but no optimiser steps", "optimiser.step()"
    elif trace.late:
        said = f"{trace.late} of {trace.steps} steps came before the gradients of their batch"
        advice = "zero_grad(), then backward(), then step()"
    elif trace.broken:
        said = f"{trace.broken} of {trace.steps} steps used gradients that are NaN or infinite"
        advice = "a lower rate, clipping; look for log(0) and division by 0"
    elif not trace.moved and not trace.empty:
        said, advice = "the steps change no parameter", "is the learning rate 0?"
    if said:
        yield Finding("optimiser", "alarm", said, advice)
    elif left:
        said = f"{len(left)} parameters are in no optimiser: {', '.join(left[:4])}"
        advice = "give it model.parameters(); freeze by requires_grad_(False) what shall stay"
        yield Finding("optimiser", "warning", said, advice)
    else:
        said = f"{trace.steps} steps after {trace.backwards} backward passes"
        yield Finding("optimiser", "fine", said)


def training(matters: bool, before: Trace, after: Trace | None) -> Finding:
    """Steps run in training mode, also after an evaluation."""
    if not matters:
        return Finding("train mode", "fine", "the network does the same in both modes")
    for trace, when in ((before, "steps run"), (after, "after an evaluation steps run")):
        if trace and any(grad and not mode for mode, grad in trace.forwards):
            return Finding(
                "train mode",
                "alarm",
                f"{when} in eval mode: no dropout, no batch statistics",
                "model.train() before the steps of every epoch",
            )
    return Finding("train mode", "fine", "steps run in training mode")


def evaluating(matters: bool, trace: Trace, changed: list[str]) -> Finding:
    """Evaluation runs in eval mode, and changes nothing."""
    advice = "model.eval() before evaluation, model.train() after it"
    if trace.steps:
        return Finding("eval mode", "alarm", "the evaluation trains: an optimiser steps", advice)
    if changed:
        said = f"the evaluation changes {', '.join(changed[:3])}"
        return Finding("eval mode", "alarm", said, advice)
    if matters and any(mode for mode, _ in trace.forwards):
        said = "the evaluation runs in training mode: with dropout, with statistics of the batch"
        return Finding("eval mode", "alarm", said, advice)
    if any(grad for _, grad in trace.forwards):
        said, advice = "the evaluation records gradients", "with torch.no_grad(): saves memory"
        return Finding("eval mode", "note", said, advice)
    return Finding("eval mode", "fine", "the evaluation runs in eval mode")
