"""The guide of the viewer names every option and every key, as the code has them."""

import dataclasses
from pathlib import Path

import pytest

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
    assert len(table.splitlines()) == 2 + len(words)


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
    page.write_text(marks.format("keys") + marks.format("options"))
    monkeypatch.setattr(guide, "PAGE", page)
    assert guide.main(["--check"]) == 1
    assert guide.main([]) == 0
    assert guide.main(["--check"]) == 0
    text = page.read_text()
    assert "old" not in text
    assert text.count("a\n<!--") == 2
    with pytest.raises(ValueError, match="no place for the table"):
        guide.written("nothing")
