"""Small pictures that can be learned in seconds: a bright square in one of four corners, in noise.

And networks for them, healthy ones.
"""

import torch
from torch import Tensor, nn

from core2d.doctor.case import Case
from core2d.doctor.examples import Tensors
from core2d.doctor.limits import Limits
from core2d.losses import cross_entropy
from core2d.train.recipe import Batch, Data

QUICK = Limits(examples=64, steps=100, ladder=(5, 10, 50), run_steps=48)


def squares(count: int, seed: int, noise: float = 0.7) -> Tensors:
    """Pictures (count, 1, 12, 12) and the corners (count,) of their squares."""
    generator = torch.Generator().manual_seed(seed)
    corner = torch.randint(4, (count,), generator=generator)
    x = torch.randn(count, 1, 12, 12, generator=generator) * noise
    for row, c in enumerate(corner.tolist()):
        top, left = 1 + 5 * (c // 2), 1 + 5 * (c % 2)
        x[row, 0, top : top + 4, left : left + 4] += 1.5
    return Tensors(x, corner)


def data(count: int = 256) -> Data:
    return Data(squares(count, 0), squares(128, 1), squares(128, 2), tuple("abcd"))


def loss(model: nn.Module, batch: Batch) -> Tensor:
    return cross_entropy(model(batch["image"]), batch["label"])


def network(seed: int = 0) -> nn.Sequential:
    """Convolution, batch norm, ReLU, dropout, linear: every mode matters."""
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, bias=False),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Dropout(0.2),
        nn.Linear(200, 4),
    )


def plain(*middle: nn.Module, width: int = 32) -> nn.Sequential:
    """A perceptron with these modules between its first and last layer."""
    torch.manual_seed(0)
    inner = middle or (nn.ReLU(),)
    return nn.Sequential(nn.Flatten(), nn.Linear(144, width), *inner, nn.Linear(width, 4))


def case(model: nn.Module | None = None, loss=loss, data: Data | None = None, **others) -> Case:
    """A healthy case, but for what is given."""
    found = {"model": model or network(), "data": data or DATA, "loss": loss, "limits": QUICK}
    return Case(**(found | others))


DATA = data()
