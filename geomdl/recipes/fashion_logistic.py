"""Logistic regression on Fashion-MNIST: one linear layer, 7,850 parameters, no augmentation.

    geomdl fit fashion_logistic          about 15 seconds on two cores

EXPECT is what is asked of the mean test accuracy over seeds 0 to 2.
"""

from dataclasses import dataclass

from torch import nn

from core2d.models.linear import LinearScore
from core2d.train.recipe import Data
from core2d.train.record import Reference
from core2d.train.settings import Train
from geomdl.recipes.classification import loss, metrics, predict
from scenes.datasets.mnist import fashion_mnist

__all__ = ["DATA", "EXPECT", "REFERENCE", "Config", "data", "loss", "metrics", "model", "predict"]

EXPECT = {"accuracy": 0.84}
REFERENCE = {"accuracy": Reference(0.842, "Xiao et al. 2017, table 3: LogisticRegression")}
DATA = "Fashion-MNIST"


@dataclass(frozen=True)
class Config:
    """validation: pictures of the training set that are set aside."""

    train: Train = Train(
        epochs=20, batch=256, rate=2e-3, optimiser="adamw", decay=0.01, schedule="cosine"
    )
    validation: int = 5000


def data(config: Config) -> Data:
    return fashion_mnist(validation=config.validation)


def model(config: Config) -> nn.Module:
    return LinearScore(28 * 28)
