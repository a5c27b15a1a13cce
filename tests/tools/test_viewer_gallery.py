"""The gallery of the viewer: every scene has both pictures, the page says how they were made."""

import shlex
import subprocess
from pathlib import Path

import pytest
from PIL import Image

from tools import viewer_gallery as gallery

DOCS = gallery.ROOT / "docs"


def test_the_page_is_the_one_that_the_tool_writes() -> None:
    assert (DOCS / "gallery.md").read_text() == gallery.gallery_page()


def test_pictures_are_there_and_show_something() -> None:
    for name in gallery.SCENES:
        for kind in ("page", "render"):
            picture = Image.open(DOCS / "gallery" / f"{name}_{kind}.jpg")
            colors = picture.resize((80, 60)).convert("RGB").getcolors(4800)
            assert colors is not None
            assert len(colors) > 50, f"{name}_{kind} shows almost nothing"


def test_commands_on_the_page_are_those_that_were_run() -> None:
    lines = gallery.gallery_page().splitlines()
    for name, scene in gallery.SCENES.items():
        (view,) = [x for x in lines if x.startswith(f"geomdl view {scene.shown_as}")]
        assert tuple(shlex.split(view)[3:]) == scene.options
        assert f"{view.replace(' view ', ' render ')} -o {name}.png" in lines


def test_both_pictures_by_the_same_arguments(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "docs").mkdir()
    seen: dict[str, list[str]] = {}

    def make(kind: str):  # type: ignore[no-untyped-def]
        def draw(arguments: list[str], target: Path) -> None:
            seen[kind] = arguments
            Image.new("RGBA", (8, 6)).save(target)

        return draw

    monkeypatch.setattr(gallery, "rendered", make("render"))
    monkeypatch.setattr(gallery, "page_picture", make("page"))
    monkeypatch.setenv("GEOMDL_DATA", "/data")
    assert gallery.main(["armadillo", "--out", str(tmp_path / "docs" / "gallery")]) == 0
    options = list(gallery.SCENES["armadillo"].options)
    assert seen["page"] == seen["render"] == ["/data/meshes/armadillo.obj", *options]
    made = {path.name for path in (tmp_path / "docs" / "gallery").iterdir()}
    assert made == {"armadillo_page.jpg", "armadillo_render.jpg"}
    assert (tmp_path / "docs" / "gallery.md").exists()


def test_an_unknown_scene_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        gallery.main(["teapot"])
    assert "no scene 'teapot'" in capsys.readouterr().err


def test_a_view_that_fails_says_why(tmp_path: Path) -> None:
    with (
        pytest.raises(RuntimeError, match=r"nothing\.ply"),
        gallery.served([str(tmp_path / "nothing.ply")]),
    ):
        pass


def test_a_render_that_fails_raises(tmp_path: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        gallery.rendered([str(tmp_path / "nothing.ply")], tmp_path / "a.png")
