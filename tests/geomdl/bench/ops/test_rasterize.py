import pytest

from geomdl.bench.ops import rasterize
from tests.geomdl.bench.turns import checked, without


def test_depths_are_those_of_the_peer() -> None:
    checked(rasterize.rows(), "open3d")


def test_a_missing_open3d_is_null(monkeypatch: pytest.MonkeyPatch) -> None:
    without(rasterize.rows(), "open3d", monkeypatch)
