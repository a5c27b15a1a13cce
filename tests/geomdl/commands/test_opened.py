"""What a view takes when nothing is named: layers and images of a run."""

import pytest
import torch
from torch import nn

from core2d.errors import InputError
from core2d.inspect.watch import trace
from core2d.models.cifar_resnet import CifarResNet
from core2d.models.lenet import LeNet
from core2d.models.vit import ViT
from core2d.train.recipe import Data
from geomdl.commands.opened import Opened, table_of


class Numbered:
    """Example n is an image full of n; labels are maps where `dense`."""

    def __init__(self, shape: tuple[int, ...], dense: bool = False) -> None:
        self.shape, self.dense = shape, dense

    def __len__(self) -> int:
        return 20

    def batch(self, index, generator=None):
        image = index.float().view(-1, *(1,) * len(self.shape)).expand(-1, *self.shape)
        label = index[:, None, None].expand(-1, 4, 4).clone() if self.dense else index
        if self.dense:
            label[:, 0] = 255
        return {"image": image, "label": label}


def opened(model: nn.Module, *shape: int, dense: bool = False) -> Opened:
    sets = [Numbered(shape, dense) for _ in range(3)]
    model.eval()
    return Opened(model, Data(*sets, ("a", "b")), trace(model, torch.zeros(1, *shape)))


def test_layers_of_a_residual_network():
    run = opened(CifarResNet(8, width=4), 3, 16, 16)
    assert run.first() == "conv1"
    assert run.fields() == ["conv1", "bn1", "layer1", "layer2", "layer3"]
    assert run.last() == "layer3"
    assert run.channels("layer2") == 8
    assert run.channels("") == 10
    with pytest.raises(InputError, match="no 'layer9'"):
        run.channels("layer9")


def test_layers_of_lenet_and_of_a_transformer():
    run = opened(LeNet(), 1, 28, 28)
    assert (run.first(), run.fields()[-1], run.last()) == ("conv1", "conv2", "fc1")
    assert "conv3" in table_of(run)
    vit = ViT(8, patch=4, width=16, layers=1, heads=2, classes=3)
    assert opened(vit, 3, 8, 8).last() == "encoder"


def test_networks_without_convolutions_ask_for_a_layer():
    run = opened(nn.Sequential(nn.Flatten(), nn.Linear(16, 3)), 1, 4, 4)
    with pytest.raises(InputError, match="no convolution; name a layer"):
        run.first()
    with pytest.raises(InputError, match="gives no fields; name a layer"):
        run.fields()
    assert run.last() == "0"


def test_images_by_number_spread_out_or_drawn():
    run = opened(LeNet(), 1, 28, 28)
    images, label = run.picked((3, 17), 4)
    assert label.tolist() == [3, 17]
    assert images[:, 0, 0, 0].tolist() == [3, 17]
    assert run.picked((), 4)[1].tolist() == [0, 5, 10, 15]
    first, again = (run.first_images("train", 8)[1] for _ in range(2))
    assert torch.equal(first, again)
    assert len(set(first.tolist())) == 8
    assert first.tolist() != sorted(first.tolist())  # a draw, since sets may be sorted by class
    assert len(run.first_images("validation", 99)[1]) == 20
    with pytest.raises(InputError, match="the test set has 20 images, got -1"):
        run.picked((-1,), 4)
    with pytest.raises(InputError, match="images: expected at least 1, got 0"):
        run.first_images("test", 0)


def test_examples_that_are_no_labelled_images_are_refused():
    run = opened(LeNet(), 1, 28, 28)
    run.data.test.batch = lambda index, generator=None: {"points": index, "offsets": index}
    with pytest.raises(InputError, match="lack image, label, they hold points, offsets"):
        run.picked((), 1)


def test_a_labelled_picture_counts_as_its_most_frequent_class():
    run = opened(LeNet(), 1, 28, 28, dense=True)
    assert run.picked((3, 7), 4)[1].tolist() == [3, 7]
