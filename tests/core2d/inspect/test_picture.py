"""Pictures: scales, sheets, colours; every pixel accounted for."""

import numpy as np
import pytest
import torch
from PIL import Image

from core2d.errors import InputError
from core2d.inspect.picture import (
    enlarged,
    filters,
    flat,
    overlay,
    pictures,
    save_picture,
    sheet,
    stretched,
)  # fmt: skip


def test_stretching_together_per_channel_and_each_alone():
    x = torch.tensor([[[0.0, 2]], [[4, 8]]])  # (2, 1, 2)
    torch.testing.assert_close(stretched(x).flatten(), torch.tensor([0, 0.25, 0.5, 1]))
    assert stretched(x, each=True).flatten().tolist() == [0, 1, 0, 1]
    signed = torch.tensor([[[-1.0, 0, 4]]])
    assert stretched(signed, zero=True).flatten().tolist() == [0.375, 0.5, 1]
    assert stretched(torch.full((2, 3, 4), 7.0)).unique().tolist() == [0.5]
    assert stretched(torch.zeros(2, 3, 4), zero=True).unique().tolist() == [0.5]
    colours = torch.stack([torch.arange(4.0), 10 * torch.arange(4.0)])[None]
    assert torch.equal(*stretched(colours)[0])  # each channel has its own scale


def test_lines_and_volumes_become_planes():
    assert flat(torch.rand(2, 3, 5)).shape == (2, 3, 8, 5)
    volume = torch.rand(2, 3, 6, 5, 4)
    assert torch.equal(flat(volume), volume[:, :, 3])
    with pytest.raises(InputError, match="1 to 3 axes"):
        flat(torch.rand(2, 3))


def test_three_channels_are_colours_and_others_are_grey():
    x = torch.rand(2, 3, 4, 5)
    assert np.array_equal(pictures(x)[1], x[1].permute(1, 2, 0).numpy())
    greys = pictures(torch.rand(2, 4, 4, 5))
    assert len(greys) == 8
    assert all((g == g[..., :1]).all() for g in greys)


def test_a_sheet_goes_row_by_row():
    x = torch.arange(5.0).view(5, 1, 1, 1).expand(-1, -1, 2, 3) / 4
    page = sheet(x, columns=2)
    assert page.shape == (3 * 2 + 2, 2 * 3 + 1, 3)
    assert page[0, 0, 0] == 0
    assert page[0, 4, 0] == 0.25
    assert page[3, 0, 0] == 0.5
    assert page[7, 2, 0] == 1
    assert (page[2] == 1).all()  # between rows
    assert (page[6:, 3:] == 1).all()  # where no picture is
    assert sheet(x).shape == (2 * 2 + 1, 3 * 3 + 2, 3)
    with pytest.raises(InputError, match="at least one picture"):
        sheet(x[:0])


def test_filters_of_colours_and_of_many_channels():
    weight = torch.randn(7, 3, 5, 5)
    values, columns = filters(weight)
    assert values.shape == (7, 3, 5, 5)
    assert columns == 0
    torch.testing.assert_close(values[2] > 0.5, weight[2] > 0)
    many = torch.randn(30, 20, 3, 3)
    values, columns = filters(many)
    assert (values.shape, columns) == ((16 * 16, 1, 3, 3), 16)
    row = many[4, :16] / many[4, :16].abs().max()
    torch.testing.assert_close(values[4 * 16 + 9, 0], row[9] / 2 + 0.5)


def test_an_overlay_is_grey_red_and_blue():
    picture = np.full((2, 3, 3), 0.5, np.float32)
    shown = overlay(picture, torch.tensor([[0.0, 0.2, -0.2], [0.1, 0, 0]]))
    assert (shown[0, 0] == shown[0, 0, 0]).all()
    np.testing.assert_allclose(shown[0, 1], [1, 0, 0], atol=1e-6)
    np.testing.assert_allclose(shown[0, 2], [0, 0, 1], atol=1e-6)
    assert 0 < shown[1, 0, 1] < shown[0, 0, 1]
    faint = overlay(picture, torch.tensor([[0.0, 0.01, 0], [0, 0, 0]]))
    assert faint[0, 1, 0] < 0.6  # a hundredth is not shown as if it were all


def test_saved_pixels_are_repeated_not_blurred(tmp_path):
    picture = np.zeros((2, 3, 3), np.float32)
    picture[1, 2] = (1, 0.5, 0)
    assert enlarged(picture, 7).shape == (6, 9, 3)
    save_picture(tmp_path / "a.png", picture, 6)
    read = np.asarray(Image.open(tmp_path / "a.png"))
    assert read.shape == (4, 6, 3)
    assert read[3, 5].tolist() == read[2, 4].tolist() == [255, 128, 0]
    assert not read[:2].any()
