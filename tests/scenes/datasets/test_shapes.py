"""Clouds of procedural shapes: labels, versions, and sets that share nothing."""

from pathlib import Path

import pytest
import torch

from core2d.errors import InputError
from geomdl import ops
from geomdl.structures import Mesh
from scenes.build.shapes import KINDS, PARTS, shape
from scenes.datasets import shapes as s


@pytest.fixture(autouse=True)
def _cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """One cache for this file's tests, so that each set is made once."""
    folder = Path(tmp_path_factory.getbasetemp()) / "shapes-cache"
    folder.mkdir(exist_ok=True)
    monkeypatch.setenv("GEOMDL_CACHE", str(folder))


def test_the_sets_hold_every_kind_and_no_shape_twice() -> None:
    data = s.shapes(sizes=(2, 1, 1), count=0)
    sets = (data.train, data.validation, data.test)
    assert [len(x) for x in sets] == [2 * len(KINDS), len(KINDS), len(KINDS)]
    assert data.classes == KINDS
    assert data.train.labels().tolist() == [k for k in range(len(KINDS)) for _ in range(2)]
    clouds = torch.cat([x.batch(torch.arange(len(x)))["points"].view(-1, 2048, 3) for x in sets])
    prints = {tuple(cloud[:8].flatten().tolist()) for cloud in clouds}
    assert len(prints) == 4 * len(KINDS)
    assert float(clouds.norm(dim=2).amax(1).sub(1).abs().max()) < 1e-4, "the farthest is at 1"
    assert float(clouds.mean(1).abs().max()) < 1e-4


def test_the_same_seed_gives_the_same_bytes_and_another_one_others() -> None:
    points, normal, label = s.cloud(shape("mug", 4), "noisy", 9)
    again = s.cloud(shape("mug", 4), "noisy", 9)
    for one, two in zip((points, normal, label), again, strict=True):
        assert torch.equal(one, two)
    assert not torch.equal(points, s.cloud(shape("mug", 4), "noisy", 10)[0])
    other = s.made((), "test", "clean", 1, 1)["points"]
    assert not (
        torch.from_numpy(other) == s.shape_set("test", each=1).values["points"].view(-1, 2048, 3)
    ).all()


def test_parts_are_those_of_the_kind_and_lie_where_they_are() -> None:
    found = s.shape_set("test", each=1, count=0, parts=True, normals=True)
    for number, kind in enumerate(KINDS):
        batch = found.batch(torch.tensor([number]))
        assert batch["category"].tolist() == [number]
        own = s.PARTS_OF[number]
        assert set(batch["label"].tolist()) <= set(own)
        assert [s.PART_NAMES[p] for p in own] == [f"{kind} {p}" for p in PARTS[kind]]
        torch.testing.assert_close(batch["features"].norm(dim=1), torch.ones(2048))
    table = found.batch(torch.tensor([KINDS.index("table")]))
    height = table["points"][:, 2]
    top = s.PART_NAMES.index("table top")
    assert height[table["label"] == top].mean() > height[table["label"] != top].mean() + 0.2


def test_clean_points_lie_on_the_surface_and_noisy_ones_near() -> None:
    mesh = shape("chair", 3)
    clean, _, label = s.cloud(mesh, "clean", 3, 500)
    noisy, _, _ = s.cloud(mesh, "noisy", 3, 2000)
    # Undo centring and scale by the reference of a fresh clean sample of the same draw.
    generator = torch.Generator().manual_seed(s.seed_of("cloud", "clean", 3))
    raw, face, _ = ops.sample_surface(mesh.vertices, mesh.faces, 500, s._drawn(generator))
    scale = (raw - raw.mean(0)).norm(dim=1).max()
    torch.testing.assert_close(clean * scale + raw.mean(0), raw, atol=1e-5, rtol=0)
    assert torch.equal(label, mesh.face_attributes["label"][face])
    apart = torch.cdist(noisy, s.cloud(mesh, "clean", 3, 20_000)[0]).amin(1)
    assert 0.005 < float(apart.median()) < 2 * s.NOISE
    assert s.OUTLIERS / 3 < float((apart > 5 * s.NOISE).float().mean()) < 2 * s.OUTLIERS
    assert float(noisy.norm(dim=1).max()) <= 1 + 1e-6


def test_half_shapes_are_what_one_camera_sees() -> None:
    """Of a ball about half is seen: what is left lies on one side, and that side is whole."""
    count = 40
    u = torch.linspace(0, 2 * torch.pi, count + 1)[:-1]
    v = torch.linspace(0, torch.pi, count)
    points = torch.stack(
        [
            v.sin()[:, None] * u.cos(),
            v.sin()[:, None] * u.sin(),
            v.cos()[:, None].expand(-1, count),
        ],
        -1,
    ).view(-1, 3)
    i = torch.arange(count * (count - 1)).view(count - 1, count)
    j = i.roll(-1, 1)
    faces = torch.cat(
        (
            torch.stack([i, i + count, j], -1).view(-1, 3),
            torch.stack([j, i + count, j + count], -1).view(-1, 3),
        )
    )
    ball = Mesh(points, faces)
    found, face = s.seen(ball, 3000, torch.Generator().manual_seed(5))
    assert found.shape == (3000, 3)
    side = found.mean(0) / found.mean(0).norm()
    depth = found @ side
    # From a distance of 3 diagonals, 6 sqrt(3) radii or so, the horizon is at 1 / 10.4.
    assert float(depth.min()) == pytest.approx(1 / (6 * 3**0.5), abs=0.08), "facets"
    assert float(depth.mean()) == pytest.approx(0.55, abs=0.03), "even by area"
    assert -0.35 < float(side[2].asin()) < 1.0
    assert len(face) == 3000
    # A table seen from the side or above loses much of its surface but keeps its labels.
    data = s.shape_set("test", version="half", each=1, count=0, parts=True)
    batch = data.batch(torch.tensor([KINDS.index("chair")]))
    assert len(batch["points"]) == 2048
    assert len(batch["label"].unique()) >= 2


def test_what_does_not_fit_is_named() -> None:
    with pytest.raises(InputError, match="version: expected one of clean, noisy, half"):
        s.shape_set("test", version="third")
    with pytest.raises(InputError, match="count: expected 0 to 2048 points, got 4096"):
        s.shapes(sizes=(1, 1, 1), count=4096)
    with pytest.raises(InputError, match="sizes: expected three numbers"):
        s.shapes(sizes=(1, 1))
