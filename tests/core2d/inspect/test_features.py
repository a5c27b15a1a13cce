"""Features, their neighbours and their axes against loops and known answers."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from core2d.errors import InputError
from core2d.inspect.features import features, nearest, principal
from core2d.models.cifar_resnet import CifarResNet


def test_features_of_a_field_of_flat_fields_and_of_logits():
    torch.manual_seed(0)
    model, x = CifarResNet(8, width=4).eval(), torch.randn(7, 3, 8, 8)
    with torch.no_grad():
        field = model.layer1(F.relu(model.bn1(model.conv1(x))))
    torch.testing.assert_close(features(model, x.split(3), "layer1"), field.mean((2, 3)))
    torch.testing.assert_close(features(model, x.split(3), "layer1", "max"), field.amax((2, 3)))
    torch.testing.assert_close(features(model, x.split(3), "layer1", None), field.flatten(1))
    torch.testing.assert_close(features(model, x.split(3)), model(x).detach())
    with pytest.raises(InputError, match="batches"):
        features(model, [])


def test_the_nearest_are_those_of_a_loop():
    generator = np.random.default_rng(0)
    queries, bank = generator.normal(size=(9, 5)), generator.normal(size=(20, 5))
    distance, row = nearest(torch.tensor(queries), torch.tensor(bank), 4, chunk=2)
    for q, want_d, want_r in zip(queries, distance, row, strict=True):
        lengths = [float(np.sqrt(((q - b) ** 2).sum())) for b in bank]
        order = sorted(range(20), key=lambda i: lengths[i])[:4]
        assert want_r.tolist() == order
        np.testing.assert_allclose(want_d, [lengths[i] for i in order])


def test_a_point_of_the_bank_finds_itself_and_ties_go_to_the_lower_row():
    bank = torch.tensor([[0.0, 0], [1, 0], [0, 1], [1, 0]])
    distance, row = nearest(bank, bank, 3)
    assert row.tolist() == [[0, 1, 2], [1, 3, 0], [2, 0, 1], [1, 3, 0]]
    assert distance[:, 0].tolist() == [0, 0, 0, 0]
    with pytest.raises(InputError, match="count: expected 1 to 4, got 5"):
        nearest(bank, bank, 5)
    with pytest.raises(InputError, match="bank"):
        nearest(bank, torch.zeros(3, 3), 1)


def test_principal_axes_of_a_stretched_cloud():
    generator = torch.Generator().manual_seed(0)
    flat = torch.randn(500, 3, generator=generator) * torch.tensor([5.0, 2, 0])
    turn, _ = torch.linalg.qr(torch.randn(3, 3, generator=generator))
    coordinates, shares = principal(flat @ turn + 7)
    centred = flat - flat.mean(0)
    values = torch.linalg.eigvalsh(centred.T @ centred).flip(0)
    torch.testing.assert_close(shares, values[:2] / values.sum(), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(coordinates.square().sum(0), values[:2], rtol=1e-4, atol=1e-3)
    gram = coordinates @ coordinates.T  # two axes hold all of it
    torch.testing.assert_close(gram, centred @ centred.T, rtol=1e-3, atol=1e-2)
    with pytest.raises(InputError, match="count"):
        principal(flat, 4)
