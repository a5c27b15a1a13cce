import pytest

from geomdl.bench.ops import isosurface
from tests.geomdl.bench.turns import checked, without


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(isosurface, "SIDE", 32)


def test_the_surface_is_that_of_the_peer() -> None:
    checked(isosurface.rows(), "skimage")


def test_a_missing_peer_is_null(monkeypatch: pytest.MonkeyPatch) -> None:
    without(isosurface.rows(), "skimage.measure", monkeypatch)
