"""The autograd graph of a loss: which operation feeds which, whatever module or function made it.

Nodes are named after the operation's backward: LogSoftmaxBackward0 is "LogSoftmax".
"""

import re
from collections.abc import Iterator
from typing import Any, TypeAlias

from torch import Tensor, nn

Node: TypeAlias = Any
# Operations that move or copy values and do not change them.
PASSIVE = frozenset(
    [
        "View",
        "UnsafeView",
        "ReshapeAlias",
        "Alias",
        "T",
        "Transpose",
        "Permute",
        "Squeeze",
        "Unsqueeze",
        "Expand",
        "Clone",
        "ToCopy",
        "Select",
        "Slice",
        "Contiguous",
        "Unflatten",
        "Flatten",
    ]
)
WEIGHTED = frozenset(["Convolution", "MkldnnConvolution", "Addmm", "Mm", "Bmm"])
NORMS = frozenset(["NativeBatchNorm", "CudnnBatchNorm", "MiopenBatchNorm"])


def kind(node: Node) -> str:
    """'LogSoftmaxBackward0' -> 'LogSoftmax'; parameters are 'AccumulateGrad'."""
    return re.sub(r"Backward\d*$", "", type(node).__name__)


def sources(node: Node) -> list[Node | None]:
    """The nodes whose outputs this one took, in the order of its arguments; None: no gradient."""
    return [source for source, _ in node.next_functions]


def walk(root: Node | None, stop: Node | None = None) -> Iterator[Node]:
    """All nodes that lead to `root`, itself first, breadth first; not beyond `stop`."""
    queue, seen = [root] if root is not None else [], {root}
    while queue:
        node = queue.pop(0)
        yield node
        if node is stop:
            continue
        for source in sources(node):
            if source is not None and source not in seen:
                seen.add(source)
                queue.append(source)


def origin(node: Node | None) -> Node | None:
    """The first node at or before this one that computes: views, copies and casts are skipped."""
    while node is not None and kind(node) in PASSIVE:
        node = sources(node)[0]
    return node


def parameter(node: Node | None) -> Tensor | None:
    """The leaf tensor that a node, behind views and casts, stands for; None for anything else."""
    node = origin(node)
    return node.variable if node is not None and kind(node) == "AccumulateGrad" else None


def bias_of(node: Node) -> Tensor | None:
    """The bias of a convolution or linear layer's node; None without one."""
    if kind(node) in ("Convolution", "MkldnnConvolution"):
        return parameter(sources(node)[2])
    return parameter(sources(node)[0]) if kind(node) == "Addmm" else None


def weight_of(node: Node) -> Tensor | None:
    """The weight of a convolution's or linear layer's node."""
    name = kind(node)
    place = {"Convolution": 1, "MkldnnConvolution": 1, "Addmm": 2, "Mm": 1}.get(name)
    return None if place is None else parameter(sources(node)[place])


def upstream(node: Node, kinds: frozenset[str]) -> Node | None:
    """The nearest node of one of these kinds before this one, along first arguments."""
    node = sources(node)[0] if node.next_functions else None
    while node is not None and kind(node) not in kinds:
        node = sources(node)[0] if node.next_functions else None
    return node


def names_of(model: nn.Module) -> dict[int, str]:
    """id of each parameter -> its name."""
    return {id(p): name for name, p in model.named_parameters()}


def layer_of(node: Node, names: dict[int, str]) -> str:
    """The module whose weight or bias a node uses: 'features.3'."""
    tensors = [t for t in (weight_of(node), bias_of(node)) if t is not None]
    found = next((names[id(t)] for t in tensors if id(t) in names), "")
    return found.rpartition(".")[0] or "a layer"
