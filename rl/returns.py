"""Returns: what rewards are worth from each step on.

G_t = r_t + gamma r_{t+1} + gamma^2 r_{t+2} + ... is what values predict: V(s) = E[G_t | s] and
Q(s, a) = E[G_t | s, a] (Sutton, Barto 2018, chapter 3). Time is axis 0; further axes are lanes.
"""

import torch
from torch import Tensor

from core2d.errors import InputError, describe, expect_number


def discounted(reward: Tensor, discount: float, last: Tensor | float = 0.0) -> Tensor:
    """Rewards (T, *L) of one episode -> returns (T, *L), G_t = r_t + discount G_{t+1}.

    last (*L): the value of what came after the last reward: 0 where the episode terminated, an
    estimate where it was only cut off.
    """
    expect_discount(discount)
    returns = torch.empty_like(reward)
    ahead = torch.as_tensor(last, dtype=reward.dtype, device=reward.device)
    for t in reversed(range(len(reward))):
        ahead = reward[t] + discount * ahead
        returns[t] = ahead
    return returns


def n_step(
    reward: Tensor, value: Tensor, terminated: Tensor, *, discount: float, steps: int
) -> Tensor:
    """Rewards (T, *L), values (T+1, *L), terminated (T, *L) bool -> n-step returns (T, *L).

    r_t + ... + gamma^{n-1} r_{t+n-1} + gamma^n V(s_{t+n}). Rewards behind a termination do not
    count and no value is added there; near the end of the record fewer steps are taken.
    value[t] is of the observation before action t, value[T] of the last one. One stretch of
    experience: rewards behind a truncation belong to another one. Raises InputError.
    """
    expect_discount(discount)
    expect_number("steps", steps, low=1)
    count = len(reward)
    if value.shape != (count + 1, *reward.shape[1:]):
        raise InputError(
            f"value: expected {count + 1} values beside rewards, got {describe(value)}"
        )
    if terminated.shape != reward.shape or terminated.dtype != torch.bool:
        raise InputError(f"terminated: expected bools like rewards, got {describe(terminated)}")
    going = (~terminated).to(reward.dtype)
    # After k rounds `returns` holds k-step returns; those that would pass the end are shorter.
    returns = value
    for _ in range(steps):
        returns = torch.cat([reward + discount * going * returns[1:], value[-1:]])
    return returns[:-1]


def expect_discount(discount: float) -> float:
    """A number in [0, 1]. Raises InputError."""
    if not 0 <= expect_number("discount", discount) <= 1:
        raise InputError(f"discount: expected a number in [0, 1], got {discount}")
    return discount
