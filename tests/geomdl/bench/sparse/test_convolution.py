import pytest

from geomdl.bench.sparse import convolution
from geomdl.bench.sparse_surface import surface
from tests.geomdl.bench.turns import checked, without


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(convolution, "SIZES", ((32, 8),))


def named(*words: str) -> list[convolution.Row]:
    rows = list(convolution.rows())
    return [r for r in rows if all(w in f"{r.name} {r.work} {r.peer}" for w in words)]


def test_values_and_gradients_are_those_of_plain_torch() -> None:
    checked(named("torch gather"), "torch")


def test_bare_products_are_as_many_as_the_layers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(convolution, "SIZES", ((32, 32),))
    monkeypatch.setattr(convolution, "SIDE", 64)
    rows = named("torch sgemm")
    assert [row.target for row in rows] == [1 / 2.2, 1 / 2.5]
    pairs = surface(32).pairs
    for row, times in zip(rows, (1, 3), strict=True):
        peer = row.prepare().peer
        assert peer is not None
        done = 2 * peer().numel() * convolution.SIDE
        assert done == pytest.approx(times * 2 * pairs * 32**2, rel=0.01)
        assert done == pytest.approx(row.floor.flops, rel=0.15)
    checked(rows, "torch")
    monkeypatch.setattr(convolution, "SIZES", ((32, 8),))
    assert named("torch sgemm") == []


@pytest.mark.parametrize("peer", ["ocnn", "spconv"])
def test_values_are_those_of_the_peers_that_are_installed(peer: str) -> None:
    checked(named("submanifold", peer), peer)


def test_the_map_has_the_pairs_of_spconv(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(convolution, "MAPPED", 32)
    checked(named("kernel_map"), "spconv")


def test_missing_peers_are_null(monkeypatch: pytest.MonkeyPatch) -> None:
    for peer, word in (("ocnn", "ocnn"), ("spconv", "spconv"), ("open3d", "Open3D")):
        without(named("submanifold", word), peer, monkeypatch)
