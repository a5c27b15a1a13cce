"""Every threshold of the doctor, fixed before the trials of results/doctor/ were run."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Thresholds and budgets of the checks.

    Budgets. examples: how many are looked at where a sample will do; seconds: that one look at them
    may take, else they are fewer. steps: of one attempt to overfit. rates: learning rates tried in
    turn. ladder: the rungs. run_steps: of the doctor's own short run, where none was given.

    Data. balance: largest class over smallest. scale: mean and deviation of inputs that are far
    from 0 and 1. mixed: classes in a batch over those of a shuffled one. near: correlation of two
    examples that counts as a copy. numbers: fewest numbers in an input for a correlation to mean
    anything. copies: share of a set that may be near copies of the training set (natural
    look-alikes), beside chance. tiny: last batch over the others. tail: how far the loss of the
    last examples may lie from others, in deviations and, added to that, as a share of their mean.

    Learning. right: share of right answers that counts as overfitted; gone: share of the first
    loss that may remain where there are no labels, and falling: what 25 more steps leave of it
    where learning has not ended. start: first loss over that of guessing.
    flat: share of the first loss that training must remove; known: share of right answers from
    which it need not. chance: in standard errors, how far above guessing a validation score must
    be. better: by which validation may win, beside that many standard errors. gap: difference of
    scores, train - validation, that is overfitting, and severe: that is much, beside 2 standard
    errors. weak: score on the training set, relative to guessing, below which a network underfits.
    mode: loss in eval mode over loss in train mode on the same examples; lost: right answers that
    eval mode may lose.

    Activity. dead: share of units of a layer that never fire. saturated: share of values in the
    flat parts, where the activation lies beyond `flatness` of its range. vanish, explode: gradient
    norm over weight norm. fade: that of the first layers over that of the last.

    Time. slow: seconds per step; waiting: share of a step spent on loading, where a step takes
    longer than `brief` seconds. rate_low, rate_high: share of the steepest rate below which a rate
    is a waste of time, and multiple of the rate of the lowest loss above which it explodes. cycle:
    minutes of a training above which ideas should be tried on a simpler network.

    Comparing two runs. changes: settings that may differ.
    """

    examples: int = 256
    seconds: float = 20.0
    steps: int = 300
    rates: tuple[float, ...] = (1e-3, 1e-2, 1e-4)
    ladder: tuple[int, ...] = (5, 10, 100, 1000)
    run_steps: int = 150
    balance: float = 20.0
    scale: tuple[float, float, float] = (2.0, 0.05, 10.0)
    mixed: float = 0.5
    near: float = 0.99
    numbers: int = 64
    copies: float = 0.01
    tiny: float = 1 / 32
    tail: tuple[float, float] = (6.0, 0.5)
    right: float = 0.99
    gone: float = 0.02
    falling: float = 0.9
    start: float = 3.0
    flat: float = 0.03
    known: float = 0.9
    chance: float = 4.0
    better: float = 0.05
    gap: float = 0.08
    severe: float = 0.25
    weak: float = 0.5
    mode: float = 2.0
    lost: float = 0.1
    dead: float = 0.5
    saturated: float = 0.8
    flatness: float = 0.98
    vanish: float = 1e-6
    explode: float = 30.0
    fade: float = 1e-4
    slow: float = 0.5
    brief: float = 0.02
    waiting: float = 0.5
    rate_low: float = 1 / 300
    rate_high: float = 3.0
    cycle: float = 10.0
    changes: int = 1
