"""Learning rates over a run, as functions of the step."""

import math

from core2d.train.settings import Train


def factor(train: Train, step: int, steps: int) -> float:
    """What the learning rate is multiplied by in `step` (from 0) of `steps`.

    After the warm-up, "cosine" is SGDR's half period (Loshchilov and Hutter 2017, equation 5);
    "one-cycle" rises and falls by half cosines (Smith and Topin 2019), its rise `warmup` or 0.3 of
    the run. "plateau" is 1 here: what it multiplies by depends on the validation loss.
    """
    share = train.warmup or (0.3 if train.schedule == "one-cycle" else 0.0)
    rise = share * steps
    if step < rise:
        up = (step + 1) / math.ceil(rise)
        return (1 - math.cos(math.pi * up)) / 2 if train.schedule == "one-cycle" else up
    if train.schedule in ("cosine", "one-cycle"):
        done = (step - rise) / max(1.0, steps - rise)
        return (1 + math.cos(math.pi * done)) / 2
    if train.schedule == "step":
        return train.gamma ** sum(step >= share * steps for share in train.milestones)
    return 1.0


class Plateau:
    """A factor that falls by `gamma` when a loss has not improved for `patience` epochs.

    An improvement is at least a ten-thousandth of the best loss.
    """

    def __init__(self, gamma: float, patience: int) -> None:
        self.gamma, self.patience = gamma, patience
        self.factor, self.best, self.waited = 1.0, math.inf, 0

    def see(self, loss: float) -> None:
        """Take the loss of one epoch."""
        if loss < self.best - 1e-4 * abs(self.best) or self.best == math.inf:
            self.best, self.waited = loss, 0
            return
        self.waited += 1
        if self.waited >= self.patience:
            self.factor, self.waited = self.factor * self.gamma, 0

    def state(self) -> list[float]:
        return [self.factor, self.best, float(self.waited)]

    def load(self, state: list[float]) -> None:
        self.factor, self.best, self.waited = state[0], state[1], int(state[2])
