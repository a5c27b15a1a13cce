"""Are the units alive, and do gradients reach the first layers?

Read from the autograd graph: a ReLU's node keeps its output, whatever module or function made it.
"""

import copy

import torch
from torch import Tensor, nn

from core2d.doctor.case import Case, seeded
from core2d.doctor.finding import Finding
from core2d.doctor.graph import (
    NORMS,
    WEIGHTED,
    Node,
    kind,
    layer_of,
    names_of,
    origin,
    upstream,
    walk,
)

CHANNELS_FIRST = frozenset({"Convolution", "MkldnnConvolution", "NativeGroupNorm"}) | NORMS
LAYERS = WEIGHTED | NORMS | frozenset({"NativeGroupNorm", "NativeLayerNorm"})


def rectifiers(model: nn.Module, loss: Tensor) -> list[tuple[str, Tensor]]:
    """Name of the layer before each ReLU, and the ReLU's output with units last (n, units)."""
    names, found = names_of(model), []
    for node in walk(loss.grad_fn):
        if kind(node) == "Relu":
            source = upstream(node, LAYERS)
            found.append((_label(source, names), _units_last(node._saved_result, source)))
    return found[::-1]


def _label(source: Node | None, names: dict[int, str]) -> str:
    weighted = source if source is None or kind(source) in WEIGHTED else upstream(source, WEIGHTED)
    return "a layer" if weighted is None else layer_of(weighted, names)


def _units_last(values: Tensor, source: Node | None) -> Tensor:
    first = values.ndim == 2 or source is None or kind(source) in CHANNELS_FIRST
    moved = values.detach().movedim(1, -1) if first and values.ndim > 1 else values.detach()
    return moved.flatten(0, -2)


def dead(case: Case, model: nn.Module) -> Finding:
    """Units whose ReLU is 0 for every example: no gradient passes, so they never come back."""
    index = case.pick(case.data.train, case.sample)
    alive: list[tuple[str, Tensor]] = []
    probe = copy.deepcopy(model).eval()
    for part in index.split(64):
        with seeded(case.seed):
            loss, _ = case.observe(probe, case.load(case.data.train, part))
        seen = [(name, (values > 0).any(0)) for name, values in rectifiers(probe, loss)]
        if alive and [a.shape for _, a in alive] != [a.shape for _, a in seen]:
            return Finding("dead units", "skipped", "the graph changes from batch to batch")
        joined = zip(alive, seen, strict=True) if alive else ()
        alive = [(name, a | b) for (name, a), (_, b) in joined] or seen
    if not alive:
        return Finding("dead units", "fine", "there is no ReLU")
    shares: dict[str, float] = {}
    for i, (name, units) in enumerate(alive):
        shares[name if name not in shares else f"{name} ({i})"] = 1 - float(units.float().mean())
    worst = max(shares, key=lambda name: shares[name])
    total = sum(int((~units).sum()) for _, units in alive)
    said = f"{total} of {sum(len(u) for _, u in alive)} units never fire; most after {worst}: "
    said += f"{100 * shares[worst]:.0f} %"
    if shares[worst] > case.limits.dead:
        advice = "a lower learning rate, He's start, inputs of mean 0, batch norm, or a leaky ReLU"
        return Finding("dead units", "alarm", said, advice, shares)
    return Finding("dead units", "fine", said, numbers=shares)


def saturated(case: Case, model: nn.Module) -> Finding:
    """Sigmoids and tanhs in their flat parts pass no gradient."""
    batch = case.load(case.data.train, case.pick(case.data.train, 64))
    with seeded(case.seed):
        probe = copy.deepcopy(model).eval()
        loss, output = case.observe(probe, batch)
    names = names_of(probe)
    shares: dict[str, float] = {}
    last = None if output is None else origin(output.grad_fn)
    for node in walk(loss.grad_fn):
        if kind(node) not in ("Sigmoid", "Tanh") or node is last:
            continue
        y = node._saved_result.detach()
        y = 2 * y - 1 if kind(node) == "Sigmoid" else y
        share = float((y.abs() > case.limits.flatness).float().mean())
        name = _label(upstream(node, LAYERS), names)
        shares[name] = max(share, shares.get(name, 0.0))
    if not shares:
        return Finding("saturation", "fine", "there is no sigmoid or tanh inside")
    worst = max(shares, key=lambda name: shares[name])
    said = f"{100 * shares[worst]:.0f} % of the values after {worst} are in the flat part"
    if shares[worst] > case.limits.saturated:
        advice = "smaller weights at the start, normalised inputs, or ReLU instead"
        return Finding("saturation", "alarm", said, advice, shares)
    return Finding("saturation", "fine", said, numbers=shares)


def gradients(case: Case) -> Finding:
    """Gradient norm over weight norm, layer by layer, early in training.

    Weights that start at zero, as the last ones of some networks, have no such ratio.
    """
    model = case.fresh()
    weights = {
        name: p
        for name, p in model.named_parameters()
        if p.requires_grad and p.ndim > 1 and bool(p.detach().any())
    }
    optimiser = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], 1e-4)
    generator = case.generator()
    seen: dict[str, list[float]] = {name: [] for name in weights}
    with seeded(case.seed):
        for _ in range(8):
            index = torch.randint(len(case.data.train), (min(case.batch, 64),), generator=generator)
            optimiser.zero_grad()
            loss = case.total(model, case.load(case.data.train, index))
            if not loss.requires_grad:
                return Finding("gradients", "skipped", "the loss has no graph")
            loss.backward()
            for name, p in weights.items():
                if p.grad is not None:
                    norm = float(p.detach().norm())
                    seen[name].append(float(p.grad.norm()) / max(norm, 1e-12))
            optimiser.step()
    # The last steps: a residual branch that starts at zero has passed its first ones by then.
    ratio = {name: sum(v[-3:]) / len(v[-3:]) for name, v in seen.items() if v}
    return _gradient_verdict(case, ratio)


def _gradient_verdict(case: Case, ratio: dict[str, float]) -> Finding:
    if not ratio:
        return Finding("gradients", "skipped", "no weight gets a gradient")
    limits, values = case.limits, list(ratio.values())
    third = max(1, len(values) // 3)
    middle = sorted(values)[len(values) // 2]
    early, late = sorted(values[:third])[third // 2], sorted(values[-third:])[third // 2]
    fade = early / max(late, 1e-30)
    said = f"gradient over weight {middle:.2g}; first layers over last ones {fade:.2g}"
    curves = {"gradient over weight": [(float(i), v) for i, v in enumerate(values)]}
    if not all(v < limits.explode for v in values):  # NaN too
        worst = max(ratio, key=lambda n: ratio[n] if ratio[n] == ratio[n] else float("inf"))
        said = f"gradients explode: {ratio[worst]:.2g} times the weights at {worst}; {said}"
        advice = "smaller weights at the start, normalised inputs, batch norm, clipping, lower rate"
        return Finding("gradients", "alarm", said, advice, ratio, curves)
    if middle < limits.vanish or fade < limits.fade:
        advice = "ReLU instead of sigmoid or tanh, He's start, batch norm, residual connections"
        said = f"gradients vanish towards the first layers: {said}"
        return Finding("gradients", "alarm", said, advice, ratio, curves)
    return Finding("gradients", "fine", said, numbers=ratio, curves=curves)
