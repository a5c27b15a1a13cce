"""Writing sequences token by token: greedy, and beam search with a penalty for length.

What writes is a function step(token (N,), state) -> (log probabilities (N, V), state), where state
is a list of tensors (N, ...): a Transformer, a recurrent network, a table of the tests.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor

State: TypeAlias = list[Tensor]
Step: TypeAlias = Callable[[Tensor, State], tuple[Tensor, State]]


@dataclass(frozen=True)
class Marks:
    """Tokens that are no words: after the end, before the start, at the end."""

    padding: int = 0
    start: int = 1
    end: int = 2


def greedy(step: Step, state: State, marks: Marks, *, longest: int) -> Tensor:
    """The likeliest token at each place (N, L), L <= longest; after the end, padding."""
    token = torch.full((len(state[0]),), marks.start, device=state[0].device)
    done = torch.zeros_like(token, dtype=torch.bool)
    tokens: list[Tensor] = []
    while len(tokens) < longest and not bool(done.all()):
        scores, state = step(token, state)
        token = torch.where(done, marks.padding, scores.argmax(-1))
        done = done | (token == marks.end)
        tokens.append(token)
    return torch.stack(tokens, 1)


def beam_search(
    step: Step,
    state: State,
    marks: Marks,
    *,
    longest: int,
    beams: int = 4,
    penalty: float = 0.6,
) -> tuple[Tensor, Tensor]:
    """The likeliest sequences found (B, beams, L) and their scores (B, beams), best first.

    Score: log probability / ((5 + length) / 6)^penalty, the end mark counted (Wu et al. 2016,
    eq. 14). A sequence of `longest` tokens counts as it stands, ended or not. Rows that were not
    found (score -inf) are padding.
    """
    batch, device = len(state[0]), state[0].device
    state = [part.repeat_interleave(beams, 0) for part in state]
    live = torch.full((batch, beams), -math.inf, device=device)
    live[:, 0] = 0  # all beams begin alike: only one may speak
    tokens = torch.full((batch, beams, longest), marks.padding, device=device)
    token = torch.full((batch * beams,), marks.start, device=device)
    found, best = tokens.clone(), torch.full_like(live, -math.inf)
    for length in range(1, longest + 1):
        scores, state = step(token, state)
        totals = (live[..., None] + scores.view(batch, beams, -1)).flatten(1)
        # Twice as many as beams: at most one end mark per beam, so enough go on.
        totals, picks = totals.topk(min(2 * beams, totals.shape[1]))
        parents, words = picks // scores.shape[-1], picks % scores.shape[-1]
        tokens = _rows(tokens, parents)
        tokens[..., length - 1] = words
        done = (
            (words == marks.end) if length < longest else torch.ones_like(words, dtype=torch.bool)
        )
        ended = (totals / ((5 + length) / 6) ** penalty).masked_fill(~done, -math.inf)
        best, order = torch.cat([best, ended], 1).topk(beams)
        found = _rows(torch.cat([found, tokens], 1), order)
        live, order = totals.masked_fill(done, -math.inf).topk(beams)
        bound = live[:, 0] / ((5 + longest) / 6) ** penalty  # log probabilities only fall
        if bool((bound <= best[:, -1]).all()):
            break
        tokens, words = _rows(tokens, order), words.gather(1, order)
        parents = parents.gather(1, order) + torch.arange(batch, device=device)[:, None] * beams
        state = [part[parents.flatten()] for part in state]
        token = words.flatten()
    found = found.masked_fill(best.isneginf()[..., None], marks.padding)
    return found[..., :length], best


def _rows(x: Tensor, index: Tensor) -> Tensor:
    """Sequences (B, K, L), indices (B, J) -> (B, J, L)."""
    return x.gather(1, index[..., None].expand(-1, -1, x.shape[2]))
