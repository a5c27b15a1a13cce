import pytest

from geomdl.bench.ops import neighbors
from tests.geomdl.bench.turns import checked, without


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbors, "COUNT", 2000)


def test_neighbours_are_those_of_the_peers() -> None:
    names = [
        r["name"] for r in checked((r for r in neighbors.rows() if "SciPy" in r.peer), "scipy")
    ]
    assert names == ["knn_index", "knn_index"]
    results = checked((r for r in neighbors.rows() if "Open3D" in r.peer), "open3d")
    assert [r["name"] for r in results].count("radius_index") == 2
    checked((r for r in neighbors.rows() if r.peer == "pykdtree"), "pykdtree")


def test_missing_peers_are_null(monkeypatch: pytest.MonkeyPatch) -> None:
    without((r for r in neighbors.rows() if "Open3D" in r.peer), "open3d", monkeypatch)
    without((r for r in neighbors.rows() if r.peer == "pykdtree"), "pykdtree", monkeypatch)
