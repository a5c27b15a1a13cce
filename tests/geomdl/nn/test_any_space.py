"""One definition, every space: core2d's networks on sparse voxels, unchanged.

Equal to Dense where all sites are active, and to the toy space of core2d's tests on random sites,
values and gradients.
"""

from functools import partial

import pytest
import torch

from core2d.layers.conv import ConvTranspose
from core2d.layers.norm import GroupNorm
from core2d.layers.resample import BedOfNails, Interpolate, MaxUnpool, PixelShuffle, linear
from core2d.models.deeplabv3 import DeepLabV3
from core2d.models.densenet import DenseNet
from core2d.models.fcn import FCN
from core2d.models.googlenet import GoogLeNet
from core2d.models.lenet import LeNet
from core2d.models.resnet import ResNet
from core2d.models.segnet import SegNet
from core2d.models.unet import UNet
from core2d.models.vgg import VGG
from core2d.models.vit import ViT
from core2d.models.xception import Xception
from core2d.space import Dense
from geomdl.nn.sparse_field import SparseField, from_dense, to_dense
from geomdl.nn.sparse_space import SparseSpace
from tests.core2d.listed_space import Listed, ListedSpace, listed
from tests.geomdl.nn.scattered import close, grid, mask

norm = partial(GroupNorm, groups=2)
WAYS = {
    "nearest": Interpolate,
    "linear": linear,
    "bed of nails": BedOfNails,
    "max unpooling": MaxUnpool,
    "transposed": ConvTranspose,
    "pixel shuffle": PixelShuffle,
}


def deeplab(space):
    backbone = ResNet((1, 1, 1, 1), bottleneck=True, width=4, dilate=2, space=space)
    return DeepLabV3(backbone, classes=3, channels=4, rates=(1, 2, 3))


NETWORKS = {
    "resnet": lambda s: ResNet((1, 1, 1, 1), width=4, classes=3, space=s),
    "lenet": lambda s: LeNet((2, 3, 4, 5), inputs=3, padding="same", space=s),
    "vgg": lambda s: VGG((1,) * 5, norm=True, width=4, classes=3, hidden=0, space=s),
    "googlenet": lambda s: GoogLeNet(width=8, classes=3, aux=False, ceil=False, space=s),
    "xception": lambda s: Xception(
        (4, 4, 6, 6, 6, 8, 8, 8), middle=1, classes=3, padding="same", space=s
    ),
    "densenet": lambda s: DenseNet((1, 2, 1), growth=4, classes=3, space=s),
    "fcn": lambda s: FCN(classes=3, width=4, hidden=8, norm=True, space=s),
    "segnet": lambda s: SegNet((1, 1, 1, 1, 1), classes=3, width=4, space=s),
    "deeplab": deeplab,
    "vit": lambda s: ViT(32, 4, width=12, layers=2, heads=2, classes=3, space=s),
}


def trained(model):
    return [value for value in model.parameters() if value.requires_grad]


def nowhere_zero(model):
    """Zeros at the start would hide what stands behind them."""
    for value in model.parameters():
        if not value.any():
            torch.nn.init.normal_(value, std=0.1)
    return model.double().eval()


def equals_dense(make, extent, rule="parent"):
    axes = len(extent)
    torch.manual_seed(0)
    first, second = (nowhere_zero(make(s)) for s in (Dense(axes), SparseSpace(axes, rule)))
    second.load_state_dict(first.state_dict())
    x = grid(2, 3, *extent)
    whole, sites = x.clone().requires_grad_(), x.clone().requires_grad_()
    y, z = first(whole), second(from_dense(sites))
    z = to_dense(z) if isinstance(z, SparseField) else z
    torch.testing.assert_close(y, z)
    g = torch.randn_like(y)
    ours = torch.autograd.grad(y, [whole, *trained(first)], g)
    theirs = torch.autograd.grad(z, [sites, *trained(second)], g)
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b)
    assert float(theirs[0].abs().sum()) > 0


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_equal_the_grid_where_all_sites_are_active(name):
    equals_dense(NETWORKS[name], (32,))
    if name in ("resnet", "segnet"):
        equals_dense(NETWORKS[name], (32, 32))


@pytest.mark.parametrize("up", WAYS.values(), ids=WAYS)
def test_unet_with_every_way_up_equals_the_grid(up):
    equals_dense(lambda s: UNet(classes=2, inputs=3, width=4, depth=2, up=up, space=s), (8, 8))


def test_unet_in_three_dimensions_equals_the_grid():
    equals_dense(
        lambda s: UNet(classes=2, inputs=3, width=4, depth=2, norm=norm, space=s), (8,) * 3
    )


@pytest.mark.parametrize("rule", ["reach", "dilate"])
def test_other_rules_equal_the_grid_too(rule):
    """With an extent, sites that a kernel touches end where the grid does."""
    equals_dense(NETWORKS["resnet"], (32, 32), rule)


@pytest.mark.parametrize(
    ("make", "extent", "share"),
    [
        (NETWORKS["resnet"], (32, 32), 0.1),
        (lambda s: UNet(classes=2, inputs=3, width=4, depth=2, norm=norm, space=s), (8,) * 3, 0.2),
        (NETWORKS["fcn"], (32, 32), 0.1),
        (NETWORKS["segnet"], (32, 32), 0.1),
    ],
    ids=["resnet", "unet", "fcn", "segnet"],
)
def test_networks_equal_the_toy_space_on_random_sites(make, extent, share):
    axes = len(extent)
    torch.manual_seed(1)
    first, second = (nowhere_zero(make(s)) for s in (ListedSpace(axes), SparseSpace(axes)))
    second.load_state_dict(first.state_dict())
    x, active = grid(2, 3, *extent), mask(share, 2, *extent)
    one, two = x.clone().requires_grad_(), x.clone().requires_grad_()
    toy, ours = first(listed(one, active)), second(from_dense(two, active))
    if isinstance(toy, Listed):
        close(ours, toy)
        toy, ours = toy.values.square().sum(), ours.values.square().sum()
    torch.testing.assert_close(ours, toy)
    wanted = torch.autograd.grad(toy.square().sum(), [one, *trained(first)])
    found = torch.autograd.grad(ours.square().sum(), [two, *trained(second)])
    for a, b in zip(found, wanted, strict=True):
        torch.testing.assert_close(a, b)
