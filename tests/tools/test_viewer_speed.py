"""The figures of the viewer: files of the size that is told, and a record with all of them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from geomdl.io import load
from geomdl.structures import Mesh, PointCloud
from tools import viewer_speed


def test_the_files_are_as_large_as_they_are_said_to_be(tmp_path: Path) -> None:
    viewer_speed.make_files(tmp_path, around=30, across=20, points=700)
    mesh, cloud = load(tmp_path / "mesh.ply"), load(tmp_path / "cloud.ply")
    assert isinstance(mesh, Mesh)
    assert isinstance(cloud, PointCloud)
    assert len(mesh) == 1200
    assert len(cloud) == 700
    reach = mesh.vertices.abs().amax()
    assert bool((cloud.points.abs() <= reach).all())


def test_a_command_that_fails_says_which(tmp_path: Path) -> None:
    running = viewer_speed.Command("info", str(tmp_path / "nothing.ply"))
    assert running.imported > 0
    running.go()
    assert running.line() == "done"
    with pytest.raises(RuntimeError, match=r"nothing\.ply ended with 1"):
        running.line()


def test_all_repeats_are_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Nothing:
        def new_page(self) -> "Nothing":
            return self

        def goto(self, url: str) -> None:
            assert url == "about:blank"

    @contextmanager
    def chromium() -> Iterator[Nothing]:
        yield Nothing()

    times = iter((4.0, 2.0, 3.0))
    monkeypatch.setattr(viewer_speed, "chromium", chromium)
    monkeypatch.setattr(viewer_speed, "make_files", lambda folder: None)
    monkeypatch.setattr(viewer_speed, "measured", lambda folder, browser: {"page": next(times)})
    assert viewer_speed.main(["--repeats", "3", "--out", str(tmp_path)]) == 0
    told = json.loads((tmp_path / "viewer.json").read_text())
    assert told["metrics"]["page"]["values"] == [4.0, 2.0, 3.0]
    assert told["expect"]["page"] == 3.0


def test_help_tells_what_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        viewer_speed.main(["--help"])
    told = capsys.readouterr().out
    assert "page_first" in told
    assert "results/viewer.json" in told
    with pytest.raises(SystemExit):
        viewer_speed.main(["--repeats", "0"])
