"""Layers and maximum by blocks against plain layers on rows that are really repeated."""

from itertools import pairwise

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core2d.errors import InputError
from core2d.layers.norm import BatchNorm
from geomdl.nn import pooled_chain as module
from geomdl.nn.pooled_chain import Layer, pooled_chain

OFFSETS = torch.tensor([0, 3, 4, 9, 17, 20])
WEIGHT = torch.tensor([2.0, *[1] * 3, 5, *[1] * 14, 3], dtype=torch.float64)


def rows(count: int = 20, channels: int = 4, seed: int = 0) -> Tensor:
    g = torch.Generator().manual_seed(seed)
    return torch.randn(count, channels, generator=g, dtype=torch.float64)


def layers(count: int, slope: float, training: bool) -> list[Layer]:
    torch.manual_seed(3)
    made = []
    for i, (n, m) in enumerate([(0, 4), (4, 5), (5, 3)][:count]):
        norm = BatchNorm(1, m).double().train(training)
        nn.init.normal_(norm.weight)  # of either sign
        nn.init.normal_(norm.bias)
        matrix = nn.Parameter(torch.randn(m, n, dtype=torch.float64)) if i else None
        bias = nn.Parameter(torch.randn(m, dtype=torch.float64)) if i != 1 else None
        made.append(Layer(matrix, bias, norm, slope))
    return made


def plainly(x: Tensor, chain: list[Layer], repeats: Tensor | None) -> Tensor:
    index = torch.arange(len(x)) if repeats is None else torch.arange(20).repeat_interleave(repeats)
    y = x[index]
    for layer in chain:
        y = y if layer.matrix is None else y @ layer.matrix.T
        y = y if layer.bias is None else y + layer.bias
        y = F.leaky_relu(layer.norm(y), layer.slope)
    bounds = pairwise(OFFSETS)
    return torch.stack([y[(index >= low) & (index < high)].amax(0) for low, high in bounds])


def parameters(chain: list[Layer]) -> list[Tensor]:
    every = [(*layer[:2], layer.norm.weight, layer.norm.bias) for layer in chain]
    return [t for four in every for t in four if t is not None]


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("weighed", [False, True])
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("block", [16, 1 << 20])
def test_equals_plain_layers(
    backend: str, count: int, weighed: bool, training: bool, block: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Values, all gradients and running statistics; in many blocks and in one."""
    monkeypatch.setattr(module, "BLOCK", block)
    weight = WEIGHT if weighed else None
    found = []
    for ours in (True, False):
        chain, x = layers(count, 0.2, training), rows().requires_grad_()
        if ours:
            y, row = pooled_chain(x, OFFSETS, chain, weight)
            assert ((row >= OFFSETS[:-1, None]) & (row < OFFSETS[1:, None])).all()
        else:
            y = plainly(x, chain, weight.long() if weight is not None else None)
        (y * rows(5, y.shape[1], 1)).sum().backward()
        stats = [b for layer in chain for b in layer.norm.buffers()]
        found.append([y, x.grad, *(p.grad for p in parameters(chain)), *stats])
    for a, b in zip(*found, strict=True):
        torch.testing.assert_close(a, b, atol=1e-10, rtol=1e-7)


def test_gradients() -> None:
    chain = layers(3, 0.1, True)

    def call(x: Tensor, *_: Tensor) -> Tensor:
        return pooled_chain(x, OFFSETS, chain, WEIGHT)[0]

    assert torch.autograd.gradcheck(call, (rows().requires_grad_(), *parameters(chain)))


def test_rows_are_those_of_the_largest_values() -> None:
    chain, x = layers(1, 0.0, False), rows()
    value, row = pooled_chain(x, OFFSETS, chain)
    y = F.relu(chain[0].norm(x + chain[0].bias))
    torch.testing.assert_close(y.gather(0, row), value)


def test_a_single_row_has_no_variance() -> None:
    with pytest.raises(InputError, match="more than one value per channel"):
        pooled_chain(rows(1), torch.tensor([0, 1]), layers(2, 0.0, True))
    assert pooled_chain(rows(1), torch.tensor([0, 1]), layers(2, 0.0, False))[0].shape == (1, 5)


def test_weights_of_16_bits_are_refused() -> None:
    chain = layers(2, 0.0, False)
    chain[0].norm.bfloat16()
    with pytest.raises(InputError, match=r"weights: .* for 16 bits there is torch\.autocast"):
        pooled_chain(rows(), OFFSETS, chain)


def test_blocks_hold_whole_segments() -> None:
    blocks = module.cut(OFFSETS, None, 1 << 17)  # some 8 rows each
    assert [(b.segments.start, b.segments.stop) for b in blocks] == [(0, 3), (3, 4), (4, 5)]
    assert [(b.rows.start, b.rows.stop) for b in blocks] == [(0, 9), (9, 17), (17, 20)]
    assert blocks[1].offsets.tolist() == [0, 8]
