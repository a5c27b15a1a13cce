"""A write that fails leaves what was there."""

from pathlib import Path

import pytest
import torch

from core2d.errors import InputError
from core2d.train import files
from tests.core2d.train.disk import full_disk


def test_a_full_disk_leaves_the_earlier_file(tmp_path: Path) -> None:
    model, content = torch.nn.Linear(64, 64), {"step": torch.zeros(4096)}
    save = {
        "checkpoint.pt": lambda path: files.save_checkpoint(path, content),
        "model.safetensors": lambda path: files.save_weights(path, model),
    }
    for name, one in save.items():
        one(tmp_path / name)
        before = (tmp_path / name).read_bytes()
        with full_disk(8192), pytest.raises(OSError, match=r"too large|disk may be full"):
            one(tmp_path / name)
        assert (tmp_path / name).read_bytes() == before
    assert {path.name for path in tmp_path.iterdir()} == save.keys()


def test_weights_with_shared_tensors_go_round(tmp_path: Path) -> None:
    def made() -> torch.nn.Module:
        model = torch.nn.ModuleDict({"a": torch.nn.Linear(3, 3), "b": torch.nn.Linear(3, 3)})
        model["b"].weight = model["a"].weight
        return model

    model, other = made(), made()
    files.save_weights(tmp_path / "model.safetensors", model)
    files.load_weights_of_run(tmp_path / "model.safetensors", other)
    assert torch.equal(other.get_parameter("a.weight"), model.get_parameter("a.weight"))
    assert other.get_parameter("a.weight") is other.get_parameter("b.weight")


def test_broken_and_foreign_files_are_named(tmp_path: Path) -> None:
    (tmp_path / "checkpoint.pt").write_bytes(b"PK\x03\x04 cut off")
    with pytest.raises(InputError, match=r"checkpoint\.pt: no checkpoint can be read"):
        files.load_checkpoint(tmp_path / "checkpoint.pt")
    (tmp_path / "model.safetensors").write_bytes(b"cut off")
    with pytest.raises(InputError, match=r"model\.safetensors: no weights can be read"):
        files.load_weights_of_run(tmp_path / "model.safetensors", torch.nn.Linear(2, 2))
    files.save_weights(tmp_path / "model.safetensors", torch.nn.Linear(2, 2))
    with pytest.raises(InputError, match="do not fit this model"):
        files.load_weights_of_run(tmp_path / "model.safetensors", torch.nn.Linear(3, 2))
