"""The universal approximation theorem, measured.

Cybenko 1989, Hornik 1991: for s non-constant, bounded and continuous, every continuous f on the
cube [0, 1]^m and every e > 0 there are n, v_i, b_i in R and w_i in R^m with

    |g(x) - f(x)| < e for all x in [0, 1]^m,   g(x) = sum_i v_i s(w_i . x + b_i).

The theorem says that a layer wide enough exists, not how to find it. Here w and b are drawn and v
is solved for, which is enough to watch the largest error fall with the number of units:

    python -m core2d.approximation
"""

from collections.abc import Callable

import torch
from torch import Generator, Tensor

from core2d.errors import InputError

Function = Callable[[Tensor], Tensor]


def approximate(
    function: Function, units: int, *, axes: int = 1, steepness: float = 12.0, seed: int = 0
) -> Function:
    """f: points (N, axes) in [0, 1] -> values (N,), and a number of units -> g of the same shape.

    Each unit is a sigmoid whose step lies at a random place of the cube with a random slope up to
    `steepness`; the v_i minimise the squared error on a grid of about 4,000 points.
    """
    if units < 1:
        raise InputError(f"units: expected at least 1, got {units}")
    generator = Generator().manual_seed(seed)
    slopes, places = torch.rand(2, units, axes, generator=generator, dtype=torch.float64)
    w = steepness * (2 * slopes - 1)
    b = -(w * places).sum(1)

    def hidden(x: Tensor) -> Tensor:
        return torch.sigmoid(x.double() @ w.T + b)  # (N, units)

    x = lattice(axes, round(4096 ** (1 / axes)))
    v = torch.linalg.lstsq(hidden(x), function(x)[:, None], driver="gelsd").solution
    return lambda x: (hidden(x) @ v)[:, 0]


def largest_error(
    function: Function, other: Function, *, axes: int = 1, points: int = 9001
) -> float:
    """max |f - g| over a lattice of about `points`, which is not the one that was fitted."""
    x = lattice(axes, round(points ** (1 / axes)))
    return float((function(x) - other(x)).abs().max())


def lattice(axes: int, side: int) -> Tensor:
    """(side^axes, axes) points of the cube [0, 1]^axes, float64, its corners among them."""
    line = torch.linspace(0, 1, side, dtype=torch.float64)
    return torch.stack(torch.meshgrid([line] * axes, indexing="ij"), -1).flatten(0, -2)


def wave(x: Tensor) -> Tensor:
    """A continuous function with a kink: |cos(pi |x|^2)|, (N, m) -> (N,)."""
    return torch.cos(torch.pi * x.square().sum(1)).abs()


def main() -> None:
    print("units   largest error, 1 axis   2 axes")
    for units in (4, 16, 64, 256):
        errors = [
            largest_error(wave, approximate(wave, units, axes=m, steepness=30), axes=m)
            for m in (1, 2)
        ]
        print(f"{units:5d}   {errors[0]:21.4f}   {errors[1]:6.4f}")


if __name__ == "__main__":
    main()
