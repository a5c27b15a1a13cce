"""The network of an agent: an encoder, then a head."""

from collections.abc import Sequence

from gymnasium import Space, spaces
from torch import Generator, Tensor, nn

from core2d.errors import InputError
from rl.encoders import Encoder, encoder
from rl.heads import Categorical, Dueling, Head, Quantile, Straight, Streams, Value, noisy
from rl.noisy import sample_noise
from rl.settings import Network
from rl.transitions import Observation


class QNetwork(nn.Module):
    """Observations (B, *O) -> what the head gives; `q` reads values of actions (B, A) from it."""

    def __init__(self, encoder: Encoder, head: Head) -> None:
        super().__init__()
        self.encoder, self.head = encoder, head

    def forward(self, observation: Observation) -> Tensor:
        return self.head(self.encoder(observation))

    def q(self, observation: Observation) -> Tensor:
        """Observations (B, *O) -> expected returns of the actions (B, A)."""
        return self.head.q(self(observation))

    def sample_noise(self, generator: Generator) -> None:
        """New noise in all noisy layers; nothing where there are none."""
        sample_noise(self, generator)


def actions_of(space: Space) -> int:
    """How many actions a space has. Raises InputError where they are not Discrete."""
    if not isinstance(space, spaces.Discrete):
        raise InputError(f"action space: values are learned for Discrete actions, got {space}")
    return int(space.n)


def q_network(
    observation: Space, action: Space, settings: Network | None = None, *, huber: float = 1.0
) -> QNetwork:
    """The network that `settings` describe, for an environment's spaces.

    The last layer before the values is the head's, so that a dueling head has two of it and a
    noisy head makes it noisy: of `settings.features`, else of the body's published size, else
    `settings.hidden[-1]`; the body of a vector has the layers before that. huber: of the head's
    loss, 0 for squared errors. Weights start from torch's global generator.
    Raises InputError where a space or a setting does not fit.
    """
    settings = Network() if settings is None else settings
    body = encoder(observation, settings.body, sizes=settings.hidden[:-1])
    last = settings.features or body.hidden
    hidden = (last,) if last else settings.hidden[-1:]
    streams = streams_of(settings, body.width, actions_of(action), hidden)
    return QNetwork(body, head_of(settings, streams, huber))


def streams_of(settings: Network, width: int, actions: int, hidden: Sequence[int]) -> Streams:
    """The layers of the head."""
    make = Dueling if settings.dueling else Straight
    layer = noisy(settings.sigma) if settings.noisy else nn.Linear
    numbers = settings.atoms if settings.distribution != "none" else 1
    return make(width, actions, hidden=hidden, numbers=numbers, layer=layer)


def head_of(settings: Network, streams: Streams, huber: float) -> Head:
    """What reads the numbers of the streams."""
    if settings.distribution == "categorical":
        return Categorical(streams, low=settings.low, high=settings.high)
    if settings.distribution == "quantile":
        return Quantile(streams, huber=huber)
    return Value(streams, huber=huber)
