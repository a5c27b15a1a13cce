import pytest
import torch

from core2d.errors import InputError
from core2d.space import Dense
from geomdl.models.fcgf import FCGF, SIZES, Isotropic, fcgf
from geomdl.nn.sparse_field import from_dense, to_dense
from geomdl.nn.sparse_space import SparseSpace
from tests.core2d.listed_space import ListedSpace, listed
from tests.geomdl.nn.scattered import close, grid, mask


def count(model):
    return sum(value.numel() for value in model.parameters())


def small(space):
    return FCGF((4, 6, 8, 10), (4, 6, 8, 10), inputs=2, outputs=5, stem=3, space=space)


def test_parameters_of_bn2c_written_out():
    def conv(kernel, inputs, outputs):
        return kernel * inputs * outputs + 2 * outputs  # with its norm

    total = conv(343, 1, 32) + conv(27, 32, 64) + conv(27, 64, 128) + conv(27, 128, 256)
    total += conv(27, 256, 128) + conv(27, 128 + 128, 64) + conv(27, 64 + 64, 64)
    for width in (32, 64, 128, 256, 128, 64, 64):
        total += 2 * conv(27, width, width)
    total += (32 + 64) * 64 + 64 * 32 + 32
    with torch.device("meta"):
        assert count(fcgf()) == total == 8_760_384
        assert count(fcgf(stem=5)) == total - (343 - 125) * 32


@pytest.mark.parametrize("size", SIZES)
def test_every_size_is_built(size):
    with torch.device("meta"):
        model = fcgf(size, outputs=16)
    assert model.head.weight.shape[:2] == (16, SIZES[size][1][0])


def test_equals_the_grid_where_all_sites_are_active():
    torch.manual_seed(0)
    first = small(Dense(2)).double().eval()
    second = small(SparseSpace(2)).double().eval()
    second.load_state_dict(first.state_dict())
    x = grid(2, 2, 16, 24)
    torch.testing.assert_close(to_dense(second(from_dense(x))), first(x))


def test_equals_the_toy_space_on_random_sites():
    torch.manual_seed(0)
    first = small(ListedSpace(2)).double()
    second = small(SparseSpace(2)).double()
    second.load_state_dict(first.state_dict())
    x, active = grid(2, 2, 16, 16), mask(0.4, 2, 16, 16)
    toy, ours = first(listed(x, active)), second(from_dense(x, active))
    close(ours, toy)
    weight = torch.arange(5, dtype=torch.float64)  # squares alone would sum to a constant
    wanted = torch.autograd.grad((toy.values * weight).sum(), list(first.parameters()))
    found = torch.autograd.grad((ours.values * weight).sum(), list(second.parameters()))
    for a, b in zip(found, wanted, strict=True):
        torch.testing.assert_close(a, b, atol=1e-9, rtol=1e-6)


def test_descriptors_have_length_one_and_their_sites():
    torch.manual_seed(0)
    x = from_dense(torch.ones(2, 2, 8, 8, 8), mask(0.2, 2, 8, 8, 8))
    found = small(SparseSpace(3))(x)
    assert found.sites is x.sites
    torch.testing.assert_close(found.values.norm(dim=1), torch.ones(len(x.sites)))


def test_isotropic_kernels_turn_with_their_voxels():
    torch.manual_seed(0)
    sizes = (4, 6, 8, 10), (4, 6, 8, 10)
    plain, turned = (
        FCGF(*sizes, stem=5, isotropic=isotropic, space=Dense(2)).double().eval()
        for isotropic in (False, True)
    )
    assert count(turned) == count(plain)
    x = torch.rand(1, 1, 17, 17, dtype=torch.float64)  # odd: strides keep the middle
    moves = [(lambda y: y.rot90(1, (2, 3)), lambda y: y.rot90(-1, (2, 3)))]
    moves.append((lambda y: y.flip(2), lambda y: y.flip(2)))
    for model, same in ((plain, False), (turned, True)):
        for there, back in moves:
            assert torch.allclose(back(model(there(x))), model(x), atol=1e-9) == same


def test_isotropic_weights_are_sums_of_orbits():
    weight = torch.randn(2, 3, 3, 3, 3, dtype=torch.float64)
    found = Isotropic(weight)(weight)
    corners = weight[:, :, ::2, ::2, ::2].sum((2, 3, 4)) / 8**0.5
    assert torch.allclose(
        found[:, :, ::2, ::2, ::2], corners[..., None, None, None].expand(-1, -1, 2, 2, 2)
    )
    torch.testing.assert_close(found[:, :, 1, 1, 1], weight[:, :, 1, 1, 1])
    faces = (
        weight[:, :, 1, 1, ::2].sum(2)
        + weight[:, :, 1, ::2, 1].sum(2)
        + weight[:, :, ::2, 1, 1].sum(2)
    )
    torch.testing.assert_close(found[:, :, 0, 1, 1], faces / 6**0.5)
    with pytest.raises(InputError, match="odd kernels of one size"):
        Isotropic(torch.zeros(1, 1, 2, 2))


def test_bad_arguments_are_named():
    with pytest.raises(InputError, match="down, up: expected 4 levels"):
        FCGF((4, 4), (4, 4))
    with pytest.raises(InputError, match="expected one of BN2, BN2B, BN2C"):
        fcgf("BN2F")
