"""Files of the frames of a replay in memory: only what is new, and never a state that lies."""

import numpy as np
import pytest

from core2d.errors import InputError
from rl.frames import Frames
from rl.kept import Kept

LIVE, SPARE, LANES = 5, 3, 2


def parts() -> list[Frames]:
    return [Frames(LANES, LIVE, (2,), np.float32), Frames(LANES, LIVE, (), np.uint8)]


def put(frames: list[Frames], lane: int, number: int) -> None:
    """Frame `number` of a lane, which says so."""
    for one in frames:
        one.values[lane * LIVE + number % LIVE] = 100 * lane + number


def grown(frames: list[Frames], before: list[int], after: list[int]) -> np.ndarray:
    for lane, (first, last) in enumerate(zip(before, after, strict=True)):
        for number in range(first, last):
            put(frames, lane, number)
    return np.array(after)


def kept(folder, frames) -> Kept:
    return Kept(folder, [one.flat() for one in frames], live=LIVE, spare=SPARE)


@pytest.mark.parametrize("times", [[(0, 3), (2, 4)], [(3, 0), (5, 1), (9, 7)], [(23, 4), (40, 6)]])
def test_what_stood_at_a_save_is_loaded(tmp_path, times):
    frames, before = parts(), [0, 0]
    files = kept(tmp_path, frames)
    for after in times:
        written = grown(frames, before, list(after))
        files.save(written)
        before = list(after)
        again = parts()
        kept(tmp_path, again).load(written, files.token)
        for ours, theirs in zip(frames, again, strict=True):
            assert np.array_equal(ours.values, theirs.values)


def test_only_what_is_new_is_written(tmp_path):
    frames = parts()
    files = kept(tmp_path, frames)
    files.save(grown(frames, [0, 0], [4, 4]))
    (tmp_path / "kept_1").write_bytes(bytes(2 * (LIVE + SPARE)))
    written = grown(frames, [4, 4], [6, 5])
    files.save(written)
    ring = np.frombuffer((tmp_path / "kept_1").read_bytes(), np.uint8).reshape(2, -1)
    assert ring.tolist() == [[0, 0, 0, 0, 4, 5, 0, 0], [0, 0, 0, 0, 104, 0, 0, 0]]


def test_a_state_outlives_what_is_spared_and_no_more(tmp_path):
    frames = parts()
    files = kept(tmp_path, frames)
    first = grown(frames, [0, 0], [9, 2])
    files.save(first)
    expected = [one.values.copy() for one in frames]
    files.save(grown(frames, [9, 2], [12, 2]))
    again = parts()
    kept(tmp_path, again).load(first, files.token)
    assert all(np.array_equal(a, b.values) for a, b in zip(expected, again, strict=True))
    files.save(grown(frames, [12, 2], [13, 2]))
    with pytest.raises(InputError, match="4 frames of a lane came after this state and 3 are"):
        kept(tmp_path, parts()).load(first, files.token)


def test_frames_of_others_and_files_cut_short_are_refused(tmp_path):
    frames = parts()
    files = kept(tmp_path, frames)
    with pytest.raises(InputError, match="holds no frames of this state"):
        files.load(np.array([0, 0]), "")
    written = grown(frames, [0, 0], [4, 4])
    files.save(written)
    with pytest.raises(InputError, match="holds no frames of this state"):
        kept(tmp_path, parts()).load(written, "another")
    path = tmp_path / "kept_0"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(InputError, match="holds no frames of this state"):
        kept(tmp_path, parts()).load(written, files.token)
    path.unlink()
    with pytest.raises(InputError, match="holds no frames of this state"):
        kept(tmp_path, parts()).load(written, files.token)


def test_a_replay_that_went_on_after_a_lost_save_is_whole(tmp_path):
    """A process saves and dies, the next goes on from the state before, by another way."""
    frames = parts()
    files = kept(tmp_path, frames)
    first = grown(frames, [0, 0], [9, 9])
    files.save(first)
    files.save(grown(frames, [9, 9], [11, 12]))
    again = parts()
    second = kept(tmp_path, again)
    second.load(first, files.token)
    assert second.token == files.token
    written = grown(again, [9, 9], [10, 10])
    second.save(written)
    third = parts()
    kept(tmp_path, third).load(written, second.token)
    assert all(np.array_equal(a.values, b.values) for a, b in zip(again, third, strict=True))


def test_the_newest_are_written_again_where_they_may_change(tmp_path):
    frames = Frames(LANES, LIVE, (), np.uint8)
    files = Kept(tmp_path, [frames.flat()], live=LIVE, spare=SPARE, name="rows", again=1)
    for before, after, changed in (([0, 0], [4, 0], [3]), ([4, 0], [6, 2], [0, 6])):
        written = grown([frames], before, after)
        files.save(written)
        frames.values[changed] += 50  # the newest of each lane that has one
    files.save(written)
    again = Frames(LANES, LIVE, (), np.uint8)
    Kept(tmp_path, [again.flat()], live=LIVE, spare=SPARE, name="rows", again=1).load(
        written, files.token
    )
    assert np.array_equal(again.values, frames.values)
    assert {path.name for path in tmp_path.iterdir()} == {"rows.json", "rows_0"}
