import math
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Generator, Tensor

from core2d.errors import InputError
from geomdl.io.rgbd import open_rgbd
from scenes.datasets import fragments as module
from scenes.datasets.fragments import Fragments, Pairs, fused, kitchen, kitchen_pairs, together
from tests.geomdl.reconstruct import corner

FRAMES = 9


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nine frames of the corner, in the layout of 7-Scenes."""
    found = tmp_path_factory.mktemp("scene") / "rgbd_redkitchen"
    return corner.write_folder(found, FRAMES)


@pytest.fixture(scope="module")
def made(folder: Path) -> Fragments:
    return fused(open_rgbd(folder), 2, 0.02)


def line(places: list[float], overlap: Tensor | None = None) -> Fragments:
    """Fragments of 50 random points around places on a line along x."""
    generator = torch.Generator().manual_seed(0)
    points = torch.rand(len(places) * 50, 3, generator=generator)
    poses = torch.eye(4, dtype=torch.float64).repeat(len(places), 1, 1)
    poses[:, 0, 3] = torch.tensor(places)
    offsets = torch.arange(len(places) + 1) * 50
    overlap = torch.ones(len(places), len(places)) if overlap is None else overlap
    return Fragments(points, torch.nn.functional.normalize(points, dim=1), offsets, poses, overlap)


def test_fragments_lie_on_the_surface_and_look_at_the_camera(made: Fragments) -> None:
    assert len(made) == 4  # the ninth frame is left out
    for number in range(4):
        places = made.places(number)
        assert len(places) > 2000
        assert float(corner.surface_distance(places).abs().mean()) < 0.004
        points, normals = made.item(number)
        torch.testing.assert_close(normals.norm(dim=1), torch.ones(len(points)))
        facing = (normals * -points).sum(1) / points.norm(dim=1)
        assert float((facing > 0).float().mean()) > 0.97
        # the fragment's frame is that of its second frame's camera
        wanted = corner.camera(2 * number + 1, FRAMES)
        torch.testing.assert_close(made.poses[number], wanted, atol=1e-5, rtol=0)


def test_truth_brings_fragments_together(made: Fragments) -> None:
    truth = made.truth(0, 3)
    moved = made.item(0)[0].double() @ truth[:3, :3].T + truth[:3, 3]
    there = moved @ made.poses[3][:3, :3].T + made.poses[3][:3, 3]
    torch.testing.assert_close(there.float(), made.places(0), atol=1e-5, rtol=0)


def test_overlap_is_the_smaller_share(made: Fragments) -> None:
    assert torch.equal(made.overlap, made.overlap.T)
    assert torch.equal(made.overlap.diag(), torch.ones(4))
    assert float(made.overlap.min()) > 0.3  # one corner, seen from all sides
    near, far = made.overlap[0, 1], made.overlap[0, 3]
    assert float(near) > float(far)
    thin = [places[module.thin_index(places, module.GRAIN)] for places in map(made.places, (0, 3))]
    gaps = torch.cdist(*thin, compute_mode="donot_use_mm_for_euclid_dist")
    shares = [float((gaps.amin(axis) <= module.REACH).float().mean()) for axis in (1, 0)]
    assert float(far) == pytest.approx(min(shares), abs=1e-3)


def test_pairs_overlap_and_lie_apart() -> None:
    overlap = torch.eye(4)
    for i, j, share in ((0, 1, 0.9), (0, 2, 0.5), (1, 2, 0.3), (0, 3, 0.29), (2, 3, 0.6)):
        overlap[i, j] = overlap[j, i] = share
    some = line([0.0, 1.0, 2.0, 3.0], overlap)
    assert some.pairs(range(4)).tolist() == [[0, 1], [0, 2], [1, 2], [2, 3]]
    assert some.pairs(range(4), apart=2).tolist() == [[0, 2]]
    assert some.pairs([0, 2, 3], least=0.55).tolist() == [[2, 3]]
    assert some.pairs(range(4), least=0.1, most=0.3).tolist() == [[0, 3]]
    assert some.pairs([]).shape == (0, 2)


def test_fragments_of_several_places() -> None:
    first, second = line([0.0, 1.0], torch.full((2, 2), 0.5)), line([5.0, 6.0, 7.0])
    both = together([first, second])
    assert len(both) == 5
    for number in range(5):
        part, own = (first, number) if number < 2 else (second, number - 2)
        assert torch.equal(both.places(number), part.places(own))
        assert torch.equal(both.item(number)[1], part.item(own)[1])
    wanted = torch.zeros(5, 5)
    wanted[:2, :2], wanted[2:, 2:] = 0.5, 1.0
    assert torch.equal(both.overlap, wanted)
    with pytest.raises(InputError, match="parts"):
        together([])


def test_joined_pairs_keep_their_fragments() -> None:
    first = Pairs(line([0.0, 1.0]), torch.tensor([[0, 1]]), 0.1)
    second = Pairs(line([5.0, 6.0, 7.0]), torch.tensor([[0, 2], [1, 2]]), 0.2, 0.01)
    both = first.joined(second)
    assert len(both) == 3
    assert (both.voxel, both.noise) == (0.1, 0.0)
    found, wanted = both.batch(torch.tensor([0, 2])), second.fragments.places(1)
    exact = "donot_use_mm_for_euclid_dist"
    apart = torch.cdist(found["place"], wanted, compute_mode=exact).amin(1)
    start, stop = found["offsets"][1:].tolist()
    assert float(apart[start:stop].min()) == 0
    assert float(apart[:start].min()) > 1


def test_divided_by_time_and_by_place() -> None:
    some = line([5.0, 0.0, 4.0, 1.0, 2.0, 3.0])
    assert some.divided() == ([0, 1, 2], [4, 5])
    assert some.divided("place") == ([1, 3], [0, 2])
    with pytest.raises(InputError, match="time, place"):
        some.divided("name")  # type: ignore[arg-type]


def test_seen_is_the_share_of_the_test_that_training_shows() -> None:
    some = line([0.0, 0.0, 9.0])
    some.points[50:100] = some.points[:50]
    assert some.seen([0], [1]) == 1.0
    assert some.seen([0, 1], [2]) == 0.0
    assert some.seen([0], [1, 2]) == pytest.approx(0.5, abs=0.02)


def test_a_batch_of_pairs(made: Fragments) -> None:
    pairs = Pairs(made, torch.tensor([[0, 1], [0, 3], [2, 3]]), voxel=0.05)
    batch = pairs.batch(torch.tensor([1, 2]))
    assert len(batch["offsets"]) == 3
    assert int(batch["offsets"][-1]) == len(batch["points"]) == len(batch["side"])
    rows = slice(0, int(batch["offsets"][1]))
    for side, number in enumerate((0, 3)):
        mine = batch["side"][rows] == side
        pose = made.poses[number]
        there = batch["points"][rows][mine].double() @ pose[:3, :3].T + pose[:3, 3]
        torch.testing.assert_close(there.float(), batch["place"][rows][mine])
        # one point in each occupied cell of the lattice at 0, that of `voxelize`
        cells = torch.floor(batch["points"][rows][mine].double() / 0.05)
        every = torch.floor(made.item(number)[0].double() / 0.05)
        assert len(cells) == len(torch.unique(cells, dim=0)) == len(torch.unique(every, dim=0))


def test_a_generator_turns_each_side_by_itself(made: Fragments) -> None:
    pairs = Pairs(made, torch.tensor([[0, 1]]), voxel=0.05)
    one, again, other = (
        pairs.batch(torch.tensor([0]), Generator().manual_seed(seed)) for seed in (0, 0, 1)
    )
    assert all(torch.equal(one[name], again[name]) for name in one)
    assert one["points"].shape != other["points"].shape or not torch.equal(
        one["points"], other["points"]
    )
    turns = []
    for side in (0, 1):
        mine = one["side"] == side
        points, places = one["points"][mine].double(), one["place"][mine].double()
        # a rotation and the fragment's pose, so distances stay, and normals turn as points do
        assert torch.allclose(torch.cdist(points, points), torch.cdist(places, places), atol=1e-4)
        u, _, vt = torch.linalg.svd((places - places.mean(0)).T @ (points - points.mean(0)))
        turns.append(made.poses[side, :3, :3].T @ u @ vt)
        normals = one["normal"][mine].double() @ (u @ vt).T
        facing = (normals * (made.poses[side, :3, 3] - places)).sum(1)
        assert float((facing > 0).float().mean()) > 0.97
    assert float((turns[0] - turns[1]).norm()) > 0.1


def test_noise_moves_points_a_little() -> None:
    some, pair = line([0.0, 0.0]), torch.tensor([[0, 1]])
    a, b = (
        Pairs(some, pair, 1e-4, noise).batch(torch.tensor([0]), Generator().manual_seed(0))
        for noise in (0.0, 0.01)
    )
    gap = (a["points"] - b["points"]).norm(dim=1)
    assert 0.01 < float(gap.mean()) < 0.02  # 1.6 sigma


def test_kitchen_is_fused_once(folder: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("GEOMDL_DATA", str(folder.parent))
    monkeypatch.setenv("GEOMDL_CACHE", str(tmp_path))
    first = kitchen(frames=3, cell=0.04)
    assert len(first) == 3
    monkeypatch.setattr(module, "fused", lambda *_: pytest.fail("fused again"))
    again = kitchen(frames=3, cell=0.04)
    for name, value in vars(first).items():
        np.testing.assert_array_equal(value, vars(again)[name])


def test_sets_share_no_fragment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "kitchen", lambda: line([0.1 * i for i in range(12)]))
    for by in ("time", "place"):
        sets = kitchen_pairs(by=by)
        assert not len(sets.validation)
        train, test = (set(each.pairs.flatten().tolist()) for each in (sets.train, sets.test))
        assert train
        assert test
        assert not train & test
        gaps = sets.test.pairs[:, 1] - sets.test.pairs[:, 0]
        assert int(gaps.min()) == 2


def test_what_is_not_there_is_told(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GEOMDL_DATA", str(tmp_path))
    with pytest.raises(InputError, match="7-Scenes"):
        kitchen()
    with pytest.raises(InputError, match="frames: expected at most half of 9"):
        fused(open_rgbd(folder), 5, 0.02)
    bare = corner.write_folder(tmp_path / "bare", 2, poses=False)
    with pytest.raises(InputError, match="no pose"):
        fused(open_rgbd(bare), 1, 0.05)


def test_the_real_kitchen(data: Path) -> None:
    source = open_rgbd(data / "rgbd_redkitchen")[::10][:4]
    found = fused(source, 2, 0.03)
    assert len(found) == 2
    assert all(2000 < len(found.item(i)[0]) < 40_000 for i in range(2))
    assert float(found.overlap[0, 1]) > 0.3
    assert math.isfinite(float(found.points.sum()))
