import torch

from core2d.doctor.run import looked, short_run
from tests.core2d.doctor.squares import DATA, case, loss, network


def test_a_short_run_learns_and_leaves_the_network_alone():
    ours = case(rate=3e-3)
    before = ours.model[0].weight.clone()
    run = short_run(ours)
    assert torch.equal(ours.model[0].weight, before)
    assert not torch.equal(run.model[0].weight, before)
    curve = run.curve("train/loss")
    assert [s for s, _ in curve] == [0, 8, 16, 24, 32, 40, 48]
    assert curve[-1][1] < 0.7 * curve[0][1]
    assert len(run.curve("validation/loss")) == 6
    assert run.curve("validation/loss") == short_run(ours).curve("validation/loss")


def test_a_run_by_the_users_step_trains_the_users_network():
    model = network()
    optimiser = torch.optim.Adam(model.parameters(), 3e-3)

    def step(batch):
        optimiser.zero_grad()
        loss(model, batch).backward()
        optimiser.step()

    run = short_run(case(model), step)
    assert run.model is model
    assert run.curve("train/loss")[-1][1] < 0.7 * run.curve("train/loss")[0][1]


def test_a_run_ends_where_the_loss_is_no_number():
    run = short_run(case(loss=lambda m, b: loss(m, b) * float("inf")))
    assert [line["step"] for line in run.log] == [0, 1]


def test_looking_changes_no_mode():
    ours = case()
    ours.model.train()
    ours.model[5].eval()
    assert looked(ours, ours.model, DATA.train, "x").keys() == {"x"}
    assert ours.model.training
    assert not ours.model[5].training
