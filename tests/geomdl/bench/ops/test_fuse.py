from pathlib import Path

import pytest

from geomdl.bench.ops import fuse
from tests.geomdl.bench.turns import checked, without


@pytest.fixture(autouse=True)
def _procedural(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fuse, "kitchen", lambda: Path("/nowhere"))
    monkeypatch.setattr(fuse, "COUNT", 2)


def test_the_surface_is_that_of_open3d() -> None:
    first = [row for row in fuse.rows() if "8^3" in row.peer]
    checked(first, "open3d")


def test_a_missing_open3d_is_null(monkeypatch: pytest.MonkeyPatch) -> None:
    without(fuse.rows(), "open3d", monkeypatch)


def test_real_frames_are_read(data: Path) -> None:
    frames, intrinsics = fuse.real_frames(data / "rgbd_redkitchen")
    assert len(frames) == 2
    assert intrinsics.shape == (3, 3)
    assert 0 < float(frames[0][0].max()) < 65
