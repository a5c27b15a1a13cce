"""T-Net: the network in PointNet that predicts a transform of its input, and its penalty."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from core2d.offsets import slices_of
from geomdl.nn.shared_mlp import SharedMLP


class TNet(nn.Module):
    """Rows (N, C) of items by offsets (B+1,) -> a matrix for each item (B, C, C).

    The identity plus what a small PointNet adds, at first nothing. Qi et al. 2017, "PointNet",
    section 4.2 and supplement C; widths of the shared layers and of those behind the maximum.
    """

    def __init__(
        self,
        channels: int,
        *,
        widths: Sequence[int] = (64, 128, 1024),
        hidden: Sequence[int] = (512, 256),
    ) -> None:
        super().__init__()
        self.channels = channels
        self.shared = SharedMLP((channels, *widths))
        self.hidden = SharedMLP((widths[-1], *hidden))
        self.final = nn.Linear(hidden[-1], channels * channels)
        nn.init.zeros_(self.final.weight)
        nn.init.zeros_(self.final.bias)

    def forward(self, x: Tensor, offsets: Tensor) -> Tensor:
        found = self.final(self.hidden(self.shared.pooled(x, offsets)))
        identity = torch.eye(self.channels, dtype=found.dtype, device=found.device)
        return found.view(-1, self.channels, self.channels) + identity


def transformed(x: Tensor, offsets: Tensor, matrix: Tensor) -> Tensor:
    """Rows (N, C), offsets (B+1,), matrices (B, C, C) -> rows times the matrix of their item."""
    return torch.cat([x[rows] @ m for rows, m in zip(slices_of(offsets), matrix, strict=True)])


def orthogonality(matrix: Tensor) -> Tensor:
    """Matrices (B, C, C) -> the mean over B of |I - A A^T|^2, squared Frobenius norm.

    Qi et al. 2017, "PointNet", equation 2; their loss has 0.001 of it.

    >>> orthogonality(2 * torch.eye(3)[None])
    tensor(27.)
    """
    identity = torch.eye(matrix.shape[-1], dtype=matrix.dtype, device=matrix.device)
    return (identity - matrix @ matrix.mT).square().sum((1, 2)).mean()
