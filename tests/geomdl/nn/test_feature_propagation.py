"""Interpolation against loops; values that are linear by distance come back."""

import numpy as np
import pytest
import torch

from geomdl.nn.feature_propagation import FeaturePropagation, inverse_distance
from tests.geomdl.nn.clouds import batch, filled, items, numpy_layers
from tests.oracles import point_layers_oracle as oracle

POINTS, OFFSETS, VALUES = batch(9, 2, channels=4)
QUERIES, QUERY_OFFSETS, SKIP = batch(15, 12, channels=3)


@pytest.mark.parametrize("power", [1, 2])
def test_equals_loops(power: int) -> None:
    found = inverse_distance(
        VALUES, POINTS, QUERIES, offsets=OFFSETS, query_offsets=QUERY_OFFSETS, power=power
    )
    truth = [
        oracle.inverse_distance(VALUES[rows].numpy(), POINTS[rows].numpy(), q, 3, power)
        for rows, asked in zip(items(OFFSETS), items(QUERY_OFFSETS), strict=True)
        for q in QUERIES[asked].numpy()
    ]
    np.testing.assert_allclose(found.numpy(), np.stack(truth), atol=1e-12)


def test_a_point_gives_its_own_value_and_a_constant_stays() -> None:
    both = {"offsets": OFFSETS, "query_offsets": OFFSETS}
    torch.testing.assert_close(
        inverse_distance(VALUES, POINTS, POINTS, **both), VALUES, atol=1e-6, rtol=0
    )
    ones = inverse_distance(
        torch.ones(11, 1).double(), POINTS, QUERIES, offsets=OFFSETS, query_offsets=QUERY_OFFSETS
    )
    torch.testing.assert_close(ones, torch.ones(27, 1).double())


def test_layer_concatenates_behind_the_skip_connection() -> None:
    layer = filled(FeaturePropagation(7, (5, 6)))
    found = layer(VALUES, POINTS, OFFSETS, skip=SKIP, queries=QUERIES, query_offsets=QUERY_OFFSETS)
    mixed = inverse_distance(VALUES, POINTS, QUERIES, offsets=OFFSETS, query_offsets=QUERY_OFFSETS)
    rows = torch.cat([SKIP, mixed], 1).numpy()
    expected = oracle.grouped_mlp(list(rows[:, None]), numpy_layers(layer.mlp), 0.0)
    np.testing.assert_allclose(found.detach().numpy(), expected, atol=1e-8)
    whole = layer(
        VALUES[:2], None, OFFSETS, skip=SKIP, queries=QUERIES, query_offsets=QUERY_OFFSETS
    )
    spread = VALUES[:2].repeat_interleave(torch.tensor([15, 12]), 0)
    torch.testing.assert_close(whole, layer.mlp(torch.cat([SKIP, spread], 1)))


def test_gradient_reaches_values_and_skip() -> None:
    values, skip = VALUES.clone().requires_grad_(), SKIP.clone().requires_grad_()
    layer = filled(FeaturePropagation(7, (3,)))

    def call(values: torch.Tensor, skip: torch.Tensor) -> torch.Tensor:
        return layer(
            values, POINTS, OFFSETS, skip=skip, queries=QUERIES, query_offsets=QUERY_OFFSETS
        )

    assert torch.autograd.gradcheck(call, (values, skip))
