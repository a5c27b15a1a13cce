"""VGG-11 for small pictures: its size, and that it learns."""

from geomdl.recipes import cifar_vgg11 as recipe
from tests.geomdl.recipes.memory import memorised


def convolutions(widths: list[int]) -> int:
    """3x3 convolutions with biases, each with a norm of two numbers per channel."""
    return sum(
        9 * n * m + m + 2 * m for n, m in zip([3, *widths[:-1]], widths, strict=True)
    )  # fmt: skip


def test_it_learns_ten_pictures() -> None:
    found = memorised(recipe, recipe.Config(), channels=3, side=32, steps=8, rate=1e-3)
    widths = [64, 128, 256, 256, 512, 512, 512, 512]
    assert found.parameters == convolutions(widths) + 512 * 10 + 10
    assert found.accuracy == 1
