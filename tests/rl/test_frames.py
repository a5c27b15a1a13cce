"""Frames in memory and in mapped files."""

import numpy as np
import pytest
import torch

from core2d.errors import InputError
from rl.frames import Frames


@pytest.mark.parametrize("mapped", [False, True])
def test_what_is_written_is_read(tmp_path, mapped):
    path = tmp_path / "frames" if mapped else None
    frames = Frames(2, 5, (3,), np.uint8, path=path)
    given = np.arange(6, dtype=np.uint8).reshape(2, 3)
    frames.write(np.array([1, 7]), given)
    assert frames.values[[7, 1, 0]].tolist() == [[3, 4, 5], [0, 1, 2], [0, 0, 0]]
    assert frames.part(3)[1, 2].tolist() == [3, 4, 5]
    other = Frames(2, 5, (3,), np.uint8)
    other.put(frames.part(3))
    assert torch.equal(other.flat(), frames.flat())
    assert frames.bytes == 30


def test_a_mapped_file_is_taken_over_and_costs_what_was_written(tmp_path):
    path = tmp_path / "frames"
    frames = Frames(1, 100_000, (84, 84), np.uint8, path=path)
    frames.write(np.array([5]), np.full((1, 84, 84), 9, np.uint8))
    frames.flush()
    assert path.stat().st_size == frames.bytes == 100_000 * 84 * 84
    assert path.stat().st_blocks * 512 < 1_000_000
    again = Frames(1, 100_000, (84, 84), np.uint8, path=path)
    assert int(again.values[5].min()) == 9


def test_more_than_the_machine_has_is_refused_before_it_dies():
    with pytest.raises(InputError, match="give folder="):
        Frames(1, 10**9, (84, 84), np.uint8)


def test_other_shapes_are_refused():
    with pytest.raises(InputError, match=r"expected \(2, 3\), got \(3,\)"):
        Frames(2, 5, (3,), np.uint8).expect(2, np.zeros(3))
