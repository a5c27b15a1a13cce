import pytest
import torch
import torch.nn.functional as F

from core2d.resize import cubic_matrix, resize_dense


def grid(*extent, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(2, 3, *extent, generator=generator, dtype=torch.float64)


def test_cubic_weights_sum_to_one_and_meet_the_cells():
    matrix = cubic_matrix(7, 12)
    torch.testing.assert_close(matrix.sum(1), torch.ones(12, dtype=torch.float64))
    assert torch.equal(cubic_matrix(5, 5), torch.eye(5, dtype=torch.float64))
    # Keys, eq. 4 with a = -0.75: output cell 9 stands at 4.25, so 1.25, 0.25, 0.75, 1.75 away.
    expected = torch.tensor([-0.10546875, 0.87890625, 0.26171875, -0.03515625]).double()
    torch.testing.assert_close(cubic_matrix(10, 20)[9, 3:7], expected)


@pytest.mark.parametrize(("old", "new"), [((5, 8), (10, 16)), ((6, 6), (9, 4))])
def test_cubic_in_two_axes_is_torchs(old, new):
    """Two matrices, one per axis, against torch's own bicubic kernel."""
    x = grid(*old)
    by_axes = torch.einsum(
        "bcij,mi,nj->bcmn", x, cubic_matrix(old[0], new[0]), cubic_matrix(old[1], new[1])
    )
    torch.testing.assert_close(resize_dense(x, new, "cubic"), by_axes)


def test_cubic_in_one_and_three_axes_is_the_same_rule():
    line = grid(6)
    flat = F.interpolate(line[..., None].expand(-1, -1, -1, 4), (12, 4), mode="bicubic")[..., 0]
    torch.testing.assert_close(resize_dense(line, [12], "cubic"), flat)
    block = grid(4, 5)[:, :, None].expand(-1, -1, 3, -1, -1)
    thick = resize_dense(block, [6, 8, 10], "cubic")
    plane = F.interpolate(block[:, :, 0], (8, 10), mode="bicubic")
    torch.testing.assert_close(thick[:, :, 2], plane)


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_linear_interpolation_keeps_linear_fields(axes):
    ramp = torch.arange(8, dtype=torch.float64).view(1, 1, 8, *(1,) * (axes - 1))
    ramp = ramp.expand(1, 1, *(8,) * axes)
    fine = resize_dense(ramp, (16,) * axes, "linear")
    expected = ((torch.arange(16, dtype=torch.float64) + 0.5) / 2 - 0.5).clamp(0, 7)
    torch.testing.assert_close(fine[(0, 0, slice(None), *(3,) * (axes - 1))], expected)


def test_equal_extent_is_returned_as_it_is():
    x = grid(3, 4)
    assert resize_dense(x, [3, 4], "cubic") is x
