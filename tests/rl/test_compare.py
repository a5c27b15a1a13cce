"""Curves over seeds: who belongs together, what a point is, and how sure its mean is."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core2d.errors import InputError
from core2d.files import save_json
from rl.compare import Group, bands, compare, curve, labels, runs_in
from rl.runs import describe_run
from rl.settings import Learn, Settings

BASE = Settings(steps=1000)


def left(
    folder: Path,
    settings: Settings,
    returns: list[float | None],
    *,
    test: float | None = None,
    name: str = "dqn",
    episodes: int = 1,
) -> Path:
    """A run's folder: a line of the log for every 100 steps."""
    folder.mkdir(parents=True)
    describe_run(folder, name, settings, {})
    lines = [
        {"step": 100 * (i + 1)} | ({} if r is None else {"return": r, "episodes": episodes})
        for i, r in enumerate(returns)
    ]
    (folder / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    if test is not None:
        content = {"metrics": {"return": test}, "step": 1000, "seconds": 1.0}
        save_json(folder / "outcome.json", content)
    return folder


def test_seeds_belong_together_and_settings_do_not(tmp_path: Path) -> None:
    for seed, height in ((0, 10.0), (1, 20.0), (2, 60.0)):
        one = replace(BASE, seed=seed)
        left(tmp_path / "a" / f"seed{seed}", one, [height] * 10, test=height + 1)
    fast = replace(BASE, learn=Learn(rate=1e-2))
    left(tmp_path / "b", fast, [5.0] * 10)
    found = compare([tmp_path / "a", tmp_path / "b"])
    first, second = found.groups
    assert (first.name, second.name) == ("dqn learn.rate=0.001", "dqn learn.rate=0.01")
    assert first.seeds == (0, 1, 2)
    assert first.mean == (30.0,) * 100
    assert first.finals == (11.0, 21.0, 61.0)
    assert (first.tested, second.tested) == (True, False)
    assert first.low[0] == pytest.approx(10.0)
    assert first.high[0] == pytest.approx(60.0)
    assert second.low == second.mean == second.high
    table = str(found)
    assert "31.00" in table
    assert "11.00 to 61.00" in table
    assert "5.00 (training)" in table
    assert "one seed" in table


def test_a_point_is_the_mean_of_the_episodes_of_its_window(tmp_path: Path) -> None:
    folder = left(tmp_path / "a", BASE, [float(i) for i in range(1, 11)])
    (run,) = runs_in(folder)
    steps = np.array([100.0, 500.0, 950.0, 1000.0])
    np.testing.assert_allclose(curve(run, steps, 0.05), [1, 5, 9, 10])
    np.testing.assert_allclose(curve(run, steps, 0.25), [1, 4, 8.5, 9])


def test_lines_with_many_episodes_weigh_more_and_empty_ones_nothing(tmp_path: Path) -> None:
    folder = left(tmp_path / "a", BASE, [None, 4.0, None, None])
    (run,) = runs_in(folder)
    np.testing.assert_allclose(curve(run, np.array([200.0, 400.0]), 0.05), [4, 4])
    run.log[3].update({"return": 10.0, "episodes": 3})
    np.testing.assert_allclose(curve(run, np.array([400.0]), 1.0), [(4 + 3 * 10) / 4])


def test_curves_end_where_the_shortest_ends(tmp_path: Path) -> None:
    left(tmp_path / "a" / "seed0", BASE, [1.0] * 10)
    left(tmp_path / "a" / "seed1", replace(BASE, seed=1), [None, 3.0, 3.0, 3.0])
    (group,) = compare([tmp_path / "a"]).groups
    assert (group.steps[0], group.steps[-1]) == (200.0, 400.0)
    assert group.mean == (2.0,) * 100


def test_bands_are_those_of_resampled_seeds() -> None:
    curves = np.random.default_rng(0).normal(size=(12, 3))
    low, high = bands(curves)
    generator = np.random.default_rng(7)
    means = [curves[generator.integers(12, size=12)].mean(0) for _ in range(10_000)]
    expected = np.quantile(means, [0.025, 0.975], axis=0)
    np.testing.assert_allclose([low, high], expected, atol=0.06)
    assert (low < curves.mean(0)).all()
    assert (high > curves.mean(0)).all()


def test_names_tell_what_differs_and_nothing_else() -> None:
    other = replace(BASE, env="Acrobot-v1")
    assert labels([("dqn", BASE), ("dqn", other), ("double", BASE)]) == ["dqn", "dqn", "double"]
    longer = replace(BASE, steps=2000)
    assert labels([("dqn", BASE), ("dqn", longer)]) == ["dqn steps=1000", "dqn steps=2000"]


def test_figure_and_file(tmp_path: Path) -> None:
    for seed in (0, 1):
        left(tmp_path / "a" / f"seed{seed}", replace(BASE, seed=seed), [1.0 + seed] * 10)
    left(tmp_path / "b", replace(BASE, env="Acrobot-v1"), [-100.0] * 10)
    found = compare([tmp_path / "a", tmp_path / "b"])
    panels = found.figure({"Acrobot-v1": {"published": -85.0}}).axes
    assert [panel.get_title() for panel in panels] == ["CartPole-v1", "Acrobot-v1"]
    assert len(panels[0].collections) == 1  # the band
    assert [line.get_label() for line in panels[1].lines] == ["dqn (1 seed)", "published"]
    found.draw(tmp_path / "curves.png")
    assert (tmp_path / "curves.png").read_bytes()[1:4] == b"PNG"
    save_json(tmp_path / "found.json", found.content())
    content = json.loads((tmp_path / "found.json").read_text())["groups"][0]
    assert Group(**content).env == "CartPole-v1"


def test_atari_is_drawn_over_frames_and_tells_its_protocol(tmp_path: Path) -> None:
    pytest.importorskip("ale_py", reason="the extra atari (ale-py) is not installed")
    left(tmp_path / "a", replace(BASE, env="ALE/Pong-v5"), [-20.0] * 10)
    (group,) = (found := compare([tmp_path / "a"])).groups
    assert (group.frames, group.protocol["sticky"]) == (4, 0.25)
    (panel,) = found.figure().axes
    assert panel.get_xlabel() == "frames"
    assert panel.lines[0].get_xdata()[-1] == 4000


def test_what_cannot_be_compared(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="at least one"):
        compare([])
    with pytest.raises(InputError, match="no run"):
        compare([tmp_path])
    with pytest.raises(InputError, match="no episode has ended"):
        compare([left(tmp_path / "a", BASE, [None, None])])
