import torch

from geomdl.render.texture import bilinear, pyramid, sample
from geomdl.structures.srgb import from_srgb


def test_bilinear_at_centres_between_and_beyond():
    image = torch.arange(6.0).view(2, 3, 1)  # row 0 on top
    uv = torch.tensor(
        [[1 / 6, 0.75], [0.5, 0.25], [1 / 3, 0.75], [1 / 6 + 2, 0.75 - 3], [1.0, 0.75]]
    )
    assert torch.allclose(bilinear(image, uv)[:, 0], torch.tensor([0, 4, 0.5, 0, 1.0]), atol=1e-5)


def test_levels_halve_linear_light():
    texture = torch.rand(8, 4, 3, generator=torch.Generator().manual_seed(0))
    levels = pyramid(texture)
    assert [tuple(x.shape) for x in levels] == [(8, 4, 3), (4, 2, 3), (2, 1, 3)]
    torch.testing.assert_close(levels[2].mean((0, 1)), from_srgb(texture).mean((0, 1)))


def test_far_surfaces_read_coarse_levels():
    board = (torch.arange(16)[:, None] + torch.arange(16)) % 2
    levels = pyramid(board[..., None].expand(-1, -1, 3).float())
    uv = torch.rand(50, 2)
    far = sample(levels, uv, torch.full((50,), 100.0))
    torch.testing.assert_close(far, torch.full((50, 3), 0.5))
    near = sample(levels, (uv * 16).floor() / 16 + 1 / 32, torch.ones(50))
    assert ((near < 1e-5) | (near > 1 - 1e-5)).all()
