from dataclasses import replace

import pytest
import torch
from torch import nn

from core2d.doctor.case import affordable, first_tensor, right, seeded
from core2d.doctor.examples import Some
from core2d.doctor.limits import Limits
from core2d.errors import InputError
from tests.core2d.doctor.squares import DATA, QUICK, case, loss, network, plain


def test_checks_work_on_copies():
    ours = case(network().eval())
    copy = ours.fresh()
    assert copy.training
    assert not ours.model.training
    with torch.no_grad():
        copy[0].weight.zero_()
    assert bool(ours.model[0].weight.any())


def test_what_no_check_can_use_is_refused():
    none = Some(DATA.train, torch.arange(0))
    for given, said in (
        ({"model": "resnet"}, "model: expected a torch module, got str 'resnet'"),
        ({"loss": 3.0}, r"loss: expected loss\(model, batch\), got float 3.0"),
        ({"data": replace(DATA, train=none)}, "data: the train set is empty"),
        ({"data": replace(DATA, validation=none)}, "data: the validation set is empty"),
        ({"batch": 0}, "batch: expected at least 1, got 0"),
        ({"rate": float("nan")}, "rate: expected a finite number, got nan"),
    ):
        with pytest.raises(InputError, match=said):
            case(**given)


def test_pick_is_random_but_always_the_same():
    ours = case()
    first = ours.pick(DATA.train, 20)
    assert torch.equal(first, ours.pick(DATA.train, 20))
    assert first.tolist() != sorted(first.tolist())
    assert len(ours.pick(DATA.train, 10_000)) == len(DATA.train)


@pytest.mark.parametrize(
    ("seconds", "count"), [(0.0, 256), (0.078, 256), (0.079, 128), (0.7, 16), (9.0, 8)]
)
def test_a_look_at_examples_that_take_long_takes_in_fewer(seconds, count):
    assert affordable(Limits(examples=256, seconds=20.0), seconds) == count
    assert affordable(Limits(examples=4, seconds=20.0), 9.0) == 4


def test_the_sample_counts_loading_and_the_network(monkeypatch):
    clock = [0.0]

    class Slow:
        def __len__(self):
            return 256

        def batch(self, index, generator=None):
            clock[0] += 0.1 * len(index)
            return DATA.train.batch(index)

    def slow(model, batch):
        clock[0] += 0.3 * len(batch["label"])
        return loss(model, batch)

    monkeypatch.setattr("core2d.doctor.case.time.perf_counter", lambda: clock[0])
    assert case(data=replace(DATA, train=Slow()), loss=slow).sample == 32  # 50 in 20 s
    assert case().sample == QUICK.examples


def test_observe_gives_loss_and_output():
    ours = case(network().eval())
    batch = ours.load(DATA.train, torch.arange(4))
    loss, output = ours.observe(ours.model, batch)
    torch.testing.assert_close(output, ours.model(batch["image"]))
    torch.testing.assert_close(loss, nn.functional.cross_entropy(output, batch["label"]))


def test_losses_of_several_optimisers_are_added():
    ours = case(loss=lambda m, b: {"a": torch.tensor(1.0), "b": torch.tensor(2.0)})
    assert float(ours.total(ours.model, {})) == 3


def test_right_counts_labels_and_leaves_out_void():
    scores = torch.tensor([[2.0, 1.0], [0.0, 3.0]])
    assert right(scores, torch.tensor([0, 0])) == 0.5
    pixels = scores.T[None, :, :, None]  # (1, 2 classes, 2, 1)
    assert right(pixels, torch.tensor([[[0], [255]]])) == 1.0
    assert right(scores, torch.tensor([0.0, 1.0])) is None  # a regression
    assert right(None, torch.tensor([0])) is None


def test_first_tensor_of_anything():
    x = torch.ones(2)
    assert first_tensor({"out": (x, None)}) is x
    assert first_tensor(()) is None
    assert first_tensor("text") is None


def test_seeded_gives_randomness_back():
    torch.manual_seed(3)
    wanted = torch.rand(1)
    torch.manual_seed(3)
    with seeded(1):
        first = torch.rand(1)
    assert torch.equal(torch.rand(1), wanted)
    with seeded(1):
        assert torch.equal(torch.rand(1), first)


def test_labels_that_the_loss_ignores_are_not_counted():
    assert case().labels_matter

    def rebuilt(model, batch):
        return (model(batch["image"]) - 1).square().mean()

    ours = case(plain(), rebuilt)
    assert not ours.labels_matter
    assert ours.judge(ours.model, DATA.train.batch(torch.arange(8)))[1] is None
