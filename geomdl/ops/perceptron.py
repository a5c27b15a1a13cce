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


def perceptron_chains(sizes: Sequence[int], shared: int = -1) -> list[list[int]]:
    """The features between which the layers of every chain lie: one chain, or the three of a duel.

    shared: layers before the value and the advantages part ways (Wang et al. 2016), -1 for never.
    """
    if shared < 0:
        return [list(sizes)]
    return [[*sizes[: shared + 1]], [*sizes[shared:-1], 1], [*sizes[shared:]]]


def perceptron_length(sizes: Sequence[int], shared: int = -1) -> int:
    """Numbers that the layers between features of these sizes have: weights and biases."""
    return sum(
        (n + 1) * m for chain in perceptron_chains(sizes, shared) for n, m in pairwise(chain)
    )


Layers = list[tuple[Tensor, Tensor]]


def _chains(values: Tensor, sizes: Tensor, shared: int) -> list[Layers]:
    """The weight (O, I) and bias (O,) of every layer of each chain, views of `values`."""
    chains, start = [], 0
    for chain in perceptron_chains(sizes.tolist(), shared):
        layers = []
        for n, m in pairwise(chain):
            middle, end = start + n * m, start + (n + 1) * m
            layers.append((values[start:middle].view(m, n), values[middle:end]))
            start = end
        chains.append(layers)
    return chains


def _outputs(layers: Layers, x: Tensor, rectified: bool = False) -> list[Tensor]:
    """The input of every layer, and what the last one gives."""
    outputs = [x]
    for number, (weight, bias) in enumerate(layers):
        x = torch.addmm(bias, x, weight.t())
        x = x if number == len(layers) - 1 and not rectified else x.relu()
        outputs.append(x)
    return outputs


def _through(chains: list[Layers], x: Tensor) -> tuple[Tensor, list[list[Tensor]]]:
    """Values of the actions (B, A), and what every chain gave on the way."""
    duel = len(chains) > 1
    given = [_outputs(chains[0], x, rectified=duel)]
    if not duel:
        return given[0][-1], given
    given += [_outputs(chain, given[0][-1]) for chain in chains[1:]]
    value, advantage = given[1][-1], given[2][-1]
    return value + advantage - advantage.mean(1, keepdim=True), given


def _back(layers: Layers, outputs: list[Tensor], above: Tensor) -> tuple[list[Tensor], Tensor]:
    """The gradient of the layers' parameters, and of what went in, from that of what came out."""
    parts: list[Tensor] = []
    for number in range(len(layers) - 1, -1, -1):
        parts = [(above.t() @ outputs[number]).flatten(), above.sum(0), *parts]
        above = above @ layers[number][0]
        above = above * (outputs[number] > 0) if number else above
    return parts, above


def _check(values: Tensor, sizes: Tensor, shared: int, x: Tensor) -> None:
    expect_tensor("values", values, "P", dtypes=(torch.float32,))
    expect_tensor("sizes", sizes, "D", dtypes=(torch.int64,), like=values)
    widths = sizes.tolist()
    if len(widths) < 2 or min(widths) < 1:
        raise GeometryError(f"sizes: expected at least two numbers >= 1, got {widths}")
    if not -1 <= shared <= len(widths) - 2:
        raise GeometryError(f"shared: expected -1 to {len(widths) - 2} layers, got {shared}")
    if len(values) != (length := perceptron_length(widths, shared)):
        raise GeometryError(f"values: layers of {widths} have {length}, got {describe(values)}")
    expect_tensor("x", x, f"B {widths[0]}", dtypes=(torch.float32,), like=values)


@op(
    fake=lambda values, sizes, shared, x: x.new_empty(
        (len(x), torch.library.get_ctx().new_dynamic_size())
    ),
    check=_check,
)
def perceptron_values(values: Tensor, sizes: Tensor, shared: int, x: Tensor) -> Tensor:
    """Parameters (P,), features of the layers (D + 1,) int64, inputs (B, sizes[0]) -> (B, A).

    Parameters lie layer by layer, weight (out, in) and then bias (out,). shared: -1, or the layers
    before the value and the advantages part ways; then come those of the value, which end in one
    number, and those of the advantages, and an action is worth V + A - mean A (Wang et al. 2016,
    eq. 9).
    """
    return _through(_chains(values, sizes, shared), x)[0]


def _check_td(
    values: Tensor,
    sizes: Tensor,
    shared: int,
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
    _check(values, sizes, shared, x)
    _check(older, sizes, shared, following)
    batch, actions = len(x), int(sizes[-1])
    expect_tensor("following", following, f"{batch} {sizes[0]}", like=values)
    expect_tensor("action", action, f"{batch}", dtypes=(torch.int64,), like=values)
    for name, part in (("reward", reward), ("discount", discount), ("weight", weight)):
        expect_tensor(name, part, f"{batch}", dtypes=(torch.float32,), like=values)
    if batch and not 0 <= int(action.min()) <= int(action.max()) < actions:
        raise GeometryError(f"action: expected 0 to {actions - 1}, got {describe(action)}")


@op(
    fake=lambda values, sizes, shared, older, x, following, action, *rest: (
        torch.empty_like(values),
        values.new_empty(2),
        values.new_empty(len(x)),
    ),
    check=_check_td,
)
def perceptron_td(
    values: Tensor,
    sizes: Tensor,
    shared: int,
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
    Where value and advantages part ways, the gradient into what they share is scaled by 1/sqrt(2),
    since two streams send it (Wang et al. 2016, section 4.2).
    """
    chains = _chains(values, sizes, shared)
    q = _through(_chains(older, sizes, shared), following)[0]
    chooser = _through(chains, following)[0] if double else q
    worth = q.gather(1, chooser.argmax(1, keepdim=True))[:, 0]
    q, given = _through(chains, x)
    value = q.gather(1, action[:, None])[:, 0]
    gap = value - (reward + discount * worth)
    slope = gap.clamp(-huber, huber) if huber else gap
    means = torch.stack([(slope * (gap - slope / 2) * weight).mean(), value.mean()])
    slope = slope[:, None] * weight[:, None] / len(x)
    above = torch.zeros_like(q).scatter_(1, action[:, None], slope)  # dloss / dq
    if len(chains) == 1:
        parts, _ = _back(chains[0], given[0], above)
        return torch.cat(parts), means, gap.abs()
    one, below = _back(chains[1], given[1], slope)
    two, other = _back(chains[2], given[2], above - slope / q.shape[1])
    below = (below + other) * 0.5**0.5 * (given[0][-1] > 0)
    parts, _ = _back(chains[0], given[0], below)
    return torch.cat([*parts, *one, *two]), means, gap.abs()
