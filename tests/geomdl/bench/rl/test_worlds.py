"""Both forms of a world play the same episodes."""

import numpy as np
import pytest

from geomdl.bench.rl import worlds


@pytest.mark.parametrize("name", list(worlds.WORLDS))
def test_both_forms_play_the_same(name, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worlds, "STEPS", 30)
    monkeypatch.setattr(worlds, "LANES", 3)
    small = {"NextBestView": {"objects": 2}, "ObjectGoal": {"rooms": 1}, "VoxelMaze": {"mazes": 2}}
    monkeypatch.setattr(worlds, "WORLDS", small)
    work = worlds.world(name)
    ours = work.ours()
    assert work.peer is not None
    assert work.same is not None
    work.same(ours, work.peer())
    work.same(ours, work.ours())
    with pytest.raises(AssertionError):
        work.same(ours, (ours[0], ours[1] + 1))
    first = ours[0] if not isinstance(ours[0], dict) else next(iter(ours[0].values()))
    assert np.asarray(first).shape[0] == 3


def test_rows_say_how_many_steps() -> None:
    assert [row.name for row in worlds.rows()] == ["world_steps"] * 3
    assert "1,024 steps, ObjectGoal, 32 lanes" in [*worlds.rows()][1].work
