import pytest

from geomdl.bench.sparse import convolution
from tests.geomdl.bench.turns import checked, without


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(convolution, "SIZES", ((32, 8),))
    monkeypatch.setattr(convolution, "SHEET", 40)


def named(*words: str) -> list[convolution.Row]:
    rows = list(convolution.rows())
    return [r for r in rows if all(w in f"{r.name} {r.work} {r.peer}" for w in words)]


def test_values_and_gradients_are_those_of_plain_torch() -> None:
    checked(named("torch"), "torch")
    checked(named("sparse_growth"), "torch")


@pytest.mark.parametrize("peer", ["ocnn", "spconv"])
def test_values_are_those_of_the_peers_that_are_installed(peer: str) -> None:
    checked(named("submanifold", peer), peer)


def test_the_map_has_the_pairs_of_spconv(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(convolution, "MAPPED", 32)
    checked(named("kernel_map"), "spconv")


def test_missing_peers_are_null(monkeypatch: pytest.MonkeyPatch) -> None:
    for peer, word in (("ocnn", "ocnn"), ("spconv", "spconv"), ("open3d", "Open3D")):
        without(named("submanifold", word), peer, monkeypatch)
