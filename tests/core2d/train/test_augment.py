"""Augmentations against loops over examples, known answers and what must not change."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Generator

from core2d.errors import InputError
from core2d.losses import VOID
from core2d.train import augment as a
from core2d.train.recipe import Batch

Change = Callable[[Batch, Generator], Batch]


def seeded(seed: int = 0) -> Generator:
    return Generator().manual_seed(seed)


def pictures(*shape: int, seed: int = 0) -> Batch:
    """Images whose labels of pixels are a function of the image, so that they must move along."""
    image = torch.rand(shape, generator=seeded(seed))
    return {"image": image, "label": (image[:, 0] * 7).long()}


CHANGES: list[Change] = [
    lambda b, g: a.flip(b, g),
    lambda b, g: a.turn(b, g),
    lambda b, g: a.crop(b, g, size=5, padding=1),
    lambda b, g: a.warp(b, g, rotation=0.3, scale=1.2, bend=1.0),
    lambda b, g: a.colour(b, g, brightness=0.3, contrast=0.3, saturation=0.3),
    lambda b, g: a.cutout(b, g, size=3),
    lambda b, g: a.mixup(b, g, alpha=0.4),
]


@pytest.mark.parametrize("change", CHANGES)
def test_same_seed_same_bits_other_seed_other_bits_and_the_input_stays(change: Change) -> None:
    batch = {"image": torch.rand(16, 3, 8, 8, generator=seeded()), "label": torch.arange(16)}
    before = batch["image"].clone()
    first, again, other = (change(batch, seeded(s))["image"] for s in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert torch.equal(batch["image"], before)
    distinct = {
        tuple(row.flatten().tolist()) for row in (first - change(batch, seeded(3))["image"])
    }
    assert len(distinct) > 2, "every example draws its own numbers"


@pytest.mark.parametrize("change", CHANGES[:6])
def test_labels_of_pictures_stay(change: Change) -> None:
    batch = {"image": torch.rand(6, 3, 8, 8, generator=seeded()), "label": torch.arange(6)}
    assert torch.equal(change(batch, seeded())["label"], batch["label"])


@pytest.mark.parametrize("change", CHANGES[:3])
def test_labels_of_pixels_move_with_their_image(change: Change) -> None:
    found = change(pictures(12, 3, 8, 8), seeded(4))
    inside = found["label"] != VOID
    assert torch.equal((found["image"][:, 0] * 7).long()[inside], found["label"][inside])
    assert found["label"].dtype == torch.int64
    assert inside.float().mean() > 0.7


@pytest.mark.parametrize("shape", [(9, 2, 6), (9, 2, 6, 5), (9, 2, 6, 5, 4)])
def test_flip_mirrors_whole_examples_along_one_axis_on_any_grid(shape: tuple[int, ...]) -> None:
    batch = pictures(*shape)
    found = a.flip(batch, seeded(), axis=2 - len(shape))["image"]
    turned = [bool((x != y).any()) for x, y in zip(found, batch["image"], strict=True)]
    assert 0 < sum(turned) < len(turned)
    for new, old, changed in zip(found, batch["image"], turned, strict=True):
        assert torch.equal(new, old.flip(1) if changed else old)


def test_flip_does_so_by_chance() -> None:
    batch = {"image": torch.arange(4000.0).view(2000, 1, 2), "label": torch.zeros(2000)}
    for chance in (0.0, 0.2, 1.0):
        changed = a.flip(batch, seeded(), chance=chance)["image"] != batch["image"]
        assert abs(float(changed.float().mean()) - chance) < 0.03


def test_turn_gives_the_four_orientations_evenly() -> None:
    image = torch.arange(9.0).view(1, 1, 3, 3).expand(400, -1, -1, -1)
    found = a.turn({"image": image}, seeded())["image"]
    wanted = [torch.rot90(image[0], k, (-2, -1)) for k in range(4)]
    counts = [sum(bool(torch.equal(x, w)) for x in found) for w in wanted]
    assert sum(counts) == 400
    assert min(counts) > 70


@pytest.mark.parametrize(
    ("shape", "size", "padding"),
    [
        ((7, 2, 9), 4, 0),
        ((7, 3, 9, 8), None, 2),
        ((7, 1, 6, 9), (4, 11), 1),
        ((5, 2, 5, 4, 6), 3, 1),
    ],
)
def test_crop_is_a_window_of_the_padded_picture(shape, size, padding) -> None:
    batch = pictures(*shape, seed=5)
    found = a.crop(batch, seeded(3), size=size, padding=padding)
    axes = len(shape) - 2
    sizes = (size,) * axes if isinstance(size, int) else size or shape[2:]
    places = set()
    for row in range(shape[0]):
        pads = [(padding, padding)] * axes
        image = np.pad(batch["image"][row].numpy(), [(0, 0), *pads])
        label = np.pad(batch["label"][row].numpy(), pads, constant_values=VOID)
        spare = [n - s + 1 for n, s in zip(image.shape[1:], sizes, strict=True)]
        hits = []
        for start in np.ndindex(*spare):
            window = tuple(slice(o, o + s) for o, s in zip(start, sizes, strict=True))
            same = np.array_equal(image[(slice(None), *window)], found["image"][row].numpy())
            if same and np.array_equal(label[window], found["label"][row].numpy()):
                hits.append(start)
        assert len(hits) == 1
        places |= set(hits)
    assert len(places) > 2


def test_crop_reaches_every_place() -> None:
    image = torch.arange(4.0).expand(300, 1, 4)
    found = a.crop({"image": image}, seeded(), padding=1)["image"]
    assert sorted({int(row[0, 1]) for row in found}) == [0, 1, 2]


def test_warp_by_nothing_changes_nothing() -> None:
    batch = pictures(3, 2, 7, 10)
    found = a.warp(batch, seeded())
    assert torch.allclose(found["image"], batch["image"], atol=1e-5)
    assert torch.equal(found["label"], batch["label"])


def test_warp_rotates_circles_into_themselves_and_keeps_angles() -> None:
    """On a picture that is wider than high: a disc stays a disc, a spot moves along its circle."""
    y, x = torch.meshgrid(torch.arange(40) - 19.5, torch.arange(80) - 39.5, indexing="ij")
    disc = (x**2 + y**2 < 12**2).float()
    spot = (((x - 15) ** 2 + y**2) < 3**2).float()
    batch = {"image": torch.stack([disc, spot]).expand(20, 2, 40, 80)}
    found = a.warp(batch, seeded(), rotation=0.8)["image"]
    assert float((found[:, 0] - disc).abs().mean()) < 0.01
    near = found[:, 1] * (torch.hypot(x, y) < 19)  # mirrored copies lie farther out
    mass = near.sum((1, 2))
    cx, cy = (near * x).sum((1, 2)) / mass, (near * y).sum((1, 2)) / mass
    assert torch.allclose(torch.hypot(cx, cy), torch.tensor(15.0), atol=0.2)
    angle = torch.atan2(cy, cx)
    assert 0.5 < float(angle.abs().max()) < 0.82
    assert float(angle.min()) < 0 < float(angle.max())


def test_warp_scales_areas_by_the_square_of_its_factor() -> None:
    y, x = torch.meshgrid(torch.arange(48) - 23.5, torch.arange(48) - 23.5, indexing="ij")
    disc = (x**2 + y**2 < 10**2).float()
    found = a.warp({"image": disc.expand(200, 1, 48, 48)}, seeded(), scale=1.5)["image"]
    factor = (found.sum((1, 2, 3)) / disc.sum()).sqrt()
    assert 1 / 1.53 < float(factor.min()) < 0.75
    assert 1.35 < float(factor.max()) < 1.53
    assert abs(float(factor.log().mean())) < 0.05


def test_warp_bends_by_its_standard_deviation_and_labels_follow() -> None:
    ramp = torch.linspace(0, 1, 64).expand(40, 1, 64, 64)
    found = a.warp({"image": ramp, "label": (ramp[:, 0] * 4).long()}, seeded(), bend=2.0)
    shift = (found["image"] - ramp)[..., 16:48, 16:48] * 63
    assert 1.0 < float(shift.std()) < 2.5  # cubics between the knots are lower than the knots
    agree = (found["image"][:, 0] * 4).long() == found["label"]
    assert float(agree.float().mean()) > 0.95


def test_colour_against_its_formulas() -> None:
    image = torch.rand(5, 3, 4, 6, generator=seeded()) * 0.4 + 0.3
    found = a.colour({"image": image}, seeded(9), brightness=0.2, contrast=0.3, saturation=0.4)
    g = seeded(9)
    light, contrast, saturation = (
        1 + r * (2 * torch.rand(5, generator=g) - 1) for r in (0.2, 0.3, 0.4)
    )
    for row in range(5):
        x = image[row] * light[row]
        grey = 0.299 * x[0] + 0.587 * x[1] + 0.114 * x[2]
        x = grey.mean() + contrast[row] * (x - grey.mean())
        grey = 0.299 * x[0] + 0.587 * x[1] + 0.114 * x[2]
        x = grey + saturation[row] * (x - grey)
        assert torch.allclose(found["image"][row], x.clamp(0, 1), atol=1e-5)


def test_colour_without_ranges_is_the_identity_and_stays_in_bounds() -> None:
    image = torch.rand(4, 1, 5, 5, generator=seeded())
    assert torch.equal(a.colour({"image": image}, seeded())["image"], image)
    strong = a.colour({"image": image}, seeded(), brightness=1, contrast=1)["image"]
    assert 0 <= float(strong.min()) <= float(strong.max()) <= 1


@pytest.mark.parametrize("shape", [(400, 2, 9), (400, 1, 7, 9), (300, 1, 5, 6, 4)])
def test_cutout_fills_one_box_whose_centre_is_anywhere(shape: tuple[int, ...]) -> None:
    size = 3
    found = a.cutout({"image": torch.ones(shape)}, seeded(), size=size, fill=(0.25,) * shape[1])
    blank = (found["image"] == 0.25).numpy()
    assert bool(((found["image"] == 0.25) | (found["image"] == 1)).all())
    centres = set()
    for row in blank:
        where = np.argwhere(row[0])
        low, high = where.min(0), where.max(0)
        assert (row == row[0]).all()
        assert len(where) == np.prod(high - low + 1)
        assert (high - low < size).all()
        centres.add(tuple(low))
    assert len(centres) > 0.6 * np.prod([n - 1 for n in shape[2:]])
    whole = [row[0].sum() == size ** (len(shape) - 2) for row in blank]
    assert 0 < sum(whole) < len(whole)


def test_mixup_mixes_images_and_says_how() -> None:
    batch = {"image": torch.rand(64, 2, 3, generator=seeded()), "label": torch.arange(64)}
    found = a.mixup(batch, seeded(2), alpha=0.5)
    share = found["share"].view(-1, 1, 1)
    assert torch.equal(found["label"], batch["label"])
    assert sorted(found["other"].tolist()) == list(range(64))
    mixed = share * batch["image"] + (1 - share) * batch["image"][found["other"]]
    assert torch.allclose(found["image"], mixed, atol=1e-6)


@pytest.mark.parametrize("alpha", [0.2, 1.0, 5.0])
def test_mixup_draws_from_the_beta_distribution(alpha: float) -> None:
    batch = {"image": torch.zeros(20000, 1, 1), "label": torch.zeros(20000)}
    share = a.mixup(batch, seeded(), alpha=alpha)["share"]
    assert abs(float(share.mean()) - 0.5) < 0.01
    assert float(share.var()) == pytest.approx(1 / (4 * (2 * alpha + 1)), rel=0.05)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda b, g: a.flip(b, g, axis=-3), "axis: expected -2 to -1, got -3"),
        (lambda b, g: a.turn({"image": b["image"][..., 1:]}, g), "equal size"),
        (lambda b, g: a.crop(b, g, size=9), "size: expected at most"),
        (lambda b, g: a.crop(b, g, size=(2, 2, 2)), "2 of them"),
        (lambda b, g: a.warp({"image": b["image"][0]}, g), "B C H W"),
        (lambda b, g: a.warp(b, g, scale=0.5), "scale: expected at least 1"),
        (lambda b, g: a.colour(b, g, brightness=1.5), "brightness: expected a range"),
        (lambda b, g: a.colour({"image": b["image"][:, :2]}, g, saturation=0.1), "3 channels"),
        (lambda b, g: a.cutout(b, g, size=0), "size"),
        (lambda b, g: a.mixup(b, g, alpha=0), "alpha"),
    ],
)
def test_bad_settings_are_named(change: Change, words: str) -> None:
    with pytest.raises(InputError, match=words):
        change(pictures(2, 3, 8, 8), seeded())


def test_rotation_is_in_radians() -> None:
    """A quarter turn at most: the ends of the range are reached, and not left."""
    image = torch.zeros(300, 1, 33, 33)
    image[..., 16, 28:31] = 1
    found = a.warp({"image": image}, seeded(), rotation=math.pi / 2)["image"]
    above, below = found[:, 0, :14].sum((1, 2)), found[:, 0, 19:].sum((1, 2))
    left = found[:, 0, :, :12].sum((1, 2))
    assert float(left.max()) < 0.5
    assert float(above.max()) > 1.5
    assert float(below.max()) > 1.5


def test_ten_crops_are_the_corners_and_the_middle_plain_and_mirrored() -> None:
    image = torch.arange(2 * 3 * 6 * 8.0).view(2, 3, 6, 8)
    found = a.ten_crop(image, (4, 5))
    assert found.shape == (10, 2, 3, 4, 5)
    places = [(0, 0), (0, 3), (2, 0), (2, 3), (1, 1)]
    for view, (y, x) in enumerate(places):
        window = image[:, :, y : y + 4, x : x + 5].numpy()
        assert np.array_equal(found[view].numpy(), window)
        assert np.array_equal(found[view + 5].numpy(), window[..., ::-1])
    assert a.ten_crop(torch.zeros(1, 1, 9), 4).shape == (6, 1, 1, 4)
    assert a.ten_crop(torch.zeros(1, 1, 5, 5, 5), 4).shape == (18, 1, 1, 4, 4, 4)
    with pytest.raises(InputError, match="size: expected at most"):
        a.ten_crop(image, 7)
