"""The picture and the table of the family: members in order, each with its own figures."""

import json
from pathlib import Path

import pytest

from core2d.errors import InputError
from geomdl.recipes.pixel_family import GAMES, MEMBERS
from tools.family import drawn, main, order, table


def metrics() -> dict:
    """Two seeds; the later a member, the better."""
    told = {f"{who}_{game}": {"mean": v} for game in GAMES for who, v in MARKS.items()}
    for number, name in enumerate(MEMBERS):
        values = {"score": number / 10, **{f"return_{g}": number + i for i, g in enumerate(GAMES)}}
        for figure, value in values.items():
            told[f"{figure}_{name}"] = {"mean": value, "values": [value - 0.01, value + 0.01]}
        told[f"rate_{name}"] = {"mean": 3e-4, "values": [3e-4, 3e-4]}
    return told


MARKS = {"random": 0.0, "scripted": 90.0}


def test_members_stand_in_order_beside_chance_and_rules() -> None:
    told = metrics()
    assert order(told) == list(reversed(MEMBERS))
    score, *games = drawn(told).axes
    assert [bar.get_width() for bar in score.patches] == pytest.approx(
        [number / 10 for number in reversed(range(len(MEMBERS)))]
    )
    assert [label.get_text() for label in score.get_yticklabels()] == order(told)
    assert score.yaxis_inverted()
    for i, (place, game) in enumerate(zip(games, GAMES, strict=True)):
        assert place.get_title().startswith(game)
        *seeds, chance, rules = place.get_lines()
        assert list(seeds[0].get_xdata()) == pytest.approx([i + 8.99, i + 9.01])
        assert chance.get_xdata()[0] == 0.0
        assert rules.get_xdata()[0] == 90.0


def test_the_table_says_the_same() -> None:
    first = table(metrics()).splitlines()[2]
    assert first == f"| `{MEMBERS[-1]}` | 0.90 | 0.89 to 0.91 | 0.0003 | 9.0 | 10.0 | 11.0 | 12.0 |"


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(InputError, match="nothing is recorded"):
        main(["--results", str(tmp_path)])
    (tmp_path / "pixel_family.json").write_text(json.dumps({"metrics": metrics()}))
    main(["--results", str(tmp_path), "-o", str(tmp_path / "a.png")])
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    main(["--results", str(tmp_path), "--table"])
    assert capsys.readouterr().out == table(metrics()) + "\n"
