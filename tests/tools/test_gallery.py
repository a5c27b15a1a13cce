"""The gallery scales pictures, and makes what it is asked for."""

from pathlib import Path

import pytest
from PIL import Image

from tools import gallery


def test_wide_pictures_shrink_and_small_ones_stay(tmp_path: Path) -> None:
    Image.new("RGBA", (2560, 640), (200, 10, 10, 255)).save(tmp_path / "wide.png")
    gallery.keep(tmp_path / "wide.png", tmp_path / "wide.jpg")
    assert Image.open(tmp_path / "wide.jpg").size == (1280, 320)
    Image.new("RGB", (64, 48)).save(tmp_path / "small.png")
    gallery.keep(tmp_path / "small.png", tmp_path / "small.jpg")
    assert Image.open(tmp_path / "small.jpg").size == (64, 48)


def test_one_picture_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def make(data: Path, folder: Path) -> Path:
        Image.new("RGB", (8, 8)).save(folder / "a.png")
        return folder / "a.png"

    def never(data: Path, folder: Path) -> Path:
        raise AssertionError("not asked for")

    monkeypatch.setattr(gallery, "MAKERS", {"kitchen": make, "demo_room": never})
    assert gallery.main(["--only", "kitchen", "--out", str(tmp_path / "docs")]) == 0
    assert [p.name for p in (tmp_path / "docs").iterdir()] == ["kitchen.jpg"]


def test_pictures_of_the_readme_are_there() -> None:
    readme = (gallery.ROOT / "README.md").read_text()
    for name in gallery.MAKERS:
        assert f"docs/{name}.jpg" in readme
        assert (gallery.ROOT / "docs" / f"{name}.jpg").exists()
