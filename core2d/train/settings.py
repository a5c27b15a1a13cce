"""The settings that every recipe shares: `Train`. Each field is a flag of `geomdl fit`."""

from dataclasses import dataclass
from typing import Literal, get_args

from core2d.errors import InputError, expect_choice, expect_number

Optimiser = Literal["sgd", "rmsprop", "adam", "adamw"]
Schedule = Literal["constant", "step", "plateau", "cosine", "one-cycle"]
Precision = Literal["32", "bf16", "16"]


@dataclass(frozen=True)
class Train:
    """How a network is trained. Raises InputError for what cannot be.

    epochs: passes over the training set. batch: examples per step, over all devices together.
    rate: learning rate; with a schedule the largest one. optimiser: the update rule. momentum: of
    sgd. nesterov: whether sgd looks ahead. decay: weight decay. decay_all: of all parameters; else
    only of those with two axes or more, so neither of biases nor of norms. schedule: "step"
    multiplies by `gamma` at each of `milestones`, "plateau" when the validation loss has not
    improved for `patience` epochs, "cosine" falls to 0, "one-cycle" rises for `warmup` and falls
    to 0. warmup: share of the run over which the rate rises from 0. milestones: shares of the run,
    see schedule. gamma: a factor, see schedule. patience: epochs, see schedule. clip: largest norm
    of the gradients, 0 for none. accumulate: parts into which a batch is cut. ema: decay of the
    averaged weights that are evaluated, 0 for none. stop: epochs without a better validation
    metric after which to stop, 0 for never. precision: "bf16" runs under autocast. channels_last:
    memory order of images, faster for convolutions on a CPU.
    """

    epochs: float = 10
    batch: int = 128
    rate: float = 1e-3
    optimiser: Optimiser = "adam"
    momentum: float = 0.9
    nesterov: bool = False
    decay: float = 0.0
    decay_all: bool = True
    schedule: Schedule = "constant"
    warmup: float = 0.0
    milestones: tuple[float, ...] = (0.5, 0.75)
    gamma: float = 0.1
    patience: int = 5
    clip: float = 0.0
    accumulate: int = 1
    ema: float = 0.0
    stop: int = 0
    precision: Precision = "32"
    channels_last: bool = False

    def __post_init__(self) -> None:
        for name, kind in (
            ("optimiser", Optimiser),
            ("schedule", Schedule),
            ("precision", Precision),
        ):
            expect_choice(name, getattr(self, name), get_args(kind))
        expect_number("epochs", self.epochs, above=0)
        for name in ("batch", "accumulate", "patience"):
            expect_number(name, getattr(self, name), low=1)
        for name in ("rate", "decay", "gamma", "clip", "stop"):
            expect_number(name, getattr(self, name), low=0)
        for name, shares in (("warmup", (self.warmup,)), ("milestones", self.milestones)):
            if any(not 0 <= expect_number(name, share) <= 1 for share in shares):
                raise InputError(f"{name}: expected shares of the run in [0, 1], got {shares}")
        for name in ("momentum", "ema"):
            if not 0 <= expect_number(name, getattr(self, name)) < 1:
                raise InputError(f"{name}: expected a number in [0, 1), got {getattr(self, name)}")
        if self.batch % self.accumulate:
            raise InputError(f"accumulate: expected a divisor of batch {self.batch}")
