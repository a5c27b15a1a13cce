import socket
from datetime import timedelta

import pytest
import torch
import torch.multiprocessing as mp
from torch import distributed as dist
from torch import nn

from core2d.errors import InputError
from core2d.layers.norm import (
    BatchNorm,
    GroupNorm,
    LayerNorm,
    SyncBatchNorm,
    synchronised,
    unshared,
)
from core2d.models.cifar_resnet import CifarResNet
from core2d.models.deeplabv3 import deeplabv3
from core2d.models.densenet import densenet
from core2d.models.googlenet import GoogLeNet

SHAPES = {1: (5,), 2: (4, 5), 3: (3, 4, 5)}
TORCHS = {1: nn.BatchNorm1d, 2: nn.BatchNorm2d, 3: nn.BatchNorm3d}


def randn(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_batch_norm_is_torchs_in_training_and_evaluation(axes):
    ours, theirs = BatchNorm(axes, 3, eps=1e-3, momentum=0.2), TORCHS[axes](3, 1e-3, 0.2)
    nn.init.normal_(ours.weight)
    nn.init.normal_(ours.bias)
    theirs.load_state_dict(ours.state_dict())
    for seed in range(3):
        x = 5 * randn(2, 3, *SHAPES[axes], seed=seed) + 7
        torch.testing.assert_close(ours(x), theirs(x))
    torch.testing.assert_close(ours.state_dict(), theirs.state_dict())
    torch.testing.assert_close(ours.eval()(x), theirs.eval()(x))


def test_every_channel_is_centred_and_scaled():
    y = BatchNorm(2, 3)(5 * randn(8, 3, 4, 4) + 7)
    torch.testing.assert_close(y.mean((0, 2, 3)), torch.zeros(3), atol=1e-5, rtol=0)
    torch.testing.assert_close(y.var((0, 2, 3), correction=0), torch.ones(3), atol=1e-4, rtol=0)


def test_one_value_per_channel_has_no_variance():
    """One sample whose deepest level is a single site."""
    norm = BatchNorm(2, 3)
    with pytest.raises(InputError, match=r"more than one value per channel, got .*\(1, 3, 1, 1\)"):
        norm(randn(1, 3, 1, 1))
    assert norm(randn(2, 3, 1, 1)).shape == (2, 3, 1, 1)
    assert norm.eval()(randn(1, 3, 1, 1)).shape == (1, 3, 1, 1)


def test_a_bias_before_batch_norm_does_nothing():
    """What the norm subtracts again; so such convolutions have no bias."""
    norm, x = BatchNorm(2, 3), randn(8, 3, 4, 4)
    torch.testing.assert_close(norm(x + 3), norm(x), atol=1e-5, rtol=0)


@pytest.mark.parametrize("groups", [1, 2, 6])
def test_group_norm_is_torchs(groups):
    ours, theirs, x = GroupNorm(2, 6, groups), nn.GroupNorm(groups, 6), randn(2, 6, 4, 5)
    torch.testing.assert_close(ours(x), theirs(x))
    assert ours.state_dict().keys() == theirs.state_dict().keys()


def test_layer_norm_looks_at_one_site():
    norm, x = LayerNorm(2, 6), 3 * randn(2, 6, 4, 5) + 2
    y = norm(x)
    torch.testing.assert_close(y.mean(1), torch.zeros(2, 4, 5), atol=1e-5, rtol=0)
    torch.testing.assert_close(y.var(1, correction=0), torch.ones(2, 4, 5), atol=1e-4, rtol=0)
    tokens = nn.LayerNorm(6, eps=1e-6)(x.flatten(2).transpose(1, 2))
    torch.testing.assert_close(y.flatten(2).transpose(1, 2), tokens)


def test_groups_must_divide_channels():
    with pytest.raises(InputError, match="groups: expected a divisor of 6 channels, got 4"):
        GroupNorm(2, 6, 4)


def test_synchronised_exchanges_norms_and_keeps_the_rest():
    torch.manual_seed(0)
    model = CifarResNet(8, width=4)
    model(randn(2, 3, 16, 16))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    parameters = {name: id(value) for name, value in model.named_parameters()}
    x = randn(2, 3, 16, 16, seed=1)
    expected = model.eval()(x)
    twin = synchronised(model)
    assert twin is model
    kinds = {type(part) for part in model.modules() if isinstance(part, BatchNorm)}
    assert kinds == {SyncBatchNorm}
    assert {name: id(value) for name, value in model.named_parameters()} == parameters
    assert not any(part.training for part in model.modules())
    torch.testing.assert_close(model.state_dict(), before)
    torch.testing.assert_close(model(x), expected)
    alone = synchronised(BatchNorm(2, 3, eps=1e-2, momentum=0.3))
    assert type(alone) is SyncBatchNorm
    assert (alone.eps, alone.momentum) == (1e-2, 0.3)
    batch = randn(4, 3, 5, 5)
    torch.testing.assert_close(alone.train()(batch), BatchNorm(2, 3, eps=1e-2)(batch))


def test_norms_of_torch_are_named():
    model = nn.ModuleDict({"ours": BatchNorm(2, 3), "own": nn.Sequential(nn.BatchNorm2d(3))})
    assert unshared(synchronised(model)) == ["own.0"]


@pytest.mark.parametrize("make", [lambda: densenet(121), GoogLeNet, deeplabv3])
def test_no_norm_of_a_published_network_is_left_to_itself(make):
    """A norm of another class would count its own process alone."""
    with torch.device("meta"):
        model = synchronised(make())
    kinds = {type(part).__name__ for part in model.modules() if hasattr(part, "running_mean")}
    assert kinds == {"SyncBatchNorm"}


def network():
    torch.manual_seed(0)
    return CifarResNet(8, width=4, classes=3).double()


def train(model, batches):
    """Three steps of SGD -> the losses, and every parameter and running statistic."""
    optimiser = torch.optim.SGD(model.parameters(), 0.5, momentum=0.9)
    for x, label in batches:
        optimiser.zero_grad()
        nn.functional.cross_entropy(model(x), label).backward()
        optimiser.step()
    return model.state_dict()


def batches():
    generator = torch.Generator().manual_seed(1)
    return [
        (
            torch.randn(8, 3, 8, 8, generator=generator, dtype=torch.float64) * 3 + 1,
            torch.randint(3, (8,), generator=generator),
        )
        for _ in range(3)
    ]


def one_of_two(rank, port, path):
    torch.set_num_threads(1)
    address, patience = f"tcp://127.0.0.1:{port}", timedelta(minutes=5)
    dist.init_process_group("gloo", address, rank=rank, world_size=2, timeout=patience)
    try:
        work(rank, path)
    finally:
        dist.destroy_process_group()


def work(rank, path):
    model = nn.parallel.DistributedDataParallel(synchronised(network()))
    half = [(x[rank * 4 : rank * 4 + 4], y[rank * 4 : rank * 4 + 4]) for x, y in batches()]
    state = train(model, half)
    # Unequal shares: the whole batch counts, not the mean of two means.
    norm, x = SyncBatchNorm(2, 3).double(), batches()[0][0]
    part = (x[:6], x[6:])[rank].clone().requires_grad_()
    norm(part).pow(3).sum().backward()
    torch.save((state, part.grad, norm.weight.grad, norm.running_var), f"{path}/{rank}.pt")


def test_two_processes_on_the_cpu_equal_one(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    other = mp.get_context("spawn").Process(target=one_of_two, args=(1, port, str(tmp_path)))
    threads = torch.get_num_threads()
    other.start()
    try:
        one_of_two(0, port, str(tmp_path))
    finally:
        torch.set_num_threads(threads)
        other.join(300)
    assert other.exitcode == 0
    results = [torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in (0, 1)]
    expected = train(network(), batches())
    for state, *_ in results:
        for name, value in expected.items():
            torch.testing.assert_close(state[f"module.{name}"], value, rtol=1e-9, atol=1e-9)
    norm, x = BatchNorm(2, 3).double(), batches()[0][0].requires_grad_()
    norm(x).pow(3).sum().backward()
    torch.testing.assert_close(torch.cat([grad for _, grad, *_ in results]), x.grad)
    torch.testing.assert_close(sum(weight for *_, weight, _ in results), norm.weight.grad)
    for *_, variance in results:
        torch.testing.assert_close(variance, norm.running_var)
