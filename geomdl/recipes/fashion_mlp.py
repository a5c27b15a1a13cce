"""A perceptron of two hidden layers on Fashion-MNIST: 269,322 parameters.

    geomdl fit fashion_mlp          about 45 seconds on two cores

Dropout and weight decay against overfitting; no augmentation. EXPECT is what is asked of the
mean test accuracy over seeds 0 to 2.
"""

from dataclasses import dataclass

from torch import nn

from core2d.models.mlp import MLP
from core2d.train.recipe import Data
from core2d.train.record import Reference
from core2d.train.settings import Train
from geomdl.recipes.classification import loss, metrics, predict
from scenes.datasets.mnist import fashion_mnist

__all__ = ["DATA", "EXPECT", "REFERENCE", "Config", "data", "loss", "metrics", "model", "predict"]

EXPECT = {"accuracy": 0.89}
REFERENCE = {"accuracy": Reference(0.8833, "zalandoresearch/fashion-mnist README, MLP 256-128-100")}
DATA = "Fashion-MNIST"


@dataclass(frozen=True)
class Config:
    """hidden: features of the hidden layers. dropout: share of them that is dropped in training.

    validation: pictures of the training set that are set aside.
    """

    train: Train = Train(
        epochs=20,
        batch=256,
        rate=2e-3,
        optimiser="adamw",
        decay=0.01,
        schedule="one-cycle",
        warmup=0.2,
    )
    hidden: tuple[int, ...] = (256, 256)
    dropout: float = 0.2
    validation: int = 5000


def data(config: Config) -> Data:
    return fashion_mnist(validation=config.validation)


def model(config: Config) -> nn.Module:
    return MLP((28 * 28, *config.hidden, 10), dropout=config.dropout)
