import pytest

from geomdl.bench.ops import views
from tests.geomdl.bench.turns import checked, without


def test_depths_are_those_of_the_peer() -> None:
    checked(views.rows(), "open3d")


def test_a_missing_open3d_is_null(monkeypatch: pytest.MonkeyPatch) -> None:
    without(views.rows(), "open3d", monkeypatch)


def test_rooms_have_as_many_triangles_as_told() -> None:
    vertices, faces = views.room(0)
    assert len(faces) == 18_012
    assert int(faces.max()) == len(vertices) - 1
    assert f"{len(faces) / 1e3:.0f}k" in next(iter(views.rows())).work
