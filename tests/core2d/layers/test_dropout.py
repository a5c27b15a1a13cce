import pytest
import torch

from core2d.errors import InputError
from core2d.layers.dropout import ChannelDropout, Dropout, DropPath, keep_mask
from tests.core2d.listed_space import ListedSpace, listed

LAYERS = {
    "units": Dropout(2, 0.3),
    "channels": ChannelDropout(2, 0.3),
    "paths": DropPath(0.3),
}
# Which axes share one draw: dropped values must come in whole blocks over them.
SHARED = {"units": (), "channels": (2, 3), "paths": (1, 2, 3)}


@pytest.mark.parametrize("name", LAYERS)
def test_what_is_dropped_and_what_stays(name):
    torch.manual_seed(0)
    layer, x = LAYERS[name].train(), torch.ones(2000, 5, 2, 3)
    y = layer(x)
    assert set(y.unique().tolist()) == {0.0, torch.tensor(1 / 0.7).item()}
    for axis in SHARED[name]:
        assert torch.equal(y, y.narrow(axis, 0, 1).expand_as(y))
    for axis in {1, 2, 3} - set(SHARED[name]):
        assert not torch.equal(y, y.narrow(axis, 0, 1).expand_as(y))
    assert float((y == 0).float().mean()) == pytest.approx(0.3, abs=0.03)
    assert float(y.mean()) == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("name", LAYERS)
def test_nothing_happens_in_evaluation(name):
    x = torch.randn(2, 5, 2, 3)
    assert LAYERS[name].eval()(x) is x


@pytest.mark.parametrize("layer", [Dropout(2, 0.0), ChannelDropout(2, 0.0), DropPath(0.0)])
def test_nothing_happens_at_rate_zero(layer):
    x = torch.randn(2, 5, 2, 3)
    assert layer.train()(x) is x


def test_the_gradient_flows_through_what_stays():
    torch.manual_seed(0)
    x = torch.randn(50, 5, 2, 2, requires_grad=True)
    y = Dropout(2, 0.5).train()(x)
    y.sum().backward()
    torch.testing.assert_close(x.grad, torch.where(y == 0, 0.0, 2.0))


def test_the_same_seed_drops_the_same():
    like = torch.zeros(())
    first, again, other = (
        keep_mask((100,), 0.5, like, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_whole_channels_of_a_sample_are_dropped_on_any_space():
    torch.manual_seed(0)
    space, x = ListedSpace(2), listed(torch.ones(2, 8, 3, 3))
    y = ChannelDropout(space, 0.5).train()(x)
    means = space.reduce(y)
    assert set(means.unique().tolist()) == {0.0, 2.0}


def test_tokens_lose_whole_samples():
    torch.manual_seed(0)
    y = DropPath(0.5).train()(torch.ones(64, 7, 3))
    assert set(y.flatten(1).amax(1).tolist()) == {0.0, 2.0}
    assert torch.equal(y.flatten(1).amax(1), y.flatten(1).amin(1))


@pytest.mark.parametrize("rate", [-0.1, 1.0, 1.5])
def test_other_rates_are_refused(rate):
    for layer in (
        lambda: Dropout(2, rate),
        lambda: ChannelDropout(2, rate),
        lambda: DropPath(rate),
    ):
        with pytest.raises(InputError, match="rate: expected a share in"):
            layer()
