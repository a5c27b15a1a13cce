"""Tables of the manuals come from docstrings, fields and records."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest

from core2d.train.settings import Train
from geomdl.commands.explain import list_fields
from tools import manuals


@dataclass(frozen=True)
class Some:
    """Some settings.

    rate: how fast. kind, other: which one it is.
    """

    rate: float = 0.5
    kind: Literal["a", "b"] = "a"
    other: bool = True


def test_options_have_their_words_choices_and_defaults() -> None:
    rows = manuals.option_table(Some).splitlines()[2:]
    assert rows == [
        "| `--rate` | 0.5 | how fast |",
        "| `--kind` | a | which one it is; a, b |",
        "| `--no-other` | on | which one it is |",
    ]
    before = manuals.option_table(Train)
    list_fields(Train)  # as a command does
    assert manuals.option_table(Train) == before


def test_rates_are_those_on_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    accused = {"trainings": 1, "of": 10, "findings": 3, "of findings": 250}
    content = {"commit": "abc", "rates": {"accused": accused, "missed": {"trainings": 2, "of": 9}}}
    (tmp_path / "first.json").write_text(json.dumps(content))
    monkeypatch.setattr(manuals, "TRIALS", tmp_path)
    assert manuals.rates_table().splitlines()[2:] == [
        "| `first.json`, commit abc | 1 of 10 | 3 of 250 | 2 of 9 |"
    ]


def test_stale_tables_are_told_and_mended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "page.md").write_text("a\n<!-- x -->\nold\n<!-- end of x -->\nb\n")
    monkeypatch.setattr(manuals, "DOCS", tmp_path)
    monkeypatch.setattr(manuals, "TABLES", {"page.md": {"x": lambda: "new"}})
    assert manuals.main(["--check"]) == 1
    assert "old" in (tmp_path / "page.md").read_text()
    assert manuals.main([]) == 0
    assert manuals.main(["--check"]) == 0
    assert (tmp_path / "page.md").read_text() == "a\n<!-- x -->\nnew\n<!-- end of x -->\nb\n"
