"""Every space finds its encoder; published networks have their sizes; wrong spaces are named."""

from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import spaces
from torch import Tensor, nn

from core2d.errors import InputError
from rl.encoders import Body, Encoder, Parts, encoder


def box(*shape: int, high: float = 255, dtype: type = np.uint8) -> spaces.Box:
    return spaces.Box(0, high, shape, dtype)


def batch(space: spaces.Space, count: int = 3) -> Any:
    """Samples of a space, stacked."""
    space.seed(0)
    samples: list[Any] = [space.sample() for _ in range(count)]
    if isinstance(space, spaces.Dict):
        return {n: torch.as_tensor(np.stack([s[n] for s in samples])) for n in space}
    return torch.as_tensor(np.stack(samples))


FLOATS = {"dtype": np.float32}
GUESSES: list[tuple[spaces.Space, str, int]] = [
    (box(4, high=np.inf, **FLOATS), "Vector", 64),
    (box(128), "Vector", 64),
    (spaces.Discrete(500), "Vector", 64),
    (spaces.MultiDiscrete([3, 4]), "Vector", 64),
    (spaces.MultiBinary(7), "Vector", 64),
    (box(4, 84, 84), "Image", 64 * 7 * 7),
    (box(36, 40), "Image", 64 * 1 * 1),
    (box(6, 10, 10, high=1), "Image", 16 * 8 * 8),
    (box(64, 64, high=10, **FLOATS), "Image", 64 * 4 * 4),
    (box(2, 16, 16, 16, high=1, **FLOATS), "Voxels", 32 * 4**3),
    (box(1, 24, 25, 26, high=1, **FLOATS), "Voxels", 32 * 6 * 7 * 7),
    (box(3, 9, 9, 5, high=1, dtype=np.int8), "Voxels", 32 * 3 * 3 * 2),
    (box(50, 3, high=9, **FLOATS), "Points", 256),
    (spaces.Dict(view=box(12, 12), goal=spaces.Discrete(3)), "Parts", 16 * 100 + 64),
    (spaces.Dict(view=box(12, 12), label=box(12, 12, high=5)), "Parts", 16 * 100),
    (spaces.Dict(view=box(12, 12), wide=box(3, 12, 14)), "Parts", 16 * 100 + 16 * 120),
]


@pytest.mark.parametrize(("space", "kind", "width"), GUESSES)
def test_a_space_finds_its_encoder(space: spaces.Space, kind: str, width: int) -> None:
    net = encoder(space)
    assert (type(net).__name__, net.width) == (kind, width)
    y = net(batch(space))
    assert y.shape == (3, width)
    assert bool(y.isfinite().all())
    assert all(p.grad is not None for p in gradients(net, y))


def gradients(net: Encoder, y: Tensor) -> list[nn.Parameter]:
    y.sum().backward()
    return list(net.parameters())


@pytest.mark.parametrize(
    ("body", "weights", "width", "hidden", "convolutions"),
    [
        # of 4 frames of 84 x 84; weights counted layer by layer, biases too
        ("nips", 16 * 4 * 64 + 16 + 32 * 16 * 16 + 32, 32 * 9 * 9, 256, 2),
        (
            "nature",
            32 * 4 * 64 + 32 + 64 * 32 * 16 + 64 + 64 * 64 * 9 + 64,
            64 * 7 * 7,
            512,
            3,
        ),
        (
            "impala",
            (16 * 4 * 9 + 16) + 4 * (16 * 16 * 9 + 16)
            + (32 * 16 * 9 + 32) + 4 * (32 * 32 * 9 + 32)
            + 5 * (32 * 32 * 9 + 32),
            32 * 11 * 11,
            256,
            15,
        ),
    ],
)  # fmt: skip
def test_published_sizes(
    body: Body, weights: int, width: int, hidden: int, convolutions: int
) -> None:
    net = encoder(box(4, 84, 84), body)
    assert sum(p.numel() for p in net.parameters()) == weights
    assert (net.width, net.hidden) == (width, hidden)
    assert sum(p.ndim == 4 for p in net.parameters()) == convolutions


def test_the_nature_network_is_torchs_convolutions() -> None:
    net, x = encoder(box(4, 84, 84)), batch(box(4, 84, 84), 2)
    y = x.float() / 255
    weights = [p.detach() for p in net.parameters()]
    for i, stride in enumerate((4, 2, 1)):
        y = torch.relu(nn.functional.conv2d(y, weights[2 * i], weights[2 * i + 1], stride))
    assert torch.allclose(net(x), y.flatten(1), atol=1e-5)


def test_an_impala_stage_is_convolution_pooling_and_two_residual_blocks() -> None:
    from rl.encoders import Impala
    from rl.pictures import Picture

    space = box(3, 12, 12)
    net, x = Impala(Picture(space), (8,)), batch(space, 2)
    weights = [p.detach() for p in net.parameters()]

    def conv(y: Tensor, i: int) -> Tensor:
        return nn.functional.conv2d(y, weights[2 * i], weights[2 * i + 1], padding=1)

    y = nn.functional.max_pool2d(conv(x.float() / 255, 0), 3, 2, padding=1)
    y = y + conv(conv(y.relu(), 1).relu(), 2)
    y = y + conv(conv(y.relu(), 3).relu(), 4)
    assert torch.allclose(net(x), y.relu().flatten(1), atol=1e-5)


def test_discrete_observations_are_one_hot() -> None:
    net = encoder(spaces.Discrete(3, start=5), sizes=())
    assert net(torch.tensor([5, 7, 6])).tolist() == [[1, 0, 0], [0, 0, 1], [0, 1, 0]]
    many = encoder(spaces.MultiDiscrete([2, 3]), sizes=())
    assert many(torch.tensor([[1, 0], [0, 2]])).tolist() == [[0, 1, 1, 0, 0], [1, 0, 0, 0, 1]]


def test_vectors_come_as_they_are_and_bytes_as_shares() -> None:
    x = torch.tensor([[-3.0, 40.0]], dtype=torch.float64)
    space = spaces.Box(np.array([-4.8, -50.0]), np.array([4.8, 50.0]), dtype=np.float64)
    y = encoder(space, sizes=())(x)
    assert y.tolist() == [[-3, 40]]
    assert y.dtype == torch.float32
    assert encoder(box(2), sizes=())(torch.tensor([[255, 0]]).byte()).tolist() == [[1, 0]]


def test_a_dict_is_its_parts_side_by_side() -> None:
    space = spaces.Dict(a=box(12, 12), b=box(3, high=np.inf, **FLOATS))
    net, x = encoder(space), batch(space)
    assert isinstance(net, Parts)
    parts = {n: e(x[n]) for (n,), e in zip(net.names, net.encoders, strict=True)}
    assert sorted(parts) == ["a", "b"]
    assert torch.equal(net(x), torch.cat([*parts.values()], 1))
    assert net.hidden == 128
    with pytest.raises(InputError, match=r"expected a dict of \['b', 'a'\], got \['a'\]"):
        net({"a": x["a"]})


def test_images_of_one_size_are_channels_of_one() -> None:
    space = spaces.Dict(
        depth=box(12, 12, high=4, **FLOATS), label=box(12, 12, high=2), rgb=box(12, 12, 3)
    )
    net, x = encoder(space), batch(space)
    assert len(net.encoders) == 1  # type: ignore[arg-type]
    seen = net.encoders[0].picture(x)  # type: ignore[index, union-attr]
    assert seen.shape == (3, 2 + 3 + 3, 12, 12)
    assert torch.allclose(seen[:, 0], x["depth"] / 4)
    assert torch.equal(seen[:, 2:5].argmax(1), x["label"].long())
    assert torch.allclose(seen[:, 5:], x["rgb"].movedim(-1, 1) / 255)


@pytest.mark.parametrize(
    ("body", "kinds"),
    [
        ("auto", ["Points", "Vector", "Image"]),
        ("impala", ["Points", "Vector", "Impala"]),
        ("points", ["Points", "Vector", "Image"]),
        ("cloud", ["Points", "Cloud", "Vector", "Image"]),
        ("mlp", ["Vector", "Vector", "Vector", "Vector"]),
    ],
)
def test_the_body_of_a_dict_is_that_of_its_kind(body: Body, kinds: list[str]) -> None:
    space = spaces.Dict(
        {
            "cloud": box(9, 3, **FLOATS),
            "colour": box(3, 40, 40),
            "depth": box(40, 40, high=9, **FLOATS),
            "goal": spaces.Discrete(2),
        }
    )
    net = encoder(space, body)
    assert [type(part).__name__ for part in net.encoders] == kinds  # type: ignore[union-attr]
    assert net(batch(space)).shape == (3, net.width)


def test_channels_last_memory_changes_nothing() -> None:
    net, x = encoder(box(4, 40, 40)), batch(box(4, 40, 40))
    y = net(x)
    net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    assert torch.allclose(net(x), y, atol=1e-6)


@pytest.mark.parametrize(
    ("space", "body", "message"),
    [
        (spaces.Text(5), "auto", "expected Box, Discrete, MultiDiscrete, MultiBinary or a Dict"),
        (spaces.Tuple((box(3),)), "auto", "expected Box, Discrete"),
        (spaces.Dict(), "auto", "expected a Dict with parts"),
        (spaces.Dict(a=spaces.Dict(b=box(3))), "auto", "'a': Dicts are taken one level deep"),
        (spaces.Discrete(4), "nature", r"nature reads a Box, got Discrete\(4\)"),
        (box(2, 3, 4, 5, 6), "auto", "expected at most 4 axes"),
        (box(20, 20), "nature", r"\(20, 20\) pixels are too few"),
        (box(5, 2, **FLOATS), "points", r"points are \(N, 3 \+ C\)"),
        (box(5, 5, high=np.inf, **FLOATS), "cloud", "depth images have 2 to 4 axes and a far end"),
        (box(5, 5), "voxels", r"voxels are \(C, X, Y, Z\)"),
        (box(5, 5), "resnet", "body: expected one of auto, mlp"),
    ],
)
def test_wrong_spaces_are_named(space: spaces.Space, body: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        encoder(space, body)


def test_wrong_observations_are_named() -> None:
    net = encoder(box(4, 84, 84))
    with pytest.raises(InputError, match=r"expected a tensor \(B, \*\(4, 84, 84\)\), got \(4, 84"):
        net(torch.zeros(4, 84, 84))
    with pytest.raises(InputError, match="got dict"):
        net({"a": torch.zeros(1)})
