"""FCGF: a descriptor for every voxel of a scan, by one pass of a sparse residual U-Net.

Choy, Park and Koltun 2019, "Fully convolutional geometric features", figure 3: the sizes of their
code, ResUNetBN2 and its variants B to E. On any space; on sparse voxels by default.
"""

import itertools
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrize import register_parametrization

from core2d.errors import expect_choice
from core2d.layers.conv import Conv, ConvTranspose
from core2d.layers.norm import BatchNorm
from core2d.models.resnet import BasicBlock
from core2d.space import Field, Size, Space, as_space
from geomdl.errors import GeometryError
from geomdl.nn.sparse_space import SparseSpace

# name -> channels of the four levels down, and of the four up, finest first
SIZES = {
    "BN2": ((32, 64, 128, 256), (32, 64, 64, 128)),
    "BN2B": ((32, 64, 128, 256), (64, 64, 64, 64)),
    "BN2C": ((32, 64, 128, 256), (64, 64, 64, 128)),
    "BN2D": ((32, 64, 128, 256), (64, 64, 128, 128)),
    "BN2E": ((128, 128, 128, 256), (64, 128, 128, 128)),
}


class FCGF(nn.Module):
    """Field (B, inputs, *S) -> descriptors (B, outputs, *S) at the same sites, of length 1.

    down: channels of the four levels, strides 1, 2, 4 and 8; up: those on the way back, finest
    first. The input of a bare cloud is 1 at each voxel. stem: kernel of the first convolution,
    7 in the published weights of 2.5 cm voxels, 5 in those of 5 cm and of KITTI. isotropic: see
    `Isotropic`; not published, learns from far fewer scans, knows less of directions.
    """

    def __init__(
        self,
        down: Sequence[int],
        up: Sequence[int],
        *,
        inputs: int = 1,
        outputs: int = 32,
        stem: Size = 7,
        isotropic: bool = False,
        space: Space | int | None = None,
    ) -> None:
        super().__init__()
        if len(down) != 4 or len(up) != 4:
            raise GeometryError(f"down, up: expected 4 levels of each, got {down} and {up}")
        self.space = SparseSpace(3) if space is None else as_space(space)
        space = self.space
        before = (inputs, *down[:3])
        self.conv, self.norm, self.block = nn.ModuleList(), nn.ModuleList(), nn.ModuleList()
        for level, width in enumerate(down):
            kernel, stride = (stem, 1) if level == 0 else (3, 2)
            conv = Conv(space, before[level], width, kernel, stride=stride, bias=False)
            self.conv.append(conv)
            self.norm.append(BatchNorm(space, width))
            self.block.append(BasicBlock(space, width, width))
        below = (down[0] + up[1], down[1] + up[2], down[2] + up[3], down[3])
        self.conv_up, self.norm_up, self.block_up = (nn.ModuleList() for _ in range(3))
        for level in (3, 2, 1):
            width = up[level]
            self.conv_up.append(ConvTranspose(space, below[level], width, 3, stride=2, bias=False))
            self.norm_up.append(BatchNorm(space, width))
            self.block_up.append(BasicBlock(space, width, width))
        self.mix = Conv(space, below[0], up[0], 1, bias=False)
        self.head = Conv(space, up[0], outputs, 1)
        if isotropic:
            for module in list(self.modules()):
                if isinstance(module, (Conv, ConvTranspose)) and module.weight[0, 0].numel() > 1:
                    register_parametrization(module, "weight", Isotropic(module.weight))

    def forward(self, x: Field) -> Field:
        levels = []
        for conv, norm, block in zip(self.conv, self.norm, self.block, strict=True):
            x = block(norm(conv(x)))
            levels.append(x)
        levels.pop()
        for conv, norm, block in zip(self.conv_up, self.norm_up, self.block_up, strict=True):
            skip = levels.pop()
            x = self.space.concat(block(norm(conv(x, skip))), skip)
        x = self.head(self.space.map(F.relu, self.mix(x)))
        return self.space.map(lambda values: F.normalize(values, dim=1), x)


class Isotropic(nn.Module):
    """Weights (O, I, *K) -> weights that are alike wherever turns or mirrors of the lattice lead.

    A network of them gives turned voxels turned descriptors (quarter turns exactly, others as well
    as voxels can be turned), which else has to be learned. A weight is the sum of its orbit's,
    over the root of their number: so the variance stays. K: odd sizes, all alike.
    """

    share: Tensor

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        sizes = weight.shape[2:]
        if len(set(sizes)) > 1 or sizes[0] % 2 == 0:
            raise GeometryError(f"isotropic: expected odd kernels of one size, got {tuple(sizes)}")
        places = itertools.product(*(range(-(size // 2), size // 2 + 1) for size in sizes))
        orbits = [sorted(map(abs, place)) for place in places]
        alike = torch.tensor([[a == b for b in orbits] for a in orbits], dtype=weight.dtype)
        self.register_buffer("share", alike / alike.sum(1, keepdim=True).sqrt(), persistent=False)

    def forward(self, weight: Tensor) -> Tensor:
        return (weight.flatten(2) @ self.share).view_as(weight)


def fcgf(
    size: str = "BN2C",
    *,
    inputs: int = 1,
    outputs: int = 32,
    stem: Size = 7,
    isotropic: bool = False,
    space: Space | int | None = None,
) -> FCGF:
    """FCGF at a published size: BN2, BN2B, BN2C (that of the paper's results), BN2D, BN2E."""
    down, up = SIZES[expect_choice("size", size, tuple(SIZES))]
    return FCGF(
        down, up, inputs=inputs, outputs=outputs, stem=stem, isotropic=isotropic, space=space
    )
