import pytest
import torch

from geomdl.bench.ops import raycast
from tests.geomdl.bench.turns import checked, without


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    grid, image, torus = raycast.grid, raycast.image, raycast.torus
    monkeypatch.setattr(raycast, "grid", lambda side: grid(12))
    monkeypatch.setattr(raycast, "image", lambda width, height: image(64, 48))
    monkeypatch.setattr(raycast, "torus", lambda around, across: torus(40, 20))


def test_hits_and_distances_are_those_of_the_peer() -> None:
    results = checked((r for r in raycast.rows() if "armadillo" not in r.work), "open3d")
    names = {r["name"] for r in results}
    assert names == {"signed_distance", "first_hit", "any_hit", "closest_point"}


def test_a_missing_open3d_is_null(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = (r for r in raycast.rows() if "armadillo" not in r.work)
    without(rows, "open3d", monkeypatch)


def test_the_torus_is_closed() -> None:
    vertices, faces = raycast.torus(40, 20)
    assert len(vertices) == 800
    assert len(faces) == 1600
    edges = faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2).sort(1).values
    assert bool((edges.unique(dim=0, return_counts=True)[1] == 2).all())
    assert torch.isfinite(vertices).all()
