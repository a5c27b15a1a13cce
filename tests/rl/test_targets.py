"""Targets against loops over the papers' formulas; mass and mean of projections are kept."""

import numpy as np
import pytest
import torch
from torch import Generator, Tensor

from core2d.errors import InputError
from rl.targets import categorical, chosen, double, project, q_learning, quantile, spread
from tests.oracles import values_oracle

B, A, Z = 64, 3, 11


def normal(*shape: int, seed: int) -> Tensor:
    return torch.randn(*shape, generator=Generator().manual_seed(seed), dtype=torch.float64)


def batch() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Rewards, discounts (a third of them ended), values, choosers."""
    discount = torch.tensor([0.99, 0.99**3, 0.0]).double().repeat(B)[:B]
    return 3 * normal(B, seed=0), discount, normal(B, A, seed=1), normal(B, A, seed=2)


def test_chosen_takes_one_row_per_sample() -> None:
    output, action = normal(B, A, Z, seed=3), torch.arange(B) % A
    for b in range(B):
        assert torch.equal(chosen(output, action)[b], output[b, b % A])
    assert chosen(output[..., 0], action).shape == (B,)
    with pytest.raises(InputError, match=r"action: expected 64 actions \(B,\)"):
        chosen(output, action[:, None])


def test_q_learning_takes_the_best_next_value_and_nothing_after_the_end() -> None:
    reward, discount, q, _ = batch()
    target = q_learning(reward, discount, q)
    for b in range(B):
        assert float(target[b]) == pytest.approx(float(reward[b] + discount[b] * max(q[b])))
    assert torch.equal(target[discount == 0], reward[discount == 0])


def test_double_values_what_the_other_chose() -> None:
    reward, discount, q, chooser = batch()
    target = double(reward, discount, q, chooser)
    for b in range(B):
        best = max(range(A), key=lambda a, b=b: float(chooser[b, a]))
        assert float(target[b]) == pytest.approx(float(reward[b] + discount[b] * q[b, best]))
    assert torch.equal(double(reward, discount, q, q), q_learning(reward, discount, q))


def test_double_does_not_overrate_noise_and_max_does() -> None:
    """All actions are worth 0; both estimates are noise of their own (section 2 of the paper)."""
    ours, other = normal(20_000, 8, seed=4), normal(20_000, 8, seed=5)
    zero, one = torch.zeros(20_000).double(), torch.ones(20_000).double()
    assert abs(float(double(zero, one, ours, other).mean())) < 0.03
    assert float(q_learning(zero, one, ours).mean()) > 1.3  # E max of 8 normals is 1.42


@pytest.mark.parametrize("ends", [(-2.0, 2.0), (-10.0, 10.0), (0.0, 1.0)])
def test_categorical_is_algorithm_1_and_keeps_mass(ends: tuple[float, float]) -> None:
    reward, discount, _, chooser = batch()
    reward[:6] = torch.tensor([0.0, 1.0, -1.0, 100.0, -100.0, 0.4])  # some fall right on atoms
    discount[:3] = torch.tensor([1.0, 1.0, 0.0])
    support = torch.linspace(*ends, Z, dtype=torch.float64)
    log_p = torch.log_softmax(normal(B, A, Z, seed=6), 2)
    target = categorical(reward, discount, log_p, chooser, support)
    for b in range(B):
        expected = values_oracle.categorical_target(
            float(reward[b]), float(discount[b]), log_p[b].exp().numpy(), chooser[b].numpy(),
            support.numpy(),
        )  # fmt: skip
        assert np.allclose(target[b].numpy(), expected, atol=1e-12)
    assert torch.allclose(target.sum(1), torch.ones(B).double())
    assert bool((target >= 0).all())


def test_projection_keeps_the_mean_and_what_lies_on_the_support() -> None:
    support = torch.linspace(-3, 5, 17, dtype=torch.float64)
    p = torch.softmax(normal(B, 7, seed=7), 1)
    value = torch.rand(B, 7, generator=Generator().manual_seed(8), dtype=torch.float64) * 8 - 3
    assert torch.allclose(project(p, value, support) @ support, (p * value).sum(1))
    same = torch.softmax(normal(B, 17, seed=9), 1)
    assert torch.allclose(project(same, support.expand(B, 17), support), same)


def test_both_forms_of_the_projection_agree() -> None:
    support = torch.linspace(-10, 10, 51, dtype=torch.float64)
    p = torch.softmax(normal(B, 51, seed=12), 1)
    value = (5 * normal(B, 1, seed=13) + 0.97 * support).clamp(-10, 10)
    assert torch.allclose(
        spread(p, value, support, support[1] - support[0]), project(p, value, support)
    )


def test_single_precision_loses_no_mass_on_51_atoms() -> None:
    support = torch.linspace(-10, 10, 51)
    p = torch.softmax(normal(512, 51, seed=10).float(), 1)
    reward = torch.linspace(-12, 12, 512)
    target = project(p, reward[:, None] + 0.99 * support, support)
    assert torch.allclose(target.sum(1), torch.ones(512), atol=1e-5)


def test_quantiles_move_with_the_return() -> None:
    reward, discount, _, chooser = batch()
    quantiles = normal(B, A, Z, seed=11)
    target = quantile(reward, discount, quantiles, chooser)
    for b in range(B):
        best = int(chooser[b].argmax())
        expected = [float(reward[b] + discount[b] * z) for z in quantiles[b, best]]
        assert np.allclose(target[b].numpy(), expected)
