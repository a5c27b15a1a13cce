"""Faults that can be read off the network and the graph of one loss, before anything is trained."""

import math

import torch
from torch import Tensor, nn

from core2d.doctor.case import Case, seeded
from core2d.doctor.finding import Finding
from core2d.doctor.graph import (
    NORMS,
    WEIGHTED,
    bias_of,
    kind,
    layer_of,
    names_of,
    origin,
    parameter,
    sources,
    walk,
    weight_of,
)
from core2d.train.packed import count_of
from core2d.train.recipe import Batch

SQUASHED = {"Softmax": "a softmax", "Sigmoid": "a sigmoid", "Relu": "a ReLU", "Tanh": "a tanh"}
ACTIVATIONS = frozenset({"Relu", "Gelu", "Silu", "Sigmoid", "Tanh", "LeakyRelu", "Elu"})


def traced(case: Case, model: nn.Module, count: int = 4) -> tuple[Tensor, Tensor | None, Batch]:
    """Loss and output of `model` in training mode on a few examples, with their graph."""
    index = case.pick(case.data.train, count)
    batch = case.load(case.data.train, index.repeat(2) if len(index) == 1 else index)
    with seeded(case.seed):
        loss, output = case.observe(model.train(), batch)
    return loss, output, batch


def parameters(case: Case) -> Finding:
    """How many there are and where; those that the loss cannot reach, or the optimiser not."""
    model = case.fresh()
    loss, _, _ = traced(case, model)
    own = dict(model.named_parameters())
    held = {id(p) for p in own.values()}
    reached = {id(p): p for n in walk(loss.grad_fn) if (p := parameter(n)) is not None}
    sizes = {name: p.numel() for name, p in own.items()}
    total = sum(sizes.values())
    largest = sorted(sizes, key=lambda name: -sizes[name])[:3]
    said = f"{total:,} parameters; largest: " + ", ".join(f"{n} {sizes[n]:,}" for n in largest)
    numbers = {"parameters": total, "examples": len(case.data.train)}
    hidden = [tuple(p.shape) for key, p in reached.items() if key not in held]
    if hidden:
        return Finding(
            "parameters",
            "alarm",
            f"weights of shapes {hidden[:3]} are used but belong to no module of the network: "
            "model.parameters() does not give them to the optimiser",
            "keep layers in nn.ModuleList or as attributes, weights as nn.Parameter",
            numbers,
        )
    if loss.grad_fn is None or not reached:
        return Finding(
            "parameters",
            "alarm",
            "the loss depends on no parameter: it has no graph",
            "look for .detach(), .item(), .data, argmax or torch.no_grad() on the way to the loss",
            numbers,
        )
    idle = [name for name, p in own.items() if p.requires_grad and id(p) not in reached]
    if idle:
        return Finding(
            "parameters",
            "warning",
            f"{len(idle)} parameters never get a gradient: {', '.join(idle[:4])}",
            "is a layer left out of forward, or its output cut off by detach()?",
            numbers,
        )
    return Finding("parameters", "fine", said, numbers=numbers)


def logits(case: Case) -> Finding:
    """A softmax, sigmoid or activation before a loss that brings its own, or a missing one."""
    loss, output, _ = traced(case, case.fresh())
    for node in walk(loss.grad_fn):
        name = kind(node)
        before = origin(sources(node)[0]) if node.next_functions else None
        found = "" if before is None else kind(before)
        if name in ("LogSoftmax", "BinaryCrossEntropyWithLogits") and found in SQUASHED:
            own = "softmax" if name == "LogSoftmax" else "sigmoid"
            return Finding(
                "logits",
                "alarm",
                f"{SQUASHED[found]} stands before a loss that applies a {own} itself",
                "give the loss the scores of the last layer as they are (logits)",
            )
        if name.startswith("NllLoss") and found in WEIGHTED | {"Softmax", "Sigmoid"}:
            return Finding(
                "logits",
                "alarm",
                "nll_loss got scores or probabilities; it asks for their logarithms",
                "use cross_entropy on the scores as they are",
            )
        if name == "BinaryCrossEntropy" and found in WEIGHTED:
            return Finding(
                "logits",
                "alarm",
                "binary_cross_entropy got scores; it asks for probabilities",
                "use binary_cross_entropy_with_logits",
            )
    if output is not None and output.grad_fn is not None and _simplex(output):
        on_the_way = {
            kind(n) for n in walk(loss.grad_fn, output.grad_fn) if n is not output.grad_fn
        }
        if "LogSoftmax" in on_the_way:
            return Finding(
                "logits",
                "alarm",
                "the network puts out probabilities, and the loss applies a softmax to them",
                "leave the softmax out of the network; apply it in prediction",
            )
    return Finding("logits", "fine", "the loss gets what it asks for")


def _simplex(output: Tensor) -> bool:
    """Non-negative, and summing to 1 along the channels."""
    if output.ndim < 2 or output.shape[1] < 2:
        return False
    total = output.detach().sum(1)
    return bool((output >= 0).all()) and torch.allclose(total, torch.ones_like(total), atol=1e-3)


def biases(case: Case) -> Finding:
    """A bias before batch norm does nothing; without either, or in the last layer, one is missed"""
    model = case.fresh()
    loss, output, _ = traced(case, model)
    names = names_of(model)
    useless, bare = [], []
    for node in walk(loss.grad_fn):
        name = kind(node)
        before = origin(sources(node)[0]) if node.next_functions else None
        if before is None or kind(before) not in WEIGHTED or weight_of(before) is None:
            continue
        if name in NORMS and bias_of(before) is not None:
            useless.append(layer_of(before, names))
        if name in ACTIVATIONS and bias_of(before) is None:
            bare.append(layer_of(before, names))
    last = None if output is None else origin(output.grad_fn)
    while last is not None and kind(last) == "Mean":  # global pooling after the last layer
        last = origin(sources(last)[0])
    if last is not None and kind(last) in WEIGHTED and not getattr(last, "_saved_transposed", 0):
        weight = weight_of(last)
        if weight is not None and bias_of(last) is None:
            bare.append(layer_of(last, names) + " (the last layer)")
    said = []
    if useless:
        said.append(f"a bias before batch norm, which subtracts it: {', '.join(useless[:4])}")
    if bare:
        said.append(f"neither bias nor norm after: {', '.join(bare[:4])}")
    numbers = {"useless": len(useless), "missing": len(bare)}
    if said:
        advice = "bias=False in front of batch norm, a bias everywhere else and in the last layer"
        return Finding("biases", "warning", "; ".join(said), advice, numbers)
    return Finding("biases", "fine", "biases where they do something", numbers=numbers)


def mixing(case: Case) -> Finding:
    """In eval mode, one example's output must not depend on another one of its batch."""
    model = case.fresh().eval()
    index = case.pick(case.data.train, 4)
    if len(index) < 2:
        return Finding("mixing", "skipped", "fewer than two examples")
    batch = case.load(case.data.train, index)
    floats = [name for name, value in batch.items() if value.is_floating_point()]
    inputs = {name: batch[name].clone().requires_grad_() for name in floats}
    with seeded(case.seed):
        _, output = case.observe(model, {**batch, **inputs})
    if output is None or output.grad_fn is None or not _first_rows(batch, output):
        return Finding("mixing", "skipped", "the output is not one tensor with a row per example")
    gradients = torch.autograd.grad(
        output[: _first_rows(batch, output)].double().square().sum(),
        list(inputs.values()),
        allow_unused=True,
    )
    others = [g[_first_rows(batch, g) :].abs() for g in gradients if g is not None]
    if any(float(g.max()) > 0 for g in others if g.numel()):
        return Finding(
            "mixing",
            "alarm",
            "in eval mode the output of one example depends on the others in its batch",
            "look for view/reshape/transpose that mixes the batch axis, a softmax or norm over "
            "axis 0, or batch statistics in use",
        )
    return Finding("mixing", "fine", "every example is treated alone")


def _first_rows(batch: Batch, x: Tensor) -> int:
    """How many rows of x are the first example's; 0 where x has no rows per example or place."""
    rows = x.shape[0] if x.ndim else 0
    if "offsets" in batch and rows == int(batch["offsets"][-1]):
        return int(batch["offsets"][1])
    return int(rows == count_of(batch))


def guessing(loss: Tensor, output: Tensor | None) -> float:
    """Cross entropy of equal scores for all classes; inf where the loss is another one."""
    classes = 0 if output is None or output.ndim < 2 else output.shape[1]
    entropic = any(kind(node) == "LogSoftmax" for node in walk(loss.grad_fn))
    return math.log(classes) if entropic and classes > 1 else math.inf


def start(case: Case) -> Finding:
    """The first loss is finite, and near that of guessing."""
    model = case.fresh()
    batch = case.load(case.data.train, case.pick(case.data.train, case.batch))
    with seeded(case.seed):
        loss, output = case.observe(model, batch)
    value = float(loss.detach())
    numbers = {"loss": value}
    if not math.isfinite(value):
        return Finding(
            "start",
            "alarm",
            f"the first loss is {value}",
            "look for log(0), division by 0, NaN in the inputs, weights that are far too large",
            numbers,
        )
    guess = guessing(loss, output)
    if value > case.limits.start * guess:
        return Finding(
            "start",
            "warning",
            f"the first loss is {value:.3g}, guessing among the classes costs {guess:.3g}",
            "start with smaller weights in the last layer, or normalise the inputs",
            numbers | {"guess": guess},
        )
    said = f"first loss {value:.3g}" + (f", guessing {guess:.3g}" if guess < math.inf else "")
    return Finding("start", "fine", said, numbers=numbers)
