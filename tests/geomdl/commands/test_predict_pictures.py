"""Pictures are read as a network was trained; colours of classes are told apart."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from core2d.errors import InputError
from geomdl.commands.predict_pictures import Pictures, palette, pictures_of


def test_pictures_are_brought_to_the_networks_size_and_range(tmp_path: Path) -> None:
    Image.fromarray(np.full((6, 6, 3), (255, 0, 51), np.uint8)).save(tmp_path / "p.png")
    reader = Pictures((3, 3, 2), (0.5, 0.5, 0.0), (0.5, 0.25, 1.0), resized=True)
    got = reader.read(tmp_path / "p.png")
    expected = torch.tensor([1.0, -2.0, 0.2]).view(1, 3, 1, 1).expand(1, 3, 3, 2)
    torch.testing.assert_close(got, expected)
    grey = Pictures((1, 3, 3), (0.0,), (1.0,), resized=False).read(tmp_path / "p.png")
    assert grey.shape == (1, 1, 6, 6)


def test_refusals(tmp_path: Path) -> None:
    Image.fromarray(np.zeros((2, 2), np.uint8)).save(tmp_path / "p.png")
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(InputError, match="no picture that can be read"):
        Pictures((1, 3, 3), (0.0,), (1.0,), resized=True).read(tmp_path / "text.png")
    with pytest.raises(InputError, match="wants 5 channels"):
        Pictures((5, 3, 3), (0.0,), (1.0,), resized=True).read(tmp_path / "p.png")
    with pytest.raises(InputError, match="not trained on pictures"):
        pictures_of(tmp_path, {"shapes": {"points": [3]}})


def test_colours_are_told_apart() -> None:
    colours = palette(12)
    apart = np.linalg.norm(colours[:, None] - colours[None], axis=-1) + np.eye(12)
    assert apart.min() > 0.1
