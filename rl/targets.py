"""What the value of an action should be: one function per rule, simple to complex.

All are reward + discount * (a value of the next observation). As `rl.transitions.Transitions`
says, `reward` (B,) may sum n steps and `discount` (B,) is then gamma^n; where the episode
terminated it is 0, where it was only cut off it is not.

    q_learning    max_a Q(s', a)                      Watkins, Dayan 1992; Mnih et al. 2013, 2015
    double        Q(s', argmax_a Q_online(s', a))     van Hasselt, Guez, Silver 2016
    categorical   the distribution of the return      Bellemare, Dabney, Munos 2017
    quantile      its quantiles                       Dabney, Rowland, Bellemare, Munos 2018

The last three take a `chooser`: the values (B, A) whose best action is taken. With the online
network's they are double; with the target network's own they are as first published.
"""

from torch import Tensor

from core2d.errors import InputError, describe


def chosen(output: Tensor, action: Tensor) -> Tensor:
    """Outputs (B, A, *K), actions (B,) int64 -> those of the actions (B, *K)."""
    if action.shape != output.shape[:1]:
        raise InputError(f"action: expected {len(output)} actions (B,), got {describe(action)}")
    if output.ndim == 2:
        return output.gather(1, action[:, None])[:, 0]
    index = action.view(-1, *(1,) * (output.ndim - 1)).expand(-1, 1, *output.shape[2:])
    return output.gather(1, index).squeeze(1)


def q_learning(reward: Tensor, discount: Tensor, next_q: Tensor) -> Tensor:
    """Rewards (B,), discounts (B,), next values (B, A) -> r + d max_a Q(s', a), (B,).

    With values of the network itself this is DQN as of 2013, with those of an older copy of it,
    the target network, as of 2015.
    """
    return reward + discount * next_q.amax(1)


def double(reward: Tensor, discount: Tensor, next_q: Tensor, chooser: Tensor) -> Tensor:
    """Rewards (B,), discounts (B,), values (B, A) twice -> r + d Q(s', argmax_a chooser), (B,).

    One network chooses, the other values, so that an action is not overrated just because it was
    chosen for its error (van Hasselt et al. 2016, eq. 4). chooser: the online network's values.
    """
    return reward + discount * chosen(next_q, chooser.argmax(1))


def categorical(
    reward: Tensor, discount: Tensor, next_log_p: Tensor, chooser: Tensor, support: Tensor
) -> Tensor:
    """Next log-probabilities (B, A, Z) of the returns `support` (Z,) -> probabilities (B, Z).

    The distribution of the chosen action's return, shrunk by the discount, moved by the reward and
    put back onto the support (Bellemare et al. 2017, algorithm 1). Each row sums to 1.
    """
    p = chosen(next_log_p, chooser.argmax(1)).exp()
    return project(p, reward[:, None] + discount[:, None] * support, support)


def project(p: Tensor, value: Tensor, support: Tensor) -> Tensor:
    """Mass p (B, M) at values (B, M) -> mass (B, Z) at the evenly spaced `support` (Z,), rising.

    Each mass is shared by its two neighbours in the support in proportion to nearness, beyond the
    ends it goes to the end (eq. 7). Mass is kept; so is the mean where no value lies beyond.
    """
    step = (support[-1] - support[0]) / (len(support) - 1)
    value = value.clamp(support[0], support[-1])
    if p.is_cuda:  # where scatter_add sums in any order, so that no two runs are alike
        return spread(p, value, support, step)
    place = (value - support[0]) / step  # (B, M) in 0..Z-1
    below = place.floor().clamp(max=len(support) - 2)
    share = place - below  # what goes to the upper neighbour
    index = below.long()
    out = p.new_zeros(len(p), len(support))
    out.scatter_add_(1, index, p * (1 - share))
    return out.scatter_add_(1, index + 1, p * share)


def spread(p: Tensor, value: Tensor, support: Tensor, step: Tensor) -> Tensor:
    """Equation 7 as it stands: sum_j [1 - |value_j - support_i| / step]_0^1 p_j, (B, Z).

    Looks at all pairs, so it is several times slower on a CPU, but its order of summation is fixed.
    """
    near = (1 - (value[:, None, :] - support[:, None]).abs() / step).clamp(min=0)  # (B, Z, M)
    return (near @ p[:, :, None]).squeeze(2)


def quantile(reward: Tensor, discount: Tensor, next_quantiles: Tensor, chooser: Tensor) -> Tensor:
    """Next quantiles (B, A, N) -> r + d (quantiles of the chosen action), (B, N).

    Dabney et al. 2018, algorithm 1. Quantiles move with the return, so nothing is projected.
    """
    next_value = chosen(next_quantiles, chooser.argmax(1))
    return reward[:, None] + discount[:, None] * next_value
