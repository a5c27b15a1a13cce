import pytest

from geomdl.bench.ops import keys
from tests.geomdl.bench.turns import checked, without


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "COUNT", 5000)


def test_keys_are_those_of_the_peers() -> None:
    checked((r for r in keys.rows() if r.name == "unique_keys"), "torch")
    checked((r for r in keys.rows() if r.name == "look_up"), "open3d")


def test_a_missing_open3d_is_null(monkeypatch: pytest.MonkeyPatch) -> None:
    without((r for r in keys.rows() if r.name == "look_up"), "open3d", monkeypatch)
