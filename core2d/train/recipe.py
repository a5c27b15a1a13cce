"""What a recipe is: one module with these names. The engine runs it; `geomdl fit NAME` finds it.

    '''What is learned, what comes out, the command, how long it takes.'''
    EXPECT = {"accuracy": 0.905}                     # mean over the seeds of the recorded run
    REFERENCE = {"accuracy": Reference(0.916, "zalandoresearch/fashion-mnist README")}
    DATA = "Fashion-MNIST"

    @dataclass(frozen=True)
    class Config:
        train: Train = Train(epochs=12, batch=128, rate=1e-3)
        width: int = 6

    def data(config) -> Data
    def model(config) -> nn.Module
    def loss(model, batch, step, generator) -> Tensor            # or {optimiser name: Tensor}
    def metrics(model, examples) -> dict[str, float]
    def predict(model, x) -> Tensor                              # what a user asks of the network

and, where wanted: `optimisers(config, model) -> dict[str, Optimizer]`, `schedule(step) -> names`
of the optimisers that step, `after_step(state)`, `needs = ("other_recipe",)`, and for
networks on shapes `read(shape, config) -> Batch`: what `predict` takes, from a file of a user's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, runtime_checkable

from torch import Generator, Tensor, nn

from core2d.train.record import Reference
from core2d.train.settings import Train

Batch: TypeAlias = dict[str, Tensor]


@runtime_checkable
class Examples(Protocol):
    """A set of examples that hands out whole batches, so that its work is done by tensors at once.

    Images come as "image" (B, C, *S) float, what is asked as "label" (B,) or (B, *S) int64.
    Examples of unequal size come packed: "points" (N, D) or other rows, "offsets" (B+1,) int64,
    "label" (B,) or (N,).
    """

    def __len__(self) -> int: ...

    def batch(self, index: Tensor, generator: Generator | None = None) -> Batch:
        """Indices (B,) int64 -> a batch; a generator asks for random augmentation by it."""
        ...


class Statistics(Protocol):
    """Of each channel of the training set, in 0..1."""

    @property
    def mean(self) -> tuple[float, ...]: ...

    @property
    def std(self) -> tuple[float, ...]: ...


@runtime_checkable
class Pictures(Protocol):
    """Examples that are pictures; `geomdl predict` normalises others as they were."""

    @property
    def channels(self) -> Statistics: ...


@dataclass(frozen=True)
class Data:
    """Three sets that share no example. `validation` steers training, `test` only reports.

    Validation may be empty where nothing is steered: no early stopping, no plateau schedule.

    name: what was found, where that may be another copy than the recipe's DATA.
    """

    train: Examples
    validation: Examples
    test: Examples
    classes: tuple[str, ...] = ()
    name: str = ""


def class_name(label: int, names: Sequence[str]) -> str:
    """What a class is called, "class 7" where the names do not say."""
    return names[label] if label < len(names) else f"class {label}"


class Settings(Protocol):
    """A recipe's Config: frozen, typed, with the engine's settings under `train`."""

    @property
    def train(self) -> Train: ...


class Recipe(Protocol):
    """A module as described above."""

    __name__: str
    __doc__: str | None
    EXPECT: Mapping[str, float]
    REFERENCE: Mapping[str, Reference]
    DATA: str
    Config: type[Any]

    def data(self, config: Any) -> Data: ...

    def model(self, config: Any) -> nn.Module: ...

    def loss(
        self, model: nn.Module, batch: Batch, step: int, generator: Generator
    ) -> Tensor | dict[str, Tensor]: ...

    def metrics(self, model: nn.Module, examples: Examples) -> dict[str, float]: ...

    def predict(self, model: nn.Module, x: Any) -> Tensor: ...
