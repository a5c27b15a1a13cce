"""Do deep plain networks train worse than shallow ones, and residual ones not? CIFAR-10.

    geomdl fit cifar_degradation --depth 56 --plain                     one of the four
    python -m geomdl.recipes.cifar_degradation --seeds 0 1 2 --record   all, side by side

He et al. 2016, figure 6: with 16 to 64 channels and 182 passes the plain network of 56 layers ends
with a larger *training* error than that of 20 layers, while with shortcuts the deeper one is
better. Here with half the channels and few passes. Figures: train_loss_<net>, the mean loss of the
last pass, and accuracy_<net> on the test set, net = plain20, plain56, residual20, residual56;
degradation_plain and degradation_residual are the training loss of 56 layers minus that of 20:
above 0 means that depth made training worse. EXPECT is the test accuracy of residual20, the
default, over three seeds.
"""

from dataclasses import dataclass

from torch import nn

from core2d.models.cifar_resnet import CifarResNet
from core2d.train.fit import Outcome
from core2d.train.record import Reference
from core2d.train.settings import Train
from geomdl.recipes.cifar import DATA, data
from geomdl.recipes.classification import loss, metrics, predict
from geomdl.recipes.find import find
from geomdl.recipes.study import Figures, Study, main

__all__ = ["DATA", "EXPECT", "REFERENCE", "Config", "data", "loss", "metrics", "model", "predict"]

EXPECT = {"accuracy": 0.59}
PAPER = "He et al. 2016, table 6: 16 channels, 182 passes, the original pictures"
REFERENCE = {
    "accuracy_residual20": Reference(0.9125, PAPER),
    "accuracy_residual56": Reference(0.9303, PAPER),
}


@dataclass(frozen=True)
class Config:
    """depth: 6n+2 layers. plain: no shortcuts. width: channels of the first stage."""

    train: Train = Train(
        epochs=2,
        batch=128,
        rate=0.1,
        optimiser="sgd",
        decay=1e-4,
        schedule="one-cycle",
        warmup=0.2,
        precision="bf16",
        channels_last=True,
    )
    depth: int = 20
    plain: bool = False
    width: int = 8
    validation: int = 5000


def model(config: Config) -> nn.Module:
    return CifarResNet(config.depth, width=config.width, residual=not config.plain)


def figures(outcome: Outcome) -> dict[str, float]:
    """The last pass's training loss, and the accuracy on the test set."""
    return {
        "train_loss": outcome.log[-1]["train/loss"],
        "accuracy": outcome.metrics["accuracy"],
    }


def conclude(found: Figures) -> Figures:
    """What 36 more layers add to the training loss, per seed."""
    return {
        f"degradation_{kind}": [
            deep - shallow
            for deep, shallow in zip(
                found[f"train_loss_{kind}56"], found[f"train_loss_{kind}20"], strict=True
            )
        ]
        for kind in ("plain", "residual")
    }


def study() -> Study:
    """The four networks."""
    variants = {
        f"{'plain' if plain else 'residual'}{depth}": Config(depth=depth, plain=plain)
        for plain in (True, False)
        for depth in (20, 56)
    }
    return Study(find("cifar_degradation"), variants, figures, conclude)


if __name__ == "__main__":
    main(study())
