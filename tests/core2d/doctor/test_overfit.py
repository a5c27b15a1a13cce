from dataclasses import replace

import torch
from torch import nn

from core2d.doctor.examples import Tensors
from core2d.doctor.overfit import examined, handful, memorise, overfit, portions
from core2d.train.recipe import Data
from tests.core2d.doctor.squares import DATA, QUICK, case, network, plain


def statuses(ours) -> dict[str, str]:
    return {f.check: f.status for f in overfit(ours)}


def test_a_healthy_network_climbs_the_ladder():
    found = overfit(case())
    assert [f.status for f in found] == ["fine"] * 3
    assert [count for count, _ in found[2].curves["train"]] == [5, 10, 50]
    held = [v for _, v in found[2].curves["validation"]]
    assert held[2] > 0.6 > 0.25  # fifty examples teach more than guessing


def test_a_target_out_of_reach_fails_on_one_example():
    """A ReLU behind the last layer, whose bias is far below zero, puts out 0 whatever happens."""
    dead = nn.Sequential(plain(), nn.ReLU())
    with torch.no_grad():
        dead[0][-1].bias.fill_(-100)
    found = statuses(case(dead))
    assert found == {"overfit one": "alarm", "overfit handful": "skipped", "ladder": "skipped"}


def test_inputs_that_do_not_arrive_fail_on_a_handful():
    blind = Data(Tensors(DATA.train.image * 0, DATA.train.label), DATA.validation, DATA.test)
    found = statuses(case(plain(), data=blind))
    assert found == {"overfit one": "fine", "overfit handful": "alarm", "ladder": "skipped"}


def test_a_regression_is_judged_by_its_loss():
    def squared(model, batch):
        return (model(batch["image"])[:, 0] - batch["label"]).square().mean()

    train = Tensors(DATA.train.image, 0.3 * DATA.train.label.float())
    ours = case(plain(), squared, Data(train, train, train))
    assert [f.status for f in overfit(ours)][:2] == ["fine", "fine"]


def test_a_loss_that_still_falls_is_a_note():
    """The second trials accused an autoencoder that only needed more steps."""

    def rebuilt(model, batch):
        return (model(batch["image"]) - batch["image"].flatten(1)).square().mean()

    wide = nn.Sequential(nn.Flatten(), nn.Linear(144, 8), nn.Tanh(), nn.Linear(8, 144))
    slow = replace(QUICK, steps=50, rates=(3e-3, 1e-3))
    found = {f.check: f for f in overfit(case(wide, rebuilt, limits=slow))}
    assert found["overfit one"].status == "note"
    assert "more steps" in found["overfit one"].advice
    assert found["ladder"].status != "skipped"

    def constant(model, batch):  # whatever the input: the mean is all that can be learned
        x = torch.zeros_like(batch["image"])
        return (model(x)[:, 0] - batch["label"]).square().mean()

    train = Tensors(DATA.train.image, DATA.train.label.float())
    found = {f.check: f for f in overfit(case(plain(), constant, Data(train, train, train)))}
    assert [found[c].status for c in ("overfit one", "overfit handful")] == ["fine", "alarm"]


def test_a_handful_has_different_labels():
    labels = DATA.train.label[handful(case())]
    assert sorted(labels.tolist()) == [0, 1, 2, 3]


def test_portions_cover_all_examples_and_none_is_single():
    seen = list(portions(case(batch=4), torch.arange(10), 5))
    assert sorted(torch.cat(seen[:3]).tolist()) == list(range(10))
    assert all(len(p) > 1 for p in portions(case(batch=4), torch.arange(9), 20))
    assert next(portions(case(), torch.tensor([7]), 1)).tolist() == [7, 7]


def test_memorise_leaves_the_network_alone_and_repeats():
    ours = case(network())
    before = ours.model[0].weight.clone()
    results = [memorise(ours, handful(ours), 30, 1e-3) for _ in range(2)]
    assert torch.equal(ours.model[0].weight, before)
    assert results[0].loss == results[1].loss
    for first, second in zip(*(r.model.parameters() for r in results), strict=True):
        assert torch.equal(first, second)


def test_being_examined_changes_no_statistics():
    model = network()
    mean = model[1].running_mean.clone()
    examined(case(), model, torch.arange(8))
    assert torch.equal(model[1].running_mean, mean)
