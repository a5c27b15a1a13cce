import torch

from geomdl.render.colormap import ramp
from geomdl.render.label import legend, write


def test_text_is_readable_on_bright_and_dark():
    for background in (0.0, 1.0):
        image = torch.full((80, 200, 4), background)
        image[..., 3] = 1
        written = write(image, "front")
        changed = (written != image).any(-1)
        assert 20 < changed.sum() < 2000
        assert changed.nonzero().amax(0).tolist() < [40, 100]
        assert (written[..., :3] - background).abs().max() > 0.5
        assert torch.allclose(written[..., 3], torch.ones(80, 200))


def test_text_on_nothing_brings_its_own_alpha():
    written = write(torch.zeros(80, 200, 4), "top")
    assert 0.5 < written[..., 3].max() <= 1
    assert (written[60:, :, 3] == 0).all()


def test_legend_shows_the_ramp():
    image = torch.ones(200, 300, 4)
    shown = legend(image, (0.0, 2.5), "viridis", "error")
    ends = ramp(torch.tensor([0.0, 1.0]), 0, 1)
    for color in ends:
        assert ((shown[..., :3] - color).abs().sum(-1) < 1e-3).any()
    assert torch.equal(shown[:100], image[:100])
