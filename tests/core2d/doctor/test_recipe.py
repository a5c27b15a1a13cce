"""A recipe made here, healthy or with one fault in its own functions, run by the real engine."""

from dataclasses import dataclass
from types import SimpleNamespace

import pytest
import torch

from core2d.doctor.examine import findings
from core2d.doctor.loop import loop
from core2d.doctor.recipe import trial_of
from core2d.doctor.run import Run
from core2d.metrics import hits
from core2d.train.evaluate import batches
from core2d.train.settings import Train
from tests.core2d.doctor.squares import DATA, QUICK, loss, network
from tests.core2d.train import clouds


@dataclass(frozen=True)
class Config:
    train: Train = Train(epochs=4, batch=32, rate=3e-3, schedule="one-cycle", warmup=0.2)


def metrics(model, examples):
    seen = [hits(model(b["image"]), b["label"]) for b in batches(examples, 50)]
    return {"accuracy": sum(s[0] for s in seen) / len(examples)}


def recipe(**others):
    parts = {
        "EXPECT": {"accuracy": 0.9},
        "REFERENCE": {},
        "DATA": "squares",
        "Config": Config,
        "__name__": "squares",
        "__doc__": "Squares.",
        "data": lambda config: DATA,
        "model": lambda config: network(),
        "loss": lambda model, batch, step, generator: loss(model, batch),
        "metrics": metrics,
        "predict": lambda model, x: model(x),
    }
    return SimpleNamespace(**(parts | others))


def alarms(made) -> set[str]:
    trial = trial_of(made, Config(), limits=QUICK)
    return {f.check for f in loop(trial.case, trial.step, trial.evaluate) if f.bad}


def test_the_engines_loop_is_healthy():
    assert alarms(recipe()) == set()


def evaluated(model, batch, step, generator):
    model.eval()
    return loss(model, batch)


def training(model, examples):
    model.train()
    return metrics(model, examples)


def half(config, model):
    return {"loss": torch.optim.SGD(model[:2].parameters(), 0.1)}


@pytest.mark.parametrize(
    ("fault", "check"),
    [
        ({"loss": evaluated}, "train mode"),
        ({"metrics": training}, "eval mode"),
        ({"optimisers": half}, "optimiser"),
    ],
)
def test_faults_of_a_recipe(fault, check):
    assert check in alarms(recipe(**fault))


def test_the_recipes_metrics_are_compared_with_counting():
    for fault, status in (({}, "fine"), ({"metrics": training}, "alarm")):
        trial = trial_of(recipe(**fault), Config(), limits=QUICK)
        model = network(3)
        with torch.no_grad():
            model[1].running_mean.fill_(1)  # so that modes differ much
        assert trial.metrics(Run([], model)).status == status
    means = recipe(metrics=lambda m, e: {"accuracy": 0.123})
    assert trial_of(means, Config(), limits=QUICK).metrics(Run([], network())).status == "alarm"


def test_a_healthy_recipe_as_a_whole():
    trial = trial_of(recipe(), Config(), limits=QUICK)
    found = findings(
        trial.case,
        step=trial.step,
        evaluate=trial.evaluate,
        more=[("metrics", trial.metrics)],
        epochs=4,
    )
    bad = [f for f in found if f.bad and f.check != "timing"]
    assert bad == []


@pytest.mark.parametrize("inside", [False, True])
def test_every_check_can_examine_packed_examples(inside):
    config = clouds.Config(inside=inside)
    trial = trial_of(clouds, config, limits=QUICK)
    more = [("metrics", trial.metrics)]
    seen = list(findings(trial.case, step=trial.step, evaluate=trial.evaluate, more=more))
    assert [f.said for f in seen if "cannot be examined" in f.said] == []
    assert [f.check for f in seen if f.status == "alarm" and f.check != "timing"] == []
    found = {f.check: f.status for f in seen}
    assert found["mixing"] == found["leakage"] == found["metrics"] == "fine"
    assert found["order"] == ("skipped" if inside else "fine")
