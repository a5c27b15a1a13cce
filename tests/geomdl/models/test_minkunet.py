import pytest
import torch
import torch.nn.functional as F

from core2d.errors import InputError
from core2d.space import Dense
from geomdl.models.minkunet import SIZES, MinkUNet, minkunet
from geomdl.nn.sparse_field import from_dense, to_dense
from geomdl.nn.sparse_space import SparseSpace
from tests.core2d.listed_space import ListedSpace, listed
from tests.geomdl.nn.scattered import close, grid, mask


def count(model):
    return sum(value.numel() for value in model.parameters())


def small(space, **how):
    return MinkUNet(
        (1,) * 8, (4, 6, 8, 10, 8, 6, 4, 4), classes=3, inputs=2, width=4, space=space, **how
    )


def test_published_numbers_of_parameters():
    with torch.device("meta"):
        # Printed by MinkowskiEngine for a user's network, NVIDIA/MinkowskiEngine issue 29.
        assert count(minkunet("14B", inputs=1, classes=20)) == 8_953_588
        # About 37.9 M in the literature (MinkowskiNet42).
        assert count(minkunet("34C")) == 37_856_052
        # By the sums of kernel * inputs * outputs written out in the test below.
        assert count(minkunet("18A")) == 15_493_172
        assert count(minkunet("34A")) == 36_607_412


def test_parameters_of_18a_written_out():
    def conv(kernel, inputs, outputs):
        return kernel * inputs * outputs + 2 * outputs  # with its norm

    def stage(inputs, outputs, blocks):
        fit = 0 if inputs == outputs else conv(1, inputs, outputs)
        return conv(27, inputs, outputs) + (2 * blocks - 1) * conv(27, outputs, outputs) + fit

    total = conv(125, 3, 32)
    for inputs, outputs in ((32, 32), (32, 64), (64, 128), (128, 256)):
        total += conv(8, inputs, inputs) + stage(inputs, outputs, 2)
    for inputs, outputs, skip in ((256, 128, 128), (128, 128, 64), (128, 96, 32), (96, 96, 32)):
        total += conv(8, inputs, outputs) + stage(outputs + skip, outputs, 2)
    with torch.device("meta"):
        assert count(minkunet("18A")) == total + 96 * 20 + 20


@pytest.mark.parametrize("size", SIZES)
def test_every_size_is_built(size):
    with torch.device("meta"):
        model = minkunet(size, classes=7, inputs=4)
    assert model.head.weight.shape[0] == 7
    assert model.stem.conv.weight.shape == (32, 4, 5, 5, 5)


def test_equals_the_grid_where_all_sites_are_active():
    torch.manual_seed(0)
    first = small(Dense(2)).double().eval()
    second = small(SparseSpace(2)).double().eval()
    second.load_state_dict(first.state_dict())
    x = grid(2, 2, 16, 32)
    torch.testing.assert_close(to_dense(second(from_dense(x))), first(x))


@pytest.mark.parametrize("bottleneck", [False, True])
def test_equals_the_toy_space_on_random_sites(bottleneck):
    torch.manual_seed(0)
    first = small(ListedSpace(2), bottleneck=bottleneck).double()
    second = small(SparseSpace(2), bottleneck=bottleneck).double()
    second.load_state_dict(first.state_dict())
    x, active = grid(2, 2, 16, 16), mask(0.3, 2, 16, 16)
    toy, ours = first(listed(x, active)), second(from_dense(x, active))
    close(ours, toy)
    wanted = torch.autograd.grad(toy.values.square().sum(), list(first.parameters()))
    found = torch.autograd.grad(ours.values.square().sum(), list(second.parameters()))
    for a, b in zip(found, wanted, strict=True):
        torch.testing.assert_close(a, b)


def test_time_may_keep_its_steps():
    """In 4D the stages halve space alone: moments do not melt into one."""
    model = small(SparseSpace(4), stride=(2, 2, 2, 1), stem=3).eval()
    assert model.down[0].conv.weight.shape[2:] == (2, 2, 2, 1)
    x = from_dense(grid(1, 2, 4, 4, 4, 3, dtype=torch.float32), mask(0.2, 1, 4, 4, 4, 3))
    y = model(x)
    assert y.sites is x.sites
    assert y.values.shape == (len(x.sites), 3)
    coarse = x.sites.parents((2, 2, 2, 1))[0]
    assert sorted(set(coarse.coordinates[:, 3].tolist())) == [0, 1, 2]


def test_learns_the_inside_of_shapes():
    """Voxels of two full balls: those that have all neighbours are told from the border."""
    torch.manual_seed(0)
    away = (torch.cartesian_prod(*[torch.arange(10)] * 3) - 4.5).square().sum(1)
    balls = torch.stack([away < 20, away < 14]).view(2, 10, 10, 10)
    inside = -F.max_pool3d(-balls[:, None].float(), 3, 1, 1)
    x = from_dense(torch.ones(2, 2, 10, 10, 10), balls)
    label = from_dense(inside, balls).values[:, 0].long()
    model = small(SparseSpace(3), stem=3)
    optimiser = torch.optim.Adam(model.parameters(), 1e-2)
    for _ in range(25):
        loss = F.cross_entropy(model(x).values, label)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert float((model(x).values.argmax(1) == label).float().mean()) > 0.97
    assert 0.2 < float(label.float().mean()) < 0.8


def test_bad_arguments_are_named():
    with pytest.raises(InputError, match="layers, planes: expected 8 of each"):
        MinkUNet((1,) * 7, (4,) * 8)
    with pytest.raises(InputError, match="layers: expected a block or more in each stage"):
        MinkUNet((1, 0, 1, 1, 1, 1, 1, 1), (4,) * 8)
    with pytest.raises(InputError, match=r"size: .* did you mean '34C'"):
        minkunet("34D")
