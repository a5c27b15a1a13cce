"""Views put the right picture, number and name into the right panel."""

import numpy as np
import pytest
import torch

from core2d.errors import InputError
from core2d.inspect.ascent import Climb
from core2d.inspect.deepdream import Dream
from core2d.inspect.views import (
    drawn,
    judged,
    view_ascent,
    view_dream,
    view_filters,
    view_gradients,
    view_maps,
    view_neighbors,
    view_occlusion,
    view_patches,
)  # fmt: skip
from core2d.inspect.watch import Unit
from core2d.models.cifar_resnet import CifarResNet

NAMES = ("ant", "bee", "cat")


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return CifarResNet(8, width=4, classes=3).eval()


@pytest.fixture(scope="module")
def images():
    return torch.randn(6, 3, 16, 16, generator=torch.Generator().manual_seed(1))


def titles(figure):
    return [place.get_title() for place in figure.axes if place.images and place.get_title()]


def shown(figure):
    return [np.asarray(place.images[0].get_array()) for place in figure.axes if place.images]


def test_images_of_any_channels_are_drawn(images):
    assert all(picture.shape == (16, 16, 3) for picture in drawn(images))
    five = drawn(images.repeat(1, 2, 1, 1)[:, :5])
    assert len(five) == 6
    assert (five[0] == five[0][..., :1]).all()


def test_filters_and_maps(model, images):
    figure = view_filters(model, "conv1")
    assert "4 filters of 3 x 3x3" in figure.get_suptitle()
    with pytest.raises(InputError, match="'bn1' has no filters"):
        view_filters(model, "bn1")
    figure = view_maps(model, images[:2], "layer2")
    assert titles(figure) == ["input", "8 channels"] * 2
    assert shown(figure)[1].shape == (3 * 8 + 2, 3 * 8 + 2, 3)  # 8 maps of 8 x 8, three a row


def test_patches_and_what_deconvnet_finds_in_them(model, images):
    figure = view_patches(model, images, "layer1", channels=[1, 3], count=4)
    assert len(shown(figure)) == 8
    assert [t.split(":")[0] for t in titles(figure)[::4]] == ["channel 1", "channel 3"]
    values = [float(t.split(":")[-1]) for t in titles(figure)[:4]]
    assert values == sorted(values, reverse=True)
    traced = view_patches(model, images, "layer1", channels=[1], count=4, rule="guided")
    assert len(shown(traced)) == 8
    assert {picture.shape for picture in shown(traced)} == {(7, 7, 3)}
    assert traced.get_suptitle() == "layer1: a site sees 7x7; below: guided"
    deep = view_patches(model, images, "layer3", channels=[0], count=1)
    assert deep.get_suptitle() == "layer3: a site sees the whole image"


def test_occlusion_names_the_class_and_what_is_right(model, images):
    label, probability = judged(model, images)
    torch.testing.assert_close(probability, model(images).softmax(1).amax(1).detach())
    figure = view_occlusion(model, images[:2], size=8, names=NAMES, truth=[2, 0])
    assert titles(figure)[0] == f"{NAMES[label[0]]} {probability[0]:.2f} (is cat)"
    assert titles(figure)[3].endswith("(is ant)")
    assert shown(figure)[2].shape == (3, 3)
    other = view_occlusion(model, images[:1], size=8, label=1)
    assert titles(other)[0].startswith("class 1 ")


def test_gradients_have_a_column_per_rule(model, images):
    figure = view_gradients(model, images[:2], [Unit(0), Unit(1)], ("gradient", "guided"), NAMES)
    assert titles(figure) == ["ant", "gradient", "guided", "bee", "gradient", "guided"]
    grey = shown(figure)[1]
    assert 0 <= grey.min() < 0.5 < grey.max() <= 1


def test_ascent_tells_the_score_that_was_reached(model):
    start = 0.01 * torch.randn(1, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    climb = Climb(steps=3)
    figure = view_ascent(model, start, [Unit(0), Unit(2)], climb, NAMES)
    assert [t.split(":")[0] for t in titles(figure)] == ["ant", "cat"]
    assert float(titles(figure)[1].split(":")[1]) > float(model(start).detach()[0, 2])
    inner = view_ascent(model, start, [Unit(c, "layer2") for c in range(7)], climb, NAMES)
    assert len(shown(inner)) == 7
    assert titles(inner)[6].startswith("channel 6: ")


def test_a_dream_per_layer_beside_the_image(model, images):
    generator = torch.Generator().manual_seed(0)
    dream = Dream(octaves=2, steps=1)
    figure = view_dream(model, images[:2], ["layer1", "layer2"], dream, generator)
    assert titles(figure) == ["input", "layer1", "layer2"] * 2
    assert not np.allclose(shown(figure)[0], shown(figure)[1])


def test_neighbours_are_framed_by_whether_they_are_alike(images):
    rows = torch.tensor([[3, 4], [5, 3]])
    labels, truth = torch.tensor([[0, 1], [1, 0]]), torch.tensor([0, 1])
    figure = view_neighbors(
        images[:2], images.__getitem__, rows, labels=labels, truth=truth, names=NAMES
    )
    assert titles(figure) == ["ant", "ant", "bee", "bee", "bee", "ant"]
    both = drawn(images[[0, 3, 4, 1, 5, 3]])
    assert all(np.allclose(a, b) for a, b in zip(shown(figure), both, strict=True))
    frames = [place.axison for place in figure.axes]
    assert frames == [False, True, True, False, True, True]
    left = [place.spines["left"].get_edgecolor() for place in figure.axes]
    assert left[1] == left[4] != left[2] == left[5]
