import json

import torch

from core2d.doctor import examine
from core2d.doctor.examine import findings, guarded
from core2d.doctor.finding import Finding
from core2d.doctor.show import text
from tests.core2d.doctor.squares import DATA, QUICK, case, loss, network


def stepper(model, clear: bool = True):
    optimiser = torch.optim.Adam(model.parameters(), 3e-3)

    def step(batch):
        model.train()
        value = loss(model, batch)
        if clear:
            optimiser.zero_grad()
        value.backward()
        optimiser.step()
        return value

    return step


CHECKS = {
    *("parameters", "inputs", "labels", "order", "leakage", "logits", "biases", "mixing"),
    *("repeatable", "start", "gradients", "overfit one", "overfit handful", "ladder"),
    *("learning rate", "timing", "zero_grad", "optimiser", "train mode", "train loss"),
    *("validation", "validation better", "test on train", "fitting", "dead units"),
    *("saturation", "last batch", "next step"),
}


def test_healthy_and_broken_as_a_whole():
    model = network()
    kept = {name: value.clone() for name, value in model.state_dict().items()}
    healthy = examine(model, DATA, loss, step=stepper(model), limits=QUICK, rate=3e-3)
    alarms = [
        f for f in healthy.findings if f.bad and f.check != "timing"
    ]  # a busy machine is slow
    assert alarms == [], text(healthy)
    assert {f.check for f in healthy.findings} == CHECKS
    for name, value in model.state_dict().items():
        assert torch.equal(value, kept[name]), name
    assert json.loads(healthy.json())["findings"]


def test_a_forgotten_zero_grad_is_all_that_is_said_of_the_loop():
    model = network()
    ours = case(model)
    found = {f.check: f.status for f in findings(ours, step=stepper(model, clear=False))}
    assert found["zero_grad"] == "alarm"
    assert found["optimiser"] == "fine"
    assert found["logits"] == "fine"


def test_a_check_that_fails_is_an_alarm():
    def check():
        raise RuntimeError("mat1 and mat2\n shapes")

    (found,) = guarded("x", check, lambda text: None)
    assert (found.status, found.check) == ("alarm", "x")
    assert "mat1 and mat2 shapes" in found.said
    assert [f.check for f in guarded("y", lambda: Finding("x", "fine", ""), print)] == ["x"]
