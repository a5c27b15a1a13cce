"""Atari records beside published curves: what is read, compared, drawn and written."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core2d.errors import InputError
from geomdl.recipes import atari_dqn
from rl.atari import GAMES
from rl.runs import describe_run
from tools.atari import figure, flag, main, published, recorded, row, running, table


def record(
    folder: Path, name: str, flags: str, *, steps: int = 500_000, slope: float = 1.0
) -> None:
    """Ten lines; a game ends with as many points as 100,000 steps were played, times slope."""
    lines = [{"step": steps * i // 10, "episodes": i} for i in range(1, 11)]
    told = [line | {"return": slope * line["step"] / 1e5} for line in lines]
    content = {
        "command": f"geomdl rl train atari_dqn {flags} --record",
        "seeds": [0],
        "metrics": {"return": {"values": [7.5], "mean": 7.5, "std": 0.0}},
        "curves": [told],
    }
    (folder / f"{name}.json").write_text(json.dumps(content))


def test_a_record_says_which_game_and_how_many_frames(tmp_path: Path) -> None:
    record(tmp_path, "atari_dqn", "--steps 500000")
    record(tmp_path, "atari_dqn_breakout_v5", "--env ALE/Breakout-v5 --protocol.skip=3")
    (tmp_path / "cartpole_dqn.json").write_text("{}")
    games = recorded(tmp_path)
    assert [*games] == ["ALE/Pong-v5", "ALE/Breakout-v5"]
    assert [game.frames for game in games.values()] == [2_000_000, 1_500_000]
    assert [game.full for game in games.values()] == [False, False]
    assert flag("train --steps.more 3 --steps 4", "--steps", "5") == "4"
    assert flag("train", "--steps", "5") == "5"


def test_returns_are_compared_over_the_same_frames(tmp_path: Path) -> None:
    record(tmp_path, "atari_dqn", "")
    ours = recorded(tmp_path)["ALE/Pong-v5"]
    # Of lines 6 to 10, whose weights are as many: 3, 3.5, 4, 4.5 and 5 points.
    late = np.average([3, 3.5, 4, 4.5, 5], weights=[6, 7, 8, 9, 10])
    assert ours.over(1e6, 2e6) == pytest.approx(late)
    assert ours.over(2e6, 3e6) is None
    theirs = published()["ALE/Pong-v5"][:, 1].mean()
    assert row("ALE/Pong-v5", ours) == ["2 M", f"{late:,.4g}", f"{theirs:,.4g}", "7.5"]
    assert row("ALE/Pong-v5", None) == ["-"] * 4
    record(tmp_path, "atari_dqn", "", steps=200_000)
    assert row("ALE/Pong-v5", recorded(tmp_path)["ALE/Pong-v5"]) == ["0.8 M", "", "", "7.5"]


def test_runs_that_go_on_are_shown_without_a_test(tmp_path: Path) -> None:
    for seed in (0, 1):
        folder = tmp_path / "runs" / f"seed{seed}"
        folder.mkdir(parents=True)
        describe_run(folder, "atari_dqn", replace(atari_dqn.SETTINGS, seed=seed), {})
        lines = [{"step": 1000.0 * i, "return": 5.0, "episodes": 2} for i in (1, 2, 3 + seed)]
        (folder / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    games = running([tmp_path / "runs"])
    ours = games["ALE/Pong-v5"]
    assert (ours.frames, len(ours.logs), ours.tests) == (12_000, 2, ())
    assert [len(panel.lines) for panel in figure(games).axes] == [3, 1, 1, 1, 1, 0]
    main(["-o", str(tmp_path / "a.svg"), "--runs", str(tmp_path / "runs")])
    assert "Dopamine" in (tmp_path / "a.svg").read_text()
    record(tmp_path, "atari_dqn", "")
    content = json.loads((tmp_path / "atari_dqn.json").read_text())
    (tmp_path / "atari_dqn.json").write_text(json.dumps(content | {"metrics": {}}))
    assert row("ALE/Pong-v5", recorded(tmp_path)["ALE/Pong-v5"])[-1] == ""


def test_curves_run_over_frames_and_every_seed_is_one(tmp_path: Path) -> None:
    record(tmp_path, "atari_dqn", "")
    content = json.loads((tmp_path / "atari_dqn.json").read_text())
    content["curves"].append([line | {"return": 9.0} for line in content["curves"][0]])
    (tmp_path / "atari_dqn.json").write_text(json.dumps(content))
    x, curves = recorded(tmp_path)["ALE/Pong-v5"].curves()
    assert (x[0], x[-1], curves.shape) == (0.2, 2.0, (2, 100))
    assert curves[0, -1] == pytest.approx(5.0)
    assert (curves[1] == 9.0).all()
    content["curves"] = [[{"step": 10, "episodes": 0}]]
    (tmp_path / "atari_dqn.json").write_text(json.dumps(content))
    with pytest.raises(InputError, match="no episode has ended"):
        recorded(tmp_path)["ALE/Pong-v5"].curves()


def test_published_numbers_are_whole_and_plausible() -> None:
    found = published()
    assert [*found] == [*atari_dqn.PUBLISHED] == [f"ALE/{game}-v5" for game in GAMES]
    assert all(values.shape == (5, 12) for values in found.values())
    pong = found["ALE/Pong-v5"]
    assert (pong.min(), pong.max()) == (-20.7, 9.54)
    # Each game began near chance and got better.
    assert all(values[:, -1].mean() > 1.5 * values[:, 0].mean() for values in found.values())


def test_table_shows_every_game_and_keeps_short_tests_from_the_full_run(tmp_path: Path) -> None:
    record(tmp_path, "atari_dqn", "")
    lines = table(tmp_path).splitlines()[2:]
    assert [line.split(" | ")[0] for line in lines] == [f"| {env}" for env in atari_dqn.PUBLISHED]
    assert lines[0].endswith("| 7.5 | 18.9 | `geomdl rl train atari_dqn --record` |  |")
    assert lines[1].startswith("| ALE/Breakout-v5 | - | - | - | - | 401.2 |")
    assert "`geomdl rl train atari_dqn --env ALE/Breakout-v5 --record`" in lines[1]
    record(tmp_path, "atari_dqn", "", steps=atari_dqn.SETTINGS.steps)
    assert (
        table(tmp_path)
        .splitlines()[2]
        .endswith("|  | 18.9 | `geomdl rl train atari_dqn --record` | 7.5 |")
    )


def test_five_panels_with_ours_where_it_is_recorded(tmp_path: Path) -> None:
    record(tmp_path, "atari_dqn", "")
    record(tmp_path, "atari_dqn_seaquest_v5", "--env ALE/Seaquest-v5", steps=1_500_000)
    *panels, words = figure(recorded(tmp_path)).axes
    assert [panel.get_title().split(" ")[0] for panel in panels] == [*atari_dqn.PUBLISHED]
    assert [len(panel.lines) for panel in panels] == [3, 1, 1, 3, 1]
    theirs, ours, test = panels[3].lines
    np.testing.assert_allclose(
        theirs.get_ydata(), published()["ALE/Seaquest-v5"][:, :6].mean(0), rtol=1e-12
    )
    np.testing.assert_array_equal(theirs.get_xdata(), np.arange(6) + 0.5)
    assert (ours.get_xdata()[-1], test.get_xdata()[0]) == (6.0, 6.0)  # type: ignore[index]
    assert panels[3].get_xlim() == (0, 6.5)
    legend = words.get_legend()
    assert legend is not None
    assert len(legend.get_texts()) == 3
    main(["-o", str(tmp_path / "a.png"), "--results", str(tmp_path)])
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
