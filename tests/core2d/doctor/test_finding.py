import json

import pytest

from core2d.doctor.finding import Finding, Report

REPORT = Report(
    (
        Finding("a", "fine", "well"),
        Finding("b", "warning", "hm", "do"),
        Finding("b", "note", "so"),
        Finding("c", "alarm", "no", curves={"x": [(1, 2)]}),
    )
)


def test_the_worst_comes_first_and_decides():
    assert [f.check for f in REPORT.alarms] == ["c", "b"]
    assert not REPORT.healthy
    assert Report(REPORT.findings[:1]).healthy
    assert Report(REPORT.findings[2:3]).healthy  # a note is no fault


def test_of_gives_the_worst_finding_of_a_check():
    assert REPORT.of("b").status == "warning"
    with pytest.raises(KeyError):
        REPORT.of("d")


def test_json_holds_everything():
    content = json.loads(REPORT.json())
    assert content["healthy"] is False
    assert content["findings"][3]["curves"] == {"x": [[1, 2]]}
    assert content["findings"][1]["advice"] == "do"
