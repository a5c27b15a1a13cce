"""One vector holds a network's parameters, and everything done to it is done to the network."""

import pytest
import torch
from torch import Tensor, nn

from rl.flat import Flat


def network() -> nn.Module:
    torch.manual_seed(0)
    layers = nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 9, 5)
    return nn.Sequential(*layers)


@pytest.fixture
def x() -> Tensor:
    return torch.randn(2, 3, 5, 5, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("channels_last", [False, True])
def test_the_network_stays_what_it_was(x: Tensor, channels_last: bool) -> None:
    before = network()(x)
    one = network()
    flat = Flat(one, channels_last=channels_last)
    torch.testing.assert_close(one(x), before)
    assert flat.values.shape == (sum(p.numel() for p in one.parameters()),)
    torch.testing.assert_close(one.state_dict(), network().state_dict())


@pytest.mark.parametrize("channels_last", [False, True])
def test_a_step_along_the_vector_is_a_step_of_all_parameters(
    x: Tensor, channels_last: bool
) -> None:
    one, other = network(), network()
    flat = Flat(one, channels_last=channels_last)
    flat.values.sub_(torch.cat(flat.gradient(one(x).square().sum())), alpha=0.01)
    other(x).square().sum().backward()
    torch.optim.SGD(other.parameters(), 0.01).step()
    torch.testing.assert_close(one.state_dict(), other.state_dict())


def test_parameters_without_influence_get_zeros(x: Tensor) -> None:
    one = nn.ModuleList([nn.Linear(5, 2), nn.Linear(7, 1)])
    pieces = Flat(one).gradient(one[0](x).sum())
    assert [len(piece) for piece in pieces] == [10, 2, 7, 1]
    gradient = torch.cat(pieces)
    assert (gradient[12:] == 0).all()
    assert (gradient[:12] != 0).all()


def test_a_copy_has_a_vector_of_its_own(x: Tensor) -> None:
    flat = Flat(network(), channels_last=True)
    twin = flat.copied()
    assert torch.equal(twin.values, flat.values)
    flat.values.zero_()
    torch.testing.assert_close(twin.network(x), network()(x))
    assert not any(p.requires_grad for p in twin.network.parameters())


def test_the_state_of_another_vector(x: Tensor) -> None:
    flat = Flat(network(), channels_last=True)
    other = network()
    other.load_state_dict(flat.state(flat.values * 2))
    for name, value in other.state_dict().items():
        torch.testing.assert_close(value, 2 * flat.network.state_dict()[name])
    torch.testing.assert_close(flat.state(), network().state_dict())
