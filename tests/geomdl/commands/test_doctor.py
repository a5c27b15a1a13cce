import json

import pytest

from geomdl import cli, doctor
from geomdl.commands import trials


def test_text_and_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["doctor"]) == 0
    out = capsys.readouterr().out
    assert "ops have a native kernel" in out
    assert "viser 1." in out
    assert cli.run(["doctor", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert any(op["name"] == "knn_index" for op in found["ops"])
    assert "torch" in found["versions"]
    assert found["viewer"]["viser"]
    assert "trials" not in found


def test_strict_ends_with_one_on_warnings(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(doctor, "warnings_of", lambda found: [])
    assert cli.run(["doctor", "--strict"]) == 0
    assert "No warnings." in capsys.readouterr().out
    monkeypatch.setattr(doctor, "warnings_of", lambda found: ["no native kernels: make native"])
    assert cli.run(["doctor"]) == 0
    assert cli.run(["doctor", "--strict"]) == 1
    assert "warning: no native kernels" in capsys.readouterr().out


def test_a_failed_trial_ends_with_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken() -> str:
        raise RuntimeError("34% of the picture is red")

    monkeypatch.setattr(trials, "TRIALS", {"files": lambda: "ply", "picture": broken})
    assert cli.run(["doctor", "--try"]) == 1
    out = capsys.readouterr().out
    assert "tried files in" in out
    assert "FAILED picture in" in out
    assert cli.run(["doctor", "--try", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert [trial["ok"] for trial in found["trials"]] == [True, False]
