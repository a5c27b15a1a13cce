"""Files of a whole replay: frames, records and priorities come back as they were."""

import numpy as np
import pytest
import torch

from core2d.errors import InputError
from rl.shelf import Shelf

SLOTS, RING, LANES = 6, 5, 2


class Memory:
    """Frames and records that tell their number."""

    def __init__(self) -> None:
        self.frames = torch.zeros((LANES * SLOTS, 3), dtype=torch.uint8)
        self.record = torch.zeros((LANES * RING, 24), dtype=torch.uint8)

    def shelf(self, folder, mapped: bool = False) -> Shelf:
        frames = [] if mapped else [self.frames]
        return Shelf(folder, frames, self.record, slots=SLOTS, ring=RING, spare=4)

    def grow(self, start: int, stop: int) -> tuple[np.ndarray, np.ndarray]:
        for number in range(start, stop):
            for lane in range(LANES):
                self.frames[lane * SLOTS + number % SLOTS] = 100 * lane + number
                self.record[lane * RING + number % RING] = 100 * lane + number
        return np.full(LANES, stop), np.full(LANES, stop)


@pytest.mark.parametrize("mapped", [False, True])
@pytest.mark.parametrize("values", [None, np.arange(10.0)])
def test_what_was_saved_is_loaded(tmp_path, mapped, values):
    memory = Memory()
    shelf = memory.shelf(tmp_path / "new", mapped)
    shelf.save(*memory.grow(0, 4), None if values is None else values + 1)
    written, taken = memory.grow(4, 9)
    state = shelf.save(written, taken, values)
    again = Memory()
    found = again.shelf(tmp_path / "new", mapped).load(state, written, taken, 10)
    assert torch.equal(again.record, memory.record)
    assert mapped or torch.equal(again.frames, memory.frames)
    if values is None or found is None:
        assert values is found
    else:
        assert np.array_equal(found, values)


def test_files_of_another_replay_are_refused(tmp_path):
    memory = Memory()
    numbers = memory.grow(0, 3)
    state = memory.shelf(tmp_path).save(*numbers, None)
    Memory().shelf(tmp_path).save(*numbers, None)
    with pytest.raises(InputError, match="holds no frames of this state"):
        Memory().shelf(tmp_path).load(state, *numbers, 10)
