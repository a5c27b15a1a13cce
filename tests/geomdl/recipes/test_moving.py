"""Frames alone or together: who sees whom; metrics of movers."""

import torch
from torch import Generator, Tensor, nn

from core2d.train.recipe import Batch
from geomdl.recipes import moving as m


class Mean(nn.Module):
    """The mean of the first feature of an item, at each of its points."""

    def forward(self, points: Tensor, offsets: Tensor, features: Tensor) -> Tensor:
        parts = features[:, 0].split(offsets.diff().tolist())
        return torch.cat([part.mean().expand(len(part)) for part in parts])[:, None]


class Echo(nn.Module):
    """The points themselves."""

    def forward(self, points: Tensor, offsets: Tensor, features: Tensor) -> Tensor:
        return points


POINTS, OFFSETS = torch.rand(6, 3, generator=Generator().manual_seed(0)), torch.tensor([0, 4, 6])
TIME = torch.tensor([0, 0, 1, 1, 0, 2])
FEATURES = torch.tensor([[1.0], [3], [5], [9], [20], [40]])


def test_each_frame_is_an_item_also_where_one_is_empty() -> None:
    found = m.EachFrame(Mean(), 3)(POINTS, OFFSETS, TIME, FEATURES)
    assert found[:, 0].tolist() == [2, 2, 7, 7, 20, 40]


def test_all_frames_are_one_item_and_time_is_an_axis() -> None:
    found = m.AllFrames(Mean(), 0.5)(POINTS, OFFSETS, TIME, FEATURES)
    assert found[:, 0].tolist() == [4.5] * 4 + [30] * 2
    places = m.AllFrames(Echo(), 0.5)(POINTS, OFFSETS, TIME, FEATURES)
    assert torch.equal(places[:, :3], POINTS)
    assert (places[:, 3] / 0.5).floor().tolist() == TIME.tolist()


class Red(nn.Module):
    """Moving is what is red."""

    def forward(self, points: Tensor, offsets: Tensor, time: Tensor, features: Tensor) -> Tensor:
        red = (features[:, 0] > 0).float()
        return torch.stack([1 - red, red], 1)


class Sequence:
    """One sequence: two still points, of which one is red, a red one that moves, a void one."""

    def __len__(self) -> int:
        return 1

    def batch(self, index: Tensor, generator: Generator | None = None) -> Batch:
        features = torch.zeros(4, 3)
        features[1:, 0] = 1
        whole = {"points": torch.rand(4, 3), "offsets": torch.tensor([0, 4]), "features": features}
        return whole | {"time": torch.tensor([0, 1, 1, 1]), "label": torch.tensor([0, 0, 1, 255])}


def test_metrics_over_all_frames() -> None:
    found = m.metrics(Red(), Sequence())
    assert found["accuracy"] == 2 / 3
    assert found["miou"] == 0.5
    assert found["class_accuracy"] == 0.75


def test_vocabularies() -> None:
    assert m.classes(m.Config()) == 2
    assert m.classes(m.Config(vocabulary="scannet")) == len(m.LIKE_SCANNET)


def test_augmentation_keeps_frames_together() -> None:
    batch = {
        "points": POINTS,
        "offsets": OFFSETS,
        "time": TIME,
        "features": torch.rand(6, 3),
        "label": torch.zeros(6, dtype=torch.int64),
    }
    moved = m.augmented(batch, Generator().manual_seed(0))
    before = torch.cdist(POINTS[:4], POINTS[:4])
    after = torch.cdist(moved["points"][:4], moved["points"][:4])
    ratio = (after / before)[before > 0.2]
    assert float(ratio.max() - ratio.min()) < 0.2  # one scale, but for the jitter
