"""One definition, every space: networks on listed sites, equal to Dense where all are active."""

import re
from functools import partial
from pathlib import Path

import pytest
import torch

from core2d.errors import InputError
from core2d.layers.conv import ConvTranspose
from core2d.layers.norm import GroupNorm
from core2d.layers.resample import BedOfNails, Interpolate, MaxUnpool, PixelShuffle, linear
from core2d.models.cifar_resnet import CifarResNet
from core2d.models.deeplabv3 import DeepLabV3
from core2d.models.densenet import DenseNet
from core2d.models.fcn import FCN
from core2d.models.googlenet import GoogLeNet
from core2d.models.inception_v4 import InceptionV4
from core2d.models.lenet import LeNet
from core2d.models.resnet import ResNet
from core2d.models.segnet import SegNet
from core2d.models.unet import UNet
from core2d.models.vgg import VGG
from core2d.models.vit import ViT
from core2d.models.xception import Xception
from core2d.space import Dense
from tests.core2d.listed_space import Listed, ListedSpace, dense, listed

EXTENT = {1: (32,), 2: (16, 32), 3: (16, 16, 16)}
WAYS = {
    "nearest": Interpolate,
    "linear": linear,
    "bed of nails": BedOfNails,
    "max unpooling": MaxUnpool,
    "transposed": ConvTranspose,
    "pixel shuffle": PixelShuffle,
}
norm = partial(GroupNorm, groups=2)
MODELS = Path(__file__).resolve().parents[2] / "core2d" / "models"
OF_GRIDS = re.compile(
    r"\b(?:nn|F|torch)\.(?:functional\.)?(?:(?:Lazy)?Conv|conv|BatchNorm|batch_norm|"
    r"(?:Adaptive|adaptive_)?(?:Max|max_|Avg|avg_)(?:Pool|pool|Unpool|unpool)|"
    r"Upsample|interpolate|grid_sample|Pixel|pixel_|Fold|Unfold|fold|unfold)\w*"
)


def on_both(make, extent):
    """Outputs and gradients on Dense and on listed sites, with the same weights and input."""
    torch.manual_seed(0)
    axes = len(extent)
    first, second = make(Dense(axes)).double(), make(ListedSpace(axes)).double()
    second.load_state_dict(first.state_dict())
    x = torch.randn(2, 3, *extent, dtype=torch.float64)
    grid, sites = x.clone().requires_grad_(), x.clone().requires_grad_()
    y, z = first(grid), second(listed(sites))
    z = dense(z, tuple(y.shape[2:])) if isinstance(z, Listed) else z
    g = torch.randn_like(y)
    ours = torch.autograd.grad(y, [grid, *trained(first)], g)
    theirs = torch.autograd.grad(z, [sites, *trained(second)], g)
    return y, z, ours, theirs


def trained(model):
    return [value for value in model.parameters() if value.requires_grad]


def check(make, extent):
    y, z, ours, theirs = on_both(make, extent)
    torch.testing.assert_close(y, z)
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b)
    assert all(bool(g.isfinite().all()) for g in ours)
    assert float(ours[0].abs().sum()) > 0


@pytest.mark.parametrize("axes", [1, 2])
def test_resnet(axes):
    check(lambda space: ResNet((1, 1, 1, 1), width=4, classes=3, space=space), EXTENT[axes])


def test_dilated_bottleneck_resnet():
    def make(space):
        return ResNet((1, 1, 1, 2), bottleneck=True, width=4, classes=3, dilate=2, space=space)

    check(make, EXTENT[1])


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_cifar_resnet(axes):
    extent = EXTENT[axes] if axes < 3 else (8, 8, 8)
    check(lambda space: CifarResNet(8, width=4, classes=3, space=space), extent)


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_unet(axes):
    extent = EXTENT[axes] if axes < 3 else (8, 8, 8)
    check(lambda s: UNet(classes=2, inputs=3, width=4, depth=2, norm=norm, space=s), extent)


@pytest.mark.parametrize("up", WAYS.values(), ids=WAYS)
def test_unet_with_every_way_up(up):
    check(lambda s: UNet(classes=2, inputs=3, width=4, depth=2, up=up, space=s), (8, 8))


def deeplab(space):
    backbone = ResNet((1, 1, 1, 1), bottleneck=True, width=4, dilate=2, space=space)
    return DeepLabV3(backbone, classes=3, channels=4, rates=(1, 2, 3))


NETWORKS = {
    "lenet": lambda s: LeNet((2, 3, 4, 5), inputs=3, padding="same", space=s),
    "vgg": lambda s: VGG((1, 1, 1, 1, 1), width=4, classes=3, hidden=0, space=s),
    "vgg norm": lambda s: VGG((1, 1, 1, 1, 1), norm=True, width=4, classes=3, hidden=0, space=s),
    "googlenet": lambda s: GoogLeNet(width=8, classes=3, aux=False, ceil=False, space=s),
    "inception-v4": lambda s: InceptionV4((1, 1, 1), width=4, classes=3, padding="same", space=s),
    "xception": lambda s: Xception(
        (4, 4, 6, 6, 6, 8, 8, 8), middle=1, classes=3, padding="same", space=s
    ),
    "densenet": lambda s: DenseNet((1, 2, 1), growth=4, classes=3, space=s),
    "fcn": lambda s: FCN(classes=3, width=4, hidden=8, norm=True, space=s),
    "segnet": lambda s: SegNet((1, 1, 1, 1, 1), classes=3, width=4, space=s),
    "deeplab": deeplab,
    "vit": lambda s: ViT(32, 4, width=12, layers=2, heads=2, classes=3, space=s),
}


@pytest.mark.parametrize("axes", [1, 2])
@pytest.mark.parametrize("make", NETWORKS.values(), ids=NETWORKS)
def test_networks_of_the_field(make, axes):
    def evaluated(space):
        model = make(space)
        for value in model.parameters():  # zeros at the start would hide what stands behind them
            if not value.any():
                torch.nn.init.normal_(value, std=0.1)
        return model.eval()

    check(evaluated, (32,) * axes)


@pytest.mark.parametrize("share", [0.3, 0.7])
def test_unet_where_some_sites_are_missing(share):
    """Logits stand exactly where the input does, and every weight hears of the loss."""
    torch.manual_seed(1)
    active = torch.rand(2, 16, 16) < share
    x = torch.randn(2, 3, 16, 16, dtype=torch.float64)
    model = UNet(classes=2, inputs=3, width=4, norm=norm, depth=3, space=ListedSpace(2)).double()
    y = model(listed(x, active))
    assert y.sites.places == [tuple(place) for place in active.nonzero().tolist()]
    y.values.square().sum().backward()
    for name, parameter in model.named_parameters():
        assert bool(parameter.grad.isfinite().all()), name
        assert float(parameter.grad.abs().sum()) > 0, name
    # What stands at missing sites is never read.
    other = torch.where(active[:, None], x, x + 100)
    torch.testing.assert_close(model(listed(other, active)).values, y.values)


def test_what_needs_a_grid_is_refused_by_name():
    x = listed(torch.randn(1, 3, 32, 32))
    valid = UNet(classes=2, inputs=3, width=2, depth=1, valid=True, space=ListedSpace(2))
    with pytest.raises(InputError, match="padding=0 exists on Dense alone, got ListedSpace"):
        valid(x)


def test_no_model_uses_torchs_layers_of_grids():
    found = {
        (p.stem, name) for p in MODELS.glob("*.py") for name in OF_GRIDS.findall(p.read_text())
    }
    assert found == {("alexnet", "F.avg_pool1d")}  # over channels, not over sites
    for name in ("nn.Conv2d", "F.interpolate", "torch.nn.functional.max_pool2d", "F.pixel_shuffle"):
        assert OF_GRIDS.search(name)
