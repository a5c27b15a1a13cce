"""Scans of procedural rooms as a data set."""

from pathlib import Path

import pytest
import torch

from core2d.errors import InputError
from core2d.losses import VOID
from scenes.build.home import LABELS
from scenes.datasets import room_scans as r

QUICK = {"cell": 0.1, "views": 2}


@pytest.fixture(autouse=True)
def _cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """One cache for this file's tests, so that each room is scanned once."""
    folder = Path(tmp_path_factory.getbasetemp()) / "rooms-cache"
    folder.mkdir(exist_ok=True)
    monkeypatch.setenv("GEOMDL_CACHE", str(folder))


def test_rooms_are_made_when_asked_for_and_never_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def furnished(seed: int):
        asked.append(seed)
        return real(seed)

    real = r.furnished_room
    monkeypatch.setattr(r, "furnished_room", furnished)
    data = r.room_scans(sizes=(3, 1, 2), seed=77, **QUICK)
    assert [len(x) for x in (data.train, data.validation, data.test)] == [3, 1, 2]
    assert asked == []
    first = data.train.batch(torch.tensor([2]))
    assert len(asked) == 1
    r.kept_scan.cache_clear()
    again = r.room_scans(sizes=(3, 1, 2), seed=77, **QUICK).train.batch(torch.tensor([2]))
    assert len(asked) == 1, "the second time it is read"
    for name, value in first.items():
        assert torch.equal(value, again[name])
    both = data.test.batch(torch.tensor([0, 1]))
    assert len(set(asked)) == 3
    assert both["offsets"].tolist()[2] == len(both["points"]) == len(both["label"])
    assert -0.1 < float(both["points"][:, 2].min()) < 0.1, "the floor is at 0"
    assert 0 <= float(both["features"].min()) < float(both["features"].max()) <= 1


def test_vocabularies_put_the_same_points_into_other_words() -> None:
    batches = {}
    for name in r.VOCABULARIES:
        data = r.room_scans(sizes=(0, 0, 1), vocabulary=name, **QUICK)
        batches[name] = (data.classes, data.test.batch(torch.tensor([0]))["label"])
    assert batches["rooms"][0] == LABELS
    kinds = batches["rooms"][1]
    for name, own in (("scannet", "wall"), ("s3dis", "wall"), ("s3dis", "floor")):
        classes, label = batches[name]
        assert torch.equal(label == classes.index(own), kinds == LABELS.index(own))
    classes, label = batches["scannet"]
    assert (label[kinds == LABELS.index("ceiling")] == VOID).all(), "ScanNet knows no ceilings"
    assert int(label[label != VOID].max()) < len(classes)
    classes, label = batches["s3dis"]
    assert (label[kinds == LABELS.index("radiator")] == classes.index("clutter")).all()
    for classes, _ in batches.values():
        assert len(set(classes)) == len(classes)
    assert {"wall", "bed", "sink", "other furniture"} <= set(r.LIKE_SCANNET)
    assert "beam" not in r.LIKE_S3DIS
    with pytest.raises(InputError, match="vocabulary: expected one of rooms, scannet, s3dis"):
        r.room_scans(vocabulary="kitti")
    with pytest.raises(InputError, match="sizes: expected three numbers"):
        r.room_scans(sizes=(1, 2))
