"""A study trains every variant with every seed, goes on where it was stopped, and records."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from core2d.train.settings import Train
from geomdl.recipes import study as s
from tests.core2d.train import toy


def small() -> s.Study:
    train = Train(epochs=1, batch=20, rate=0.01)
    variants = {name: toy.Config(train=train, norm=name) for name in ("batch", "group")}
    return s.Study(
        toy,
        variants,
        lambda outcome: {"accuracy": outcome.metrics["accuracy"]},
        lambda found: {
            "gap": [
                a - b for a, b in zip(found["accuracy_batch"], found["accuracy_group"], strict=True)
            ]
        },
    )


def test_it_records_every_variant_and_goes_on(tmp_path: Path, capsys) -> None:
    given = ["--seeds", "0", "1", "--output", str(tmp_path / "runs"), "--record", str(tmp_path)]
    s.main(small(), given)
    (path,) = tmp_path.glob("*.json")
    first = json.loads(path.read_text())
    values = {name: metric["values"] for name, metric in first["metrics"].items()}
    assert set(values) == {"accuracy_batch", "accuracy_group", "gap"}
    assert values["gap"] == pytest.approx(
        [a - b for a, b in zip(values["accuracy_batch"], values["accuracy_group"], strict=True)]
    )
    assert first["seeds"] == [0, 1]
    assert len(first["curves"]) == 2
    assert {"batch/train/loss", "group/train/loss"} < set(first["curves"][0][0])
    assert "--seeds 0 1" in first["command"]
    runs = sorted(p.parent.relative_to(tmp_path) for p in tmp_path.rglob("model.safetensors"))
    assert [str(r) for r in runs] == [
        f"runs/{n}/seed{k}" for n in ("batch", "group") for k in (0, 1)
    ]
    stamps = {p: p.stat().st_mtime_ns for p in tmp_path.rglob("model.safetensors")}
    s.main(small(), given)
    again = json.loads(path.read_text())
    assert again["metrics"] == first["metrics"]
    assert stamps == {p: p.stat().st_mtime_ns for p in tmp_path.rglob("model.safetensors")}
    assert "accuracy_batch" in capsys.readouterr().out


def test_a_record_may_hold_conclusions_and_some_curves_alone(tmp_path: Path) -> None:
    given = ["--output", str(tmp_path / "runs"), "--record", str(tmp_path)]
    s.main(replace(small(), brief=True, curves=("train/loss",)), given)
    (path,) = tmp_path.glob("*.json")
    content = json.loads(path.read_text())
    assert set(content["metrics"]) == {"gap"}
    assert set(content["curves"][0][0]) == {"batch/train/loss", "group/train/loss"}
    s.main(replace(small(), curves=()), given)
    assert json.loads(path.read_text())["curves"] == [[]]


def test_a_trial_is_shorter() -> None:
    whole = small()
    assert s.shortened(whole, None) is whole
    short = s.shortened(whole, 0.5)
    assert {c.train.epochs for c in short.variants.values()} == {0.5}
    config = whole.variants["group"]
    assert short.variants["group"] == replace(config, train=replace(config.train, epochs=0.5))
