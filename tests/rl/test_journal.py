"""Numbers that change anywhere: what was saved is loaded, and little is written for it."""

from pathlib import Path

import numpy as np
import pytest

from core2d.errors import InputError
from rl.journal import GROWN, Journal

COUNT = 40


def journal(folder: Path, spare: int = 10) -> Journal:
    return Journal(folder, "values", spare=spare)


def changed(values: np.ndarray, count: int, seed: int) -> np.ndarray:
    """A copy with new numbers in some places."""
    rng = np.random.default_rng(seed)
    values = values.copy()
    values[rng.choice(len(values), count, replace=False)] = rng.random(count)
    return values


def at(frames: int) -> np.ndarray:
    return np.array([frames, 0])


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())


@pytest.mark.parametrize("count", [0, 1, 7, 19, 20, 21, 40])
def test_every_state_is_as_it_was(tmp_path, count):
    values, kept, states = np.zeros(COUNT), journal(tmp_path, spare=12), []
    for turn in range(12):
        states.append((kept.save(values, at(turn)), values))
        values = changed(values, count, turn)
    for state, wanted in states:
        assert np.array_equal(journal(tmp_path).load(state, COUNT, at(11)), wanted)


def test_only_what_changed_is_written(tmp_path):
    kept, values = journal(tmp_path), np.arange(COUNT, dtype=float)
    kept.save(values, at(0))
    assert size(tmp_path) == 8 * COUNT
    kept.save(changed(values, 3, 0), at(1))
    assert size(tmp_path) == 8 * COUNT + 3 * 16
    before = (tmp_path / "values_0").read_bytes()
    kept.save(changed(values, 5, 1), at(2))
    assert (tmp_path / "values_0").read_bytes().startswith(before)


def test_files_do_not_grow_for_ever(tmp_path):
    kept, values = journal(tmp_path, spare=4), np.zeros(COUNT)
    for turn in range(100):
        kept.save(values, at(turn))
        values = changed(values, 10, turn)
        assert size(tmp_path) <= 3 * GROWN * 8 * COUNT
    assert len(list(tmp_path.iterdir())) <= 3


def test_a_state_stands_as_long_as_its_frames(tmp_path):
    kept, values = journal(tmp_path, spare=4), np.zeros(COUNT)
    state = kept.save(values, at(10))
    kept.save(values + 1, at(14))
    assert np.array_equal(journal(tmp_path).load(state, COUNT, at(10)), values)
    kept.save(values + 2, at(15))
    with pytest.raises(InputError, match="values_0: holds no priorities of this state"):
        journal(tmp_path).load(state, COUNT, at(10))


@pytest.mark.parametrize("lost", [2, 40])
def test_what_was_written_before_a_death_does_not_matter(tmp_path, lost):
    """A process saves and dies, the next goes on from the state before, by another way."""
    kept, values = journal(tmp_path), np.zeros(COUNT)
    kept.save(values, at(0))
    values = changed(values, 4, 0)
    state = kept.save(values, at(1))
    kept.save(changed(values, lost, 1), at(2))
    again = journal(tmp_path)
    assert np.array_equal(again.load(state, COUNT, at(1)), values)
    values = changed(values, 6, 2)
    state = again.save(values, at(2))
    values = changed(values, 30, 3)
    last = again.save(values, at(3))
    assert np.array_equal(journal(tmp_path).load(last, COUNT, at(3)), values)
    earlier = journal(tmp_path).load(state, COUNT, at(2))
    assert np.array_equal(changed(earlier, 30, 3), values)


def test_a_file_cut_short_is_refused(tmp_path):
    kept = journal(tmp_path)
    state = kept.save(np.zeros(COUNT), at(0))
    (tmp_path / "values_0").write_bytes(bytes(8 * COUNT - 1))
    with pytest.raises(InputError, match="values_0: holds no priorities"):
        journal(tmp_path).load(state, COUNT, at(0))
