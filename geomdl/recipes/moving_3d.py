"""A sparse U-Net labels moving rooms, each frame alone.

    geomdl fit moving_3d          about 2.5 minutes on a quiet core

The twin of moving_4d: the same frames, steps and widths, kernels over space alone. Asked of each
point: does it belong to something that moves at some time of the sequence? With `--vocabulary
scannet`: to what does it belong? EXPECT is what was measured, the mean of seeds 0 to 2: the mean
IoU over all frames of rooms that were never seen.
"""

from torch import nn

from core2d.train.record import Reference
from geomdl.models.minkunet import LAYERS, MinkUNet
from geomdl.nn.on_voxels import OnVoxels
from geomdl.recipes.moving import DATA, Config, EachFrame, classes, data, loss, metrics, predict

__all__ = ["DATA", "EXPECT", "REFERENCE", "Config", "data", "loss", "metrics", "model", "predict"]

PLANES = (16, 32, 64, 64, 64, 32, 32, 32)
EXPECT = {"miou": 0.577}
REFERENCE: dict[str, Reference] = {}


def model(config: Config) -> nn.Module:
    network = MinkUNet(LAYERS[14], PLANES, classes=classes(config), width=16, stem=3)
    return EachFrame(OnVoxels(network, config.cell), config.frames)
