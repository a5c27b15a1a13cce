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


def test_sixteen_bits_are_scaled_and_not_cut_off(tmp_path: Path) -> None:
    steps = np.array([[0, 257, 32896], [65535, 40000, 256]], np.uint16)
    Image.fromarray(steps).save(tmp_path / "deep.png")
    reader = Pictures((1, 2, 3), (0.0,), (1.0,), resized=False)
    got = reader.read(tmp_path / "deep.png")[0, 0] * 255
    assert got.round().tolist() == [[0, 1, 128], [255, 155, 0]]
    chances = torch.tensor([1.0, 0.0])[:, None, None].expand(2, 2, 3)
    reader.write(tmp_path / "deep.png", tmp_path / "out.png", chances, ("a", "b"))
    below = 2 * np.asarray(Image.open(tmp_path / "out.png"), int) - 255 * palette(2)[0]
    assert np.abs(below - got.numpy()[..., None]).max() <= 3


def test_a_photograph_is_turned_as_its_camera_was(tmp_path: Path) -> None:
    picture = Image.fromarray(np.array([[0, 50], [100, 150], [200, 250]], np.uint8))
    turned = Image.Exif()
    turned[0x0112] = 6  # a quarter turn clockwise makes it upright
    picture.save(tmp_path / "p.png", exif=turned)
    got = Pictures((1, 3, 2), (0.0,), (1.0,), resized=False).read(tmp_path / "p.png")
    assert (got[0, 0] * 255).round().tolist() == [[200, 100, 0], [250, 150, 50]]


def test_refusals(tmp_path: Path) -> None:
    Image.fromarray(np.zeros((2, 2), np.uint8)).save(tmp_path / "p.png")
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(InputError, match="no picture that can be read"):
        Pictures((1, 3, 3), (0.0,), (1.0,), resized=True).read(tmp_path / "text.png")
    Image.fromarray(np.zeros((2, 2), np.float32)).save(tmp_path / "f.tif")
    with pytest.raises(InputError, match="8 or 16 bits a channel, got mode 'F'"):
        Pictures((1, 3, 3), (0.0,), (1.0,), resized=True).read(tmp_path / "f.tif")
    cut = tmp_path / "cut.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64), np.uint8)).save(cut)
    cut.write_bytes(cut.read_bytes()[:2000])
    with pytest.raises(InputError, match="no picture that can be read"):
        Pictures((1, 3, 3), (0.0,), (1.0,), resized=True).read(cut)
    with pytest.raises(InputError, match="wants 5 channels"):
        Pictures((5, 3, 3), (0.0,), (1.0,), resized=True).read(tmp_path / "p.png")
    with pytest.raises(InputError, match="not trained on pictures"):
        pictures_of(tmp_path, {"shapes": {"points": [3]}})


def test_colours_are_told_apart() -> None:
    colours = palette(12)
    apart = np.linalg.norm(colours[:, None] - colours[None], axis=-1) + np.eye(12)
    assert apart.min() > 0.1
