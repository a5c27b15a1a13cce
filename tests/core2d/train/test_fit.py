"""The loop: it learns, resumes bit for bit, shares work, and says what is wrong."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from core2d.errors import InputError
from core2d.train.fit import Outcome, fit
from core2d.train.log import read_log
from core2d.train.options import Options
from core2d.train.recipe import Data
from core2d.train.settings import Train
from tests.core2d.train import clouds, toy
from tests.core2d.train.disk import full_disk

ROOT = Path(__file__).resolve().parents[3]
TOY = Path(toy.__file__)


def run(
    folder: Path, train: Train | None = None, *, norm: str = "batch", **changes: Any
) -> Outcome:
    named = {field.name for field in dataclasses.fields(toy.Config)}
    own: dict[str, Any] = {name: value for name, value in changes.items() if name in named}
    config = toy.Config(train=train or toy.Config().train, norm=norm, **own)  # type: ignore[arg-type]
    rest = {k: v for k, v in changes.items() if k not in named}
    usual: dict[str, Any] = {"tensorboard": False, "progress": False, "accelerator": "cpu"}
    return fit(toy, config, Options(output=folder, **(usual | rest)))  # type: ignore[arg-type]


def command(*words: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words],
        cwd=cwd,
        env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)} | environment,
        capture_output=True,
        text=True,
        timeout=600,
    )


def same_run(one: Path, other: Path) -> None:
    """Equal weights to the last bit, equal logs but for the time."""
    ours, theirs = load_file(one / "model.safetensors"), load_file(other / "model.safetensors")
    assert ours.keys() == theirs.keys()
    for name in ours:
        assert torch.equal(ours[name], theirs[name]), name
    logs = [[line | {"seconds": 0} for line in read_log(f / "log.jsonl")] for f in (one, other)]
    assert logs[0] == logs[1]
    metrics = [json.loads((f / "outcome.json").read_text())["metrics"] for f in (one, other)]
    assert metrics[0] == metrics[1]


@pytest.fixture(autouse=True)
def one_thread() -> Any:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def test_learns_and_leaves_a_folder(tmp_path: Path) -> None:
    outcome = run(tmp_path / "run", tensorboard=True)
    assert outcome.finished
    assert outcome.metrics["accuracy"] > 0.9
    assert outcome.step == 14  # 3 x 90 examples in batches of 20
    assert [line["step"] for line in outcome.log] == [5, 9, 14]
    assert outcome.log[0]["train/loss"] > outcome.log[-1]["train/loss"]
    assert {"validation/loss", "validation/accuracy", "rate"} <= outcome.log[0].keys()
    names = {path.name for path in (tmp_path / "run").iterdir()}
    assert names == {
        "config.json", "model.safetensors", "checkpoint.pt", "log.jsonl", "outcome.json",
        "tensorboard",
    }  # fmt: skip


def test_equal_seeds_give_equal_bits_and_prefetching_changes_nothing(tmp_path: Path) -> None:
    run(tmp_path / "a")
    run(tmp_path / "b", prefetch=0)
    same_run(tmp_path / "a", tmp_path / "b")
    run(tmp_path / "c", seed=1)
    ours = load_file(tmp_path / "a" / "model.safetensors")
    theirs = load_file(tmp_path / "c" / "model.safetensors")
    assert not torch.equal(ours["fc.weight"], theirs["fc.weight"])


@pytest.mark.parametrize(
    "train",
    [
        Train(epochs=4, batch=20, rate=0.1, optimiser="sgd", schedule="step"),
        Train(epochs=4, batch=20, rate=1e-9, schedule="plateau", patience=1),  # falls every epoch
        Train(epochs=4, batch=20, rate=0.01, ema=0.9, stop=2, clip=0.5, precision="bf16"),
        Train(epochs=4, batch=20, optimiser="rmsprop", schedule="one-cycle", accumulate=2),
    ],
    ids=["sgd-step", "plateau", "adam-ema-stop-clip-bf16", "rmsprop-one-cycle-accumulate"],
)
def test_stopped_anywhere_and_resumed_is_as_if_never_stopped(tmp_path: Path, train: Train) -> None:
    norm = "group" if train.schedule == "plateau" else "batch"  # whose statistics always change
    run(tmp_path / "whole", train, norm=norm)
    for stop in (2, 7, 10, None):  # 9 ends an epoch
        run(tmp_path / "pieces", train, norm=norm, steps=stop, resume=True)
    same_run(tmp_path / "whole", tmp_path / "pieces")


@pytest.mark.parametrize("saves", ["every step", "never"])
def test_killed_and_resumed_is_as_if_never_killed(tmp_path: Path, saves: str) -> None:
    minutes = 0.0 if saves == "every step" else 1e9
    step = int(torch.randint(2, 13, (), generator=torch.Generator().manual_seed(os.getpid())))
    words = ["--batch", "20", "--optimiser", "adamw", "--decay", "0.1", "--schedule", "cosine"]
    words += ["--minutes", str(minutes), "--output", "killed", "--accelerator", "cpu"]
    killed = command(
        "-m", "geomdl.cli", "fit", str(TOY), *words, cwd=tmp_path, TOY_DIE_AT=f"{step}"
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert not (tmp_path / "killed" / "outcome.json").exists()
    assert (tmp_path / "killed" / "checkpoint.pt").exists() == (saves == "every step")
    train = Train(epochs=3, batch=20, rate=0.01, optimiser="adamw", decay=0.1, schedule="cosine")
    run(tmp_path / "killed", train, resume=True)
    run(tmp_path / "whole", train)
    same_run(tmp_path / "whole", tmp_path / "killed")


TWO = """
from pathlib import Path
from core2d.train.fit import fit
from core2d.train.options import Options
from core2d.train.recipe import Data
from core2d.train.settings import Train
from tests.core2d.train import toy

if __name__ == "__main__":
    for norm, noise in (("group", 0.1), ("batch", 0.0)):
        config = toy.Config(Train(epochs=3, batch=20, rate=0.01), norm, noise, dropout=noise)
        options = Options(
            output=Path(norm), devices=2, accelerator="cpu", tensorboard=False, progress=False
        )
        outcome = fit(toy, config, options)
        assert outcome.first == (outcome.log != [])
"""


def test_two_processes_learn_what_one_learns(tmp_path: Path) -> None:
    """With the same random numbers where each process does one part of what the single one does.

    Batch norm takes its statistics over both processes, so it equals one process with whole
    batches, whose random numbers are others: there is none in that run.
    """
    (tmp_path / "two.py").write_text(TWO)
    got = command("two.py", cwd=tmp_path)
    assert got.returncode == 0, got.stderr
    run(tmp_path / "one-group", Train(epochs=3, batch=20, rate=0.01, accumulate=2), norm="group")
    whole = Train(epochs=3, batch=20, rate=0.01)
    run(tmp_path / "one-batch", whole, norm="batch", noise=0.0, dropout=0.0)
    for norm in ("group", "batch"):
        one = load_file(tmp_path / f"one-{norm}" / "model.safetensors")
        two = load_file(tmp_path / norm / "model.safetensors")
        for name in one:
            torch.testing.assert_close(two[name], one[name], rtol=1e-4, atol=1e-5, msg=name)
        logs = [read_log(tmp_path / folder / "log.jsonl") for folder in (f"one-{norm}", norm)]
        losses = [[line["train/loss"] for line in log] for log in logs]
        assert losses[1] == pytest.approx(losses[0], rel=1e-4)


def test_interrupted_saves_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def ask(state: Any) -> None:
        if state.step == 6:
            signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(toy, "after_step", ask)
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "pieces")
    assert signal.getsignal(signal.SIGTERM) == before
    state = torch.load(tmp_path / "pieces" / "checkpoint.pt", weights_only=True)
    assert state["step"] == 6
    monkeypatch.undo()
    run(tmp_path / "pieces", resume=True)
    run(tmp_path / "whole")
    same_run(tmp_path / "whole", tmp_path / "pieces")


def test_a_full_disk_is_told_and_what_was_saved_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(tmp_path / "pieces", steps=6)
    saved = (tmp_path / "pieces" / "checkpoint.pt").read_bytes()
    # It is told at every step, and ends the run after the last.
    with full_disk(len(saved) // 2), pytest.raises(OSError, match=r"checkpoint\.pt"):
        run(tmp_path / "pieces", resume=True, minutes=0, progress=True)
    assert "warning: no checkpoint at step 7" in capsys.readouterr().out
    assert (tmp_path / "pieces" / "checkpoint.pt").read_bytes() == saved
    run(tmp_path / "pieces", resume=True)
    run(tmp_path / "whole")
    same_run(tmp_path / "whole", tmp_path / "pieces")


def test_loss_that_is_no_number_names_the_step(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"loss is nan in step 8; a lower --rate"):
        run(tmp_path / "loss", poison=7)
    with pytest.raises(InputError, match=r"fc.bias holds NaN or infinity after step 7"):
        run(tmp_path / "run", poison=7, minutes=0)
    # What was saved last is still healthy.
    weights = load_file(tmp_path / "run" / "model.safetensors")
    assert all(bool(torch.isfinite(value).all()) for value in weights.values())


def test_a_run_is_not_overwritten_unasked(tmp_path: Path) -> None:
    run(tmp_path, steps=3)
    with pytest.raises(InputError, match="a run is there already"):
        run(tmp_path)
    with pytest.raises(InputError, match="norm: the run has batch, got group"):
        run(tmp_path, norm="group", resume=True)
    with pytest.raises(InputError, match="seed: the run has 0, got 1"):
        run(tmp_path, seed=1, resume=True)
    assert run(tmp_path, overwrite=True).step == 14
    (tmp_path / "config.json").unlink()  # of what run the checkpoint is, nobody knows now
    with pytest.raises(InputError, match="a run is there already"):
        run(tmp_path)
    with pytest.raises(InputError, match="a checkpoint without config"):
        run(tmp_path, resume=True)


def test_a_finished_run_goes_on_for_more_epochs(tmp_path: Path) -> None:
    first = run(tmp_path, Train(epochs=2, batch=20))
    again = run(tmp_path, Train(epochs=2, batch=20), resume=True)
    assert again.metrics == first.metrics
    assert again.log == first.log
    more = run(tmp_path, Train(epochs=3, batch=20), resume=True)
    assert [line["step"] for line in more.log] == [5, 9, 14]
    assert more.log[:2] == first.log


def test_early_stopping_keeps_the_best_weights(tmp_path: Path) -> None:
    train = Train(epochs=30, batch=30, rate=0.5, stop=3, optimiser="sgd")
    outcome = run(tmp_path, train)
    values = [line["validation/accuracy"] for line in outcome.log]
    best = values.index(max(values))
    assert len(values) == best + 4 < 30
    kept = load_file(tmp_path / "best.safetensors")
    final = load_file(tmp_path / "model.safetensors")
    assert all(torch.equal(kept[name], final[name]) for name in kept)


def test_a_run_without_validation_learns_but_is_not_steered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def few(config: Any) -> Data:
        found = toy_data(config)
        return dataclasses.replace(found, validation=Points(0, 0.0, 1))

    toy_data, Points = toy.data, toy.Points
    monkeypatch.setattr(toy, "data", few)
    outcome = run(tmp_path / "run", Train(epochs=3, batch=20, rate=0.01))
    assert outcome.metrics["accuracy"] > 0.8
    assert not any(name.startswith("validation") for line in outcome.log for name in line)
    for train in (Train(stop=2), Train(schedule="plateau")):
        with pytest.raises(InputError, match="validation"):
            run(tmp_path / "steered", train)


def test_each_optimiser_trains_its_own_parameters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two losses that share a graph: one is for the layers below, one for the last layer."""

    def optimisers(config: Any, model: Any) -> dict[str, torch.optim.Optimizer]:
        below = [*model.conv.parameters(), *model.norm.parameters()]
        return {
            "below": torch.optim.SGD(below, 0.1),
            "top": torch.optim.SGD(model.fc.parameters(), 0.1),
        }

    def loss(model: Any, batch: Any, step: int, generator: Any) -> Any:
        value = torch.nn.functional.cross_entropy(model(batch["image"]), batch["label"])
        return {"below": value, "top": 0 * value}

    start = toy.model(toy.Config())
    torch.manual_seed(0)
    monkeypatch.setattr(toy, "model", lambda config: start)
    monkeypatch.setattr(toy, "optimisers", optimisers, raising=False)
    monkeypatch.setattr(toy, "loss", loss)
    before = {name: value.clone() for name, value in start.state_dict().items()}
    outcome = run(tmp_path)
    after = load_file(tmp_path / "model.safetensors")
    assert torch.equal(before["fc.weight"], after["fc.weight"])
    assert not torch.equal(before["conv.weight"], after["conv.weight"])
    assert {"train/loss_below", "train/loss_top", "validation/loss_below"} <= outcome.log[0].keys()
    assert outcome.log[0]["train/loss_top"] == 0


def test_losses_and_optimisers_have_the_same_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(toy, "loss", lambda *_: {"critic": torch.tensor(0.0)})
    with pytest.raises(InputError, match=r"one loss for each optimiser \(loss\), got critic"):
        run(tmp_path)


def test_packed_examples_learn_resume_and_accumulate(tmp_path: Path) -> None:
    """The gradient of a step is the mean over examples, so parts of equal counts change nothing."""
    ends = {}
    for name, accumulate, stops in (
        ("whole", 1, (None,)),
        ("pieces", 1, (7, None)),
        ("two", 2, (None,)),
    ):
        train = dataclasses.replace(clouds.Config().train, accumulate=accumulate)
        for steps in stops:
            options = Options(
                output=tmp_path / name, steps=steps, resume=steps is None,
                tensorboard=False, progress=False, accelerator="cpu",
            )  # fmt: skip
            ends[name] = fit(clouds, clouds.Config(train), options)  # type: ignore[arg-type]
    assert ends["whole"].metrics["accuracy"] >= 0.9
    same_run(tmp_path / "whole", tmp_path / "pieces")
    ours, theirs = (load_file(tmp_path / n / "model.safetensors") for n in ("whole", "two"))
    for name in ours:
        torch.testing.assert_close(ours[name], theirs[name], rtol=1e-3, atol=1e-4)
