import json
import subprocess

import doctor_trials
import pytest
from doctor_cases import Visit

from core2d.doctor.limits import Limits
from tests.core2d.doctor.squares import QUICK, case, plain

FAST = Limits(examples=32, steps=25, ladder=(5,), run_steps=12)


def test_rates_count_trainings():
    well = [
        {"bad": {}, "findings": 20},
        {"bad": {"labels": ["warning", ""], "order": ["alarm", ""]}, "findings": 20},
    ]
    ill = [{"bad": {"x": ["alarm", ""]}, "caught": False}, {"bad": {}, "caught": False}]
    found = doctor_trials.rates(well, [*ill, {"bad": {"y": ["alarm", ""]}, "caught": True}])
    assert found["accused"] == {
        "trainings": 1, "of": 2, "alarms": 1, "findings": 2, "of findings": 40,
    }  # fmt: skip
    assert found["missed"] == {"trainings": 2, "of": 3, "without any word": 1}


def test_a_trial_tells_whether_the_right_check_spoke():
    seen = Visit(case(plain(), lambda m, b: m(b["image"]).softmax(1).log_softmax(1)[:, 0].mean()))
    row = doctor_trials.tried("x", lambda: Visit(seen.case, wrong="logits"), FAST)
    assert row["caught"]
    assert "caught" not in doctor_trials.tried("x", lambda: seen, FAST)
    assert QUICK != FAST


def test_writing(tmp_path):
    doctor_trials.write(tmp_path / "a" / "b.json", {"x": 1})
    assert json.loads((tmp_path / "a" / "b.json").read_text()) == {"x": 1}
    assert [p.name for p in (tmp_path / "a").iterdir()] == ["b.json"]


def test_nothing_is_recorded_of_what_no_commit_holds(tmp_path, monkeypatch):
    monkeypatch.setattr(doctor_trials, "ROOT", tmp_path)
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    doctor_trials.unchanged()
    (tmp_path / "core2d" / "doctor").mkdir(parents=True)
    (tmp_path / "core2d" / "doctor" / "limits.py").write_text("")
    with pytest.raises(SystemExit, match="commit these first"):
        doctor_trials.unchanged()
