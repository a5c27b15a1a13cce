"""Ten healthy and ten broken trainings on which no threshold of the doctor was chosen.

Each is a function without arguments that makes a `Visit`. The thresholds were chosen on the squares
of tests/core2d/doctor and on `fashion_lenet`, and committed before these were first run.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any

import torch
from torch import Tensor, nn

from core2d.doctor.case import Case, Loss
from core2d.doctor.examples import Some, Tensors
from core2d.layers.norm import BatchNorm
from core2d.losses import cross_entropy, l2
from core2d.models.cifar_resnet import CifarResNet
from core2d.models.lenet import LeNet
from core2d.models.mlp import MLP
from core2d.models.unet import UNet
from core2d.models.vit import ViT
from core2d.train.recipe import Batch, Data, Examples
from scenes.datasets.cifar import cifar10
from scenes.datasets.membrane import membrane
from scenes.datasets.mnist import fashion_mnist, mnist

Optimiser = Callable[[list[nn.Parameter], float], torch.optim.Optimizer]


@dataclass(frozen=True)
class Visit:
    """What the doctor gets to see. wrong: the check that should speak, none of a healthy one."""

    case: Case
    step: Callable[[Batch], Any] | None = None
    evaluate: Callable[[], Any] | None = None
    wrong: str = ""


def entropy(model: nn.Module, batch: Batch) -> Tensor:
    return cross_entropy(model(batch["image"]), batch["label"], ignore=255)


def some(data: Data, train: int = 4000, held: int = 1000) -> Data:
    """A random part of a data set."""

    def part(examples: Examples, count: int) -> Some:
        generator = torch.Generator().manual_seed(7)
        return Some(examples, torch.randperm(len(examples), generator=generator)[:count])

    parts = part(data.train, train), part(data.validation, held), part(data.test, held)
    return Data(*parts, data.classes)


@cache
def digits() -> Data:
    return some(mnist())


@cache
def garments() -> Data:
    return some(fashion_mnist())


@cache
def things() -> Data:
    return some(cifar10(), 3000, 600)


def sgd(parameters: list[nn.Parameter], rate: float) -> torch.optim.Optimizer:
    return torch.optim.SGD(parameters, rate, momentum=0.9)


def visit(
    model: nn.Module,
    data: Data,
    loss: Loss = entropy,
    *,
    wrong: str = "",
    rate: float = 1e-3,
    batch: int = 64,
    optimiser: Optimiser | None = None,
) -> Visit:
    """A case trained by Adam, or by another optimiser."""
    made = optimiser or torch.optim.Adam
    return Visit(Case(model, data, loss, batch=batch, rate=rate, optimiser=made), wrong=wrong)


def looped(seen: Visit, order: str = "zbs", *, trains: bool = True, evals: bool = True) -> Visit:
    """With a user's own step: z zero_grad, b backward, s step; and an own evaluation."""
    case = seen.case
    optimiser = case.optimiser(list(case.model.parameters()), case.rate)

    acts: dict[str, Callable[[Tensor], Any]] = {
        "z": lambda loss: optimiser.zero_grad(),
        "b": lambda loss: loss.backward(),
        "s": lambda loss: optimiser.step(),
    }

    def step(batch: Batch) -> float:
        if trains:
            case.model.train()
        loss = case.total(case.model, batch)
        for act in order:
            acts[act](loss)
        return float(loss.detach())

    @torch.no_grad()
    def evaluate() -> Tensor:
        if evals:
            case.model.eval()
        return case.model(case.load(case.data.validation, torch.arange(100))["image"])

    return replace(seen, step=step, evaluate=evaluate)


def patches() -> Data:
    """Membrane slices cut into 64 x 64."""

    def cut(examples: Examples) -> Tensors:
        batch = examples.batch(torch.arange(len(examples)))
        parts = [batch[k].unfold(-2, 64, 64).unfold(-2, 64, 64) for k in ("image", "label")]
        image = parts[0].permute(0, 2, 3, 1, 4, 5).flatten(0, 2)
        return Tensors(image.contiguous(), parts[1].flatten(0, 2).contiguous())

    data = membrane()
    return Data(cut(data.train), cut(data.validation), cut(data.test), data.classes)


def waves(count: int, seed: int) -> Tensors:
    """Signals (count, 1, 64) of one of four frequencies, in noise, at any phase."""
    generator = torch.Generator().manual_seed(seed)
    label = torch.randint(4, (count,), generator=generator)
    phase = 6.28 * torch.rand(count, 1, generator=generator)
    angle = torch.linspace(0, 6.28, 64)[None] * (2 + 3 * label[:, None])
    noise = 0.5 * torch.randn(count, 64, generator=generator)
    return Tensors((torch.sin(angle + phase) + noise)[:, None], label)


def bodies(count: int, seed: int) -> Tensors:
    """Grids (count, 1, 12, 12, 12): a ball, a rod, or a plate, in noise."""
    generator = torch.Generator().manual_seed(seed)
    label = torch.randint(3, (count,), generator=generator)
    axes = torch.stack(torch.meshgrid(*[torch.arange(12.0) - 5.5] * 3, indexing="ij"))
    offset = 4 * torch.rand(count, 3, 1, 1, 1, generator=generator) - 2
    x, y, z = (axes[None] - offset).unbind(1)
    kinds = [x**2 + y**2 + z**2 < 12, x**2 + y**2 < 3, x.abs() < 1]
    solid = torch.stack(kinds, 1)[torch.arange(count), label].float()
    noise = 0.3 * torch.randn(solid.shape, generator=generator)
    return Tensors((2 * solid - 0.5 + noise)[:, None], label)


def numbers(count: int, seed: int) -> Tensors:
    """Points (count, 4) and a smooth function of them (count, 1)."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(count, 4, generator=generator)
    return Tensors(x, torch.sin(x[:, :1]) + 0.5 * x[:, 1:2] * x[:, 2:3])


def made(make: Callable[[int, int], Tensors], classes: int = 0) -> Data:
    return Data(make(2000, 0), make(500, 1), make(500, 2), tuple(map(str, range(classes))))


def regress(model: nn.Module, batch: Batch) -> Tensor:
    return l2(model(batch["image"]), batch["label"])


def convnet(bias: bool = False, dropout: float = 0.0) -> nn.Sequential:
    """Two convolutions with batch norm."""
    return nn.Sequential(
        nn.Conv2d(3, 12, 3, stride=2, bias=bias), nn.BatchNorm2d(12), nn.ReLU(),
        nn.Conv2d(12, 24, 3, stride=2, bias=bias), nn.BatchNorm2d(24), nn.ReLU(),
        nn.Flatten(), nn.Dropout(dropout), nn.Linear(24 * 49, 10),
    )  # fmt: skip


def sigmoids(layers: int = 12) -> MLP:
    return MLP([784, *[64] * layers, 10], activation=torch.sigmoid)


class Unregistered(nn.Module):
    """Keeps its layers in a plain list."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.others = nn.Linear(784, 64), [nn.Linear(64, 64), nn.Linear(64, 10)]

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x.flatten(1)).relu()
        return self.others[1](self.others[0](x).relu())


def leaky() -> Data:
    """A hundred of the test pictures are noisy copies of training pictures."""
    data = garments()
    test = data.test.batch(torch.arange(len(data.test)))
    image = test["image"].clone()
    image[:100] = data.train.batch(torch.arange(100))["image"]
    image[:100] += 0.01 * torch.randn(100, *image.shape[1:])
    return replace(data, test=Tensors(image, test["label"]))


def torn() -> Data:
    """Labels that no longer belong to their pictures."""
    data = digits()
    train = data.train.batch(torch.arange(len(data.train)))
    return replace(data, train=Tensors(train["image"], train["label"].roll(1)))


def other_network() -> Visit:
    """The optimiser was made for a copy."""
    seen = visit(MLP([784, 64, 10]), garments(), wrong="optimiser")
    wrong = torch.optim.Adam(MLP([784, 64, 10]).parameters())

    def step(batch: Batch) -> None:
        wrong.zero_grad()
        seen.case.total(seen.case.model, batch).backward()
        wrong.step()

    return replace(seen, step=step)


def healthy() -> dict[str, Callable[[], Visit]]:
    return {
        "LeNet, MNIST": lambda: visit(LeNet(), digits()),
        "MLP with dropout, own loop, Fashion-MNIST": lambda: looped(
            visit(MLP([784, 128, 10], dropout=0.3), garments(), rate=0.03, optimiser=sgd)
        ),
        "logistic regression, MNIST": lambda: visit(MLP([784, 10]), digits()),
        "ResNet-8, own loop, CIFAR-10": lambda: looped(
            visit(CifarResNet(8, width=8), things(), rate=0.05, optimiser=sgd)
        ),
        "ViT, MNIST": lambda: visit(
            ViT(28, 7, width=48, layers=2, heads=4, classes=10, inputs=1), digits()
        ),
        "U-Net, EM membrane": lambda: visit(
            UNet(classes=2, width=6, depth=2, norm=BatchNorm), patches(), rate=3e-3, batch=16
        ),
        "ResNet-8 on signals": lambda: visit(
            CifarResNet(8, classes=4, inputs=1, width=8, space=1), made(waves, 4)
        ),
        "LeNet on grids": lambda: visit(
            LeNet((4, 8, 16, 16), classes=3, padding="same", space=3), made(bodies, 3)
        ),
        "regression by a tanh MLP": lambda: visit(
            MLP([4, 64, 64, 1], activation=torch.tanh), made(numbers), regress, rate=3e-3
        ),
        "convolutions with batch norm and dropout, own loop, CIFAR-10": lambda: looped(
            visit(convnet(dropout=0.2), things(), optimiser=partial(torch.optim.AdamW, eps=1e-8))
        ),
    }


def broken() -> dict[str, Callable[[], Visit]]:
    return {
        "softmax before cross entropy": lambda: visit(
            nn.Sequential(LeNet(), nn.Softmax(1)), digits(), wrong="logits"
        ),
        "zero_grad forgotten": lambda: looped(
            visit(MLP([784, 128, 10]), garments(), wrong="zero_grad"), "bs"
        ),
        "eval() forgotten in evaluation": lambda: looped(
            visit(CifarResNet(8, width=8), things(), wrong="eval mode"), evals=False
        ),
        "train() forgotten after evaluation": lambda: looped(
            visit(convnet(dropout=0.2), things(), wrong="train mode"), trains=False
        ),
        "rate a thousand times too large": lambda: visit(
            LeNet(), digits(), rate=30.0, optimiser=sgd, wrong="learning rate"
        ),
        "test pictures from the training set": lambda: visit(
            MLP([784, 64, 10]), leaky(), wrong="leakage"
        ),
        "twelve layers of sigmoids": lambda: visit(sigmoids(), digits(), wrong="gradients"),
        "labels of other pictures": lambda: visit(MLP([784, 128, 10]), torn(), wrong="validation"),
        "optimiser of another network": other_network,
        "layers in a plain list": lambda: visit(Unregistered(), garments(), wrong="parameters"),
    }
