"""Numbers of NumPy beside weights are read; objects in its clothes are not."""

import io
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from core2d.errors import InputError
from core2d.weights import read_weights


@pytest.mark.parametrize("module", ["numpy.core.multiarray", "numpy._core.multiarray"])
def test_numpy_numbers_beside_the_weights(module: str, tmp_path: Path) -> None:
    """yanx27's checkpoints hold accuracies as numpy.float64, under either NumPy's names."""
    buffer = io.BytesIO()
    content = {"instance_acc": np.float64(0.5), "rank": np.int32(3), "model_state_dict": {"w": 1}}
    torch.save({**content, "model_state_dict": {"w": torch.ones(2)}}, buffer)
    path = tmp_path / "best.pth"
    with zipfile.ZipFile(buffer) as old, zipfile.ZipFile(path, "w") as new:
        for entry in old.infolist():
            data = old.read(entry)
            if entry.filename.endswith("data.pkl"):
                assert b"multiarray" in data
                data = re.sub(rb"numpy\._?core\.multiarray", module.encode(), data)
            new.writestr(entry.filename, data)
    assert torch.equal(read_weights(path)["w"], torch.ones(2))


def test_objects_in_numpy_s_clothes_are_refused(tmp_path: Path) -> None:
    torch.save({"w": torch.ones(2), "x": np.array([None], dtype=object)}, tmp_path / "a.pth")
    torch.save({"w": torch.ones(2), "dtype": np.dtype("O")}, tmp_path / "b.pth")
    torch.save(nn.Linear(2, 2), tmp_path / "c.pth")
    for name in ("a.pth", "b.pth", "c.pth"):
        with pytest.raises(InputError, match=re.escape(name)):
            read_weights(tmp_path / name)
