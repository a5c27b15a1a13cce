"""Pictures of coloured blocks whose colour is their class: what a recipe of pixels must learn."""

from typing import Any

import torch
from torch import Generator, Tensor

from core2d.losses import VOID
from core2d.train.evaluate import evaluating
from core2d.train.recipe import Batch


class Blocks:
    """Images (N, C, side, side): blocks of 16 pixels, class by colour, noise; the corner void."""

    def __init__(self, count: int, channels: int, classes: int, *, side: int = 64, seed: int = 0):
        g = Generator().manual_seed(seed)
        coarse = torch.randint(classes, (count, side // 16, side // 16), generator=g)
        label = coarse.repeat_interleave(16, 1).repeat_interleave(16, 2)
        colour = torch.randn(classes, channels, generator=Generator().manual_seed(7))
        colour = torch.linspace(-1, 1, classes)[:, None] if channels == 1 else colour
        image = colour[label].movedim(-1, 1)
        self.image = image + 0.1 * torch.randn(image.shape, generator=g)
        self.label = label.index_fill(1, torch.arange(4), VOID)

    def __len__(self) -> int:
        return len(self.image)

    def batch(self, index: Tensor, generator: Generator | None = None) -> Batch:
        return {"image": self.image[index], "label": self.label[index]}


def learned(recipe: Any, config: Any, *, channels: int, classes: int, steps: int) -> float:
    """Mean IoU on unseen blocks after a few steps of Adam with the recipe's model and loss."""
    torch.manual_seed(0)
    train, test = Blocks(32, channels, classes), Blocks(6, channels, classes, seed=1)
    model, g = recipe.model(config), Generator().manual_seed(0)
    optimiser = torch.optim.Adam(model.parameters(), 0.01)
    for step in range(steps):
        batch = train.batch(torch.randint(len(train), (4,), generator=g), g)
        optimiser.zero_grad()
        recipe.loss(model, batch, step, g).backward()
        optimiser.step()
    with evaluating(model):
        return recipe.metrics(model, test)["miou"]
