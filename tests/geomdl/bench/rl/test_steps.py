"""Ours and the peer begin with one network, and each call is as much work as the row says."""

import pytest
import torch

from geomdl.bench.rl import steps


@pytest.mark.parametrize("prepare", [steps.cartpole, steps.images])
def test_both_begin_with_the_same_network(prepare, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "STEPS", 160)
    monkeypatch.setattr(steps, "FRAMES", 400)
    work = prepare()
    assert work.same is not None
    first = work.ours()
    assert isinstance(first, torch.Tensor)
    if work.peer is not None:
        work.same(first, work.peer())
        with pytest.raises(AssertionError):
            work.same(first, 2 * first)
    assert work.ours() is None


def test_rows_name_their_targets() -> None:
    rows = [(row.name, row.target) for row in steps.rows()]
    assert rows == [("cartpole_steps", 2.5), ("atari_update", 1.3), ("atari_update", 1.3)]
    assert "bfloat16" in list(steps.rows())[2].work
