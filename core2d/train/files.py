"""Files of a run, written so that a crash or a full disk leaves the earlier one whole."""

import pickle
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from core2d.errors import InputError
from core2d.files import replace


def save_weights(path: Path, model: nn.Module) -> None:
    """Parameters and buffers as safetensors; shared tensors once. Raises OSError."""
    from safetensors.torch import save_model

    _written(path, lambda part: save_model(model, str(part)))


def save_tensors(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Named tensors as safetensors, each by itself where they share memory. Raises OSError."""
    from safetensors.torch import save_file

    whole = torch.contiguous_format
    own = {n: t.detach().cpu().clone(memory_format=whole) for n, t in tensors.items()}
    _written(path, lambda part: save_file(own, str(part)))


def _written(path: Path, write: Callable[[Path], None]) -> None:
    from safetensors import SafetensorError

    try:
        replace(path, write)
    except SafetensorError as error:
        raise OSError(f"{path}: {error}") from error


def load_weights_of_run(path: Path, model: nn.Module) -> None:
    """Fill a model with what `save_weights` wrote. Raises InputError where they do not fit."""
    from safetensors.torch import load_model

    with _reading(path):
        load_model(model, str(path))


def load_tensors_of_run(path: Path, model: nn.Module) -> None:
    """Fill a model, whose parameters may be views, with what `save_tensors` wrote of its state.

    Raises InputError where they do not fit.
    """
    from safetensors.torch import load_file

    with _reading(path):
        model.load_state_dict(load_file(path))


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    from safetensors import SafetensorError

    try:
        yield
    except SafetensorError as error:
        raise InputError(f"{path}: no weights can be read from it: {error}") from error
    except RuntimeError as error:
        raise InputError(f"{path}: the weights do not fit this model: {error}") from error


def save_checkpoint(path: Path, content: Mapping[str, Any]) -> None:
    """A checkpoint that `torch.load(weights_only=True)` reads. Raises OSError."""
    try:
        replace(path, lambda part: torch.save(dict(content), part))
    except RuntimeError as error:
        raise OSError(f"{path}: torch could not write it; the disk may be full") from error


def load_checkpoint(path: Path, device: torch.device | str = "cpu") -> dict[str, Any]:
    """What `save_checkpoint` wrote. Raises InputError where it is broken."""
    try:
        return torch.load(path, map_location=device, weights_only=True)
    except (RuntimeError, EOFError, OSError, pickle.UnpicklingError) as error:
        said = str(error).partition("\n")[0]
        raise InputError(f"{path}: no checkpoint can be read from it: {said}") from error
