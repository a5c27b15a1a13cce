"""The picture of the worlds' agents: what is read of a record, and that it is drawn."""

import json
from pathlib import Path

import pytest

from core2d.errors import InputError
from geomdl.recipes.worlds_dqn import WORLDS
from tools.worlds import figure, logs_of, main


def content() -> dict:
    """Two seeds, whose returns grow from their seed's number on."""
    log = [
        {
            f"{world}/{key}": value
            for world in WORLDS
            for key, value in {"step": 100 * i, "return": seed + i / 10, "episodes": 2}.items()
        }
        for seed in (0, 1)
        for i in range(1, 11)
    ]
    metrics = {
        f"return_{world}{who}": {"values": [value, value + 1], "mean": value}
        for world in WORLDS
        for who, value in {"": 3.0, "_random": 0.0, "_scripted": 2.0, "_oracle": 5.0}.items()
    }
    return {"curves": [log[:10], log[10:]], "metrics": metrics}


def test_every_world_has_its_seeds_and_those_it_is_compared_with(tmp_path: Path) -> None:
    told = content()
    first, second = logs_of(told, "VoxelMaze")
    assert first[0] == {"step": 100, "return": 0.1, "episodes": 2}
    assert second[9] == {"step": 1000, "return": 2.0, "episodes": 2}
    panels = figure(told).axes
    assert [panel.get_title() for panel in panels] == list(WORLDS)
    *curves, stars, oracle, scripted, random = panels[0].get_lines()
    assert [line.get_ydata()[-1] > 0.9 + seed for seed, line in enumerate(curves)] == [True, True]
    assert list(stars.get_ydata()) == [3.0, 4.0]
    assert [line.get_ydata()[0] for line in (oracle, scripted, random)] == [5.0, 2.0, 0.0]
    with pytest.raises(InputError, match="nothing is recorded"):
        main(["--results", str(tmp_path)])
    (tmp_path / "worlds_dqn.json").write_text(json.dumps(told))
    main(["--results", str(tmp_path), "-o", str(tmp_path / "a.png")])
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
