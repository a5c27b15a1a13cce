"""Weights of published files into our networks: torchvision's layout, timm's, and older ones.

Our networks carry torchvision's names (Inception-v4 and Xception timm's), so most files fit as they
are; what is called otherwise is renamed by the tables below.
"""

import re
from collections.abc import Callable, Mapping
from os import PathLike
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from core2d.errors import InputError
from core2d.numpy_numbers import numbers_let_in

# A name that tells the layout of a file -> patterns that give its tensors our names.
LAYOUTS: dict[str, tuple[tuple[str, str], ...]] = {
    "patch_embed.proj.weight": (  # timm's ViT
        (r"^cls_token$", "class_token"),
        (r"^pos_embed$", "encoder.pos_embedding"),
        (r"^patch_embed\.proj\.", "conv_proj."),
        (r"^norm\.", "encoder.ln."),
        (r"^head\.", "heads.head."),
        (r"^blocks\.(\d+)\.", r"encoder.layers.encoder_layer_\1."),
        (r"\.norm([12])\.", r".ln_\1."),
        (r"\.attn\.qkv\.", ".self_attention.in_proj_"),
        (r"\.attn\.proj\.", ".self_attention.out_proj."),
        (r"\.mlp\.fc1\.", ".mlp.0."),
        (r"\.mlp\.fc2\.", ".mlp.3."),
    ),
    "encoder.layers.encoder_layer_0.mlp.linear_1.weight": (  # torchvision's first ViT
        (r"\.mlp\.linear_1\.", ".mlp.0."),
        (r"\.mlp\.linear_2\.", ".mlp.3."),
    ),
    "features.denseblock1.denselayer1.norm.1.weight": (  # torchvision's first DenseNet
        (r"(\.denselayer\d+\.(?:norm|conv))\.([12])\.", r"\1\2."),
    ),
    "pre_logits.fc1.weight": (  # timm's VGG, whose fully connected layers are convolutions
        (r"^pre_logits\.fc1\.", "classifier.0."),
        (r"^pre_logits\.fc2\.", "classifier.3."),
        (r"^head\.fc\.", "classifier.6."),
    ),
    "last_linear.weight": ((r"^last_linear\.", "fc."),),  # R. Cadene's
}
# Under these names training programs store a state dict.
WRAPPERS = ("model_state_dict", "state_dict", "model", "module")
PREFIXES = ("module.", "_orig_mod.")  # what DistributedDataParallel and torch.compile put before
# Heads that serve training only: a network built without them takes files that have them.
AUXILIARY = ("aux1.", "aux2.", "aux_classifier.")
SHOWN = 5  # mismatches of each kind in a message


Translate = Callable[[Mapping[str, Tensor]], Mapping[str, Tensor]]


class Mismatch(NamedTuple):
    """Names of the model that the file lacks, names that only the file has, shapes that differ."""

    missing: list[str]
    unexpected: list[str]
    misshapen: list[str]

    def __str__(self) -> str:
        kinds = zip(("missing", "unexpected", "of another shape"), self, strict=True)
        return "; ".join(f"{len(names)} {kind}: {_first(names)}" for kind, names in kinds if names)


def load_weights(
    model: nn.Module,
    path: str | PathLike[str],
    *,
    strict: bool = True,
    translate: Translate = dict,
) -> Mismatch:
    """Fill `model` from a file: .safetensors, or .pt/.pth of plain tensors (never code).

    Layouts: torchvision's, timm's (ViT, VGG), R. Cadene's, those of older torchvision files, state
    dicts inside a checkpoint or of a wrapped model. With strict=False what fits is loaded and the
    rest is told, so that a new head can stand on published features. All or nothing: a model is
    not touched by a file that is refused. translate: gives the file's tensors other names and
    shapes, for layouts that are not known here.
    Raises InputError for an unreadable file, or one that does not fit: the first mismatches.
    """
    path = Path(path)
    own = model.state_dict(keep_vars=True)
    found, mismatch = fitted(translate(read_weights(path)), own)
    if strict and any(mismatch):
        raise InputError(f"path: {path} does not fit {type(model).__name__}: {mismatch}")
    if not found:
        raise InputError(f"path: nothing in {path} fits {type(model).__name__}: {mismatch}")
    with torch.no_grad():
        for name, value in found.items():
            own[name].copy_(value)
    return mismatch


def read_weights(path: Path) -> dict[str, Tensor]:
    """The tensors of a file by name, unwrapped. Raises InputError."""
    if not path.is_file():
        raise InputError(f"path: no file {path}")
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return unwrapped(load_file(path))
        with numbers_let_in():
            content: Any = torch.load(path, map_location="cpu", weights_only=True)
    except UnpicklingError as error:
        raise InputError(f"path: {path} holds more than tensors, or none: {error}") from error
    except Exception as error:  # whatever a broken file makes of its reader
        raise InputError(f"path: {path} cannot be read: {error}") from error
    for wrapper in WRAPPERS:
        if isinstance(content, Mapping) and isinstance(content.get(wrapper), Mapping):
            content = content[wrapper]
    if not isinstance(content, Mapping) or not any(isinstance(v, Tensor) for v in content.values()):
        raise InputError(f"path: expected named tensors in {path}, got {type(content).__name__}")
    return unwrapped({str(n): v for n, v in content.items() if isinstance(v, Tensor)})


def unwrapped(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Names without the prefixes of wrappers that all of them bear."""
    for prefix in PREFIXES:
        if state and all(name.startswith(prefix) for name in state):
            state = {name.removeprefix(prefix): value for name, value in state.items()}
    return state


def fitted(
    state: Mapping[str, Tensor], own: Mapping[str, Tensor]
) -> tuple[dict[str, Tensor], Mismatch]:
    """What of a file's tensors fits the model's `own`, by name and shape; and what does not."""
    state = renamed(state, own)
    found: dict[str, Tensor] = {}
    mismatch = Mismatch([], [], [])
    for name, value in state.items():
        if name not in own:
            if not name.startswith(AUXILIARY):
                mismatch.unexpected.append(name)
        elif (reshaped := _reshaped(value, own[name])) is None:
            shapes = f"{tuple(value.shape)}, expected {tuple(own[name].shape)}"
            mismatch.misshapen.append(f"{name} {shapes}")
        else:
            found[name] = reshaped
    shared = {id(own[name]) for name in found}  # files may hold a tensor of two names once
    mismatch.missing.extend(
        name
        for name, value in own.items()
        if name not in state
        and id(value) not in shared
        and not name.endswith("num_batches_tracked")  # older files have no such counters
    )
    return found, mismatch


def renamed(state: Mapping[str, Tensor], own: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A file's tensors under our names."""
    names = {name: name for name in state}
    for marker, patterns in LAYOUTS.items():
        if marker in state and marker not in own:
            for pattern, replacement in patterns:
                names = {n: re.sub(pattern, replacement, new) for n, new in names.items()}
    return {names[name]: value for name, value in state.items()}


def _reshaped(value: Tensor, like: Tensor) -> Tensor | None:
    """As `like`; between a matrix and the convolution that it is, (O, I * K) and (O, I, *K)."""
    if value.shape == like.shape:
        return value
    same = value.numel() == like.numel() and value.ndim > 1 < like.ndim
    if same and value.shape[0] == like.shape[0] and 2 in (value.ndim, like.ndim):
        return value.reshape(like.shape)
    return None


def _first(names: list[str]) -> str:
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more} more" if more > 0 else "")
