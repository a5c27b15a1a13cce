"""How the networks of images grew: the table in docs/networks.md and docs/evolution.jpg.

    python tools/evolution.py [--check]

Layers, parameters and multiply-adds are counted on core2d's own networks, on the meta device, so
no weight is ever made. Errors on ImageNet are published ones.
"""

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import torch
from guide import put
from matplotlib.figure import Figure
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from core2d.doctor.graph import WEIGHTED, Node, kind, sources, weight_of
from core2d.inspect.figure import save_figure
from core2d.models.alexnet import AlexNet
from core2d.models.densenet import densenet
from core2d.models.googlenet import GoogLeNet
from core2d.models.inception_v4 import InceptionV4
from core2d.models.lenet import LeNet
from core2d.models.resnet import resnet
from core2d.models.vgg import vgg
from core2d.models.vit import vit
from core2d.models.xception import Xception

DOCS = Path(__file__).resolve().parent.parent / "docs"
PAGE, PICTURE = DOCS / "networks.md", DOCS / "evolution.jpg"


@dataclass(frozen=True)
class Network:
    """One network. shape: of its input. alone: top-5 error in % of one network on one crop of the
    validation set. entry: that of the paper's entry to the ILSVRC, several networks and crops.
    """

    name: str
    year: int
    make: Callable[[], nn.Module]
    shape: tuple[int, int, int] = (3, 224, 224)
    alone: float | None = None
    entry: float | None = None


LARGE = (3, 299, 299)
NETWORKS = (
    Network("LeNet-5", 1998, LeNet, (1, 28, 28)),
    Network("AlexNet", 2012, AlexNet, alone=20.934, entry=15.3),
    Network("VGG-16", 2014, lambda: vgg(16), alone=9.618, entry=7.3),
    Network("VGG-19", 2014, lambda: vgg(19), alone=9.124),
    Network("GoogLeNet", 2014, lambda: GoogLeNet(aux=False), alone=10.47, entry=6.67),
    Network("ResNet-50", 2015, lambda: resnet(50), alone=7.138),
    Network("ResNet-152", 2015, lambda: resnet(152), alone=5.954, entry=3.57),
    Network("Inception-v4", 2016, InceptionV4, LARGE, alone=5.074, entry=3.08),
    Network("Xception", 2016, Xception, LARGE, alone=5.708),
    Network("DenseNet-161", 2016, lambda: densenet(161), alone=6.44),
    Network("ViT-B/16", 2020, lambda: vit("b"), alone=4.682),
)


# Where a name stands beside its dot, in points, so that none lies on another.
ASIDE: dict[str, tuple[int, int, Literal["left", "right", "center"]]] = {
    "VGG-16": (-20, -3, "right"),
    "VGG-19": (20, -3, "left"),
    "ResNet-152": (0, 13, "center"),
    "DenseNet-161": (-10, -1, "right"),
    "Xception": (-9, -7, "right"),
    "Inception-v4": (-4, -20, "center"),
    "ViT-B/16": (16, -3, "left"),
}


@dataclass(frozen=True)
class Size:
    """layers: weighted ones, one after the other on the longest path. adds: multiply-adds."""

    layers: int
    parameters: int
    adds: int


def measured(model: nn.Module, shape: tuple[int, ...]) -> Size:
    """Count a network on the meta device, for one input (C, *S)."""
    x = torch.empty(1, *shape, device="meta")
    with FlopCounterMode(display=False) as counter:
        y = model.eval()(x)
    parameters = sum(p.numel() for p in model.parameters())
    return Size(longest(y), parameters, counter.get_total_flops() // 2)


def longest(y: Tensor) -> int:
    """Weighted layers on the longest path of the graph that leads to y."""
    depth: dict[Node, int] = {}
    stack = [y.grad_fn]
    while stack:
        node = stack[-1]
        before = [s for s in sources(node) if s is not None]
        if waiting := [s for s in before if s not in depth]:
            stack += waiting
            continue
        counts = kind(node) in WEIGHTED and weight_of(node) is not None
        depth[node] = counts + max((depth[s] for s in before), default=0)
        stack.pop()
    return depth[y.grad_fn]


@cache
def sizes() -> dict[str, Size]:
    """Every network, counted."""
    with torch.device("meta"):
        return {n.name: measured(n.make(), n.shape) for n in NETWORKS}


def table() -> str:
    """The networks in their order of years."""
    lines = [
        "| network | year | layers in a row | parameters | multiply-adds | input "
        "| top-5 error, one network | entry to the ILSVRC |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for n in NETWORKS:
        size = sizes()[n.name]
        alone = "-" if n.alone is None else f"{n.alone:.1f} %"
        entry = "-" if n.entry is None else f"{n.entry:g} %"
        adds = f"{size.adds / 1e9:.2f} G" if size.adds >= 1e8 else f"{size.adds / 1e6:.2f} M"
        lines.append(
            f"| {n.name} | {n.year} | {size.layers} | {size.parameters:,} | {adds} "
            f"| {n.shape[1]} x {n.shape[2]} | {alone} | {entry} |"
        )
    return "\n".join(lines)


def picture() -> Figure:
    """Depth and error over the years; error over work, the area of a dot by its parameters."""
    figure = Figure(figsize=(11, 4.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    rated = [n for n in NETWORKS if n.alone is not None]
    places = range(len(rated))
    left.bar(
        places,
        [n.alone or 0.0 for n in rated],
        color="#9ec5e8",
        label="top-5 error, one network, one crop",
    )
    entered = [(i, n.entry) for i, n in enumerate(rated) if n.entry is not None]
    left.plot(*zip(*entered, strict=True), "kv", markersize=5, label="entry to the ILSVRC")
    left.set_xticks(places, [f"{n.name}\n{n.year}" for n in rated], rotation=60, fontsize=8)
    left.set(ylabel="top-5 error on ImageNet, %", title="depth and error", ylim=(0, 27))
    deep = left.twinx()
    layers = [sizes()[n.name].layers for n in rated]
    deep.plot(places, layers, "o-", color="#c0392b", label="layers in a row")
    deep.set(yscale="log", ylabel="layers in a row", ylim=(4, 500))
    deep.set_yticks([5, 10, 20, 50, 100, 200], ["5", "10", "20", "50", "100", "200"])
    handles = [h for axes in (left, deep) for h in axes.get_legend_handles_labels()[0]]
    left.legend(handles=handles, fontsize=8, loc="upper center")
    for n in rated:
        size = sizes()[n.name]
        work, error = size.adds / 1e9, n.alone or 0.0
        right.scatter(work, error, s=size.parameters / 2e5, alpha=0.5, color="#2e86c1")
        x, y, side = ASIDE.get(n.name, (0, 9, "center"))
        right.annotate(
            n.name, (work, error), xytext=(x, y), textcoords="offset points", ha=side, fontsize=8
        )
    right.set(xscale="log", xlabel="billions of multiply-adds per picture", ylabel="top-5 error, %")
    right.set(title="work and error; areas: parameters", ylim=(2, 23), xlim=(0.5, 40))
    right.set_xticks([0.5, 1, 2, 5, 10, 20, 40], ["0.5", "1", "2", "5", "10", "20", "40"])
    right.grid(alpha=0.3)
    return figure


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="fail where the table is stale")
    check = parser.parse_args(arguments).check
    text = PAGE.read_text()
    made = put(text, "evolution", table())
    if check:
        return int(made != text)
    PAGE.write_text(made)
    save_figure(PICTURE, picture())
    return 0


if __name__ == "__main__":
    sys.exit(main())
