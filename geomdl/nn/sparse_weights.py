"""Weights of spconv and MinkowskiEngine into our layers, whose layout is torch's dense one.

Layouts of the kernels (K the axes of the kernel, I inputs, O outputs):
* ours: convolution (O, I/groups, *K), transposed convolution (I, O/groups, *K);
* spconv 2.x: (O, *K, I), of inverse convolutions too; 1.x: (*K, I, O);
* MinkowskiEngine: "kernel" (prod(K), I, O) with the first axis fastest, (I, O) where K is 1; bias
  (1, O).
Norms are named as torch's, MinkowskiEngine's one level deeper (".bn.").
"""

import re
from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TypeAlias

import torch
from torch import Tensor, nn

from core2d.errors import InputError
from core2d.layers.conv import Conv, ConvTranspose
from core2d.weights import fitted, read_weights
from geomdl.errors import GeometryError
from geomdl.nn.sparse_space import Rule, SparseSpace

State: TypeAlias = dict[str, Tensor]
Names: TypeAlias = Sequence[tuple[str, str | Callable[[re.Match[str]], str]]]
Kernel: TypeAlias = Callable[[Tensor, Sequence[int], bool], Tensor]

# MinkowskiEngine's names of the parts of a MinkUNet -> ours (geomdl.models.minkunet).
MINKUNET: Names = (
    (r"\.bn\.", "."),
    (r"^conv0p1s1\.", "stem.conv."),
    (r"^bn0\.", "stem.norm."),
    (r"^conv(\d)p\d+s2\.", lambda m: f"down.{int(m[1]) - 1}.conv."),
    (r"^bn(\d)\.", lambda m: f"down.{int(m[1]) - 1}.norm."),
    (r"^convtr(\d)p\d+s2\.", lambda m: f"up.{int(m[1]) - 4}.conv."),
    (r"^bntr(\d)\.", lambda m: f"up.{int(m[1]) - 4}.norm."),
    (r"^block([1-4])\.", lambda m: f"encode.{int(m[1]) - 1}."),
    (r"^block([5-8])\.", lambda m: f"decode.{int(m[1]) - 5}."),
    (r"^final\.", "head."),
    (r"\.norm([123])\.", r".bn\1."),
)


def spconv_kernel(weight: Tensor, sizes: Sequence[int], transposed: bool = False) -> Tensor:
    """spconv's (O, *K, I) or (*K, I, O) -> (O, I, *K), or (I, O, *K) where transposed.

    sizes: K. Where both layouts fit, as with kernel, inputs and outputs all 3, it is read as 2.x.
    Raises GeometryError where neither fits.
    """
    axes, sizes = len(sizes), tuple(sizes)
    if weight.ndim == axes + 2 and tuple(weight.shape[1:-1]) == sizes:
        ours = weight.movedim(-1, 1)  # (O, I, *K)
    elif weight.ndim == axes + 2 and tuple(weight.shape[:-2]) == sizes:
        ours = weight.movedim((-1, -2), (0, 1))
    else:
        wanted = f"(O, {sizes}, I) or ({sizes}, I, O)"
        raise GeometryError(f"weight: expected spconv's {wanted}, got {tuple(weight.shape)}")
    return (ours.transpose(0, 1) if transposed else ours).contiguous()


def minkowski_kernel(kernel: Tensor, sizes: Sequence[int], transposed: bool = False) -> Tensor:
    """MinkowskiEngine's (prod(K), I, O) or (I, O) -> (O, I, *K), or (I, O, *K) where transposed.

    Raises GeometryError where the kernel has another number of entries.
    """
    whole = kernel[None] if kernel.ndim == 2 else kernel
    if whole.ndim != 3 or len(whole) != torch.Size(sizes).numel():
        got = tuple(kernel.shape)
        raise GeometryError(f"kernel: expected (prod({tuple(sizes)}), I, O), got {got}")
    grid = whole.unflatten(0, tuple(sizes)[::-1])  # (*K from the last axis on, I, O)
    axes = len(sizes)
    order = [axes, axes + 1] if transposed else [axes + 1, axes]
    return grid.permute(*order, *reversed(range(axes))).contiguous()


def from_spconv(state: Mapping[str, Tensor], model: nn.Module) -> State:
    """A state dict with spconv's kernels -> one for `model`, whose parts bear the same names."""
    return _converted(state, model, spconv_kernel)


def from_minkowski(
    state: Mapping[str, Tensor],
    model: nn.Module,
    names: Names = MINKUNET,
) -> State:
    """A state dict of MinkowskiEngine -> one for `model`.

    names: patterns and what replaces them, by which parts get the names of the model.
    """
    renamed = {}
    for name, value in state.items():
        for pattern, new in names:
            name = re.sub(pattern, new, name)
        renamed[re.sub(r"(^|\.)kernel$", r"\1weight", name)] = value
    return _converted(renamed, model, minkowski_kernel)


def load_minkowski(model: nn.Module, path: str | PathLike[str], names: Names = MINKUNET) -> None:
    """Fill a MinkUNet, or with other `names` another network, from a file of MinkowskiEngine.

    All or nothing; its layers then have MinkowskiEngine's sites, the rule `parent`. Raises
    InputError.
    """
    _fill(model, from_minkowski(read_weights(Path(path)), model, names), path)
    ruled(model, "reach", "parent")
    ruled(model, "dilate", "parent")


def load_spconv(model: nn.Module, path: str | PathLike[str]) -> None:
    """Fill a model from a file of spconv layers of the same names.

    Its layers of the rule `parent` then have spconv's sites, the rule `reach`; a file does not
    say whether layers were plain ones, so `dilate` stays. Raises InputError.
    """
    _fill(model, from_spconv(read_weights(Path(path)), model), path)
    ruled(model, "parent", "reach")


def ruled(model: nn.Module, old: Rule, new: Rule) -> None:
    """Give the parts of `model` on sparse voxels whose site rule is `old` the rule `new`.

    They get spaces of their own, so other models that share theirs keep it.
    """
    spaces: dict[SparseSpace, SparseSpace] = {}
    for part in model.modules():
        space = vars(part).get("space")
        if isinstance(space, SparseSpace) and space.rule == old:
            own = spaces.setdefault(space, SparseSpace(space.axes, new, multiply=space.multiply))
            vars(part)["space"] = own


def _converted(state: Mapping[str, Tensor], model: nn.Module, kernel: Kernel) -> State:
    """Every kernel of a convolution of `model` in our layout, biases flat, the rest as it is."""
    convs = {n: m for n, m in model.named_modules() if isinstance(m, (Conv, ConvTranspose))}
    result = {}
    for name, value in state.items():
        part, _, kind = name.rpartition(".")
        conv = convs.get(part)
        if conv is not None and kind == "weight":
            if conv.groups > 1:
                raise GeometryError(f"{name}: layers of {conv.groups} groups are not converted")
            value = kernel(value, conv.weight.shape[2:], isinstance(conv, ConvTranspose))
        elif conv is not None and kind == "bias":
            value = value.flatten()
        result[name] = value
    return result


def _fill(model: nn.Module, state: State, path: str | PathLike[str]) -> None:
    own = model.state_dict(keep_vars=True)
    found, mismatch = fitted(state, own)
    if any(mismatch):
        raise InputError(f"path: {path} does not fit {type(model).__name__}: {mismatch}")
    with torch.no_grad():
        for name, value in found.items():
            own[name].copy_(value)
