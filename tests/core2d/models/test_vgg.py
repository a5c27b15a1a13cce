"""VGG against torchvision 0.28: names, shapes, counts and, with equal weights, equal logits."""

import pytest
import torch

from core2d.errors import InputError
from core2d.models.vgg import DEPTHS, VGG, vgg
from tests.oracles.golden import count, digest, fill, picture, without_gradient


@pytest.mark.parametrize(
    ("depth", "norm", "parameters", "names"),
    [
        (11, False, 132863336, "b11acd4f90d9643f"),
        (11, True, 132868840, "56ed5816909a8132"),
        (13, False, 133047848, "79ca8fd7a1480aa7"),
        (13, True, 133053736, "e4f52ce016e5e82f"),
        (16, False, 138357544, "ba63c2556d912509"),
        (16, True, 138365992, "86bad13b66635552"),
        (19, False, 143667240, "393fac8b08b63fbe"),
        (19, True, 143678248, "faf0fdbb92f698c6"),
    ],
)
def test_names_shapes_and_counts_are_the_published_ones(
    depth: int, norm: bool, parameters: int, names: str
) -> None:
    with torch.device("meta"):
        net = vgg(depth, norm=norm)
    assert (count(net), digest(net.state_dict())) == (parameters, names)


@pytest.mark.parametrize(
    ("depth", "norm", "logits"),
    [
        (11, True, [1.80927, 4.33948, -1.17699, 3.17787, 3.39502]),
        (16, False, [0.50202, 0.55029, -0.40131, 3.23454, -1.18947]),
    ],
)
def test_equals_torchvision_with_a_small_head(depth: int, norm: bool, logits: list[float]) -> None:
    net = fill(VGG(DEPTHS[depth], norm=norm, classes=5, hidden=32))
    with torch.no_grad():
        torch.testing.assert_close(
            net(picture(1, 3, 64, 96)), torch.tensor([logits]), atol=2e-4, rtol=0
        )


@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize("hidden", [0, 8])
def test_lives_on_any_number_of_axes(axes: int, hidden: int) -> None:
    net = VGG((1,) * 5, norm=True, classes=3, inputs=2, width=4, hidden=hidden, space=axes)
    x = picture(4, 2, *(64, 32, 32)[:axes])
    assert [tuple(y.shape[1:3]) for y in net.stages(x)] == [
        (4, 32), (8, 16), (16, 8), (32, 4), (32, 2)
    ]  # fmt: skip
    assert net(x).shape == (4, 3)
    assert not without_gradient(net, x)


def test_cifar_form_has_the_known_count() -> None:
    """kuangliu/pytorch-cifar's VGG-16 (norm, one linear layer): 14 728 266."""
    with torch.device("meta"):
        assert count(vgg(16, norm=True, classes=10, hidden=0)) == 14728266


def test_refuses_an_unknown_depth() -> None:
    with pytest.raises(InputError, match="depth: expected one of \\[11, 13, 16, 19\\], got 12"):
        vgg(12)
    with pytest.raises(InputError, match="convolutions: expected five counts"):
        VGG((1, 1))
