"""The guide of the viewer names every option and every key, as the code has them."""

import dataclasses
import re
import shlex
from pathlib import Path

import pytest

import geomdl
from geomdl.viewer.look import Look
from tools import guide


def test_the_guide_is_up_to_date() -> None:
    assert guide.main(["--check"]) == 0, "run python tools/guide.py"


def test_every_option_has_its_words() -> None:
    words = guide.meanings()
    assert set(words) == {field.name for field in dataclasses.fields(Look)}
    assert words["ramp"] == "colours of numbers"
    table = guide.option_table()
    assert "| `--no-legend` | on |" in table
    assert "| `--fov` | 40.0 |" in table
    assert "| `--opacity` | 1.0 |" in table
    assert "| `--frame` | 0 |" in table
    assert len(table.splitlines()) == 2 + len(words)


def test_the_options_of_the_commands_are_listed() -> None:
    view, render = guide.view_table(), guide.render_table()
    assert "| `--port` | 8080 |" in view
    assert "| `--no-browser` | on |" in view
    assert "--look" not in view
    assert "| `--size` | 640 480 |" in render
    assert "`--supersample`" in render
    assert "`--turntable`" in render


def blocks(language: str) -> list[str]:
    """What stands between ``` in the guide."""
    return re.findall(rf"```{language}\n(.*?)```", guide.PAGE.read_text(), re.DOTALL)


def test_the_examples_use_options_that_exist() -> None:
    tables = {"view": guide.view_table(), "render": guide.render_table()}
    seen = 0
    for block in blocks("sh"):
        for line in block.replace("\\\n", " ").splitlines():
            words = shlex.split(line, comments=True)
            if len(words) < 3 or words[1] not in tables:
                continue
            known = tables[words[1]] + guide.option_table()
            for word in words:
                if word.startswith("--"):
                    assert f"`{word.split('=')[0]}`" in known, line
                    seen += 1
    assert seen > 20


def test_the_python_of_the_guide_runs(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "spot.obj").symlink_to((data / "meshes" / "spot.obj").resolve())
    monkeypatch.chdir(tmp_path)
    draw, drawn = geomdl.show, []

    def show(*things, names=None, look=None, page=True, size=(64, 48)):  # type: ignore[no-untyped-def]
        drawn.append(draw(*things, names=names, look=look, page=False, size=(64, 48)))
        return drawn[-1]

    monkeypatch.setattr(geomdl, "show", show)
    (code,) = blocks("python")
    exec(compile(code, "viewer.md", "exec"), {})
    assert len(drawn) == 6
    assert all(picture.convert("L").getextrema()[0] < 200 for picture in drawn)
    assert isinstance(geomdl.load(tmp_path / "parts.ply"), geomdl.PointCloud)


def test_keys_are_listed_once() -> None:
    rows = guide.key_table().splitlines()[2:]
    names = [row.split("|")[1].strip() for row in rows]
    assert len(names) == len(set(names))
    assert {"M", "Space", "Shift J", "drag"} <= set(names)


def test_tables_are_put_between_their_marks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "page.md"
    marks = "a\n<!-- {0} -->\nold\n<!-- end of {0} -->\nb\n"
    page.write_text("".join(marks.format(name) for name in guide.TABLES))
    monkeypatch.setattr(guide, "PAGE", page)
    assert guide.main(["--check"]) == 1
    assert guide.main([]) == 0
    assert guide.main(["--check"]) == 0
    text = page.read_text()
    assert "\nold\n" not in text
    assert text.count("a\n<!--") == len(guide.TABLES)
    with pytest.raises(ValueError, match="no place for the table"):
        guide.written("nothing")
