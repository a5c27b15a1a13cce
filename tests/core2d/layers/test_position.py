import math

import pytest
import torch

from core2d.errors import InputError
from core2d.layers.position import LearnedPosition, flat_index, resize_codes, sinusoidal
from core2d.space import Dense


def test_one_axis_is_the_formula_of_the_paper():
    codes = sinusoidal(torch.arange(50), 16)
    for position in (0, 1, 7, 49):
        for i in range(8):
            angle = position / 10000 ** (2 * i / 16)
            assert codes[position, 2 * i] == pytest.approx(math.sin(angle), abs=1e-5)
            assert codes[position, 2 * i + 1] == pytest.approx(math.cos(angle), abs=1e-5)


def test_a_shift_is_a_rotation_of_the_code():
    """Section 3.5: the code of p + k is a linear function of the code of p, the same for all p."""
    codes = sinusoidal(torch.arange(40).double(), 12).double()
    shift = torch.linalg.lstsq(codes[:30], codes[7:37]).solution
    torch.testing.assert_close(codes[2:33] @ shift, codes[9:40], atol=1e-5, rtol=0)


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_axes_share_the_width(axes):
    positions = Dense(axes).positions(torch.zeros(1, 1, *(4,) * axes))
    codes = sinusoidal(positions, 20)
    share = 2 * (20 // (2 * axes))
    assert codes.shape == (4**axes, 20)
    for axis in range(axes):
        part = codes[:, axis * share : (axis + 1) * share]
        torch.testing.assert_close(part, sinusoidal(positions[:, axis], share))
    assert not codes[:, axes * share :].any()
    assert len(codes.unique(dim=0)) == 4**axes  # no two cells share a code


def test_batches_of_positions_keep_their_shape():
    positions = torch.randint(0, 9, (2, 5, 3))
    torch.testing.assert_close(sinusoidal(positions, 12)[1], sinusoidal(positions[1], 12))


def test_learned_codes_are_read_row_by_row():
    layer = LearnedPosition((3, 4), 5)
    positions = torch.tensor([[0, 0], [0, 3], [2, 1]])
    torch.testing.assert_close(layer(positions), layer.weight[[0, 3, 9]])
    whole = Dense(2).positions(torch.zeros(1, 1, 3, 4))
    torch.testing.assert_close(layer(whole), layer.weight)
    layer(positions).sum().backward()
    assert layer.weight.grad.sum(1).nonzero().flatten().tolist() == [0, 3, 9]


def test_resized_codes_keep_the_class_token_and_follow_the_cells():
    ramp = torch.arange(4.0)[:, None, None] * 10 + torch.arange(6.0)[None, :, None]
    codes = torch.cat([torch.full((1, 1, 1), 99.0), ramp.reshape(1, 24, 1)], 1)
    fine = resize_codes(codes, (4, 6), (8, 12), prefix=1, mode="linear")
    assert fine.shape == (1, 1 + 96, 1)
    assert fine[0, 0, 0] == 99
    grid = fine[0, 1:, 0].view(8, 12)
    rows = ((torch.arange(8) + 0.5) / 2 - 0.5).clamp(0, 3) * 10
    columns = ((torch.arange(12) + 0.5) / 2 - 0.5).clamp(0, 5)
    torch.testing.assert_close(grid, rows[:, None] + columns)
    assert torch.equal(resize_codes(codes, (4, 6), (4, 6), prefix=1), codes)


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: sinusoidal(torch.zeros(2, 3), 5), "width: expected at least 6 for 3 axes, got 5"),
        (lambda: flat_index(torch.tensor([[0, 4]]), (3, 4)), r"inside \(3, 4\)"),
        (lambda: flat_index(torch.tensor([[0, -1]]), (3, 4)), r"inside \(3, 4\)"),
        (lambda: flat_index(torch.tensor([[0.0, 1]]), (3, 4)), r"expected int64 \(\* 2\)"),
        (lambda: resize_codes(torch.zeros(1, 9, 2), (3, 3), (4, 4), prefix=1), r"\(1 10 C\)"),
    ],
)
def test_bad_positions_are_named(ask, message):
    with pytest.raises(InputError, match=message):
        ask()
