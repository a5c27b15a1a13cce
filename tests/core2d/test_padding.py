import pytest
import torch

from core2d.errors import InputError
from core2d.padding import padded, same_sides


@pytest.mark.parametrize(
    ("kernel", "stride", "dilation", "sides"),
    [(1, 1, 1, (0, 0)), (3, 1, 1, (1, 1)), (3, 2, 1, (1, 1)), (3, 1, 4, (4, 4)), (7, 2, 1, (3, 3)),
     (2, 2, 1, (0, 0)), (2, 1, 1, (0, 1)), (4, 2, 1, (0, 2)), (2, 4, 1, (0, 0)), (2, 1, 3, (0, 3))],
)  # fmt: skip
def test_sides_of_the_site_rule(kernel, stride, dilation, sides):
    assert same_sides(kernel, stride, dilation) == sides


@pytest.mark.parametrize("kernel", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("stride", [1, 2, 4])
@pytest.mark.parametrize("dilation", [1, 2])
def test_extents_divisible_by_the_stride_are_divided_by_it(kernel, stride, dilation):
    before, after = same_sides(kernel, stride, dilation)
    windows = (16 + before + after - dilation * (kernel - 1) - 1) // stride + 1
    assert windows == 16 // stride


def test_even_margins_are_left_to_torch_and_lopsided_ones_are_made():
    x = torch.ones(1, 1, 4, 6)
    same, left = padded(x, (3, 5), (1, 1), (1, 1), None, 0.0)
    assert same is x
    assert left == (1, 2)
    wide, left = padded(x, (2, 3), (1, 1), (1, 1), None, -1.0)
    assert left == (0, 0)
    assert wide.shape == (1, 1, 5, 8)
    assert wide[0, 0, -1].tolist() == [-1.0] * 8
    assert wide[0, 0, 0].tolist() == [-1.0] + [1.0] * 6 + [-1.0]


def test_windows_that_do_not_fit_are_refused():
    with pytest.raises(InputError, match=r"x: windows of \[5\] cells do not fit into \[4\]"):
        padded(torch.ones(1, 1, 4), (3,), (1,), (2,), (0,), 0.0)
