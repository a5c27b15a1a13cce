"""Sequences of moving rooms: what moves is labelled so, and frames can be taken apart."""

from pathlib import Path

import pytest
import torch

from core2d.errors import InputError
from core2d.train.packed import split
from scenes.build.home import LABELS
from scenes.datasets import moving_scans as m

QUICK = {"frames": 3, "cell": 0.1, "views": 3}


@pytest.fixture(autouse=True)
def _cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path(tmp_path_factory.getbasetemp()) / "moving-cache"
    folder.mkdir(exist_ok=True)
    monkeypatch.setenv("GEOMDL_CACHE", str(folder))


def test_what_moves_is_labelled_and_what_stands_stays() -> None:
    data = m.moving_scans(sizes=(1, 0, 0), **QUICK)
    batch = data.train.batch(torch.tensor([0]))
    words = m.moving_scans(sizes=(1, 0, 0), vocabulary="rooms", **QUICK)
    kinds = words.train.batch(torch.tensor([0]))["label"]
    assert data.classes == ("still", "moving")
    assert batch["time"].unique().tolist() == [0, 1, 2]
    living = (kinds == LABELS.index("person")) | (kinds == LABELS.index("dog"))
    shell = (kinds == LABELS.index("wall")) | (kinds == LABELS.index("floor"))
    assert (batch["label"][living] == 1).all()
    assert (batch["label"][shell] == 0).all()
    assert 0 < int(batch["label"].sum()) < len(kinds) / 2
    middle = {}
    for instance in batch["instance"][batch["label"] == 1].unique().tolist():
        of = batch["instance"] == instance
        first, last = (batch["points"][of & (batch["time"] == t)] for t in (0, 2))
        if len(first) > 10 and len(last) > 10:
            middle[instance] = float((first.mean(0) - last.mean(0)).norm())
    assert max(middle.values(), default=1.0) > 0.1


def test_frames_are_taken_apart_and_lose_nothing() -> None:
    data = m.moving_scans(sizes=(1, 0, 1), **QUICK)
    one, other = (x.batch(torch.tensor([0])) for x in (data.train, data.test))
    both = {name: torch.cat((one[name], other[name])) for name in one if name != "offsets"} | {
        "offsets": torch.tensor([0, len(one["points"]), len(one["points"]) + len(other["points"])])
    }
    apart = m.frames_apart(both)
    assert len(apart["offsets"]) == 7
    for number, (points, time) in enumerate(
        zip(split(apart, "points"), split(apart, "time"), strict=True)
    ):
        source = one if number < 3 else other
        assert set(time.tolist()) == {number % 3}
        assert torch.equal(points, source["points"][source["time"] == number % 3])


def test_what_does_not_fit_is_named() -> None:
    with pytest.raises(InputError, match="sizes: expected three numbers"):
        m.moving_scans(sizes=(1,))
    with pytest.raises(InputError, match="sizes: expected three numbers"):
        m.moving_scans(sizes=(-1, 1, 1))
    with pytest.raises(InputError, match="vocabulary: expected one of"):
        m.moving_scans(vocabulary="still")
