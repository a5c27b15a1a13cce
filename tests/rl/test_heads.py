"""Heads read what they should, duel by the mean, and learn the values of a known MDP."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Generator, Tensor, nn

from core2d.errors import InputError
from rl import targets
from rl.gridworld import gridworld
from rl.heads import Categorical, Dueling, Head, Quantile, Straight, Value, noisy
from rl.noisy import NoisyLinear, sample_noise
from rl.solve import value_iteration

F, A = 6, 3


def features(rows: int = 5) -> Tensor:
    return torch.randn(rows, F, generator=Generator().manual_seed(0))


def numpy_layers(layers: nn.ModuleList, x: np.ndarray) -> np.ndarray:
    for i, layer in enumerate(layers):
        x = np.maximum(x, 0) if i else x
        x = x @ layer.weight.detach().numpy().T + layer.bias.detach().numpy()
    return x


def test_straight_is_its_layers() -> None:
    streams, x = Straight(F, A, hidden=(8, 7), numbers=4), features()
    assert [layer.out_features for layer in streams.layers] == [8, 7, 12]
    expected = numpy_layers(streams.layers, x.numpy()).reshape(5, A, 4)
    assert np.allclose(streams(x).detach().numpy(), expected, atol=1e-6)


@pytest.mark.parametrize("hidden", [(), (8,), (8, 7)])
def test_the_last_layer_stays_in_float32_under_autocast(hidden: tuple[int, ...]) -> None:
    streams, x = Straight(F, A, hidden=hidden), features()
    with torch.autocast("cpu", torch.bfloat16):
        found = streams(x)
    rounded = x
    for layer in streams.layers[:-1]:  # type: ignore[union-attr]
        assert isinstance(layer, nn.Linear)
        weights, bias = layer.weight.bfloat16(), layer.bias.bfloat16()
        rounded = nn.functional.linear(rounded.bfloat16(), weights, bias).relu()
    assert found.dtype == torch.float32
    torch.testing.assert_close(found[..., 0], streams.layers[-1](rounded.float()))
    found.sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in streams.parameters())


def test_dueling_takes_the_mean_advantage_off() -> None:
    streams, x = Dueling(F, A, hidden=(8,), numbers=4), features()
    value = numpy_layers(streams.value, x.numpy()).reshape(5, 1, 4)
    advantage = numpy_layers(streams.advantage, x.numpy()).reshape(5, A, 4)
    found = streams(x).detach().numpy()
    for a in range(A):
        mean = sum(advantage[:, i] for i in range(A)) / A
        assert np.allclose(found[:, a], value[:, 0] + advantage[:, a] - mean, atol=1e-6)
    assert np.allclose(found.mean(1), value[:, 0], atol=1e-6)


def test_dueling_scales_the_gradient_into_the_features_alone() -> None:
    streams, x = Dueling(F, A).double(), features().double().requires_grad_()
    out = streams(x)
    into, layer = torch.autograd.grad(out.square().sum(), (x, streams.value[0].weight))
    y = x.detach().requires_grad_()
    numbers = [nn.functional.linear(y, s[0].weight, s[0].bias) for s in
               (streams.value, streams.advantage)]  # fmt: skip
    plain = numbers[0] + numbers[1] - numbers[1].mean(1, keepdim=True)
    assert torch.equal(out.squeeze(2), plain)
    into_plain, layer_plain = torch.autograd.grad(
        plain.square().sum(), (y, streams.value[0].weight)
    )
    assert torch.allclose(into, into_plain * 0.5**0.5)
    assert torch.allclose(layer, layer_plain)


def test_value_is_one_number_per_action() -> None:
    head, x = Value(Straight(F, A)), features()
    assert head(x).shape == (5, A)
    assert torch.equal(head.q(head(x)), head(x))
    assert head.actions == A


def test_categorical_is_a_distribution_and_q_its_mean() -> None:
    head, x = Categorical(Straight(F, A, numbers=5), low=-1, high=3), features()
    output = head(x)
    p = output.exp().detach().numpy()
    assert p.shape == (5, A, 5)
    assert np.allclose(p.sum(2), 1)
    assert head.support.tolist() == [-1, 0, 1, 2, 3]
    mean = sum(p[:, :, z] * (z - 1) for z in range(5))
    assert np.allclose(head.q(output).detach().numpy(), mean, atol=1e-6)


def test_quantile_is_numbers_and_q_their_mean() -> None:
    head, x = Quantile(Straight(F, A, numbers=5)), features()
    output = head(x).detach().numpy()
    assert output.shape == (5, A, 5)
    mean = sum(output[:, :, n] for n in range(5)) / 5
    assert np.allclose(head.q(head(x)).detach().numpy(), mean, atol=1e-6)


def test_all_layers_of_a_noisy_head_are_noisy() -> None:
    head = Categorical(Dueling(F, A, hidden=(8,), numbers=51, layer=noisy(0.1)))
    linear = [m for m in head.modules() if isinstance(m, (nn.Linear, NoisyLinear))]
    assert [type(m) for m in linear] == [NoisyLinear] * 4
    assert float(linear[0].weight_sigma.detach()[0, 0]) == pytest.approx(0.1 / F**0.5)
    before = head.q(head(features()))
    sample_noise(head, Generator().manual_seed(0))
    assert not torch.equal(head.q(head(features())), before)


def heads(states: int, actions: int) -> dict[str, Callable[[], Head]]:
    return {
        "value": lambda: Value(Straight(states, actions)),
        "squared": lambda: Value(Straight(states, actions), huber=0.0),
        "dueling": lambda: Value(Dueling(states, actions)),
        "categorical": lambda: Categorical(
            Straight(states, actions, numbers=41), low=-1.2, high=1.2
        ),
        "quantile": lambda: Quantile(Straight(states, actions, numbers=9), huber=0.1),
        "rainbow": lambda: Categorical(
            Dueling(states, actions, numbers=41, layer=noisy(0.1)), low=-1.2, high=1.2
        ),
    }


@pytest.mark.parametrize("kind", heads(1, 1))
def test_every_head_learns_the_optimal_values(kind: str) -> None:
    """All transitions of a deterministic gridworld at once, against value iteration."""
    world = gridworld(["S.X", ".#.", "..G"], step=-0.02, discount=0.9)
    best = value_iteration(world).q
    state, action, after = np.nonzero(world.probability)
    taken = (torch.from_numpy(i) for i in (action, after, world.terminal[state, action, after]))
    action, after, terminal = taken
    reward = torch.from_numpy(world.reward[np.nonzero(world.probability)]).float()
    discount = 0.9 * (~terminal).float()
    torch.manual_seed(0)
    head, dice = heads(world.states, world.actions)[kind](), Generator().manual_seed(0)
    optimiser, seen = torch.optim.Adam(head.parameters(), 0.03), torch.eye(world.states)
    for step in range(500):
        optimiser.param_groups[0]["lr"] = 0.03 * (1 - step / 500)
        sample_noise(head, dice)
        with torch.no_grad():
            output = head(seen)[after]
            target = head.target(reward, discount, output, head.q(output))
        output = head(seen)[torch.from_numpy(state)]
        optimiser.zero_grad()
        head.loss(targets.chosen(output, action), target).loss.mean().backward()
        optimiser.step()
    head.eval()
    with torch.no_grad():
        q = head.q(head(seen)).numpy()
    assert np.abs(q - best).max() < 0.05


def test_wrong_heads_are_named() -> None:
    with pytest.raises(InputError, match="Value reads 1 numbers per action, got 3"):
        Value(Straight(F, A, numbers=3))
    with pytest.raises(InputError, match="Categorical reads 2 or more"):
        Categorical(Straight(F, A))
    with pytest.raises(InputError, match="high: expected more than"):
        Categorical(Straight(F, A, numbers=3), low=1, high=1)
    with pytest.raises(InputError, match="actions: expected at least 1"):
        Straight(F, 0)
    with pytest.raises(InputError, match="hidden: expected numbers >= 1"):
        Dueling(F, A, hidden=(0,))
