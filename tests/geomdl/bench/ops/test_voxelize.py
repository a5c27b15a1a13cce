import pytest

from geomdl.bench.ops import voxelize
from tests.geomdl.bench.turns import checked, without


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(voxelize, "COUNT", 20_000)


def test_means_and_gradients_are_those_of_the_peers() -> None:
    checked((r for r in voxelize.rows() if r.name == "voxelize"), "open3d")
    checked((r for r in voxelize.rows() if r.name == "trilinear"), "torch")


def test_a_missing_open3d_is_null(monkeypatch: pytest.MonkeyPatch) -> None:
    without((r for r in voxelize.rows() if r.name == "voxelize"), "open3d", monkeypatch)
