"""Metrics over a whole set, any size of picture, and crops that come again and again."""

import numpy as np
import pytest
import torch
from torch import Generator, Tensor, nn

from core2d.losses import VOID
from geomdl.recipes import segmentation as s
from tests.geomdl.recipes.blocks import Blocks


class Guess(nn.Module):
    """Scores by colour alone: class 1 where the first channel is above 0."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[int, ...]] = []

    def forward(self, x: Tensor) -> Tensor:
        self.seen.append(tuple(x.shape))
        return torch.cat([-x[:, :1], x[:, :1]], 1).to(torch.bfloat16)


def test_metrics_are_of_the_set_not_means_of_batches() -> None:
    examples = Blocks(5, 1, 2)
    examples.image += 0.9  # so that the guess is often wrong
    guess = (examples.image[:, 0] > 0).long()
    kept = (examples.label != VOID).numpy()
    p, y = guess.numpy()[kept], examples.label.numpy()[kept]
    wanted = np.mean([((p == k) & (y == k)).sum() / ((p == k) | (y == k)).sum() for k in (0, 1)])
    found = s.metrics(Guess(), examples)
    assert found["miou"] == pytest.approx(wanted)
    assert found["accuracy"] == pytest.approx((p == y).mean())
    assert next(iter(found)) == "miou"


@pytest.mark.parametrize("shape", [(64, 64), (40, 70), (31, 33)])
def test_pictures_of_any_size_are_continued_and_cut(shape) -> None:
    model, x = Guess(), torch.randn(2, 1, *shape, generator=Generator().manual_seed(0))
    scores = s.scores(model, x)
    assert scores.shape == (2, 2, *shape)
    assert scores.dtype == torch.float32
    assert all(n % 32 == 0 for n in model.seen[0][2:])
    assert torch.equal(scores[:, 1] > 0, x[:, 0] > 0)
    assert torch.allclose(s.predict(model, x).sum(1), torch.ones(2, *shape))


def test_eight_orientations_together_turn_with_the_picture() -> None:
    torch.manual_seed(0)
    model = nn.Conv2d(1, 2, 3, padding=1)  # has an up: each orientation alone does not turn along
    x = torch.randn(1, 1, 32, 64)
    found = s.oriented(model, x, (0,))
    for moved in (lambda y: y.rot90(1, (2, 3)), lambda y: y.flip(3), lambda y: y.mT):
        assert torch.allclose(s.oriented(model, moved(x), (0,)), moved(found), atol=1e-6)
        assert not torch.allclose(s.predict(model, moved(x)), moved(s.predict(model, x)), atol=1e-2)
    looks = [
        s.predict(model, y.rot90(k, (2, 3))).rot90(-k, (2, 3))
        for y in (x, x.flip(3))
        for k in range(4)
    ]
    mean = (sum(looks[:4]) + sum(look.flip(3) for look in looks[4:])) / 8
    assert torch.allclose(found, mean, atol=1e-6)
    both = s.oriented(model, x, (0, 8))  # a convolution alone does not feel a shift, but at the rim
    assert both.shape == found.shape
    assert torch.allclose(both[..., 3:-3, 3:-3], found[..., 3:-3, 3:-3], atol=1e-6)


def test_void_pixels_have_no_part_in_the_loss() -> None:
    examples, g = Blocks(2, 1, 2), Generator()
    batch = examples.batch(torch.arange(2))
    before = s.loss(Guess(), batch, 0, g)
    batch["image"] = batch["image"].clone()
    batch["image"][:, :, :4] = 9.0  # where the labels are void
    assert torch.equal(s.loss(Guess(), batch, 0, g), before)


def test_repeated_pictures_come_as_often_as_said() -> None:
    base = Blocks(3, 1, 2)
    many = s.Repeated(base, 4)
    assert len(many) == 12
    batch = many.batch(torch.tensor([0, 4, 11]))
    assert torch.equal(batch["image"], base.image[[0, 1, 2]])


def test_windows_stay_inside_the_picture_and_keep_the_labels_with_it() -> None:
    batch = Blocks(8, 1, 2, side=64).batch(torch.arange(8))
    place = torch.arange(64 * 64).view(1, 64, 64).expand(8, -1, -1)
    coded = {"image": place[:, None].float(), "label": place}
    cut = s.cut(coded, Generator().manual_seed(0), 48)
    assert torch.equal(cut["image"][:, 0].long(), cut["label"])
    assert cut["label"].shape == (8, 48, 48)
    assert (cut["label"][:, 0, 1] - cut["label"][:, 0, 0] == 1).all()
    assert len(cut["label"][:, 0, 0].unique()) > 3
    assert s.cut(batch, Generator(), 100)["image"].shape == (8, 1, 64, 64)
