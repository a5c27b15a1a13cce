"""What the engine adds to a step, against a loop by hand; same network, data and weights."""

import atexit
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from core2d.models.cifar_resnet import CifarResNet
from core2d.models.lenet import LeNet
from core2d.train.fit import Run, launched
from core2d.train.options import Options
from core2d.train.order import Order
from core2d.train.recipe import Batch, Data, Examples
from core2d.train.settings import Train
from geomdl.bench.measure import Floor, Row, Work

STEPS = 10  # in one turn of the clock; there are no more than 400 in all
FIXED = {"epochs": 1.0, "rate": 0.01, "optimiser": "sgd"}


@dataclass(frozen=True)
class Settings:
    """train: as ever."""

    train: Train


@dataclass(frozen=True)
class Noise:
    """Pictures (N, C, S, S) of noise in bytes, as the data sets hold theirs."""

    image: Tensor
    label: Tensor

    def __len__(self) -> int:
        return len(self.label)

    def batch(self, index: Tensor, generator: Generator | None = None) -> Batch:
        """Indices (B,) -> "image" (B, C, S, S) float32 in 0..1, "label" (B,)."""
        return {"image": self.image[index].float().div_(255), "label": self.label[index]}


@dataclass(frozen=True)
class Case:
    """A recipe of one network on noise; the names are those of a recipe."""

    make: Callable[[], nn.Module]
    channels: int
    side: int
    batch: int
    EXPECT: dict[str, float] = field(default_factory=dict)
    REFERENCE: dict[str, float] = field(default_factory=dict)
    DATA: str = "noise"
    Config: type[Settings] = Settings
    __name__: str = "bench"

    def data(self, config: Settings) -> Data:
        generator = torch.Generator().manual_seed(0)
        shape = (400 * self.batch, self.channels, self.side, self.side)
        image = torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator)
        noise = Noise(image, torch.arange(len(image)) % 10)
        return Data(noise, noise, noise)

    def model(self, config: Settings) -> nn.Module:
        return self.make()

    def loss(self, model: nn.Module, batch: Batch, step: int, generator: Generator) -> Tensor:
        return F.cross_entropy(model(batch["image"]), batch["label"])

    def metrics(self, model: nn.Module, examples: Examples) -> dict[str, float]:
        return {}

    def predict(self, model: nn.Module, x: Tensor) -> Tensor:
        return model(x)


def prepared(case: Case) -> Work:
    """Both loops at the same weights; each call is STEPS more steps -> the weights."""
    config = Settings(Train(batch=case.batch, **FIXED))  # type: ignore[arg-type]
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    options = Options(
        output=folder, accelerator="cpu", minutes=1e9, tensorboard=False, progress=False
    )
    run = Run(case, config, options, launched(config.train, options))  # type: ignore[arg-type]
    model = case.make()
    model.load_state_dict(run.state.model.state_dict())
    by_hand = hand_written(case, model, run.order)

    steps = run.stepwise(run.steps)

    def ours() -> dict[str, Tensor]:
        for _ in range(STEPS):
            next(steps)
        return run.state.model.state_dict()

    def peer() -> dict[str, Tensor]:
        next(by_hand)
        return model.state_dict()

    return Work(ours, peer, same)


def hand_written(case: Case, model: nn.Module, order: Order) -> Iterator[float]:
    """The loop of every tutorial, stopping after each STEPS steps -> their mean loss."""
    examples = case.data(Settings(Train())).train
    optimiser = torch.optim.SGD(model.parameters(), 0.01, momentum=0.9)
    model.train()
    step = 0
    while True:
        total = 0.0
        for _ in range(STEPS):
            batch = examples.batch(order.indices(step))
            optimiser.zero_grad()
            loss = F.cross_entropy(model(batch["image"]), batch["label"])
            loss.backward()
            optimiser.step()
            total += loss.item()
            step += 1
        yield total / STEPS


def same(ours: dict[str, Tensor], theirs: dict[str, Tensor]) -> None:
    """Equal weights."""
    torch.testing.assert_close(ours, theirs)


def rows() -> Iterator[Row]:
    """A step of some 50 ms and one of some 10 ms, on a core or two."""
    resnet = Case(CifarResNet, 3, 32, 32)
    lenet = Case(LeNet, 1, 28, 256)
    # Forward, and backward at twice its cost: 41 and 0.42 million products an image.
    for name, case, products in (("ResNet-20", resnet, 41e6), ("LeNet-5", lenet, 0.42e6)):
        yield Row(
            name="fit_step",
            group="train",
            work=f"{STEPS} steps of {name}, batch {case.batch}",
            peer="a loop by hand",
            prepare=lambda case=case: prepared(case),  # type: ignore[misc]
            floor=Floor(flops=STEPS * 3 * 2 * products * case.batch),
            target=0.95,
            repeats=15,
        )
