import pytest
import torch

from scenes.build import paint
from scenes.build.primitives import plane

COLOR = torch.tensor([0.4, 0.3, 0.2])
POINTS = plane(1.0, 1.0, 0.02).vertices
PAINTS = {
    "plain": paint.plain(COLOR, 1),
    "wood": paint.wood(COLOR, 1),
    "planks": paint.planks(COLOR, 1),
    "wallpaper": paint.wallpaper(COLOR, COLOR * 0.5, 1, 0.2),
    "checks": paint.checks(COLOR, COLOR * 0.5, 0.1),
    "rug": paint.rug([COLOR, COLOR * 0.5], (0.5, 0.5), 1),
    "landscape": paint.picture(2, (0.5, 0.5)),
    "fields": paint.picture(3, (0.5, 0.5)),
}


@pytest.mark.parametrize("name", PAINTS)
def test_paints_vary_repeat_and_stay_in_range(name: str) -> None:
    points = POINTS[:, [0, 2, 1]] if name in ("landscape", "fields") else POINTS
    colors = PAINTS[name](points)
    assert colors.shape == (POINTS.shape[0], 3)
    assert torch.equal(colors, PAINTS[name](points))
    assert float(colors.std(0).max()) > 1e-3
    assert float(colors.min()) >= 0
    assert float(colors.max()) <= 1.2


def test_linear_of_grey() -> None:
    """sRGB 188 is about half the light of white (IEC 61966-2-1)."""
    assert paint.linear("#bcbcbc").tolist() == pytest.approx([0.5029] * 3, abs=1e-4)
    assert paint.linear("#000000").tolist() == [0, 0, 0]
    assert paint.linear("#ffffff").tolist() == [1, 1, 1]


def test_noise_has_its_size() -> None:
    line = torch.linspace(0, 10, 4001)[:, None] * torch.tensor([[1.0, 0, 0]])
    waves = [
        int((paint.noise(line, size, 3, 1).diff().sign().diff() != 0).sum()) for size in (2, 0.5)
    ]
    assert waves[1] > 2 * waves[0]
    assert float(paint.noise(line, 0.5, 3).abs().max()) < 2.5
    assert not torch.equal(paint.noise(line, 0.5, 3), paint.noise(line, 0.5, 4))


def test_painted_clamps() -> None:
    colors = paint.painted(plane(1, 1), lambda points: points + 5).colors
    assert colors is not None
    assert float(colors.max()) <= 1
