"""Rooms: windows that train, whole rooms that are tested, and a user's own scan."""

import pytest
import torch
from torch import Generator, Tensor, nn

from core2d.losses import VOID
from geomdl.recipes import rooms as r
from geomdl.structures import PointCloud
from scenes.datasets.point_batches import Scans


def scan(name: str) -> dict[str, Tensor]:
    """A floor 4 m wide whose red half is of class 1; some points are void."""
    g = Generator().manual_seed(int(name))
    points = torch.rand(2000, 3, generator=g) * torch.tensor([4.0, 4.0, 0.01]) + torch.tensor(
        [9, 0, 0]
    )
    red = (points[:, 0] > 11).float()
    label = red.long()
    label[:100] = VOID
    return {"points": points, "features": torch.stack([red, 1 - red, red * 0], 1), "label": label}


SCANS = Scans(("0", "1"), scan, lambda batch: r.prepared(batch, 0.05))


class ByColour(nn.Module):
    """Class 1 where red is above 0."""

    def forward(self, points: Tensor, offsets: Tensor, features: Tensor) -> Tensor:
        scores = torch.zeros(len(points), len(r.CLASSES))
        scores[:, 0], scores[:, 1] = -features[:, 0], features[:, 0]
        return scores * 20


def test_clouds_stand_in_the_middle_with_a_point_a_cell() -> None:
    batch = SCANS.batch(torch.arange(2))
    for own in batch["points"].split(batch["offsets"].diff().tolist()):
        box = (own[:, :2].amin(0) + own[:, :2].amax(0)) / 2
        assert float(box.abs().max()) < 1e-5
        assert float(own[:, 0].amax()) < 2.01
    cells = (scan("0")["points"] / 0.05).floor().long()
    assert len(cells.unique(dim=0)) == int(batch["offsets"][1])


def test_windows_that_train_are_small_and_keep_their_labels() -> None:
    batch = r.augmented(SCANS.batch(torch.arange(2)), Generator().manual_seed(0), 2.0, 300)
    counts = batch["offsets"].diff()
    assert (counts > 50).all()
    assert (counts <= 300).all()
    many = [
        r.augmented(SCANS.batch(torch.tensor([0])), Generator().manual_seed(k), 2.0, 300)
        for k in range(20)
    ]
    left = torch.tensor([len(one["points"]) for one in many]) / 300
    assert 1 - r.THINNEST - 0.1 < float(left.min()) < 0.75  # some are thinned, none to nothing
    assert float(left.max()) > 0.9
    assert len(batch["label"]) == len(batch["points"]) == len(batch["features"])
    assert float(batch["points"][:, :2].abs().max()) < 2.0


def test_metrics_leave_void_out() -> None:
    found = r.metrics(ByColour(), SCANS)
    assert found["accuracy"] == 1.0
    batch = SCANS.batch(torch.arange(2))
    assert float(r.loss(ByColour(), batch, 0, Generator())) < 1e-3


def test_a_users_scan_is_answered_point_by_point() -> None:
    held = scan("0")
    colours = (held["features"] * 0.9) ** 2.2
    cloud = PointCloud(held["points"] + torch.tensor([0.0, 0, 7]), colors=colours)
    batch = r.read(cloud, r.Config())
    assert len(batch["whose"].unique()) < 2000 < len(batch["points"])  # more between so few
    assert abs(float(batch["points"][:, 2].amin())) < 0.02
    chances = r.predict(ByColour(), batch)
    assert chances.shape == (2000, len(r.CLASSES))
    red = held["features"][:, 0] > 0
    mostly = (chances.argmax(1) == red.long()).float().mean()
    assert float(mostly) > 0.97  # cells on the border hold points of both
    with pytest.warns(UserWarning, match="no colours"):
        grey = r.read(PointCloud(held["points"]), r.Config())["features"]
    assert torch.allclose(grey, torch.full_like(grey, 0.5), atol=1e-3)


class ByPlace(nn.Module):
    """Class 1 where x is above 0."""

    def forward(self, points: Tensor, offsets: Tensor, features: Tensor) -> Tensor:
        scores = torch.zeros(len(points), len(r.CLASSES))
        scores[:, 0], scores[:, 1] = -points[:, 0], points[:, 0]
        return scores * 1e4


def test_a_users_scan_is_asked_in_turned_copies() -> None:
    """Whoever answers by the side on which a point lies is taken at his word half of the time."""
    points = torch.tensor([[3.0, 0.7, 0.1], [-1.0, 2.5, 0.4], [0.6, -2.0, 1.5]])
    offsets, whose = torch.tensor([0, 3]), torch.tensor([2, 0, 0, 1])
    batch = {"points": points, "offsets": offsets, "features": torch.zeros(3, 3), "whose": whose}
    chances = r.predict(ByPlace(), batch)
    assert torch.allclose(chances[:, 1], torch.full((4,), 0.5), atol=1e-3)
    del batch["whose"]
    assert r.predict(ByPlace(), batch)[:, 1].round().tolist() == [1, 0, 1]

    copies = [r.turned(batch, number)["points"] for number in range(r.TURNS)]
    assert torch.equal(copies[0], points)
    for copy in copies[1:]:
        assert torch.allclose(torch.cdist(copy, copy), torch.cdist(points, points), atol=1e-5)
        up = copy[:, 2] - points[:, 2]
        assert torch.allclose(up, up[:1].expand(3), atol=1e-6)
    assert len({tuple(copy.flatten().mul(100).round().tolist()) for copy in copies}) == r.TURNS
