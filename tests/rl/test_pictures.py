"""Axes, scales and labels are read as the page says."""

import numpy as np
import pytest
import torch
from gymnasium import spaces

from core2d.errors import InputError
from rl.pictures import Collage, Picture


def box(*shape: int, high: float = 255, dtype: type = np.uint8) -> spaces.Box:
    return spaces.Box(0, high, shape, dtype)


@pytest.mark.parametrize(
    ("shape", "channels", "size", "last"),
    [
        ((84, 84), 1, (84, 84), False),
        ((4, 84, 84), 4, (84, 84), False),
        ((84, 84, 4), 4, (84, 84), True),
        ((210, 160, 3), 3, (210, 160), True),
        ((3, 210, 160), 3, (210, 160), False),
        ((10, 10, 6), 6, (10, 10), True),
        ((16, 10, 10), 16, (10, 10), False),
        ((10, 10, 10), 10, (10, 10), False),
        ((4, 96, 96, 3), 12, (96, 96), True),
        ((4, 3, 96, 96), 12, (96, 96), False),
    ],
)
def test_axes(shape: tuple[int, ...], channels: int, size: tuple[int, int], last: bool) -> None:
    picture = Picture(box(*shape))
    assert (picture.channels, picture.size, picture.last) == (channels, size, last)
    x = torch.randint(256, (2, *shape), dtype=torch.uint8)
    y = picture(x)
    assert y.shape == (2, channels, *size)
    assert y.dtype == torch.float32
    order = "channels last" if last else "channels first"
    assert f"{order} -> ({channels}, {size[0]}, {size[1]})" in repr(picture)


def test_values_stand_where_they_should_and_bytes_become_shares() -> None:
    x = np.random.default_rng(0).integers(0, 256, (2, 3, 12, 9, 2), np.uint8)  # S=3, H, W, C=2
    y = Picture(box(3, 12, 9, 2))(torch.from_numpy(x)).numpy()
    for frame in range(3):
        for channel in range(2):
            assert np.allclose(y[:, 2 * frame + channel], x[:, frame, :, :, channel] / 255)
    assert Picture(box(12, 9))(torch.full((1, 12, 9), 255, dtype=torch.uint8)).max() == 1


@pytest.mark.parametrize(
    ("space", "largest"),
    [
        (box(6, 10, 10, high=1), 1.0),
        (spaces.Box(0, 1, (6, 10, 10), np.bool_), 1.0),
        (box(8, 8, high=5.0, dtype=np.float32), 0.2),
        (box(8, 8, high=0.5, dtype=np.float32), 1.0),
        (box(8, 8, high=np.inf, dtype=np.float32), 1.0),
        (spaces.Box(0, 2**62, (8, 8), np.int64), 1.0),
    ],
)
def test_only_bounds_above_one_scale(space: spaces.Box, largest: float) -> None:
    one = torch.ones((1, *space.shape)).to(torch.from_numpy(np.zeros(1, space.dtype)).dtype)
    assert float(Picture(space)(one).max()) == pytest.approx(largest)


def test_labels_become_planes() -> None:
    x = torch.randint(5, (2, 6, 7), dtype=torch.uint8)
    picture = Picture(box(6, 7, high=4))
    y = picture(x)
    assert y.shape == (2, 5, 6, 7)
    assert torch.equal(y.argmax(1), x.long())
    assert torch.equal(y.sum(1), torch.ones(2, 6, 7))
    assert "labels -> (5, 6, 7)" in repr(picture)


def test_depth_tells_what_was_hit() -> None:
    picture = Picture(box(2, 2, high=10, dtype=np.float32), depth=True)
    x = torch.tensor([[[0.0, 5.0], [10.0, 2.5]]])
    far, hit = picture(x)[0]
    assert far.tolist() == [[0, 0.5], [1, 0.25]]
    assert hit.tolist() == [[0, 1], [0, 1]]


def test_a_collage_is_of_one_size() -> None:
    with pytest.raises(InputError, match="pictures: expected one size"):
        Collage({"a": Picture(box(8, 8)), "b": Picture(box(8, 9))})
    collage = Collage({"a": Picture(box(8, 8)), "b": Picture(box(2, 8, 8))})
    assert (collage.channels, collage.size) == (3, (8, 8))
    with pytest.raises(InputError, match=r"expected a dict of \['a', 'b'\], got \['b'\]"):
        collage({"b": torch.zeros(1, 2, 8, 8)})


def test_what_is_no_picture_is_named() -> None:
    with pytest.raises(InputError, match=r"pictures have 2 to 4 axes, got \(5,\)"):
        Picture(box(5))
    with pytest.raises(InputError, match="depths need a far end, got high inf"):
        Picture(box(8, 8, high=np.inf, dtype=np.float32), depth=True)
