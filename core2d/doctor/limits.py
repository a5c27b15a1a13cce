"""Every threshold of the doctor, fixed before the trials of results/doctor/trials.json."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Thresholds and budgets of the checks.

    Budgets. examples: how many are looked at where a sample will do. steps: of one attempt to
    overfit. rates: learning rates tried in turn. ladder: the rungs. run_steps: of the doctor's own
    short run, where none was given.

    Data. balance: largest class over smallest. scale: mean and deviation of inputs that are far
    from 0 and 1. near: correlation of two examples that counts as a copy. copies: share of a set
    that may be near copies of the training set (natural look-alikes).

    Learning. right: share of right answers that counts as overfitted; gone: share of the first
    loss that may remain where there are no labels. start: first loss over that of guessing.
    flat: share of the first loss that training must remove. chance: in standard errors, how far
    above guessing a validation score must be. gap: difference of scores, train - validation, that
    is overfitting; weak: score on the training set, relative to guessing, below which a network
    underfits. better: by which validation may win, beside 4 standard errors. mode: loss in eval
    mode over loss in train mode on the same examples.

    Activity. dead: share of units of a layer that never fire. saturated: share of values in the
    flat parts. vanish, explode: gradient norm over weight norm. fade: that of the first layers
    over that of the last.

    Time. slow: seconds per step; waiting: share of a step spent on loading. rate_low: share of the
    steepest rate below which a rate is a waste of time.
    """

    examples: int = 256
    steps: int = 300
    rates: tuple[float, ...] = (1e-3, 1e-2, 1e-4)
    ladder: tuple[int, ...] = (5, 10, 100, 1000)
    run_steps: int = 150
    balance: float = 20.0
    scale: tuple[float, float, float] = (2.0, 0.05, 10.0)
    near: float = 0.99
    copies: float = 0.01
    right: float = 0.99
    gone: float = 0.02
    start: float = 3.0
    flat: float = 0.03
    chance: float = 4.0
    gap: float = 0.08
    weak: float = 0.5
    better: float = 0.05
    mode: float = 2.0
    dead: float = 0.5
    saturated: float = 0.8
    vanish: float = 1e-6
    explode: float = 30.0
    fade: float = 1e-4
    slow: float = 0.5
    waiting: float = 0.5
    rate_low: float = 1 / 300
