"""What a layer makes of examples: one vector each, their neighbours, their principal axes.

Two examples that a network holds for alike lie close to each other in the features of its deep
layers; in pixels they need not.
"""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from core2d.errors import InputError, expect_number, expect_tensor
from core2d.inspect.watch import frozen, run_to, space_of, summary
from core2d.space import Field, Kind


@torch.no_grad()
def features(
    model: nn.Module, batches: Iterable[Field], layer: str = "", kind: Kind | None = "mean"
) -> Tensor:
    """Batches of inputs (B, C, *S) -> what `layer` makes of them (N, F) float32.

    Fields are reduced over their sites by `kind`, or laid out flat with None (dense grids).
    Raises InputError where there are no inputs, or no such layer.
    """
    rows = []
    for x in batches:
        space = space_of(model, x)
        with frozen(model):
            output = run_to(model, x, layer)
        flat = isinstance(output, Tensor) and kind is None
        row = output.flatten(1) if flat else summary(space, output, kind or "mean")
        rows.append(row.float())
    if not rows:
        raise InputError("batches: expected at least one input, got none")
    return torch.cat(rows)


def nearest(
    queries: Tensor, bank: Tensor, count: int, *, chunk: int = 512
) -> tuple[Tensor, Tensor]:
    """Queries (M, F), bank (N, F) -> distances (M, K) and rows (M, K) of the bank, nearest first.

    Euclidean; of equal ones the lower row. `chunk` queries at a time. Raises InputError.
    """
    expect_tensor("queries", queries, "M F", dtypes="float", finite=True)
    expect_tensor("bank", bank, f"N {queries.shape[1]}", dtypes="float", finite=True)
    if not 1 <= count <= len(bank):
        raise InputError(f"count: expected 1 to {len(bank)}, got {count}")
    expect_number("chunk", chunk, low=1)
    distances, rows = [], []
    for part in queries.split(chunk):
        table = torch.cdist(part, bank, compute_mode="donot_use_mm_for_euclid_dist")
        value, row = table.sort(dim=1, stable=True)
        distances.append(value[:, :count])
        rows.append(row[:, :count])
    return torch.cat(distances), torch.cat(rows)


def principal(x: Tensor, count: int = 2) -> tuple[Tensor, Tensor]:
    """Points (N, F) -> coordinates (N, count) along the axes of largest variance, and its shares.

    The axes are signed so that their largest entry is positive. Shares (count,) of the variance.
    """
    expect_tensor("x", x, "N F", dtypes="float", finite=True)
    if not 1 <= count <= min(x.shape):
        raise InputError(f"count: expected 1 to {min(x.shape)}, got {count}")
    centred = x - x.mean(0)
    u, s, vh = torch.linalg.svd(centred, full_matrices=False)
    sign = vh.gather(1, vh.abs().argmax(1, keepdim=True)).sign().T  # (1, min)
    shares = s.square() / s.square().sum().clamp(min=1e-30)
    return (u * s * sign)[:, :count], shares[:count]
