"""The settings of a run, and the family: `dqn()` and its members, each one argument away from it.

    dqn()                                         Mnih et al. 2015, on any environment
    replace(dqn(), env="Acrobot-v1", steps=100_000)
    member("rainbow")                             by name, as `geomdl rl train rainbow` finds it
    member("rainbow", base)                       what makes it rainbow, put into other settings

Each field is a flag of `geomdl rl train`: --env, --steps, --learn.rate, --network.hidden 64 64.
A *step* is one action in one environment; lanes are environments that step side by side, so one
turn of 8 lanes is 8 steps. Everything that is counted is counted in steps, but `Learn.updates`.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, Literal, get_args

from core2d.errors import InputError, expect_choice, expect_number, expect_share
from rl.atari import Protocol
from rl.encoders import Body
from rl.explore import Epsilon

Distribution = Literal["none", "categorical", "quantile"]
EXPLORE = Epsilon(start=1.0, end=0.05, steps=10_000)
ATARI = Protocol()
Vectorise = Literal["auto", "sync", "async", "native", "envpool"]


def expect_whole(name: str, value: int, *, low: int) -> None:
    """A whole number, at least `low`. Raises InputError."""
    if int(expect_number(name, value, low=low)) != value:
        raise InputError(f"{name}: expected a whole number, got {value}")


@dataclass(frozen=True)
class Network:
    """The network that gives the values of actions.

    body: what reads an observation; auto looks at the space, and in a dict of observations at each
    part (rl.encoders). hidden: features of the layers of an mlp. features: of the layer behind the
    other bodies, 0 for what was published. dueling: value and advantages apart (Wang et al. 2016).
    noisy: noise in the weights of the last two layers explores (Fortunato et al. 2018), and epsilon
    stays 0. sigma: of that noise at the start. distribution: of the return, rather
    than its mean: categorical (Bellemare et al. 2017) or quantile (Dabney et al. 2018). atoms: of
    that distribution. low, high: ends of the categorical atoms, so of the returns that it can say.
    """

    body: Body = "auto"
    hidden: tuple[int, ...] = (64, 64)
    features: int = 0
    dueling: bool = False
    noisy: bool = False
    sigma: float = 0.5
    distribution: Distribution = "none"
    atoms: int = 51
    low: float = -10.0
    high: float = 10.0

    def __post_init__(self) -> None:
        expect_choice("network.body", self.body, get_args(Body))
        expect_choice("network.distribution", self.distribution, get_args(Distribution))
        for size in self.hidden:
            expect_whole("network.hidden", size, low=1)
        expect_whole("network.features", self.features, low=0)
        expect_number("network.sigma", self.sigma, low=0)
        expect_whole("network.atoms", self.atoms, low=2 if self.distribution != "none" else 1)
        for name in ("low", "high"):
            expect_number(f"network.{name}", getattr(self, name))
        if not self.low < self.high:
            raise InputError(f"network.low: expected less than high {self.high}, got {self.low}")


@dataclass(frozen=True)
class Memory:
    """The replay.

    capacity: transitions that it holds. steps: n of the n-step returns. prioritised: sample by
    the last error (Schaul et al. 2016), not evenly. exponent: of the priorities, 0 is even.
    correction: exponent of the importance weights at the start; it rises to 1 over the run.
    on_disk: hold the observations in a file of the run's folder that is mapped to memory.
    """

    capacity: int = 100_000
    steps: int = 1
    prioritised: bool = False
    exponent: float = 0.6
    correction: float = 0.4
    on_disk: bool = False

    def __post_init__(self) -> None:
        expect_whole("replay.capacity", self.capacity, low=1)
        expect_whole("replay.steps", self.steps, low=1)
        expect_number("replay.exponent", self.exponent, low=0)
        expect_number("replay.correction", self.correction, low=0)
        if self.capacity <= self.steps:
            raise InputError(f"replay.capacity: expected more than {self.steps} steps")


@dataclass(frozen=True)
class Learn:
    """How values are learned.

    batch: transitions of an update. rate: learning rate of Adam. fall: linear takes the rate to 0
    over the run. adam: its epsilon. discount: gamma. begins: steps before the first update. every:
    steps between two turns of learning. updates: updates of one turn. target: steps between two
    copies of the network to the target network, 0 for no target network (Mnih et al. 2013). soft:
    share of the network that the target takes over at every update, instead of copies; 0 for
    copies. double: the network chooses the next action, the target network values it (van Hasselt
    et al. 2016). loss: huber or squared; quantiles and categories have losses of their own. clip:
    largest norm of the gradients, 0 for any. average: decay of the averaged weights that are
    evaluated and kept at the end, 0 for the last weights. precision: bf16 halves the numbers inside
    convolutions, 1.5 times as fast on processors that have it and slow on others.
    """

    batch: int = 64
    rate: float = 1e-3
    fall: Literal["none", "linear"] = "none"
    adam: float = 1e-8
    discount: float = 0.99
    begins: int = 1000
    every: int = 4
    updates: int = 1
    target: int = 250
    soft: float = 0.0
    double: bool = False
    loss: Literal["huber", "squared"] = "huber"
    clip: float = 10.0
    average: float = 0.0
    precision: Literal["32", "bf16"] = "32"

    def __post_init__(self) -> None:
        for name, choices in (
            ("fall", ("none", "linear")),
            ("loss", ("huber", "squared")),
            ("precision", ("32", "bf16")),
        ):
            expect_choice(f"learn.{name}", getattr(self, name), choices)
        for name in ("batch", "begins", "every", "updates"):
            expect_whole(f"learn.{name}", getattr(self, name), low=1)
        expect_whole("learn.target", self.target, low=0)
        for name in ("rate", "adam", "clip"):
            expect_number(f"learn.{name}", getattr(self, name), low=0)
        for name in ("discount", "soft", "average"):
            expect_share(f"learn.{name}", getattr(self, name))


@dataclass(frozen=True)
class Settings:
    """What is learned, where, and for how long.

    env: any Gymnasium id. steps: of the whole run, over all lanes. seed: of everything random.
    lanes: environments side by side. vectorise: how they run: auto, sync, async, native (the
    environment's own vector form) or envpool. stack: last frames that make an observation.
    limit: steps after which an episode is cut, 0 for the environment's own limit. arguments: of the
    environment's constructor, NAME=VALUE. wrappers: around every environment, MODULE:NAME, the
    inmost first. clip_rewards: learn from the sign of rewards (Mnih et al. 2013); returns are
    always told raw. episodes: fresh ones that the final weights are tested on, 0 for none.
    checkpoint: steps between two of them; all lanes begin anew there, so that a run goes on exactly
    from any of them whatever its environment (rl.train). report: steps between two lines of the
    log, 0 for a hundredth of the run. protocol: of Atari games.
    """

    env: str = "CartPole-v1"
    steps: int = 50_000
    seed: int = 0
    lanes: int = 8
    vectorise: Vectorise = "auto"
    stack: int = 1
    limit: int = 0
    arguments: tuple[str, ...] = ()
    wrappers: tuple[str, ...] = ()
    clip_rewards: bool = False
    episodes: int = 100
    checkpoint: int = 25_000
    report: int = 0
    network: Network = Network()
    replay: Memory = Memory()
    learn: Learn = Learn()
    explore: Epsilon = EXPLORE
    protocol: Protocol = ATARI

    def __post_init__(self) -> None:
        for name in ("steps", "lanes", "stack", "checkpoint"):
            expect_whole(name, getattr(self, name), low=1)
        for name in ("limit", "episodes", "report", "seed"):
            expect_whole(name, getattr(self, name), low=0)
        expect_choice("vectorise", self.vectorise, get_args(Vectorise))
        if not self.env:
            raise InputError("env: expected the id of an environment, got ''")
        if self.replay.capacity // self.lanes <= self.replay.steps + self.stack:
            raise InputError(
                f"replay.capacity: expected room for more than {self.replay.steps} steps of stacks "
                f"of {self.stack} in each of {self.lanes} lanes, got {self.replay.capacity}"
            )


def dqn() -> Settings:
    """Deep Q-learning with a target network (Mnih et al. 2015)."""
    return Settings()


def dqn2013() -> Settings:
    """The first one, without a target network (Mnih et al. 2013)."""
    return replace(dqn(), learn=Learn(target=0))


def double() -> Settings:
    """Double DQN (van Hasselt et al. 2016)."""
    return replace(dqn(), learn=Learn(double=True))


def dueling() -> Settings:
    """Dueling networks (Wang et al. 2016)."""
    return replace(dqn(), network=Network(dueling=True))


def prioritised() -> Settings:
    """Prioritised replay (Schaul et al. 2016)."""
    return replace(dqn(), replay=Memory(prioritised=True))


def nstep() -> Settings:
    """Three-step returns (Sutton 1988; three as in Hessel et al. 2018)."""
    return replace(dqn(), replay=Memory(steps=3))


def noisy() -> Settings:
    """Noisy networks (Fortunato et al. 2018)."""
    return replace(dqn(), network=Network(noisy=True))


def c51() -> Settings:
    """A categorical distribution of 51 atoms (Bellemare et al. 2017)."""
    return replace(dqn(), network=Network(distribution="categorical"))


def qr_dqn() -> Settings:
    """Quantile regression (Dabney et al. 2018)."""
    return replace(dqn(), network=Network(distribution="quantile"))


def rainbow() -> Settings:
    """All six together (Hessel et al. 2018)."""
    return replace(
        dqn(),
        network=Network(dueling=True, noisy=True, distribution="categorical"),
        replay=Memory(steps=3, prioritised=True),
        learn=Learn(double=True),
    )


FAMILY: tuple[Callable[[], Settings], ...] = (
    dqn2013,
    dqn,
    double,
    dueling,
    prioritised,
    nstep,
    noisy,
    c51,
    qr_dqn,
    rainbow,
)


def member(name: str, base: Settings | None = None) -> Settings:
    """A member of the family by its name: what makes it differ from dqn, put into `base`.

    So member("rainbow", atari) keeps atari's environment, rates and sizes. Raises InputError.
    """
    names = {make.__name__: make for make in FAMILY}
    found = names[expect_choice("member", name, tuple(names))]()
    return found if base is None else differing(base, found, dqn())


def differing(base: Any, one: Any, other: Any) -> Any:
    """`base` with the fields in which `one` is not as `other`; all of the same dataclass."""
    changes = {}
    for name in (f.name for f in fields(base) if getattr(one, f.name) != getattr(other, f.name)):
        value = getattr(one, name)
        nested = is_dataclass(value)
        before = getattr(base, name)
        changes[name] = differing(before, value, getattr(other, name)) if nested else value
    return replace(base, **changes)
