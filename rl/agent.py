"""The agent: a network that values actions, how it acts, and how it learns from a batch.

    agent = Agent(settings, envs.single_observation_space, envs.single_action_space)
    actions = agent.act(observation, epsilon, generator)         (L, *O) -> (L,)
    update = agent.update(replay.sample(64, generator))          one step of Adam

The target network (Mnih et al. 2015) is a copy that `copy_target` renews, or that follows softly;
without one the network values the next observation itself (Mnih et al. 2013).
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from gymnasium import Space
from torch import Generator, Tensor

from core2d.errors import InputError
from core2d.train.order import seed_of
from rl.adam import Adam
from rl.captured import Captured, CudaGraph, Graph, Lesson, Teach
from rl.explore import epsilon_greedy
from rl.flat import Flat
from rl.network import QNetwork, q_network
from rl.noisy import sample_noise
from rl.perceptron import Perceptron, layers_of
from rl.settings import Settings
from rl.targets import chosen
from rl.transitions import Observation, Transitions


class Update(NamedTuple):
    """What an update tells, on the agent's device: nothing waits for it until it is looked at.

    loss (): the weighted mean. priority (B,): for the replay. value (): the mean value of the
    actions that were taken.
    """

    loss: Tensor
    priority: Tensor
    value: Tensor


class Agent:
    """A member of the DQN family for these spaces, with its first weights by settings.seed."""

    def __init__(
        self,
        settings: Settings,
        observation_space: Space,
        action_space: Space,
        device: torch.device | str = "cpu",
    ) -> None:
        self.settings, self.device = settings, torch.device(device)
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed_of(settings.seed, "weights"))
            huber = 1.0 if settings.learn.loss == "huber" else 0.0
            network = q_network(observation_space, action_space, settings.network, huber=huber)
        self.network = network.to(self.device)
        self.first = int(getattr(action_space, "start", 0))
        learn = settings.learn
        self.flat = Flat(self.network, channels_last=True)
        self.target = self.flat.copied() if learn.target or learn.soft else self.flat
        self.average = self.flat.values.clone() if learn.average else None
        self.updates = 0
        self._plain = perceptron(self.flat, self.target)
        self._learn: Teach = self._learned
        self._adam = Adam(self.flat.values, learn.rate, learn.adam)
        seed = seed_of(settings.seed, "noise")
        self._noise = Generator(self.device).manual_seed(seed)

    @torch.inference_mode()
    def act(self, observation: Any, epsilon: float, generator: Generator) -> np.ndarray:
        """Observations (L, *O), arrays or tensors or a dict of them -> actions (L,) int64.

        Random with probability `epsilon`, else the best. Noisy layers get new noise while the
        network is in training mode, and have none in eval mode.
        """
        if self.settings.network.noisy and self.network.training:
            sample_noise(self.network, self._noise)
        seen = placed(observation, self.device)
        plain = self._plain
        q = plain.q(seen) if plain else self.network.head.q(self._output(self.flat, seen))
        actions = epsilon_greedy(q, epsilon, generator).cpu().numpy()
        return actions + self.first if self.first else actions

    def update(self, batch: Transitions) -> Update:
        """One step of Adam on the weighted mean of the losses of B transitions."""
        learn = self.settings.learn
        if self.settings.network.noisy:
            sample_noise(self.network, self._noise)
            if self.target is not self.flat:
                sample_noise(self.target.network, self._noise)
        gradient, *told = self._learn(batch.to(self.device))
        self._adam.step(clipped(gradient, learn.clip))
        self.updates += 1
        with torch.no_grad():
            if learn.soft:
                self.target.values.lerp_(self.flat.values, learn.soft)
            if self.average is not None:
                # Starts low, so that the first weights are soon forgotten.
                kept = min(learn.average, (1 + self.updates) / (10 + self.updates))
                self.average.lerp_(self.flat.values, 1 - kept)
        return Update(*told)

    def capture(self, graph: Graph | None = None) -> None:
        """From now on batches are learned from by a graph (`rl.captured`), on a GPU."""
        self._learn = Captured(self._learned, graph or CudaGraph())

    def _learned(self, batch: Transitions) -> Lesson:
        """The gradient of the weighted mean of the losses, and what is told of it."""
        learn, head = self.settings.learn, self.network.head
        action = batch.action - self.first if self.first else batch.action
        if self._plain is not None:
            gradient, means, priority = self._plain.learn(batch, action, learn.double)
            loss, value = means.unbind()
            return Lesson((gradient,), loss, priority, value)
        with torch.no_grad():
            following = self._output(self.target, batch.next_observation)
            chooser = following
            if learn.double and self.target is not self.flat:
                chooser = self._output(self.flat, batch.next_observation)
            target = head.target(batch.reward, batch.discount, following, head.q(chooser))
        with self._autocast():
            output = chosen(self.network(batch.observation), action)
        output = output.float()
        losses, priority = head.loss(output, target)
        loss = (losses * batch.weight).mean()
        value = head.q(output.detach()[:, None]).mean()
        return Lesson(self.flat.gradient(loss), loss.detach(), priority, value)

    def _output(self, of: Flat, observation: Observation) -> Tensor:
        """What the network or the target network gives, without a gradient."""
        with self._autocast():
            return of.network(observation).float()

    def _autocast(self) -> torch.autocast:
        """What computes in bfloat16 where the settings ask for it."""
        enabled = self.settings.learn.precision == "bf16"
        return torch.autocast(self.device.type, torch.bfloat16, enabled=enabled)

    def copy_target(self) -> None:
        """The target network becomes what the network is."""
        if self.target is not self.flat:
            self.target.values.copy_(self.flat.values)

    def set_rate(self, factor: float) -> None:
        """The learning rate as a share of the settings' one."""
        self._adam.rate = self.settings.learn.rate * factor

    def weights(self) -> dict[str, Tensor]:
        """The state dict that is evaluated and kept: averaged where the settings say so."""
        return self.flat.state(self.average)

    def state_dict(self) -> dict[str, Any]:
        """All that `load_state_dict` needs to go on exactly."""
        own = self.target is not self.flat
        return {
            "network": self.flat.state(),
            "target": self.target.state() if own else None,
            "average": self.average,
            "optimiser": self._adam.state_dict(),
            "noise": self._noise.get_state(),
            "updates": self.updates,
        }

    def load_state_dict(self, content: Mapping[str, Any]) -> None:
        """Take up what `state_dict` gave. Raises InputError where it is another network's."""
        try:
            self.network.load_state_dict(content["network"])
            if self.target is not self.flat:
                self.target.network.load_state_dict(content["target"])
        except RuntimeError as error:
            raise InputError(f"checkpoint: its weights are another network's: {error}") from error
        if self.average is not None:
            self.average.copy_(content["average"])
        self._adam.load_state_dict(content["optimiser"])
        self._noise.set_state(content["noise"].cpu())
        self.updates = content["updates"]


def perceptron(flat: Flat, target: Flat) -> Perceptron | None:
    """The faster form of a network, where it has one."""
    assert isinstance(flat.network, QNetwork)
    layers = layers_of(flat.network)
    if layers is None or flat.values.device.type != "cpu":
        return None
    return Perceptron(flat, layers, target)


def clipped(gradient: Sequence[Tensor], most: float) -> Sequence[Tensor]:
    """The pieces of a gradient, scaled so that its norm is at most `most`, 0 for any."""
    if not most:
        return gradient
    norms = [torch.linalg.vector_norm(piece) for piece in gradient]
    norm = torch.linalg.vector_norm(torch.stack(norms)) if len(norms) > 1 else norms[0]
    if norm.is_cpu and norm <= most:  # a GPU would have to be waited for
        return gradient
    factor = (most / (norm + 1e-6)).clamp(max=1.0)
    return [piece * factor for piece in gradient]  # new ones: two may be the same tensor


def placed(observation: Any, device: torch.device) -> Observation:
    """Arrays or tensors, or a dict of them -> tensors on a device; float64 becomes float32."""
    if isinstance(observation, Mapping):
        return {name: _placed(part, device) for name, part in observation.items()}
    return _placed(observation, device)


def _placed(part: Any, device: torch.device) -> Tensor:
    tensor = torch.as_tensor(part)
    dtype = torch.float32 if tensor.dtype == torch.float64 else tensor.dtype
    return tensor.to(device, dtype, non_blocking=True)
