"""Scaled dot-product attention, alone and with several heads.

Vaswani et al. 2017, "Attention is all you need", section 3.2. torch's fused kernel does the work;
`attention_weights` is equation 1 as it is written, for pictures and as the specification.
A mask is True where a query may look. A query that may look nowhere gets zeros.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core2d.errors import InputError, describe


def attention(
    q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None, *, dropout: float = 0.0
) -> Tensor:
    """Queries (*, L, D), keys (*, S, D), values (*, S, E) -> (*, L, E): softmax(q k'/sqrt(D)) v.

    mask: broadcast to (*, L, S), bool (True: may look) or float (added to the scores).
    dropout: share of weights that are dropped.
    """
    if mask is None or mask.is_floating_point():
        return F.scaled_dot_product_attention(q, k, v, mask, dropout)
    sees = mask.any(-1, keepdim=True)
    # Blind queries look everywhere and are zeroed afterwards: no kernel and no gradient meets NaN.
    out = F.scaled_dot_product_attention(q, k, v, mask | ~sees, dropout)
    return out * sees.to(out.dtype)


def attention_weights(q: Tensor, k: Tensor, mask: Tensor | None = None) -> Tensor:
    """Queries (*, L, D), keys (*, S, D) -> weights (*, L, S) >= 0; rows sum to 1, or 0 if blind."""
    scores = q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])  # (*, L, S)
    if mask is None:
        return scores.softmax(-1)
    if mask.is_floating_point():
        return (scores + mask).softmax(-1)
    sees = mask.any(-1, keepdim=True)
    return scores.masked_fill(~(mask | ~sees), -math.inf).softmax(-1) * sees.to(scores.dtype)


def causal_mask(length: int, device: torch.device | str | None = None) -> Tensor:
    """(L, L) bool: position i may look at positions 0..i."""
    return torch.ones(length, length, dtype=torch.bool, device=device).tril()


def padding_mask(present: Tensor) -> Tensor:
    """Which keys exist (B, S) bool -> (B, 1, 1, S): every head and query sees only those."""
    return present[:, None, None, :]


class MultiHeadAttention(nn.Module):
    """Tokens (B, L, width) -> (B, L, width): `heads` attentions in width/heads dimensions each.

    Without `context` tokens attend to themselves; with context (B, S, context width) to those.
    Parameters are named and started as in torch.nn.MultiheadAttention.
    """

    def __init__(
        self, width: int, heads: int, *, context: int | None = None, dropout: float = 0.0
    ) -> None:
        super().__init__()
        if heads < 1 or width % heads:
            raise InputError(f"heads: expected a divisor of width {width}, got {heads}")
        self.width, self.heads, self.dropout = width, heads, dropout
        source = width if context is None else context
        if source == width:
            self.in_proj_weight = nn.Parameter(torch.empty(3 * width, width))
            nn.init.xavier_uniform_(self.in_proj_weight)
        else:
            self.q_proj_weight = nn.Parameter(torch.empty(width, width))
            self.k_proj_weight = nn.Parameter(torch.empty(width, source))
            self.v_proj_weight = nn.Parameter(torch.empty(width, source))
            for weight in (self.q_proj_weight, self.k_proj_weight, self.v_proj_weight):
                nn.init.xavier_uniform_(weight)
        self.source = source
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * width))
        self.out_proj = nn.Linear(width, width)
        nn.init.zeros_(self.out_proj.bias)

    def forward(
        self, x: Tensor, context: Tensor | None = None, mask: Tensor | None = None
    ) -> Tensor:
        return self.attend(*self.project(x, context), mask)

    def attend(self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None) -> Tensor:
        """What `project` gave, now or earlier -> tokens (B, L, width)."""
        y = attention(q, k, v, mask, dropout=self.dropout if self.training else 0.0)
        return self.out_proj(y.transpose(1, 2).flatten(2))  # (B, H, L, D) -> (B, L, width)

    def weights(
        self, x: Tensor, context: Tensor | None = None, mask: Tensor | None = None
    ) -> Tensor:
        """The attention of every head (B, heads, L, S), for looking at."""
        q, k, _ = self.project(x, context)
        return attention_weights(q, k, mask)

    def project(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
        """Queries (B, heads, L, D), keys and values (B, heads, S, D)."""
        context = x if context is None else context
        if x.ndim != 3 or x.shape[2] != self.width:
            raise InputError(f"x: expected tokens (B L {self.width}), got {describe(x)}")
        if context.ndim != 3 or context.shape[2] != self.source:
            got = describe(context)
            raise InputError(f"context: expected tokens (B S {self.source}), got {got}")
        if context is x:
            parts = F.linear(x, self.in_proj_weight, self.in_proj_bias).chunk(3, -1)
        else:
            biases = self.in_proj_bias.chunk(3)
            pairs = zip((x, context, context), self._weights(), biases, strict=True)
            parts = tuple(F.linear(tokens, weight, bias) for tokens, weight, bias in pairs)
        q, k, v = (self._per_head(part) for part in parts)
        return q, k, v

    def queries(self, x: Tensor) -> Tensor:
        """Tokens (B, L, width) -> queries (B, heads, L, D), where keys and values are kept."""
        return self._per_head(F.linear(x, self._weights()[0], self.in_proj_bias[: self.width]))

    def _per_head(self, tokens: Tensor) -> Tensor:
        return tokens.unflatten(2, (self.heads, -1)).transpose(1, 2)

    def _weights(self) -> tuple[Tensor, ...]:
        if self.source == self.width:
            return self.in_proj_weight.chunk(3)
        return self.q_proj_weight, self.k_proj_weight, self.v_proj_weight

    def extra_repr(self) -> str:
        return f"{self.width}, heads={self.heads}, context={self.source}"
