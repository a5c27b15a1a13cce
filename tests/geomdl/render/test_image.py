import numpy as np
import pytest
import torch
from PIL import Image

from geomdl.errors import GeometryError
from geomdl.render.image import color, over, save_image, shrink, to_bytes
from geomdl.structures.srgb import from_srgb, to_srgb


def test_srgb_both_ways_and_known_values():
    values = torch.linspace(0, 1, 256)
    torch.testing.assert_close(from_srgb(to_srgb(values)), values)
    torch.testing.assert_close(to_srgb(from_srgb(values)), values)
    assert to_srgb(torch.tensor(0.214041)).item() == pytest.approx(0.5, abs=1e-4)
    assert color("#ff8000").tolist() == pytest.approx([1, 0.215861, 0], abs=1e-5)


def test_shrink_keeps_colour_at_transparent_edges():
    image = torch.zeros(2, 2, 4)
    image[0, 0] = torch.tensor([1.0, 0.5, 0.25, 1.0])
    small = shrink(image, 2)
    torch.testing.assert_close(small, torch.tensor([[[1.0, 0.5, 0.25, 0.25]]]))


def test_over_mixes_like_other_programs():
    image = torch.tensor([[[1.0, 0, 0, 0.25]]])
    shown = Image.new("RGBA", (1, 1), (255, 255, 255, 255))
    shown.alpha_composite(Image.fromarray(to_bytes(image)))
    assert np.abs(to_bytes(over(image, torch.ones(3))).astype(int) - np.asarray(shown)).max() <= 1


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp"])
def test_files_hold_srgb(tmp_path, name):
    image = from_srgb(torch.full((8, 8, 3), 100 / 255))
    save_image(tmp_path / name, torch.nn.functional.pad(image, (0, 1), value=1.0))
    read = np.asarray(Image.open(tmp_path / name).convert("RGB")).astype(int)
    assert np.abs(read - 100).max() <= (0 if name.endswith("png") else 3)
    assert [p.name for p in tmp_path.iterdir()] == [name]


def test_alpha_is_kept_in_png_and_laid_on_white_in_jpeg(tmp_path):
    image = torch.zeros(8, 8, 4)
    save_image(tmp_path / "a.png", image)
    assert Image.open(tmp_path / "a.png").mode == "RGBA"
    save_image(tmp_path / "a.jpg", image)
    assert np.asarray(Image.open(tmp_path / "a.jpg")).min() > 250


def test_errors(tmp_path):
    with pytest.raises(GeometryError, match=r"expected a name ending with \.png"):
        save_image(tmp_path / "a.bmp", torch.zeros(2, 2, 3))
    with pytest.raises(GeometryError, match=r"^image"):
        to_bytes(torch.zeros(2, 2, 2))
    with pytest.raises(GeometryError, match=r"^color"):
        color("red")
