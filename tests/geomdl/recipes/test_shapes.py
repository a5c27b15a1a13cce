"""Columns of damaged clouds, thin clouds, and metrics by column."""

import pytest
import torch
from torch import Generator, Tensor, nn

from core2d.errors import InputError
from core2d.train.packed import count_of, split
from geomdl.models.pointnet2 import SSG
from geomdl.recipes import shapes as s
from geomdl.structures import Mesh, PointCloud
from scenes.datasets.point_batches import Clouds


def clouds(count: int, points: int, first: int) -> Clouds:
    """Clouds whose points all carry their number, counted from `first`; the label is its parity."""
    numbers = torch.arange(first, first + count).float()
    values = numbers.repeat_interleave(points)[:, None].expand(-1, 3).contiguous()
    label = (numbers % 2).long()
    offsets = points * torch.arange(count + 1)
    return Clouds({"points": values, "label": label}, offsets, torch.arange(count))


class Parity(nn.Module):
    """Right for clouds below 10, always 0 from there on."""

    def forward(self, points: Tensor, offsets: Tensor) -> Tensor:
        number = points[offsets[:-1], 0]
        odd = (number % 2) * (number < 10)
        return torch.stack([1 - odd, odd], 1)


def test_columns_follow_each_other_and_say_which_they_are() -> None:
    columns = s.Columns({"": clouds(4, 3, 0), "noisy": clouds(6, 5, 10)})
    assert len(columns) == 10
    batch = columns.batch(torch.tensor([9, 0, 3, 4]))
    assert batch["column"].tolist() == [1, 0, 0, 1]
    assert [float(p[0, 0]) for p in split(batch, "points")] == [15, 0, 3, 10]
    assert batch["label"].tolist() == [1, 0, 1, 0]
    assert batch["offsets"].tolist() == [0, 5, 8, 11, 16]


def test_each_column_has_its_accuracy() -> None:
    columns = s.Columns({"": clouds(4, 3, 0), "noisy": clouds(6, 5, 10)})
    assert s.metrics(Parity(), columns) == {"accuracy": 1.0, "accuracy_noisy": 0.5}
    assert s.metrics(Parity(), clouds(6, 5, 10)) == {"accuracy": 0.5}


def test_thin_clouds_repeat_their_first_points() -> None:
    base = clouds(2, 8, 0)
    base.values["points"][:, 1] = torch.arange(16)
    batch = s.Thin(base, 3, 8).batch(torch.tensor([1]))
    assert batch["points"][:, 1].tolist() == [8, 9, 10, 8, 9, 10, 8, 9]


def test_augmentation_thins_and_keeps_the_count() -> None:
    torch.manual_seed(0)
    batch = {
        "points": torch.rand(512, 3),
        "offsets": torch.tensor([0, 256, 512]),
        "label": torch.tensor([3, 4]),
    }
    some = s.augmented(dict(batch), Generator().manual_seed(1), thin=0.875)
    assert some["offsets"].tolist() == [0, 256, 512]
    distinct = [len(points.unique(dim=0)) for points in split(some, "points")]
    assert all(20 < n < 256 for n in distinct)
    whole = s.augmented(dict(batch), Generator().manual_seed(1), thin=0.0)
    assert [len(points.unique(dim=0)) for points in split(whole, "points")] == [256, 256]
    assert some["label"].tolist() == [3, 4]


def test_centres_are_in_proportion_to_the_points() -> None:
    assert s.in_proportion(SSG, 1024) == SSG
    few = s.in_proportion(SSG, 256)
    assert [count for count, _ in few] == [128, 32]
    assert [scales for _, scales in few] == [scales for _, scales in SSG]


@pytest.mark.parametrize("mesh", [True, False], ids=["mesh", "cloud"])
def test_a_users_shape_is_read_as_the_network_learned(mesh: bool) -> None:
    corners = torch.tensor([[0.0, 0, 10], [4, 0, 10], [0, 8, 10]])
    shape = Mesh(corners, torch.tensor([[0, 1, 2]])) if mesh else PointCloud(corners)
    batch = s.read(shape, s.Config(points=64))
    assert count_of(batch) == 1
    assert batch["points"].shape == (64, 3)
    assert float(batch["points"].norm(dim=1).max()) == pytest.approx(1, abs=1e-5)


def test_the_sets_hold_what_the_settings_say(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("GEOMDL_CACHE", str(tmp_path))
    monkeypatch.setattr("scenes.datasets.shapes.KINDS", ("mug", "chair"))
    data = s.data(s.Config(points=128, kinds=(2, 1, 1)))
    assert (len(data.train), len(data.validation), len(data.test)) == (4, 2, 2 * 5)
    batch = data.test.batch(torch.arange(10))
    assert batch["offsets"].diff().tolist() == [128] * 10
    assert batch["column"].tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]


@pytest.mark.parametrize(
    ("name", "value"), [("points", 0), ("kinds", (40, 0, 8)), ("thin", 1.5), ("thin", -0.1)]
)
def test_settings_that_cannot_be_are_refused(name: str, value: object) -> None:
    with pytest.raises(InputError, match=name):
        s.Config(**{name: value})
