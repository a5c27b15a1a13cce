"""A planted patch must be found, where it was planted."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from core2d.errors import InputError
from core2d.inspect.patches import cut, top_patches
from core2d.layers.conv import Conv
from core2d.models.cifar_resnet import CifarResNet
from core2d.space import Dense


class Matched(nn.Module):
    """A filter that answers to one template, a pooling, and a mean over 3 sites."""

    def __init__(self, template: torch.Tensor) -> None:
        super().__init__()
        axes = template.ndim - 1
        self.space = Dense(axes)
        self.conv = Conv(axes, template.shape[0], 2, template.shape[1], bias=False)
        self.conv.weight.data = torch.stack([template, -template])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.space.pool(self.space.map(F.relu, self.conv(x)), 2)


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_the_planted_patch_is_found_in_its_image_at_its_place(axes):
    generator = torch.Generator().manual_seed(axes)
    template = torch.randn(2, *(5,) * axes, generator=generator)
    images = 0.1 * torch.randn(12, 2, *(16,) * axes, generator=generator)
    planted = {7: (8,) * axes, 2: tuple(range(3, 3 + axes)), 10: (0,) * axes}
    for strength, (number, place) in zip((3, 2, 1), planted.items(), strict=True):
        where = (number, slice(None), *(slice(p, p + 5) for p in place))
        images[where] = strength * template
    found = top_patches(Matched(template), images.split(5), "", channels=[0], count=3)
    assert found.image.tolist() == [[7, 2, 10]]
    patches = found.cut(lambda index: images[index])
    assert patches.shape == (1, 3, 2, *(6,) * axes)  # 5 of the filter, 1 more of the pooling
    for rank, (number, place) in enumerate(planted.items()):
        box = found.boxes()[0, rank]
        assert all(
            low <= p and p + 5 <= high for p, (low, high) in zip(place, box.tolist(), strict=True)
        )
        assert torch.equal(patches[0, rank], cut(images[number], box))
    square = template.square().sum()
    torch.testing.assert_close(found.value[0], square * torch.tensor([3.0, 2, 1]))


def test_the_order_and_the_sites_are_those_of_a_search_over_everything():
    torch.manual_seed(0)
    model, images = CifarResNet(8, width=4).eval(), torch.randn(10, 3, 16, 16)
    found = top_patches(model, images.split(4), "layer2", count=4)
    assert found.channels == tuple(range(8))
    with torch.no_grad():
        field = model.layer2(model.layer1(F.relu(model.bn1(model.conv1(images)))))
    for channel in range(8):
        maxima = [(float(field[n, channel].max()), -n) for n in range(10)]
        ranked = sorted(maxima, reverse=True)[:4]
        assert found.image[channel].tolist() == [-n for _, n in ranked]
        for rank, (value, n) in enumerate(ranked):
            y, x = found.site[channel, rank].tolist()
            torch.testing.assert_close(float(field[-n, channel, y, x]), value)


def test_the_patch_holds_all_that_the_unit_sees():
    """Changing everything beside the patch leaves the activation alone; inside, it changes it."""
    torch.manual_seed(1)
    model = CifarResNet(8, width=2).eval()
    images = torch.randn(3, 3, 64, 64)
    found = top_patches(model, [images], "layer1", channels=[1], count=1)
    (n,), (y, x) = found.image[0].tolist(), found.site[0, 0].tolist()
    (top, bottom), (left, right) = found.boxes()[0, 0].clamp(0, 64).tolist()
    outside = torch.randn(1, 3, 64, 64)
    outside[0, :, top:bottom, left:right] = images[n, :, top:bottom, left:right]

    def value(image: torch.Tensor) -> torch.Tensor:
        return model.layer1(F.relu(model.bn1(model.conv1(image))))[0, 1, y, x]

    with torch.no_grad():
        torch.testing.assert_close(value(outside), found.value[0, 0])
        assert not torch.isclose(value(torch.randn(1, 3, 64, 64)), found.value[0, 0])


def test_ties_go_to_the_earlier_image_and_site():
    images = torch.ones(6, 1, 8)
    found = top_patches(Conv(1, 1, 1, 1), images.split(2), "", count=3)
    assert found.image.tolist() == [[0, 1, 2]]
    assert found.site.flatten().tolist() == [0, 0, 0]


def test_a_layer_that_sees_everything_gives_whole_images():
    images = torch.randn(4, 3, 16, 16)
    found = top_patches(CifarResNet(20, width=2), [images], "layer3", channels=[0], count=2)
    assert found.boxes().tolist() == [[[[0, 16], [0, 16]]] * 2]
    assert torch.equal(found.cut(lambda i: images[i])[0], images[found.image[0]])


def test_cutting_pads_beyond_the_border():
    image = torch.arange(12.0).view(1, 3, 4)
    patch = cut(image, torch.tensor([[-1, 2], [2, 5]]), fill=-1)
    assert patch.tolist() == [[[-1, -1, -1], [2, 3, -1], [6, 7, -1]]]
    assert cut(image, torch.tensor([[5, 7], [0, 2]])).tolist() == [[[0, 0], [0, 0]]]


def test_no_images_and_no_such_channel():
    with pytest.raises(InputError, match="batches: expected at least one"):
        top_patches(Conv(1, 1, 1), [], "")
    with pytest.raises(InputError, match="channels: the layer has 1, got 1"):
        top_patches(Conv(1, 1, 1), [torch.zeros(1, 1, 8)], "", channels=[1])
