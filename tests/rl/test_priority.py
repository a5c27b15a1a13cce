"""Settings and bookkeeping of priorities (their use is tested with the replay)."""

import numpy as np
import pytest
import torch

from core2d.errors import InputError
from rl.priority import Priorities, Priority


def test_each_part_of_the_mass_is_drawn_once():
    priorities = Priorities(8, Priority())
    priorities.replace(np.array([], np.int64), np.arange(8))
    slots, weight = priorities.draw(16, 8, torch.Generator().manual_seed(0))
    assert sorted(slots.tolist()) == sorted([*range(8), *range(8)])
    assert weight.tolist() == [1.0] * 16


def test_a_slot_that_goes_and_comes_is_there():
    priorities = Priorities(4, Priority())
    priorities.replace(np.array([2]), np.array([2, 3]))
    assert priorities.state()["values"].tolist() == [0, 0, 1, 1]


def test_state_comes_back():
    priorities = Priorities(5, Priority(exponent=1.0))
    priorities.replace(np.array([], np.int64), np.arange(5))
    priorities.update(np.array([1, 3]), torch.tensor([4.0, 0.5]))
    priorities.draw(3, 5, torch.Generator().manual_seed(0))
    again = Priorities(5, Priority(exponent=1.0))
    again.restore(**priorities.state())
    assert torch.equal(again.tree, priorities.tree)
    assert (again.top, again.drawn) == (priorities.top, 1)
    with pytest.raises(InputError, match="values: expected 4, got 5"):
        Priorities(4, Priority()).restore(**priorities.state())


@pytest.mark.parametrize("field", ["exponent", "correction", "epsilon", "correction_steps"])
def test_settings_that_make_no_sense(field):
    with pytest.raises(InputError, match=field):
        Priority(**{field: -1})
