"""Small perceptrons of action values, whole: their values, and the gradient of their TD loss.

Layers are linear with ReLU between. A few numbers per layer cost more to start than to compute, so
each function here is one kernel from the batch to the result. `rl.perceptron` uses them.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor

from geomdl.errors import GeometryError, describe, expect_tensor
from geomdl.ops.dispatch import op


def perceptron_length(sizes: Sequence[int]) -> int:
    """Numbers that the layers between features of these sizes have: weights and biases."""
    return sum((n + 1) * m for n, m in pairwise(sizes))


def _layers(values: Tensor, sizes: Tensor) -> list[tuple[Tensor, Tensor]]:
    """The weight (O, I) and bias (O,) of every layer, views of `values`."""
    layers, start, widths = [], 0, sizes.tolist()
    for n, m in pairwise(widths):
        middle, end = start + n * m, start + (n + 1) * m
        layers.append((values[start:middle].view(m, n), values[middle:end]))
        start = end
    return layers


def _outputs(layers: list[tuple[Tensor, Tensor]], x: Tensor) -> list[Tensor]:
    """The input of every layer, and what the last one gives."""
    outputs = [x]
    for number, (weight, bias) in enumerate(layers):
        x = torch.addmm(bias, x, weight.t())
        x = x if number == len(layers) - 1 else x.relu()
        outputs.append(x)
    return outputs


def _check(values: Tensor, sizes: Tensor, x: Tensor) -> None:
    expect_tensor("values", values, "P", dtypes=(torch.float32,))
    expect_tensor("sizes", sizes, "D", dtypes=(torch.int64,), like=values)
    widths = sizes.tolist()
    if len(widths) < 2 or min(widths) < 1:
        raise GeometryError(f"sizes: expected at least two numbers >= 1, got {widths}")
    if len(values) != perceptron_length(widths):
        raise GeometryError(
            f"values: layers of {widths} have {perceptron_length(widths)}, got {describe(values)}"
        )
    expect_tensor("x", x, f"B {widths[0]}", dtypes=(torch.float32,), like=values)


@op(
    fake=lambda values, sizes, x: x.new_empty((len(x), torch.library.get_ctx().new_dynamic_size())),
    check=_check,
)
def perceptron_values(values: Tensor, sizes: Tensor, x: Tensor) -> Tensor:
    """Parameters (P,), features of the layers (D + 1,) int64, inputs (B, sizes[0]) -> (B, A).

    Parameters lie layer by layer, weight (out, in) and then bias (out,).
    """
    return _outputs(_layers(values, sizes), x)[-1]


def _check_td(
    values: Tensor,
    sizes: Tensor,
    older: Tensor,
    x: Tensor,
    following: Tensor,
    action: Tensor,
    reward: Tensor,
    discount: Tensor,
    weight: Tensor,
    huber: float,
    double: bool,
) -> None:
    _check(values, sizes, x)
    _check(older, sizes, following)
    batch, actions = len(x), int(sizes[-1])
    expect_tensor("following", following, f"{batch} {sizes[0]}", like=values)
    expect_tensor("action", action, f"{batch}", dtypes=(torch.int64,), like=values)
    for name, part in (("reward", reward), ("discount", discount), ("weight", weight)):
        expect_tensor(name, part, f"{batch}", dtypes=(torch.float32,), like=values)
    if batch and not 0 <= int(action.min()) <= int(action.max()) < actions:
        raise GeometryError(f"action: expected 0 to {actions - 1}, got {describe(action)}")


@op(
    fake=lambda values, sizes, older, x, following, action, *rest: (
        torch.empty_like(values),
        values.new_empty(2),
        values.new_empty(len(x)),
    ),
    check=_check_td,
)
def perceptron_td(
    values: Tensor,
    sizes: Tensor,
    older: Tensor,
    x: Tensor,
    following: Tensor,
    action: Tensor,
    reward: Tensor,
    discount: Tensor,
    weight: Tensor,
    huber: float,
    double: bool,
) -> tuple[Tensor, Tensor, Tensor]:
    """The gradient (P,) of mean_b weight_b L(Q(x_b, a_b) - target_b) by the parameters `values`.

    target_b = reward_b + discount_b max_a Q_older(following_b, a); where `double`, of the action
    that `values` choose (van Hasselt et al. 2016). L is d^2 / 2, beyond |d| = huber the line that
    goes on from there; huber=0: d^2 / 2 throughout. x, following (B, sizes[0]); action (B,) int64;
    reward, discount, weight (B,). Also gives (2,): that mean, and mean_b Q(x_b, a_b); and |d| (B,).
    """
    layers = _layers(values, sizes)
    q = _outputs(_layers(older, sizes), following)[-1]
    chooser = _outputs(layers, following)[-1] if double else q
    worth = q.gather(1, chooser.argmax(1, keepdim=True))[:, 0]
    *below, q = _outputs(layers, x)
    value = q.gather(1, action[:, None])[:, 0]
    gap = value - (reward + discount * worth)
    slope = gap.clamp(-huber, huber) if huber else gap
    means = torch.stack([(slope * (gap - slope / 2) * weight).mean(), value.mean()])
    slope = slope * weight / len(x)
    above = torch.zeros_like(q).scatter_(1, action[:, None], slope[:, None])  # dloss / dq
    parts: list[Tensor] = []
    for number in range(len(layers) - 1, -1, -1):
        parts = [(above.t() @ below[number]).flatten(), above.sum(0), *parts]
        if number:
            above = (above @ layers[number][0]) * (below[number] > 0)
    return torch.cat(parts), means, gap.abs()
