"""Six ways up in one U-Net, on membranes of nerve cells: what the decoder's upsampling changes.

    geomdl fit membrane_upsampling --up linear                          one of them
    python -m geomdl.recipes.membrane_upsampling --seeds 0 1 2 --record all, side by side

The network and its data are `membrane_unet`'s, trained for 1.5 passes; what doubles the extent in
the decoder differs: nearest and linear interpolation followed by a convolution, bed of nails
(one cell of each block, a convolution fills the rest), max-unpooling (the cell that held the
encoder's maximum), transposed convolution and pixel shuffle.
The figures are miou_<way> on the test slices. EXPECT is what transposed convolutions, the default,
gave over three seeds.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from torch import nn

from core2d.layers.conv import ConvTranspose
from core2d.layers.norm import BatchNorm
from core2d.layers.resample import BedOfNails, Interpolate, MaxUnpool, PixelShuffle, linear
from core2d.models.unet import UNet, Up
from core2d.train.fit import Outcome
from core2d.train.record import Reference
from core2d.train.settings import Train
from geomdl.recipes.find import find
from geomdl.recipes.membrane import DATA, data, metrics, predict
from geomdl.recipes.segmentation import loss
from geomdl.recipes.study import Study, main

__all__ = ["DATA", "EXPECT", "REFERENCE", "Config", "data", "loss", "metrics", "model", "predict"]

Way = Literal["nearest", "linear", "nails", "unpool", "transposed", "shuffle"]
WAYS: Mapping[Way, Up] = {
    "nearest": Interpolate,
    "linear": linear,
    "nails": BedOfNails,
    "unpool": MaxUnpool,
    "transposed": ConvTranspose,
    "shuffle": PixelShuffle,
}
EXPECT = {"miou": 0.785}
REFERENCE: dict[str, Reference] = {}


@dataclass(frozen=True)
class Config:
    """up: how the decoder doubles the extent. The rest as in membrane_unet."""

    train: Train = Train(
        epochs=1.5,
        batch=4,
        rate=3e-3,
        schedule="one-cycle",
        warmup=0.15,
        precision="bf16",
        channels_last=True,
    )
    up: Way = "transposed"
    width: int = 16
    crop: int = 256
    crops: int = 20
    validation: int = 3


def model(config: Config) -> nn.Module:
    return UNet(classes=2, inputs=1, width=config.width, up=WAYS[config.up], norm=BatchNorm)


def figures(outcome: Outcome) -> dict[str, float]:
    """Mean IoU on the test slices."""
    return {"miou": outcome.metrics["miou"]}


def study() -> Study:
    """One variant per way up."""
    variants: dict[str, Config] = {way: Config(up=way) for way in WAYS}
    return Study(find("membrane_upsampling"), variants, figures)


if __name__ == "__main__":
    main(study())
