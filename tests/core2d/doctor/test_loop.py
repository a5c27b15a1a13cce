"""Loops with one classic fault each, and healthy ones of several styles."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from core2d.doctor.examples import Tensors
from core2d.doctor.loop import loop, mode_matters, untouched
from core2d.train.recipe import Data
from tests.core2d.doctor.squares import DATA, case, network, plain


class Loop:
    """A user's training, with switches for what is forgotten."""

    def __init__(self, *, order="zbs", train=True, evals=True, model=None, rate=1e-2, target=None):
        self.model = model or network()
        self.order, self.train, self.evals = order, train, evals
        self.optimiser = torch.optim.SGD((target or self.model).parameters(), rate, momentum=0.9)

    def step(self, batch):
        if self.train:
            self.model.train()
        value = F.cross_entropy(self.model(batch["image"]), batch["label"])
        for act in self.order:
            if act == "z":
                self.optimiser.zero_grad()
            elif act == "b":
                value.backward()
            elif act == "n":
                (value * float("inf")).backward()
            else:
                self.optimiser.step()

    @torch.no_grad()
    def evaluate(self):
        if self.evals:
            self.model.eval()
        return self.model(DATA.validation.image).argmax(1)

    def alarms(self) -> set[str]:
        found = loop(case(self.model), self.step, self.evaluate)
        return {f.check for f in found if f.bad}


@pytest.mark.parametrize("order", ["zbs", "bsz", "bzbs"[-3:]])
def test_healthy_loops_are_silent(order):
    assert Loop(order=order).alarms() == set()


def test_accumulation_and_clipping_are_healthy():
    one = Loop()
    calls = []

    def step(batch):
        one.model.train()
        (F.cross_entropy(one.model(batch["image"]), batch["label"]) / 2).backward()
        calls.append(1)
        if len(calls) % 2 == 0:
            nn.utils.clip_grad_norm_(one.model.parameters(), 1.0)
            one.optimiser.step()
            one.optimiser.zero_grad()

    assert not [f for f in loop(case(one.model), step, one.evaluate) if f.bad]


@pytest.mark.parametrize(
    ("fault", "check"),
    [
        ({"order": "bs"}, "zero_grad"),
        ({"order": "bzs"}, "zero_grad"),
        ({"order": "zsb"}, "zero_grad"),
        ({"order": "z"}, "optimiser"),
        ({"order": "zb"}, "optimiser"),
        ({"order": "zs"}, "optimiser"),
        ({"order": "zns"}, "optimiser"),
        ({"rate": 0.0}, "optimiser"),
        ({"target": network()}, "optimiser"),
        ({"train": False}, "train mode"),
        ({"evals": False}, "eval mode"),
    ],
)
def test_each_fault_is_caught_by_its_check(fault, check):
    assert check in Loop(**fault).alarms()


def test_parameters_that_no_optimiser_holds():
    model = network()
    half = nn.ModuleList([model[0], model[1]])
    found = loop(case(model), Loop(model=model, target=half).step)
    assert [f.status for f in found if f.check == "optimiser"] == ["warning"]


def test_modes_do_not_matter_to_a_network_that_has_none():
    assert Loop(model=plain(), train=False, evals=False).alarms() == set()
    assert mode_matters(case())
    assert not mode_matters(case(plain()))


def test_an_evaluation_that_changes_statistics():
    one = Loop(train=True, evals=False)
    found = loop(case(one.model), one.step, one.evaluate)
    assert "running_mean" in next(f.said for f in found if f.check == "eval mode")


def test_everything_is_put_back():
    one = Loop()
    one.step(DATA.train.batch(torch.arange(8)))
    kept = {k: v.clone() for k, v in one.model.state_dict().items()}
    momentum = one.optimiser.state[one.model[0].weight]["momentum_buffer"].clone()
    loop(case(one.model), one.step, one.evaluate)
    for name, value in one.model.state_dict().items():
        assert torch.equal(value, kept[name]), name
    assert torch.equal(one.optimiser.state[one.model[0].weight]["momentum_buffer"], momentum)
    assert one.model.training
    with untouched(one.model):
        one.model.eval()
    assert one.model.training


def own_order(sets: Data, order, change=lambda x: x) -> dict[str, str]:
    """What is said of the order where the step leaves its batch aside and draws from its own."""
    one, queue = Loop(), list(order.split(32))

    def step(batch):
        index = queue.pop(0)
        one.step({"image": change(sets.train.image[index]), "label": sets.train.label[index]})

    return {f.check: f.status for f in loop(case(one.model, data=sets, batch=32), step)}


def test_a_forgotten_shuffle_is_seen_through_the_step():
    by_class = DATA.train.label.argsort(stable=True)
    train = Tensors(DATA.train.image[by_class], DATA.train.label[by_class])
    sets = Data(train, DATA.validation, DATA.test, DATA.classes)
    shuffled = torch.randperm(256, generator=torch.Generator().manual_seed(1))
    assert own_order(sets, torch.arange(256))["order"] == "alarm"
    assert own_order(sets, shuffled)["order"] == "fine"
    assert own_order(DATA, torch.arange(256))["order"] == "note"  # mixed, but never shuffled
    assert own_order(sets, torch.arange(256), lambda x: x + 1)["order"] == "skipped"  # augmented


def test_steps_on_the_doctors_batches_have_no_order_of_their_own():
    one = Loop()

    def halves(batch):
        for part in (slice(0, 16), slice(16, None)):
            one.step({name: value[part].clone() for name, value in batch.items()})

    for step in (one.step, halves):
        assert "order" not in {f.check for f in loop(case(one.model), step)}
