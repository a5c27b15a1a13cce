"""A sparse U-Net labels moving rooms, whole sequences in four dimensions.

    geomdl fit moving_4d          about 4.5 minutes on a quiet core

Kernels over space and time (3 x 3 x 3 x 3), halved in space alone. Its twin moving_3d sees the same
frames, each alone (Choy et al. 2019 compare them so, table 3). Asked of each point: does it belong
to something that moves at some time of the sequence? With `--vocabulary scannet`: to what does it
belong? EXPECT is what was measured, the mean of seeds 0 to 2: the mean IoU over all frames of rooms
that were never seen.
"""

from torch import nn

from core2d.train.record import Reference
from geomdl.models.minkunet import LAYERS, MinkUNet
from geomdl.nn.on_voxels import OnVoxels
from geomdl.nn.sparse_space import SparseSpace
from geomdl.recipes.moving import DATA, AllFrames, Config, classes, data, loss, metrics, predict

__all__ = ["DATA", "EXPECT", "REFERENCE", "Config", "data", "loss", "metrics", "model", "predict"]

PLANES = (16, 32, 64, 64, 64, 32, 32, 32)
EXPECT = {"miou": 0.706}
REFERENCE: dict[str, Reference] = {}


def model(config: Config) -> nn.Module:
    network = MinkUNet(
        LAYERS[14],
        PLANES,
        classes=classes(config),
        width=16,
        stem=3,
        stride=(2, 2, 2, 1),
        space=SparseSpace(4),
    )
    return AllFrames(OnVoxels(network, config.cell), config.cell)
