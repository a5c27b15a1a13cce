"""The classifiers on scattered sites, and their forms that need a grid.

That they equal the grid where all sites are active is tested in test_any_space.py.
"""

from collections.abc import Callable

import pytest
import torch
from torch import nn

from core2d.errors import InputError
from core2d.models.alexnet import AlexNet
from core2d.models.densenet import DenseNet
from core2d.models.googlenet import GoogLeNet
from core2d.models.inception_v4 import InceptionV4
from core2d.models.lenet import LeNet, LeNet5
from core2d.models.resnet import ResNet
from core2d.models.vgg import VGG
from core2d.models.xception import Xception
from core2d.space import Space
from tests.core2d.listed_space import ListedSpace, listed
from tests.oracles.golden import fill, picture, uniform

Make = Callable[[Space | int], nn.Module]
ANYWHERE: dict[str, tuple[Make, int]] = {  # the network, and an extent
    "lenet": (lambda s: LeNet((3, 4, 5, 6), classes=4, inputs=2, padding="same", space=s), 8),
    "vgg": (lambda s: VGG((1,) * 5, classes=4, inputs=2, width=3, hidden=0, space=s), 32),
    "densenet": (lambda s: DenseNet((2, 1, 1), classes=4, inputs=2, growth=3, space=s), 16),
    "googlenet": (
        lambda s: GoogLeNet(
            classes=4, inputs=2, width=4, small=True, aux=False, ceil=False, space=s
        ), 4,
    ),
    "xception": (
        lambda s: Xception(
            (2, 3, 4, 4, 5, 6, 6, 7), classes=4, inputs=2, middle=1, padding="same", space=s
        ), 32,
    ),
    "inception_v4": (
        lambda s: InceptionV4(
            (1, 1, 1), classes=4, inputs=2, width=1, padding="same", dropout=0.0, space=s
        ), 32,
    ),
}  # fmt: skip
GRIDS_ONLY: dict[str, Make] = {
    "lenet": lambda s: LeNet(inputs=2, space=s),
    "lenet5": lambda s: LeNet5(space=s),
    "alexnet": lambda s: AlexNet(inputs=2, hidden=4, space=s),
    "vgg": lambda s: VGG((1,) * 5, inputs=2, width=2, hidden=4, space=s),
    "googlenet": lambda s: GoogLeNet(inputs=2, width=2, small=True, space=s),
    "auxiliary heads": lambda s: GoogLeNet(inputs=2, width=2, small=True, ceil=False, space=s),
    "xception": lambda s: Xception((2,) * 8, inputs=2, middle=1, space=s),
    "inception_v4": lambda s: InceptionV4((1, 1, 1), inputs=2, width=1, space=s),
}


@pytest.mark.parametrize("name", ANYWHERE)
def test_reads_scattered_sites(name: str) -> None:
    """Sites far apart do not see each other; what is at none of them does not exist."""
    make, extent = ANYWHERE[name]
    net = fill(make(ListedSpace(3)))
    x = picture(1, 2, *(extent,) * 3)
    active = uniform("active", (1, *(extent,) * 3)) < 12 / extent**3
    field = listed(x, active)
    assert 2 < len(field.values) < 40
    with torch.no_grad():
        elsewhere = listed(x + 100 * ~active[:, None], active)
        assert torch.equal(net(field), net(elsewhere))
        assert not torch.allclose(net(field), net(field.on(-field.values)))


@pytest.mark.parametrize("name", GRIDS_ONLY)
def test_forms_that_need_a_grid_say_so(name: str) -> None:
    net = GRIDS_ONLY[name](ListedSpace(2)).train()
    channels = 1 if name == "lenet5" else 2
    with pytest.raises(InputError, match="exists on Dense alone, got ListedSpace"):
        net(listed(picture(1, channels, 32, 32)))


def test_as_many_sizes_as_there_are_stages():
    for make, said in (
        (lambda: LeNet((4, 8)), "widths: expected 4 whole numbers"),
        (lambda: ResNet((1, 1, 1)), "blocks: expected 4 whole numbers"),
        (lambda: ResNet((1, 0, 1, 1), width=4), "blocks: expected 4 whole numbers >= 1"),
        (lambda: InceptionV4((1, 1)), "blocks: expected 3 whole numbers >= 0"),
        (lambda: Xception((4, 8)), "widths: expected 8 whole numbers"),
        (lambda: VGG(width=0), "outputs: expected at least 1, got 0"),
    ):
        with pytest.raises(InputError, match=said):
            make()
