"""Packed batches of clouds: what belongs together stays together."""

import numpy as np
import pytest
import torch
from torch import Generator, Tensor

from core2d.errors import InputError
from core2d.train.recipe import Examples
from scenes.datasets import point_batches as p

SIZES = (4, 0, 7, 1, 9)


def clouds(inside: bool, **changes) -> p.Clouds:
    """Points whose three numbers are cloud, place in it, and 0; the features say the same."""
    points = torch.cat(
        [torch.tensor([[b, i, 0.0] for i in range(n)]).view(n, 3) for b, n in enumerate(SIZES)]
    )
    label = points[:, 1] if inside else torch.arange(5.0) * 10
    values = {"points": points, "label": label.long(), "features": points[:, :2] * 2}
    offsets = torch.tensor([0, *np.cumsum(SIZES)])
    return p.Clouds(values, offsets, torch.arange(5), **changes)


def generator(seed: int = 0) -> Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("count", [0, 3, 8])
@pytest.mark.parametrize("random", [False, True])
def test_points_features_and_labels_stay_together(count: int, random: bool) -> None:
    index = torch.tensor([2, 0, 4, 1, 3])
    batch = clouds(True, count=count).batch(index, generator() if random else None)
    assert torch.equal(batch["features"], batch["points"][:, :2] * 2)
    assert torch.equal(batch["label"], batch["points"][:, 1].long())
    for place, cloud in enumerate(index.tolist()):
        begin, end = batch["offsets"][place : place + 2].tolist()
        assert (batch["points"][begin:end, 0] == cloud).all()
        size = SIZES[cloud]
        seen = batch["points"][begin:end, 1].tolist()
        assert len(seen) == (size if not count or not size else count)
        assert len(set(seen)) == (min(size, count) if count else size), "all before any twice"
        if not random:
            assert seen == [i % size for i in range(len(seen))]
    assert len(batch["points"]) == batch["offsets"][-1]


def test_random_points_are_uniform_and_seeded() -> None:
    data = clouds(True, count=4)
    index = torch.full((3000,), 4)
    one, again, other = (data.batch(index, generator(s))["points"][:, 1] for s in (0, 0, 1))
    assert torch.equal(one, again)
    assert not torch.equal(one, other)
    frequency = torch.bincount(one.long(), minlength=9) / 3000
    torch.testing.assert_close(frequency, torch.full((9,), 4 / 9), atol=0.04, rtol=0)


def test_labels_of_clouds() -> None:
    data = clouds(False)
    assert isinstance(data, Examples)
    assert data.batch(torch.tensor([4, 2]))["label"].tolist() == [40, 20]
    some = data.take(torch.tensor([3, 1]))
    assert len(some) == 2
    assert some.labels().tolist() == [30, 10]
    assert some.take(torch.tensor([1])).batch(torch.tensor([0]))["label"].tolist() == [10]
    with pytest.raises(InputError, match="label: expected one per cloud"):
        clouds(True).labels()


def test_as_many_points_as_clouds() -> None:
    points = torch.arange(6.0).view(2, 3)
    values = {
        "points": points,
        "label": torch.tensor([7, 8]),
        "features": torch.tensor([[1.0], [2]]),
    }
    data = p.Clouds(values, torch.tensor([0, 2, 2]), torch.tensor([0, 1]))
    batch = data.batch(torch.tensor([0]))
    assert batch["label"].tolist() == [7]
    assert batch["features"].tolist() == [[1], [2]]


def test_augmentation_needs_a_generator() -> None:
    def augment(batch, generator):
        return {**batch, "points": batch["points"] + torch.rand(1, generator=generator)}

    data = clouds(False, augment=augment)
    assert torch.equal(data.batch(torch.arange(5))["points"], clouds(False).values["points"])
    moved = data.batch(torch.arange(5), generator())["points"] - clouds(False).values["points"]
    torch.testing.assert_close(moved, torch.rand(1, generator=generator()).expand_as(moved))


def test_what_does_not_fit_is_named() -> None:
    points = torch.zeros(4, 3)
    with pytest.raises(InputError, match="offsets: expected to end at 4"):
        p.Clouds({"points": points}, torch.tensor([0, 3]), torch.arange(1))
    with pytest.raises(InputError, match="label: expected 4 rows, one per point, or 2, one per"):
        p.Clouds(
            {"points": points, "label": torch.zeros(3)}, torch.tensor([0, 1, 4]), torch.arange(2)
        )
    with pytest.raises(InputError, match="points"):
        p.Clouds({"label": points}, torch.tensor([0, 4]), torch.arange(1))
    for row in (-1, 1):
        with pytest.raises(InputError, match="rows: expected clouds 0 to 0, got"):
            p.Clouds({"points": points}, torch.tensor([0, 4]), torch.tensor([row]))


def scan(name: str) -> dict[str, Tensor]:
    points = torch.rand(int(name), 3, dtype=torch.float64, generator=generator(int(name)))
    return {"points": points * 3, "label": torch.arange(int(name), dtype=torch.int32)}


def test_scans_are_read_when_asked_for() -> None:
    asked: list[str] = []

    def read(name: str) -> dict[str, Tensor]:
        asked.append(name)
        return scan(name)

    data = p.Scans(("5", "3", "8"), read)
    assert isinstance(data, Examples)
    assert len(data.take(torch.tensor([2]))) == 1
    assert asked == []
    batch = data.batch(torch.tensor([2, 0]))
    assert asked == ["8", "5"]
    assert batch["offsets"].tolist() == [0, 8, 13]
    assert batch["label"].tolist() == [*range(8), *range(5)]
    assert (batch["points"].dtype, batch["label"].dtype) == (torch.float32, torch.int64)
    torch.testing.assert_close(batch["points"][8:], scan("5")["points"].float())
    with pytest.raises(InputError, match=r"differ in \['label'\]"):
        p.packed([scan("3"), {"points": scan("3")["points"]}])


def test_scans_are_prepared_always_and_augmented_in_training() -> None:
    data = p.Scans(
        ("6",), scan,
        prepare=lambda batch: {**batch, "points": batch["points"] * 0 + 1},
        augment=lambda batch, generator: {**batch, "points": batch["points"] + 1},
    )  # fmt: skip
    assert set(data.batch(torch.tensor([0]))["points"].flatten().tolist()) == {1}
    assert set(data.batch(torch.tensor([0]), generator())["points"].flatten().tolist()) == {2}


def test_tiles_cover_the_floor_and_keep_what_is_in_them() -> None:
    scans = p.Scans(("400", "300"), scan)
    tiles = p.Tiles(scans, 1.0, least=5)
    assert isinstance(tiles, Examples)
    seen = {0: [], 1: []}
    for number, (whose, rows) in enumerate(zip(tiles.whose, tiles.sources, strict=True)):
        batch = tiles.batch(torch.tensor([number]))
        source = scan(scans.names[whose])
        assert torch.equal(batch["label"], rows), "the label of a scan is its row"
        assert float(batch["points"][:, :2].abs().max()) <= 0.5 + 1e-5
        shift = batch["points"] - source["points"][rows].float()
        assert float((shift - shift[0]).abs().max()) < 1e-5, "moved, not bent"
        low, high = source["points"].amin(0), source["points"].amax(0)
        torch.testing.assert_close(
            batch["place"],
            ((source["points"] - low) / (high - low))[rows].float(),
            atol=1e-5,
            rtol=0,
        )
        seen[whose] += rows.tolist()
    assert set(seen[0]) == set(range(400))
    assert set(seen[1]) == set(range(300))
    few = p.Tiles(scans, 1.0, stride=0.5, least=30, count=64)
    assert len(few) > len(tiles) - 5
    assert few.batch(torch.arange(3))["offsets"].tolist() == [0, 64, 128, 192]
    with pytest.raises(InputError, match="no column of 1 m holds 1000 points"):
        p.Tiles(scans, 1.0, least=1000)


def test_thinned_keeps_one_point_of_every_cube() -> None:
    batch = p.packed([scan("500"), scan("300"), scan("1")])
    batch["category"] = torch.tensor([5, 6, 7])
    items = np.repeat(np.arange(3), [500, 300, 1])
    cubes = [
        (i, *np.floor(x / 0.5).astype(int))
        for i, x in zip(items, batch["points"].numpy(), strict=True)
    ]
    first = sorted({cube: row for row, cube in reversed(list(enumerate(cubes)))}.values())
    found = p.thinned(batch, 0.5)
    assert torch.equal(found["points"], batch["points"][first])
    assert torch.equal(found["label"], batch["label"][first])
    assert found["category"].tolist() == [5, 6, 7]
    assert found["offsets"].tolist() == [sum(f < end for f in first) for end in (0, 500, 800, 801)]
    drawn = p.thinned(batch, 0.5, generator())
    assert torch.equal(drawn["offsets"], found["offsets"])
    assert not torch.equal(drawn["points"], found["points"])
    assert {(i, *np.floor(x / 0.5).astype(int)) for i, x in zip(
        np.repeat(np.arange(3), drawn["offsets"].diff()), drawn["points"].numpy(), strict=True
    )} == set(cubes)  # fmt: skip
