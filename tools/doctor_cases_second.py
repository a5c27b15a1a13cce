"""Ten more healthy and ten more broken trainings, written after the first trials were mended.

No threshold was chosen on these either; they were committed before they were first run.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache

import torch
from doctor_cases import (
    Visit,
    digits,
    garments,
    looped,
    made,
    numbers,
    regress,
    sgd,
    things,
    visit,
    waves,
)
from torch import Tensor, nn
from torch.nn import functional as F

from core2d.doctor.examples import Tensors
from core2d.losses import VOID, cross_entropy, l2
from core2d.models.mlp import MLP
from core2d.models.vit import ViT
from core2d.train.recipe import Batch, Data, Examples


def whole(examples: Examples) -> tuple[Tensor, Tensor]:
    """All images and labels of a set."""
    batch = examples.batch(torch.arange(len(examples)))
    return batch["image"], batch["label"]


@cache
def by_class() -> Data:
    """Garments, the training set sorted by class."""
    image, label = whole(garments().train)
    order = label.argsort(stable=True)
    return replace(garments(), train=Tensors(image[order], label[order]))


def uneven() -> Data:
    """Trousers and boots, three to one."""

    def part(examples: Examples) -> Tensors:
        image, label = whole(examples)
        few, many = (label == 9).nonzero()[:, 0], (label == 1).nonzero()[:, 0]
        index = torch.cat([many, few[: len(many) // 3]])
        index = index[torch.randperm(len(index), generator=torch.Generator().manual_seed(3))]
        return Tensors(image[index], (label[index] == 9).long())

    data = garments()
    return Data(part(data.train), part(data.validation), part(data.test), ("trouser", "boot"))


def discs(count: int, seed: int) -> Tensors:
    """Pictures (count, 1, 24, 24) in noise and whether a pixel lies in a disc; the rim is void."""
    generator = torch.Generator().manual_seed(seed)
    y, x = torch.meshgrid(torch.arange(24.0), torch.arange(24.0), indexing="ij")
    centre = 8 + 8 * torch.rand(count, 2, 1, 1, generator=generator)
    inside = ((y - centre[:, 0]) ** 2 + (x - centre[:, 1]) ** 2 < 25).long()
    noise = torch.randn(count, 24, 24, generator=generator)
    label = inside.clone()
    label[:, :2] = VOID
    return Tensors((2.0 * inside - 0.4 + 0.7 * noise)[:, None], label)


class Unlabelled:
    """The pictures of a set alone."""

    def __init__(self, examples: Examples) -> None:
        self.examples = examples

    def __len__(self) -> int:
        return len(self.examples)

    def batch(self, index: Tensor, generator: torch.Generator | None = None) -> Batch:
        return {"image": self.examples.batch(index)["image"]}


def unlabelled(data: Data) -> Data:
    return Data(Unlabelled(data.train), Unlabelled(data.validation), Unlabelled(data.test))


def rebuild(model: nn.Module, batch: Batch) -> Tensor:
    return l2(model(batch["image"]), batch["image"].flatten(1))


def smoothed(model: nn.Module, batch: Batch) -> Tensor:
    weight = torch.linspace(0.5, 1.5, 10)
    return cross_entropy(model(batch["image"]), batch["label"], weight=weight, smoothing=0.1)


def separable(inputs: int, norm: Callable[[int], nn.Module], bias: bool = False) -> nn.Sequential:
    """Strided, depthwise and pointwise convolutions; global mean."""
    return nn.Sequential(
        nn.Conv2d(inputs, 16, 4, stride=4, bias=bias), norm(16), nn.ReLU(),
        nn.Conv2d(16, 16, 3, padding=1, groups=16, bias=bias), norm(16), nn.ReLU(),
        nn.Conv2d(16, 32, 1, bias=bias), norm(32), nn.ReLU(),
        nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(128, 10),
    )  # fmt: skip


def normed() -> nn.Sequential:
    return nn.Sequential(
        nn.Flatten(), nn.Linear(784, 64, bias=False), nn.BatchNorm1d(64), nn.LeakyReLU(),
        nn.Dropout(0.2), nn.Linear(64, 10),
    )  # fmt: skip


def pixels() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(1, 8, 5, padding=2), nn.GELU(), nn.Conv2d(8, 8, 5, padding=2), nn.GELU(),
        nn.Conv2d(8, 2, 1),
    )  # fmt: skip


def drawing(data: Data, shuffles: bool, wrong: str = "") -> Visit:
    """A loop that draws its own batches, epoch after epoch."""
    seen = looped(visit(MLP([784, 64, 10]), data, wrong=wrong))
    inner, count = seen.step, len(data.train)
    assert inner is not None

    def batches() -> Iterator[Tensor]:
        generator = torch.Generator().manual_seed(5)
        while True:
            order = torch.randperm(count, generator=generator) if shuffles else torch.arange(count)
            yield from order[: count // 64 * 64].split(64)

    queue = batches()
    return replace(seen, step=lambda batch: inner(data.train.batch(next(queue))))


def gathered() -> Visit:
    """Gradients of two halves are added up, and clipped."""
    seen = visit(MLP([784, 96, 10]), garments(), smoothed, rate=0.05, optimiser=sgd)
    case = seen.case
    optimiser = case.optimiser(list(case.model.parameters()), case.rate)

    def step(batch: Batch) -> float:
        case.model.train()
        total = 0.0
        for half in (slice(0, 32), slice(32, None)):
            loss = case.total(case.model, {k: v[half] for k, v in batch.items()}) / 2
            loss.backward()
            total += float(loss.detach())
        nn.utils.clip_grad_norm_(case.model.parameters(), 1.0)
        optimiser.step()
        optimiser.zero_grad()
        return total

    return replace(seen, step=step)


def torn() -> Data:
    """Pictures were shuffled, their labels were not."""
    image, label = whole(garments().train)
    order = torch.randperm(len(image), generator=torch.Generator().manual_seed(11))
    return replace(garments(), train=Tensors(image[order], label))


def raw() -> Data:
    """Pixels from 0 to 255."""

    def part(examples: Examples) -> Tensors:
        image, label = whole(examples)
        low, high = image.min(), image.max()
        return Tensors(255 * (image - low) / (high - low), label)

    data = digits()
    return Data(part(data.train), part(data.validation), part(data.test), data.classes)


def few() -> Data:
    image, label = whole(things().train)
    return replace(things(), train=Tensors(image[:128], label[:128]))


class Noisy(nn.Module):
    """Dropout that nobody turns off."""

    def __init__(self) -> None:
        super().__init__()
        self.inner, self.last = MLP([784, 64, 64]), nn.Linear(64, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(F.dropout(self.inner(x).relu(), 0.5))


class Mixing(nn.Module):
    """Channels and batch change places by a view."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Conv2d(1, 8, 4, stride=4), nn.Linear(8 * 49, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x).relu()  # (B, 8, 7, 7)
        return self.last(x.transpose(0, 1).reshape(len(x), -1))


def drowned() -> MLP:
    """Biases that keep a layer at 0."""
    model = MLP([784, 64, 64, 10])
    with torch.no_grad():
        list(model.parameters())[3].fill_(-50.0)
    return model


def scores_as_logs(model: nn.Module, batch: Batch) -> Tensor:
    return F.nll_loss(model(batch["image"]), batch["label"])


def healthy() -> dict[str, Callable[[], Visit]]:
    return {
        "separable convolutions with group norm, Fashion-MNIST": lambda: visit(
            separable(1, lambda n: nn.GroupNorm(4, n)), garments(), rate=3e-3
        ),
        "ViT on signals": lambda: visit(
            ViT(64, 8, width=32, layers=1, heads=2, classes=4, inputs=1, space=1), made(waves, 4)
        ),
        "MLP with batch norm, own loop, MNIST": lambda: looped(
            visit(normed(), digits(), rate=0.05, optimiser=sgd), "bsz"
        ),
        "own loop that shuffles a set sorted by class": lambda: drawing(by_class(), True),
        "logistic regression, classes three to one": lambda: visit(MLP([784, 2]), uneven()),
        "regression, own loop": lambda: looped(visit(MLP([4, 64, 1]), made(numbers), regress)),
        "pixels with void ones": lambda: visit(pixels(), made(discs, 2), rate=3e-3, batch=32),
        "autoencoder without labels": lambda: visit(
            MLP([784, 32, 784]), unlabelled(digits()), rebuild
        ),
        "separable convolutions with batch norm, own loop, CIFAR-10": lambda: looped(
            visit(separable(3, nn.BatchNorm2d), things(), rate=3e-3)
        ),
        "weighed and smoothed labels, halves of batches, clipping": gathered,
    }


def broken() -> dict[str, Callable[[], Visit]]:
    return {
        "pictures shuffled without their labels": lambda: visit(
            MLP([784, 64, 10]), torn(), rate=0.05, optimiser=sgd, wrong="validation"
        ),
        "shuffle forgotten in the loop": lambda: drawing(by_class(), False, "order"),
        "pixels from 0 to 255": lambda: visit(MLP([784, 64, 10]), raw(), wrong="inputs"),
        "scores in place of log-probabilities": lambda: visit(
            MLP([784, 64, 10]), digits(), scores_as_logs, wrong="logits"
        ),
        "biases before batch norm": lambda: visit(
            separable(3, nn.BatchNorm2d, bias=True), things(), wrong="biases"
        ),
        "dropout that stays on": lambda: visit(Noisy(), digits(), wrong="repeatable"),
        "a view that mixes the batch": lambda: visit(Mixing(), garments(), wrong="mixing"),
        "gradients cleared before the step": lambda: looped(
            visit(normed(), garments(), wrong="zero_grad"), "bzs"
        ),
        "a layer at zero": lambda: visit(drowned(), digits(), wrong="dead units"),
        "a large network on 128 pictures": lambda: visit(
            MLP([3072, 512, 10]), few(), wrong="fitting"
        ),
    }
