"""Weights of SparseConvNet's U-Net into ours: the model of its examples of ScanNet and shapes.

There a network is a tree of numbered containers: "sparseModel" holds the input layer, the stem, the
U-Net, a norm and the output layer, "linear" is the head. Kernels are (prod(K), groups, I, O),
(prod(K), I, O) or flat (prod(K) I, O), with the last axis of K the fastest; running statistics are
called runningMean and runningVar.
"""

from collections.abc import Mapping
from os import PathLike

from torch import Tensor, nn

from core2d.errors import InputError
from core2d.layers.conv import Conv, ConvTranspose
from core2d.weights import Mismatch, load_weights
from geomdl.models.scn_unet import Level, PreactivatedBlock, SCNUNet
from geomdl.nn.sparse_weights import spconv_kernel

Names = dict[str, str]  # a part of ours -> the same part of theirs
STATISTICS = {"running_mean": "runningMean", "running_var": "runningVar"}


def load_sparseconvnet(
    model: SCNUNet, path: str | PathLike[str], *, strict: bool = True
) -> Mismatch:
    """Fill an SCNUNet from a file of SparseConvNet, as core2d's load_weights does.

    Raises InputError for an unreadable file or one that does not fit.
    """
    return load_weights(
        model, path, strict=strict, translate=lambda state: from_sparseconvnet(state, model)
    )


def from_sparseconvnet(state: Mapping[str, Tensor], model: SCNUNet) -> dict[str, Tensor]:
    """A state dict of SparseConvNet's model -> one for `model`; what has no place is left as it is.

    Raises InputError for a kernel of another size.
    """
    names = {"stem": "sparseModel.1", "norm.norm": "sparseModel.3", "head": "linear"}
    names |= _level(model.level, "level", "sparseModel.2")
    rest, found = dict(state), {}
    own = model.state_dict()
    for ours, theirs in names.items():
        part = model.get_submodule(ours)
        for kind in (n.rpartition(".")[2] for n in own if n.rpartition(".")[0] == ours):
            value = rest.pop(f"{theirs}.{STATISTICS.get(kind, kind)}", None)
            if value is not None:
                found[f"{ours}.{kind}"] = _kernel(theirs, value, part, kind)
    return rest | found


def _level(level: Level, ours: str, theirs: str) -> Names:
    """A U-Net from a level on: blocks, [skip, [norm, down, below, norm, up]], join, blocks."""
    names, place = _blocks(level.before, f"{ours}.before", theirs, 0)
    if level.below is None:
        return names
    inner = f"{theirs}.{place}.1"
    names |= {
        f"{ours}.down.0.norm": f"{inner}.0",
        f"{ours}.down.1": f"{inner}.1",
        f"{ours}.norm.norm": f"{inner}.3",
        f"{ours}.up": f"{inner}.4",
    }
    names |= _level(level.below, f"{ours}.below", f"{inner}.2")
    return names | _blocks(level.after, f"{ours}.after", theirs, place + 2)[0]


def _blocks(blocks: nn.Sequential, ours: str, theirs: str, place: int) -> tuple[Names, int]:
    """Names of blocks that begin at child `place` of theirs, and the place behind them."""
    names: Names = {}
    for number, block in enumerate(blocks):
        if not isinstance(block, PreactivatedBlock):  # [norm, conv]
            names |= {f"{ours}.{number}.0.norm": f"{theirs}.{place}.0"}
            names |= {f"{ours}.{number}.1": f"{theirs}.{place}.1"}
            place += 1
            continue
        if isinstance(block.shortcut, Conv):  # [shortcut, [norm, conv, norm, conv]], add
            names[f"{ours}.{number}.shortcut"] = f"{theirs}.{place}.0"
        for child in range(4):
            inner = f"{ours}.{number}.branch.{child}" + (".norm" if child % 2 == 0 else "")
            names[inner] = f"{theirs}.{place}.1.{child}"
        place += 2
    return names, place


def _kernel(name: str, value: Tensor, part: nn.Module, kind: str) -> Tensor:
    """A kernel in our layout; anything else as it is."""
    torchs = name == "linear"  # (O, I)
    if kind != "weight" or torchs or not isinstance(part, (Conv, ConvTranspose)):
        return value
    sizes, transposed = part.weight.shape[2:], isinstance(part, ConvTranspose)
    inputs = part.weight.shape[0 if transposed else 1]
    shape = (*sizes, inputs, value.shape[-1])
    if value.numel() != sizes.numel() * inputs * value.shape[-1]:
        raise InputError(f"{name}: expected a kernel of {shape}, got {tuple(value.shape)}")
    return spconv_kernel(value.reshape(shape), sizes, transposed)
