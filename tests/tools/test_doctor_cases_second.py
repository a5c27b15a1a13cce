"""The second trials' own data, networks and loops are what they claim to be."""

from dataclasses import replace

import doctor_cases
import doctor_cases_second as second
import pytest
import torch

from core2d.doctor.examples import Tensors
from core2d.doctor.loop import loop
from core2d.losses import VOID
from core2d.train.recipe import Data
from tests.core2d.doctor.squares import DATA, QUICK


def test_ten_new_ones_of_each():
    for kind in ("healthy", "broken"):
        names = set(getattr(second, kind)())
        assert len(names) == 10
        assert not names & set(getattr(doctor_cases, kind)())


def test_discs():
    sets = second.discs(40, 0)
    assert set(sets.label.unique().tolist()) == {0, 1, VOID}
    inside, outside = (float(sets.image[:, 0][sets.label == c].mean()) for c in (1, 0))
    assert inside - outside > 1.5


def test_pictures_without_labels():
    sets = second.unlabelled(DATA)
    assert list(sets.train.batch(torch.arange(3))) == ["image"]
    assert len(sets.test) == len(DATA.test)


def wide(count: int) -> Tensors:
    generator = torch.Generator().manual_seed(count)
    label = torch.arange(count) * 10 // count
    return Tensors(torch.randn(count, 1, 28, 28, generator=generator), label)


@pytest.mark.parametrize(("shuffles", "status"), [(True, "fine"), (False, "alarm")])
def test_a_loop_draws_its_own_batches(shuffles, status):
    data = Data(wide(640), wide(64), wide(64))
    seen = second.drawing(data, shuffles)
    case = replace(seen.case, limits=QUICK)
    assert {f.check: f.status for f in loop(case, seen.step)}["order"] == status


def test_the_view_mixes_and_the_layer_drowns():
    model, x = second.Mixing().eval(), torch.randn(4, 1, 28, 28)
    y = model(x)
    x[1] += 1
    assert not torch.allclose(model(x)[0], y[0])
    noisy = second.Noisy().eval()
    assert not torch.equal(noisy(x), noisy(x))
    drowned = second.drowned()
    hidden = drowned(torch.randn(8, 784))
    assert torch.equal(hidden, hidden[:1].expand_as(hidden))
