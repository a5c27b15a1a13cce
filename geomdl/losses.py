"""Losses of networks on shapes. Each is its formula, a mean over examples."""

import torch
import torch.nn.functional as F
from torch import Tensor

from geomdl.errors import GeometryError, describe, expect_number, expect_tensor


def hardest_contrastive(
    features: tuple[Tensor, Tensor],
    places: tuple[Tensor, Tensor],
    pairs: Tensor,
    pools: tuple[Tensor, Tensor],
    *,
    safe: float,
    positive: float = 0.1,
    negative: float = 1.4,
    weight: float = 0.5,
) -> Tensor:
    """Descriptors of two scans (N, C), (M, C) -> matches near each other, all others far apart.

    Choy, Park and Koltun 2019, "Fully convolutional geometric features", eq. 4, the hardest-
    contrastive loss: the mean over the matches `pairs` (P, 2) of

        [d(f_i, g_j) - positive]+^2 + weight ([negative - min_k d(f_i, g_k)]+^2
                                              + [negative - min_k d(g_j, f_k)]+^2)

    where k are the candidates `pools`, rows (K,) of the one and (L,) of the other scan, that lie
    more than `safe` from the match's own partner. places (N, 3), (M, 3): both scans in one frame,
    in the unit of `safe`. A match without such candidates has no negative. 0 for no matches.
    Raises GeometryError.
    """
    _expect_matches(features, places, pairs, safe)
    first, second = features
    if not len(pairs):
        return (first.sum() + second.sum()) * 0
    i, j = pairs.unbind(1)
    own, partner = first[i], second[j]
    together = F.relu(_length(own - partner) - positive).square().mean()
    apart = [
        _pushed(own, places[0][i], second[pools[1]], places[1][pools[1]], safe, negative),
        _pushed(partner, places[1][j], first[pools[0]], places[0][pools[0]], safe, negative),
    ]
    return together + weight * (apart[0] + apart[1])


def info_nce(
    features: tuple[Tensor, Tensor],
    places: tuple[Tensor, Tensor],
    pairs: Tensor,
    pools: tuple[Tensor, Tensor],
    *,
    safe: float,
    temperature: float = 0.07,
) -> Tensor:
    """Descriptors of length 1 of two scans (N, C), (M, C) -> each match found among candidates.

    Xie et al. 2020, "PointContrast", eq. 2, after van den Oord et al. 2018: with t the
    temperature, the mean over the matches `pairs` (P, 2) of

        -log exp(f_i . g_j / t) / (exp(f_i . g_j / t) + sum_k exp(f_i . g_k / t))

    and of the same from g_j's side, halved. k are as in `hardest_contrastive`, whose arguments
    these are: all of them push, where only the hardest does there, which learns from fewer steps.
    In the paper k are the other matches. 0 for no matches. Raises GeometryError.
    """
    _expect_matches(features, places, pairs, safe)
    expect_number("temperature", temperature, above=0)
    first, second = features
    if not len(pairs):
        return (first.sum() + second.sum()) * 0
    i, j = pairs.unbind(1)
    own, partner = first[i] / temperature, second[j] / temperature
    right = (own * second[j]).sum(1, keepdim=True)  # (P, 1)
    total = first.new_zeros(())
    for mine, place, others, around in (
        (own, places[0][i], second[pools[1]], places[1][pools[1]]),
        (partner, places[1][j], first[pools[0]], places[0][pools[0]]),
    ):
        near = torch.cdist(place, around.to(place)) <= safe
        wrong = (mine @ others.T).masked_fill(near, float("-inf"))  # (P, K)
        total = total + (torch.cat([right, wrong], 1).logsumexp(1) - right[:, 0]).mean()
    return total / 2


def _expect_matches(
    features: tuple[Tensor, Tensor], places: tuple[Tensor, Tensor], pairs: Tensor, safe: float
) -> None:
    first, second = features
    expect_tensor("features", first, "N C", dtypes="float")
    expect_tensor("features", second, f"M {first.shape[1]}", dtypes=(first.dtype,), like=first)
    for value, place in zip(features, places, strict=True):
        expect_tensor("places", place, f"{len(value)} D", dtypes="float", like=first)
    if pairs.ndim != 2 or pairs.shape[1] != 2 or pairs.dtype != torch.int64:
        raise GeometryError(f"pairs: expected int64 (P, 2), got {describe(pairs)}")
    expect_number("safe", safe, low=0)


def _pushed(
    own: Tensor, place: Tensor, others: Tensor, places: Tensor, safe: float, margin: float
) -> Tensor:
    """Descriptors (P, C) and candidates (K, C) -> mean of [margin - distance of the nearest]+^2."""
    if not len(others):
        return own.sum() * 0
    with torch.no_grad():
        gaps = torch.cdist(own, others)
        gaps = gaps.masked_fill(torch.cdist(place, places.to(place)) <= safe, float("inf"))
        gap, nearest = gaps.min(1)
        there = torch.isfinite(gap)
    if not bool(there.any()):
        return own.sum() * 0
    # The distance is computed again, of the nearest alone: nothing of (P, K) is kept for later.
    found = _length(own[there] - others[nearest[there]])
    return F.relu(margin - found).square().mean()


def _length(difference: Tensor) -> Tensor:
    """Lengths (P,) whose gradient at 0 is 0."""
    square = difference.square().sum(1)
    return torch.where(square > 0, torch.where(square > 0, square, 1.0).sqrt(), 0.0)
