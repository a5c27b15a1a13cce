"""The trials' own data and loops are what they claim to be."""

import doctor_cases
import torch

from core2d.doctor.case import Case
from core2d.doctor.structure import parameters
from tests.core2d.doctor.squares import DATA, QUICK, plain


def test_ten_of_each():
    assert len(doctor_cases.healthy()) == len(doctor_cases.broken()) == 10


def test_synthetic_sets_can_be_told_apart():
    signals = doctor_cases.waves(200, 0)
    power = torch.fft.rfft(signals.image[:, 0]).abs()[:, 1:16].argmax(1) + 1
    assert float(((power - 2) / 3 - signals.label).abs().median()) < 0.4
    grids = doctor_cases.bodies(50, 1)
    assert grids.image.shape == (50, 1, 12, 12, 12)
    assert doctor_cases.numbers(5, 0).label.shape == (5, 1)


def test_some_of_a_set_is_random_and_of_the_asked_size():
    part = doctor_cases.some(DATA, train=50, held=20)
    assert (len(part.train), len(part.validation), len(part.test)) == (50, 20, 20)
    assert not torch.equal(part.train.batch(torch.arange(50))["image"], DATA.train.image[:50])


def test_the_loop_does_what_its_order_says():
    seen = doctor_cases.looped(doctor_cases.visit(plain(), DATA), "bs", trains=False, evals=False)
    batch = DATA.train.batch(torch.arange(8))
    seen.case.model.eval()
    first = seen.step(batch)
    assert seen.step(batch) < first
    assert not seen.case.model.training
    assert seen.case.model[1].weight.grad is not None
    assert seen.evaluate().shape == (100, 4)


def test_unregistered_layers_are_unregistered():
    seen = doctor_cases.visit(doctor_cases.Unregistered(), DATA)
    assert len(list(seen.case.model.parameters())) == 2
    wide = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(144, 784), seen.case.model)
    assert parameters(Case(wide, DATA, doctor_cases.entropy, limits=QUICK)).status == "alarm"
