"""The Transformer: sequences to sequences by attention alone.

Vaswani et al. 2017, "Attention is all you need", figure 1 and table 3: each sublayer is
LayerNorm(x + Dropout(Sublayer(x))), one table embeds source and target and gives the logits.
Layers are named as in torch.nn.Transformer.
"""

import math
from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core2d.decoding import Marks, State, beam_search, greedy
from core2d.errors import InputError, expect_number, expect_tensor
from core2d.layers.attention import MultiHeadAttention, causal_mask, padding_mask
from core2d.layers.position import sinusoidal


class EncoderLayer(nn.Module):
    """Tokens (B, S, width) -> (B, S, width): self-attention, then two linear layers per token."""

    def __init__(self, width: int, hidden: int, heads: int, *, dropout: float) -> None:
        super().__init__()
        self.self_attn = MultiHeadAttention(width, heads)
        self.norm1 = nn.LayerNorm(width)
        self.linear1, self.linear2 = nn.Linear(width, hidden), nn.Linear(hidden, width)
        self.norm2 = nn.LayerNorm(width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        x = self.norm1(x + self.dropout(self.self_attn(x, mask=mask)))
        return self.norm2(x + self.dropout(self.linear2(F.relu(self.linear1(x)))))


class DecoderLayer(nn.Module):
    """Tokens (B, L, width) and memory (B, S, width) -> (B, L, width).

    As EncoderLayer, with attention to the memory in between.
    """

    def __init__(self, width: int, hidden: int, heads: int, *, dropout: float) -> None:
        super().__init__()
        self.self_attn = MultiHeadAttention(width, heads)
        self.norm1 = nn.LayerNorm(width)
        self.multihead_attn = MultiHeadAttention(width, heads)
        self.norm2 = nn.LayerNorm(width)
        self.linear1, self.linear2 = nn.Linear(width, hidden), nn.Linear(hidden, width)
        self.norm3 = nn.LayerNorm(width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, memory: Tensor, *, mask: Tensor | None, present: Tensor) -> Tensor:
        """mask (L, L): which earlier tokens are seen; present (B, 1, 1, S): which of memory."""
        x = self.norm1(x + self.dropout(self.self_attn(x, mask=mask)))
        x = self.norm2(x + self.dropout(self.multihead_attn(x, memory, present)))
        return self._fed(x)

    def step(self, x: Tensor, kept: State, present: Tensor) -> tuple[Tensor, State]:
        """As `forward` for the newest token (B, 1, width) alone.

        kept: keys and values (B, heads, *, D) of the tokens before it, then of the memory.
        """
        keys, values, seen_keys, seen_values = kept
        q, k, v = self.self_attn.project(x)
        keys, values = torch.cat([keys, k], 2), torch.cat([values, v], 2)
        x = self.norm1(x + self.dropout(self.self_attn.attend(q, keys, values)))
        q = self.multihead_attn.queries(x)
        y = self.multihead_attn.attend(q, seen_keys, seen_values, present)
        x = self.norm2(x + self.dropout(y))
        return self._fed(x), [keys, values, seen_keys, seen_values]

    def begin(self, memory: Tensor) -> State:
        """What `step` keeps at first: nothing of the target, all of the memory."""
        none = memory[:, :0]
        _, *past = self.self_attn.project(none)
        _, *seen = self.multihead_attn.project(none, memory)
        return [*past, *seen]

    def _fed(self, x: Tensor) -> Tensor:
        return self.norm3(x + self.dropout(self.linear2(F.relu(self.linear1(x)))))


class Transformer(nn.Module):
    """Source (B, S) and target (B, L) int64 -> logits (B, L, vocabulary) of each next token.

    Sequences are padded at their ends with `marks.padding`; targets begin with `marks.start`.
    Published: width 512, hidden 2048, 8 heads, 6 layers ("base"); 1024, 4096, 16, 6 ("big").
    """

    def __init__(
        self,
        vocabulary: int,
        *,
        width: int = 512,
        hidden: int = 2048,
        heads: int = 8,
        layers: int = 6,
        dropout: float = 0.1,
        marks: Marks = Marks(),  # noqa: B008 - frozen
    ) -> None:
        super().__init__()
        for name, count in (("vocabulary", vocabulary), ("width", width), ("layers", layers)):
            expect_number(name, count, low=1)
        self.width, self.marks = width, marks
        self.embedding = nn.Embedding(vocabulary, width)
        self.encoder = nn.ModuleList(
            EncoderLayer(width, hidden, heads, dropout=dropout) for _ in range(layers)
        )
        self.decoder = nn.ModuleList(
            DecoderLayer(width, hidden, heads, dropout=dropout) for _ in range(layers)
        )
        self.dropout = nn.Dropout(dropout)
        for part in self.modules():
            if isinstance(part, nn.Linear):
                nn.init.xavier_uniform_(part.weight)
                nn.init.zeros_(part.bias)
        nn.init.normal_(self.embedding.weight, std=width**-0.5)

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        self._expect_tokens("target", target, f"{len(source)} L")
        memory, present = self.encode(source)
        x, mask = self.embed(target), causal_mask(target.shape[1], target.device)
        for layer in self.decoder:
            x = layer(x, memory, mask=mask, present=padding_mask(present))
        return F.linear(x, self.embedding.weight)

    def encode(self, source: Tensor) -> tuple[Tensor, Tensor]:
        """Source (B, S) -> memory (B, S, width), and which of its tokens exist (B, S) bool."""
        self._expect_tokens("source", source, "B S")
        present = source != self.marks.padding
        x = self.embed(source)
        for layer in self.encoder:
            x = layer(x, padding_mask(present))
        return x, present

    def _expect_tokens(self, name: str, tokens: Tensor, shape: str) -> None:
        """Tokens that are words of the vocabulary. Raises InputError.

        A GPU is not waited for, and a compiler not stopped.
        """
        expect_tensor(name, tokens, shape, dtypes="int")
        words = self.embedding.num_embeddings
        if tokens.numel() and not (tokens.is_cuda or torch.compiler.is_compiling()):
            low, high = (int(end) for end in tokens.aminmax())
            if low < 0 or high >= words:
                raise InputError(f"{name}: expected tokens 0 to {words - 1}, got {low} to {high}")

    def embed(self, tokens: Tensor, first: int = 0) -> Tensor:
        """Tokens (B, L) at positions first, first + 1, ... -> (B, L, width)."""
        places = torch.arange(first, first + tokens.shape[1], device=tokens.device)
        codes = sinusoidal(places, self.width).to(self.embedding.weight)
        return self.dropout(self.embedding(tokens) * math.sqrt(self.width) + codes)

    def begin(self, source: Tensor) -> State:
        """Source (B, S) -> the state of `step`: what exists of it, then what each layer keeps."""
        memory, present = self.encode(source)
        return [present, *(part for layer in self._layers() for part in layer.begin(memory))]

    def step(self, token: Tensor, state: State) -> tuple[Tensor, State]:
        """The newest token (N,) -> log probabilities of the next one (N, vocabulary), new state.

        Equal to the last row of `forward`, but nothing of the past is computed again.
        """
        present, *kept = state
        x = self.embed(token[:, None], first=kept[0].shape[2])
        after = [present]
        for index, layer in enumerate(self._layers()):
            x, now = layer.step(x, kept[4 * index : 4 * index + 4], padding_mask(present))
            after.extend(now)
        logits = F.linear(x[:, 0], self.embedding.weight)
        return logits.log_softmax(-1), after

    def _layers(self) -> Iterator[DecoderLayer]:
        for layer in self.decoder:
            assert isinstance(layer, DecoderLayer)
            yield layer

    @torch.no_grad()
    def generate(
        self, source: Tensor, *, longest: int, beams: int = 1, penalty: float = 0.6
    ) -> Tensor:
        """Source (B, S) -> the likeliest target found (B, L), without the start mark.

        beams: hypotheses kept (1: greedy; published: 4); penalty: of length (see `beam_search`).
        """
        if longest < 1 or beams < 1:
            raise InputError(f"longest, beams: expected at least 1, got {longest} and {beams}")
        state = self.begin(source)
        if beams == 1:
            return greedy(self.step, state, self.marks, longest=longest)
        found, _ = beam_search(
            self.step, state, self.marks, longest=longest, beams=beams, penalty=penalty
        )
        return found[:, 0]


def transformer_base(vocabulary: int) -> Transformer:
    """The base model of the paper: 63 M parameters at its vocabulary of 37,000."""
    return Transformer(vocabulary)


def transformer_big(vocabulary: int) -> Transformer:
    """The big model of the paper: 214 M parameters at its vocabulary of 37,000."""
    return Transformer(vocabulary, width=1024, hidden=4096, heads=16, dropout=0.3)


def noam(step: int, width: int, warmup: int = 4000) -> float:
    """Learning rate of step 1, 2, ... (eq. 3): linear warm-up, then 1 / sqrt(step)."""
    return width**-0.5 * min(step**-0.5, step * warmup**-1.5)
