"""A trained run with its data, as `geomdl inspect` looks at it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from core2d.errors import InputError, expect_number
from core2d.inspect.receptive import receptive_field
from core2d.inspect.watch import Ran, layer_of, space_of, trace
from core2d.layers.conv import Conv
from core2d.train.recipe import Data, Examples
from core2d.train.runs import open_run
from geomdl.recipes.find import find


@dataclass(frozen=True)
class Opened:
    """The network of a run, the data of its recipe, and what ran for one image of it."""

    model: nn.Module
    data: Data
    ran: list[Ran]

    @property
    def names(self) -> tuple[str, ...]:
        return self.data.classes

    def first(self) -> str:
        """The first convolution. Raises InputError where there is none."""
        for layer in self.ran:
            if isinstance(layer_of(self.model, layer.name), Conv):
                return layer.name
        raise InputError(f"layer: {type(self.model).__name__} has no convolution; name a layer")

    def fields(self) -> list[str]:
        """The parts of the network, in order, that give a field of more than one site."""
        rank = self.picked((), 1)[0].ndim
        parts = [r for r in self.ran if r.name and "." not in r.name and len(r.shape) == rank]
        names = [r.name for r in parts if max(r.shape[2:]) > 1]
        if not names:
            raise InputError(f"layer: {type(self.model).__name__} gives no fields; name a layer")
        return names

    def last(self) -> str:
        """The part of the network before the one that gives the classes."""
        named = [ran.name for ran in self.ran if ran.name]
        end = named[-1].split(".")[0] if named else ""
        parts = [name for name in named if "." not in name and name != end]
        return parts[-1] if parts else ""

    def channels(self, layer: str) -> int:
        """How many channels a layer has. Raises InputError."""
        layer_of(self.model, layer)
        shapes = {r.name: r.shape for r in self.ran}
        if len(shapes.get(layer, ())) < 2:
            raise InputError(f"layer: {layer!r} did not give one tensor with channels")
        return shapes[layer][1]

    def picked(self, examples: Sequence[int], count: int) -> tuple[Tensor, Tensor]:
        """Test images by their numbers, or `count` spread over the set; and their labels."""
        total = len(self.data.test)
        if wrong := [n for n in examples if not 0 <= n < total]:
            raise InputError(f"examples: the test set has {total} images, got {wrong[0]}")
        spread = range(0, total, max(1, total // count))[:count]
        return _images(self.data.test, torch.tensor(examples or list(spread)))

    def first_images(
        self, split: str, count: int, *, most: float = math.inf
    ) -> tuple[Tensor, Tensor]:
        """Up to `count` images of a set, drawn by a fixed seed; and their labels.

        most: that may be asked for. Raises InputError.
        """
        expect_number("images", count, low=1)
        if count > most:
            raise InputError(f"images: expected at most {most}, got {count}")
        sets = {
            "train": self.data.train,
            "validation": self.data.validation,
            "test": self.data.test,
        }
        order = torch.randperm(len(sets[split]), generator=torch.Generator().manual_seed(0))
        return _images(sets[split], order[:count])


def open_trained(run: Path) -> Opened:
    """Raises InputError where there is no run, or its data is not found."""
    trained = open_run(run, find)
    data = trained.recipe.data(trained.config)
    image, _ = _images(data.test, torch.tensor([0]))
    return Opened(trained.model, data, trace(trained.model, image))


def table_of(opened: Opened) -> str:
    """The layers as lines: name, kind, shape, receptive field and its stride."""
    image = opened.picked((), 1)[0]
    rank = space_of(opened.model, image).axes + 2
    lines = [f"{'layer':<28} {'kind':<16} {'shape':<18} sees      every"]
    for ran in opened.ran:
        shape = " x ".join(map(str, ran.shape[1:]))
        sees = every = ""
        if len(ran.shape) == rank:
            line = receptive_field(opened.model, ran.name, image)[-1]
            sees, every = ("all" if line.size == float("inf") else str(line.size)), str(line.jump)
        lines.append(f"{ran.name or '(all)':<28} {ran.kind:<16} {shape:<18} {sees:<9} {every}")
    return "\n".join(line.rstrip() for line in lines)


def _images(examples: Examples, index: Tensor) -> tuple[Tensor, Tensor]:
    """Images (N, C, *S), labels (N,): of a labelled picture its most frequent class.

    Raises InputError where the examples are no labelled images.
    """
    parts = [examples.batch(part) for part in index.split(500)]
    if missing := {"image", "label"} - parts[0].keys():
        raise InputError(
            f"run: geomdl inspect looks at labelled images and grids; the batches of this one lack "
            f"{', '.join(sorted(missing))}, they hold {', '.join(parts[0])}"
        )
    label = torch.cat([part["label"] for part in parts])
    many = label if label.ndim == 1 else label.flatten(1).mode(1).values
    return torch.cat([part["image"] for part in parts]), many
