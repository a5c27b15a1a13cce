"""The data: inputs, labels, their order, and the last batch of an epoch."""

import math
from contextlib import suppress

import torch
from torch import Tensor, nn

from core2d.doctor.case import Case, first_tensor, seeded
from core2d.doctor.finding import Finding
from core2d.losses import VOID
from core2d.train.packed import places_labelled, split
from core2d.train.recipe import Batch


def scale(case: Case) -> Finding:
    """Inputs are finite, differ from each other, and have a mean near 0 and a deviation near 1."""
    batch = case.load(case.data.train, case.pick(case.data.train, case.sample))
    name = "image" if "image" in batch else _first_floats(batch)
    x = batch[name] if name else None
    if x is None or not x.is_floating_point():
        return Finding("inputs", "skipped", "no floating-point input in the batch")
    if not bool(torch.isfinite(x).all()):
        bad = int((~torch.isfinite(x)).sum())
        advice = "find the files; a constant picture divided by its deviation gives NaN"
        return Finding("inputs", "alarm", f"{bad} values are NaN or infinite", advice)
    mean, deviation = float(x.mean()), float(x.std())
    numbers = {"mean": mean, "deviation": deviation}
    if _all_the_same(split(batch, name)):
        advice = "look at the loader: index, cache, shared buffers"
        return Finding("inputs", "alarm", "all examples are the same", advice, numbers)
    off, low, high = case.limits.scale
    said = f"mean {mean:.3g}, deviation {deviation:.3g}"
    if abs(mean) > off * max(deviation, 1.0) or not low < deviation < high:
        advice = "subtract the mean of the training set and divide by its deviation"
        return Finding("inputs", "warning", f"not normalised: {said}", advice, numbers)
    return Finding("inputs", "fine", said, numbers=numbers)


def _first_floats(batch: Batch) -> str:
    return next((name for name, value in batch.items() if value.is_floating_point()), "")


def _all_the_same(examples: list[Tensor]) -> bool:
    return len(examples) > 1 and all(torch.equal(x, examples[0]) for x in examples[1:])


def labels(case: Case) -> Finding:
    """Labels lie in the range of the classes, all classes occur, none drowns the others."""
    index = case.pick(case.data.train, 20 * case.sample)
    parts = [case.load(case.data.train, p).get("label") for p in index.split(512)]
    if parts[0] is None or parts[0].is_floating_point():
        return Finding("labels", "skipped", "no integer labels")
    label = torch.cat([p.flatten() for p in parts if p is not None]).cpu()
    dense = places_labelled(case.load(case.data.train, index[:2]))
    label = label[label != VOID] if dense else label
    outputs = _classes(case)
    classes = len(case.data.classes) or outputs or int(label.max()) + 1
    if bool((label < 0).any()) or bool((label >= classes).any()):
        said = f"labels from {int(label.min())} to {int(label.max())} for {classes} classes"
        return Finding("labels", "alarm", said, "count classes from 0; mark void pixels by 255")
    count = torch.bincount(label, minlength=classes)
    numbers = {str(c): int(n) for c, n in enumerate(count)}
    most, least = int(count.max()), int(count.min())
    rich = len(label) >= 50 * classes  # else a class may be missing by chance
    if rich and (least == 0 or most > case.limits.balance * least) and not dense:
        said = f"{least} to {most} examples per class in a sample of {len(label)}"
        advice = "weigh the loss by class (core2d.losses.class_weights), or sample evenly"
        return Finding("labels", "warning", said, advice, numbers)
    things = ("pixels" if parts[0].ndim > 1 else "points") if dense else "examples"
    said = f"{classes} classes, {least} to {most} {things} in a sample"
    return Finding("labels", "fine", said, numbers=numbers)


def _classes(case: Case) -> int:
    """Channels of the network's output; 0 where it is no tensor of scores."""
    batch = case.load(case.data.train, case.pick(case.data.train, 2))
    model, seen = case.fresh().eval(), []
    model.register_forward_hook(lambda _m, _x, out: seen.append(first_tensor(out)))
    with torch.no_grad(), seeded(case.seed), suppress(ValueError, IndexError, RuntimeError):
        case.total(model, batch)  # fails where labels are out of range, after the network ran
    output = seen[-1] if seen else None
    return output.shape[1] if output is not None and output.ndim > 1 else 0


def order(case: Case, indices: list[Tensor] | None = None) -> Finding:
    """Batches hold mixed classes. `indices`: those of a training; by default runs of the set.

    Sets sorted by class are healthy where the training shuffles: without `indices` it is a note.
    """
    size = min(case.batch, 32)
    runs = indices or [
        torch.arange(s, s + size)
        for s in torch.linspace(0, max(0, len(case.data.train) - size), 8).long().tolist()
    ]
    runs = [r[r < len(case.data.train)] for r in runs]
    found = [case.load(case.data.train, r).get("label") for r in runs]
    first = found[0]
    places = places_labelled(case.load(case.data.train, runs[0][:2]))
    if first is None or places or first.is_floating_point() or size < 8:
        return Finding("order", "skipped", "no single label per example")
    kinds = sum(len(y.unique()) for y in found if y is not None) / len(found)
    drawn = case.pick(case.data.train, sum(map(len, runs))).split(len(first))
    shuffled = [case.load(case.data.train, r)["label"] for r in drawn if len(r) == len(first)]
    expected = sum(len(y.unique()) for y in shuffled) / len(shuffled)
    said = f"{kinds:.1f} classes in {len(first)} successive examples, {expected:.1f} if shuffled"
    numbers = {"classes": kinds, "shuffled": expected}
    if kinds < case.limits.mixed * expected:
        advice = "shuffle before every epoch, and before taking any subset"
        if indices is None:
            advice += "; geomdl fit does the former"
            return Finding("order", "note", f"the set is sorted: {said}", advice, numbers)
        return Finding("order", "alarm", f"sorted: {said}", advice, numbers)
    return Finding("order", "fine", said, numbers=numbers)


def last_batch(case: Case, model: nn.Module) -> Finding:
    """The last batch of an epoch is not too small for batch statistics, and looks like the others.

    The loss of the set's end is compared with that of other places, by a network in eval mode.
    """
    total = len(case.data.train)
    rest = 0 if case.full else total % case.batch
    alone = any("running_mean" in name for name, _ in model.named_buffers())
    numbers: dict[str, float] = {"last batch": rest or case.batch, "batch": case.batch}
    size = rest or min(case.batch, total)
    if alone and 0 < rest < max(2, case.limits.tiny * case.batch) and total > case.batch:
        said = f"the last batch of an epoch holds {rest} of {case.batch}: batch norm fails or jumps"
        return Finding("last batch", "alarm", said, "drop it, or choose another batch", numbers)
    if total < 3 * size:
        return Finding("last batch", "fine", f"{size} examples", numbers=numbers)
    places = torch.linspace(0, total - 2 * size, 12).long().tolist()
    probes = [torch.arange(p, p + size) for p in places]
    losses = [_loss(case, model, p) for p in probes]
    tail = _loss(case, model, torch.arange(total - size, total))
    return _tail_verdict(case, losses, tail, size, numbers)


def _loss(case: Case, model: nn.Module, index: Tensor) -> float:
    with seeded(case.seed):
        return case.judge(model, case.load(case.data.train, index))[0]


def _tail_verdict(
    case: Case, losses: list[float], tail: float, size: int, numbers: dict[str, float]
) -> Finding:
    mean = sum(losses) / len(losses)
    spread = math.sqrt(sum((v - mean) ** 2 for v in losses) / (len(losses) - 1))
    numbers = {**numbers, "loss": tail, "others": mean, "spread": spread}
    said = f"loss of the last {size} examples {tail:.3g}, of others {mean:.3g} +- {spread:.2g}"
    deviations, share = case.limits.tail
    far = not abs(tail - mean) <= deviations * spread + share * abs(mean)
    outside = far and not min(losses) <= tail <= max(losses)
    if outside:
        advice = "look at the end of the set: padding, wrong labels, half-written files"
        return Finding("last batch", "alarm", said, advice, numbers)
    return Finding("last batch", "fine", said, numbers=numbers)
