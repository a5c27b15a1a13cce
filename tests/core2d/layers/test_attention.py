import math

import pytest
import torch
from torch import nn

from core2d.errors import InputError
from core2d.layers.attention import (
    MultiHeadAttention,
    attention,
    attention_weights,
    causal_mask,
    padding_mask,
)


def randn(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def by_loops(q, k, v, mask):
    """Equation 1 for one sample and head, a query at a time."""
    rows = []
    for i in range(len(q)):
        keys = [j for j in range(len(k)) if mask is None or mask[i, j]]
        if not keys:
            rows.append(torch.zeros_like(v[0]))
            continue
        scores = [float(q[i] @ k[j]) / math.sqrt(q.shape[1]) for j in keys]
        exponentials = [math.exp(score - max(scores)) for score in scores]
        total = sum(exponentials)
        rows.append(sum(e / total * v[j] for e, j in zip(exponentials, keys, strict=True)))
    return torch.stack(rows)


MASKS = {
    "all": None,
    "causal": causal_mask(5),
    "one blind query": torch.ones(5, 5, dtype=torch.bool).index_fill(0, torch.tensor(2), False),
}


@pytest.mark.parametrize("mask", MASKS.values(), ids=MASKS)
def test_attention_is_the_formula(mask):
    q, k, v = randn(5, 4), randn(5, 4, seed=1), randn(5, 3, seed=2)
    expected = by_loops(q, k, v, mask)
    torch.testing.assert_close(attention(q, k, v, mask), expected)
    torch.testing.assert_close(attention_weights(q, k, mask) @ v, expected)


def test_values_select_rows_where_a_key_answers():
    """A query that fits one key far better than the others reads its value."""
    keys, values = torch.eye(4) * 100, randn(4, 3).float()
    torch.testing.assert_close(attention(keys[[2]], keys, values), values[[2]])


def test_scaling_keeps_the_softmax_soft():
    """Scores of random vectors have variance d; divided by sqrt(d) they have variance 1."""
    q, k = randn(200, 512), randn(200, 512, seed=1)
    weights = attention_weights(q, k)
    assert float(weights.amax(1).mean()) < 0.15
    assert float((q @ k.T).softmax(1).amax(1).mean()) > 0.9


def test_gradients_with_a_blind_query_are_finite_and_right():
    q, k, v = (randn(1, 2, 5, 4, seed=s).requires_grad_() for s in range(3))
    mask = torch.rand(5, 5, generator=torch.Generator().manual_seed(3)) < 0.5
    mask[3] = False
    assert torch.autograd.gradcheck(lambda *qkv: attention(*qkv, mask), (q, k, v))
    attention(q, k, v, mask).sum().backward()
    assert q.grad[..., 3, :].tolist() == [[[0.0] * 4] * 2]


def test_added_scores_are_added():
    q, k, v, bias = randn(5, 4), randn(6, 4, seed=1), randn(6, 3, seed=2), randn(5, 6, seed=3)
    weights = (q @ k.T / 2 + bias).softmax(-1)
    torch.testing.assert_close(attention(q, k, v, bias), weights @ v)
    torch.testing.assert_close(attention_weights(q, k, bias), weights)


def test_dropout_of_weights_keeps_the_mean():
    torch.manual_seed(0)
    count = 2001  # odd: half of them is never kept
    q, k, v = torch.zeros(1, 1, 1, 4), torch.zeros(1, 1, count, 4), torch.ones(1, 1, count, 1)
    dropped = attention(q, k, v, dropout=0.5)
    assert dropped.item() != 1
    assert dropped.item() == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("context", [None, 12, 7])
def test_several_heads_equal_torchs_module(context):
    torch.manual_seed(0)
    ours = MultiHeadAttention(12, 3, context=context).double()
    nn.init.normal_(ours.in_proj_bias)
    theirs = nn.MultiheadAttention(12, 3, kdim=context, vdim=context, batch_first=True).double()
    theirs.load_state_dict(ours.state_dict())
    x, source = randn(2, 5, 12), None if context is None else randn(2, 6, context, seed=1)
    other = x if source is None else source
    y, weights = theirs(x, other, other, average_attn_weights=False)
    torch.testing.assert_close(ours(x, source), y)
    torch.testing.assert_close(ours.weights(x, source), weights)
    present = torch.arange(other.shape[1]) < torch.tensor([[2], [4]])
    y, _ = theirs(x, other, other, key_padding_mask=~present)
    torch.testing.assert_close(ours(x, source, padding_mask(present)), y)


@pytest.mark.parametrize("context", [None, 7])
def test_kept_keys_and_values_give_the_same(context):
    """What a decoder does: project once, then ask with new queries."""
    layer = MultiHeadAttention(12, 3, context=context).double()
    x, source = randn(2, 5, 12), randn(2, 6, context or 12, seed=1)
    q, k, v = layer.project(x, source)
    torch.testing.assert_close(layer.queries(x), q)
    torch.testing.assert_close(
        layer.attend(layer.queries(x[:, 2:3]), k, v), layer(x, source)[:, 2:3]
    )


@pytest.mark.parametrize("context", [None, 7])
def test_weights_start_as_in_torch(context):
    torch.manual_seed(0)
    theirs = nn.MultiheadAttention(12, 3, kdim=context, vdim=context)
    torch.manual_seed(0)
    ours = MultiHeadAttention(12, 3, context=context)
    for name, value in theirs.state_dict().items():
        bound = float(value.abs().max())
        assert float(ours.state_dict()[name].abs().max()) == pytest.approx(bound, rel=0.1), name


def test_a_position_sees_itself_and_what_was_before():
    assert causal_mask(3).tolist() == [[True, False, False], [True, True, False], [True] * 3]


def test_the_future_cannot_change_the_past():
    torch.manual_seed(0)
    layer, x = MultiHeadAttention(8, 2).double(), randn(1, 6, 8)
    changed = x.clone()
    changed[:, 4:] += randn(1, 2, 8, seed=1)
    first, second = layer(x, mask=causal_mask(6)), layer(changed, mask=causal_mask(6))
    torch.testing.assert_close(first[:, :4], second[:, :4])
    assert not torch.allclose(first[:, 4:], second[:, 4:])
    assert not torch.allclose(layer(x)[:, :4], layer(changed)[:, :4])  # full attention sees it


def test_padding_is_never_read():
    torch.manual_seed(0)
    layer, x, source = MultiHeadAttention(8, 2).double(), randn(2, 3, 8), randn(2, 6, 8, seed=1)
    present = torch.arange(6) < torch.tensor([[4], [6]])
    junk = torch.where(present[..., None], source, torch.full_like(source, 1e6))
    expected = layer(x, source, padding_mask(present))
    torch.testing.assert_close(layer(x, junk, padding_mask(present)), expected)
    torch.testing.assert_close(layer(x[:1], source[:1, :4]), expected[:1])


def test_self_attention_moves_with_its_tokens():
    torch.manual_seed(0)
    layer, x, order = MultiHeadAttention(8, 2).double(), randn(1, 6, 8), torch.randperm(6)
    torch.testing.assert_close(layer(x[:, order]), layer(x)[:, order])


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: MultiHeadAttention(10, 3), "heads: expected a divisor of width 10, got 3"),
        (lambda: MultiHeadAttention(8, 2)(torch.ones(2, 8)), r"x: expected tokens \(B L 8\)"),
        (
            lambda: MultiHeadAttention(8, 2, context=4)(torch.ones(2, 3, 8)),
            r"context: expected tokens \(B S 4\)",
        ),
    ],
)
def test_bad_tokens_are_named(ask, message):
    with pytest.raises(InputError, match=message):
        ask()
