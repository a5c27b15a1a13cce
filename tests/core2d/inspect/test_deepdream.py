"""DeepDream on linear layers in closed form; octaves; what it does to activations."""

import pytest
import torch

from core2d.errors import InputError
from core2d.inspect.deepdream import Dream, deepdream, octaves
from core2d.inspect.watch import outputs
from core2d.layers.conv import Conv
from core2d.models.cifar_resnet import CifarResNet


def seeded() -> torch.Generator:
    return torch.Generator().manual_seed(0)


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_one_step_on_a_linear_layer_is_its_adjoint_of_its_output(axes):
    """a = W x gives x + rate W^T W x: W^T as a matrix built column by column."""
    torch.manual_seed(0)
    model, shape = Conv(axes, 1, 2, 3, bias=False), (4,) * axes
    count = 4**axes
    matrix = model(torch.eye(count).view(count, 1, *shape)).detach().flatten(1).T  # (2 L, L)
    x = torch.randn(1, 1, *shape)
    plain = Dream(octaves=1, steps=2, rate=0.1, jitter=0, normalised=False)
    got = deepdream(model, x, "", plain, generator=seeded())
    once = torch.eye(count) + 0.1 * matrix.T @ matrix
    torch.testing.assert_close(got.flatten(), once @ once @ x.flatten())


def test_jitter_of_a_network_that_shifts_with_its_input_changes_nothing():
    """A 1x1 convolution sees every cell alone, so a shift there and back is no change."""
    model, x = Conv(2, 3, 4, 1), torch.randn(2, 3, 8, 8)
    still = deepdream(model, x, "", Dream(octaves=1, jitter=0), generator=seeded())
    moved = deepdream(model, x, "", Dream(octaves=1, jitter=3), generator=seeded())
    torch.testing.assert_close(still, moved)


def test_the_layer_is_excited_and_the_image_stays_its_size():
    torch.manual_seed(1)
    model, x = CifarResNet(8, width=4), torch.randn(2, 3, 31, 27)
    got = deepdream(model, x, "layer2", Dream(octaves=3, steps=5), generator=seeded())
    assert got.shape == x.shape
    before, after = (outputs(model, image, "layer2").square().mean() for image in (x, got))
    assert after > 2 * before


def test_octaves_write_larger_structures():
    """From the small octave comes detail that is smooth in the large one."""
    torch.manual_seed(2)
    model, x = Conv(2, 1, 2, 3, bias=False), 0.1 * torch.randn(1, 1, 64, 64)

    def rough(image: torch.Tensor) -> torch.Tensor:
        return (image - x).diff(dim=-1).square().mean() / (image - x).square().mean()

    one = deepdream(model, x, "", Dream(octaves=1, jitter=0), generator=seeded())
    many = deepdream(model, x, "", Dream(octaves=4, scale=2, jitter=0), generator=seeded())
    assert rough(many) < rough(one)


def test_extents_of_octaves():
    assert octaves((40, 20), 3, 2) == [(10, 5), (20, 10), (40, 20)]
    with pytest.raises(InputError, match="octaves: 5 of scale 2"):
        octaves((16, 16), 5, 2)


def test_the_same_seed_gives_the_same_bits_and_clipping_holds():
    torch.manual_seed(3)
    model, x = CifarResNet(8, width=4), torch.randn(1, 3, 16, 16)
    dream = Dream(octaves=2, steps=3, clip=1.5)
    first, second = (deepdream(model, x, "layer1", dream, generator=seeded()) for _ in range(2))
    assert torch.equal(first, second)
    assert first.abs().max() <= 1.5
