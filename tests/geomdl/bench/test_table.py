import pytest

from geomdl.bench.table import chosen, rows
from geomdl.errors import GeometryError


def test_rows_differ_and_hold_themselves_to_something() -> None:
    every = list(rows())
    assert len({(r.name, r.work, r.peer) for r in every}) == len(every)
    assert {"knn_index", "rasterize", "fuse", "signed_distance"} <= {r.name for r in every}
    assert all(r.floor.moved or r.floor.flops for r in every)


def test_rows_by_name_and_group() -> None:
    assert {r.name for r in chosen(["voxelize", "icp"])} == {"voxelize", "icp"}
    assert [r.name for r in chosen(group="render")] == ["rasterize", "view_scenes"]
    assert chosen(["icp"], "render") == []
    assert len(chosen()) == len(list(rows()))


def test_unknown_names_are_refused_with_the_known_ones() -> None:
    with pytest.raises(GeometryError, match=r"names: .* got 'knn'.*knn_index"):
        chosen(["knn", "icp"])
    with pytest.raises(
        GeometryError, match="expected ops or render or rl or sparse or train or viewer, got 'op"
    ):
        chosen(group="opps")
