import itertools

import pytest
import torch

from core2d.space import Dense
from geomdl.errors import GeometryError
from geomdl.models.scn_unet import SCNUNet
from geomdl.nn.sparse_field import from_dense, to_dense
from geomdl.nn.sparse_space import SparseSpace
from tests.core2d.listed_space import ListedSpace, listed
from tests.geomdl.nn.scattered import close, grid, mask


def count(model):
    return sum(value.numel() for value in model.parameters())


def small(space, residual=True):
    return SCNUNet(
        classes=3, inputs=2, width=4, levels=3, repeats=2, residual=residual, space=space
    )


def test_published_numbers_of_parameters():
    """The largest one stands as 30.1 M in comparisons on ScanNet."""
    with torch.device("meta"):
        assert count(SCNUNet(width=32, repeats=2, residual=True)) == 30_104_372
        assert count(SCNUNet()) == 2_689_860


@pytest.mark.parametrize("residual", [False, True])
def test_parameters_written_out(residual):
    def block(inputs, outputs):
        plain = 2 * inputs + 27 * inputs * outputs
        if not residual:
            return plain
        fit = 0 if inputs == outputs else inputs * outputs
        return plain + 2 * outputs + 27 * outputs**2 + fit

    widths = [16 * level for level in range(1, 8)]
    total = 27 * 3 * 16 + 2 * 16 + 16 * 20 + 20 + block(widths[-1], widths[-1])
    for width, below in itertools.pairwise(widths):
        around = 2 * width + 2 * below + 2 * 8 * width * below
        total += block(width, width) + block(2 * width, width) + around
    with torch.device("meta"):
        assert count(SCNUNet(residual=residual)) == total


@pytest.mark.parametrize("residual", [False, True])
def test_equals_the_grid_where_all_sites_are_active(residual):
    torch.manual_seed(0)
    first, second = (small(s, residual).double().eval() for s in (Dense(2), SparseSpace(2)))
    second.load_state_dict(first.state_dict())
    x = grid(2, 2, 8, 12)
    torch.testing.assert_close(to_dense(second(from_dense(x))), first(x))


def test_equals_the_toy_space_on_random_sites():
    torch.manual_seed(0)
    first, second = (small(s).double() for s in (ListedSpace(2), SparseSpace(2)))
    second.load_state_dict(first.state_dict())
    x, active = grid(2, 2, 12, 12), mask(0.3, 2, 12, 12)
    toy, ours = first(listed(x, active)), second(from_dense(x, active))
    close(ours, toy)
    wanted = torch.autograd.grad(toy.values.square().sum(), list(first.parameters()))
    found = torch.autograd.grad(ours.values.square().sum(), list(second.parameters()))
    for a, b in zip(found, wanted, strict=True):
        torch.testing.assert_close(a, b)


def test_bad_arguments_are_named():
    with pytest.raises(GeometryError, match="levels, repeats: expected at least 1, got 0 and 1"):
        SCNUNet(levels=0)
