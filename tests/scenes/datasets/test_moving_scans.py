"""Clips: frames in order, classes with movers, the same bytes for the same seed."""

import pytest
import torch

from core2d.errors import InputError
from core2d.losses import VOID
from scenes.datasets import moving_scans as m


def test_a_clip(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("GEOMDL_CACHE", str(tmp_path))
    data = m.moving_scans(sizes=(1, 0, 1), frames=2, views=2, cell=0.1)
    assert (len(data.train), len(data.validation), len(data.test)) == (1, 0, 1)
    batch = data.train.batch(torch.tensor([0]))
    count = int(batch["offsets"][-1])
    assert all(len(batch[n]) == count for n in ("points", "features", "label", "time"))
    assert batch["time"].unique().tolist() == [0, 1]
    assert (batch["time"].diff() >= 0).all()
    labels = batch["label"]
    assert int(labels[labels != VOID].max()) < len(m.CLASSES)
    other = data.test.batch(torch.tensor([0]))
    assert len(other["points"]) != count
    m.kept_clip.cache_clear()
    monkeypatch.setenv("GEOMDL_CACHE", str(tmp_path / "again"))
    again = m.moving_scans(sizes=(1, 0, 1), frames=2, views=2, cell=0.1).train
    assert torch.equal(again.batch(torch.tensor([0]))["points"], batch["points"])


def test_people_and_dogs_are_classes_of_their_own() -> None:
    table = m.class_table()
    named = {m.LABELS[i]: m.CLASSES[int(k)] for i, k in enumerate(table.tolist()) if k != VOID}
    assert (named["person"], named["dog"], named["floor"]) == ("person", "dog", "floor")


def test_refusals() -> None:
    with pytest.raises(InputError, match="sizes"):
        m.moving_scans(sizes=(1, 2))
    with pytest.raises(InputError, match="frames"):
        m.moving_scans(frames=1)
    with pytest.raises(InputError, match="name"):
        m.read_clip("none/0", frames=2, cell=0.1, views=2, seed=0)
