import json

import pytest

from geomdl import cli


def test_text_and_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["doctor"]) == 0
    assert "ops have a native kernel" in capsys.readouterr().out
    assert cli.run(["doctor", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert any(op["name"] == "knn_index" for op in found["ops"])
    assert "torch" in found["versions"]
