"""Ours and the peers draw what was put in; the two trees draw the same."""

import numpy as np
import pytest

from geomdl.bench.rl import replay


@pytest.mark.parametrize(("frames", "stack"), [(replay.numbered(60, 6), 3), (replay.states(80), 1)])
def test_both_draw_what_was_put_in(frames, stack, monkeypatch) -> None:
    pytest.importorskip("stable_baselines3", reason="the peer of the bench is not installed")
    monkeypatch.setattr(replay, "TURNS", 2)
    work = replay.prepared(frames, stack, 16)
    assert work.peer is not None
    assert work.same is not None
    ours, theirs = work.ours(), work.peer()
    work.same(ours, theirs)
    with pytest.raises(AssertionError):
        work.same(ours, theirs._replace(rewards=theirs.rewards + 1))


def test_both_trees_draw_the_same(monkeypatch) -> None:
    monkeypatch.setattr(replay, "TURNS", 3)
    work = replay.prioritised(entries=256, batch=16)
    assert work.peer is not None
    assert work.same is not None
    ours, theirs = work.ours(), work.peer()
    work.same(ours, theirs)
    with pytest.raises(AssertionError):
        work.same(work.ours(), theirs)
    assert len(np.unique(ours[0])) > 8


def test_the_rows_hold_themselves_to_something() -> None:
    held = {(row.name, row.target) for row in replay.rows()}
    assert held == {("replay_sample", 3), ("replay_sample", None), ("prioritised_update", 5)}
