"""What the recipes of classification share, against numpy on every picture."""

import numpy as np
import pytest
import torch
from torch import Generator, Tensor, nn

from core2d.train.augment import mixup
from geomdl.recipes import classification as c
from tests.geomdl.recipes.memory import Noise


class Pixels(nn.Module):
    """Scores are the first ten numbers of the picture, in bfloat16 as under autocast."""

    def forward(self, x: Tensor) -> Tensor:
        return x.flatten(1)[:, :10].to(torch.bfloat16)


def log_softmax(scores: np.ndarray) -> np.ndarray:
    return scores - np.log(np.exp(scores).sum(1, keepdims=True))


def test_metrics_are_of_the_set_though_the_last_batch_is_smaller() -> None:
    examples = Noise(1203, 1, 4)
    scores = Pixels()(examples.image).double().numpy()
    label = examples.label.numpy()
    found = c.metrics(Pixels(), examples)
    assert found["accuracy"] == pytest.approx((scores.argmax(1) == label).mean())
    wanted = -log_softmax(scores)[np.arange(1203), label].mean()
    assert found["loss"] == pytest.approx(wanted, rel=1e-5)


def test_loss_is_the_mean_cross_entropy_and_of_mixed_pictures_that_of_both_labels() -> None:
    batch = Noise(30, 1, 4).batch(torch.arange(30))
    g = Generator().manual_seed(0)
    log_p = log_softmax(Pixels()(batch["image"]).double().numpy())
    plain = -log_p[np.arange(30), batch["label"].numpy()].mean()
    assert float(c.loss(Pixels(), batch, 0, g)) == pytest.approx(plain, rel=0.01)
    mixed = mixup(batch, g, alpha=1.0)
    log_p = log_softmax(Pixels()(mixed["image"]).double().numpy())
    share = mixed["share"].numpy()
    own, other = (log_p[np.arange(30), mixed[name].numpy()] for name in ("label", "other"))
    wanted = -(share * own + (1 - share) * other).mean()
    assert float(c.loss(Pixels(), mixed, 0, g)) == pytest.approx(wanted, rel=1e-4)


def test_predictions_are_probabilities() -> None:
    p = c.predict(Pixels(), Noise(7, 1, 4).image)
    assert p.dtype == torch.float32
    assert torch.allclose(p.sum(1), torch.ones(7))
