"""The ledger check refuses claims that are not so, and this ledger holds."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tools import systems
from tools.systems import ROOT, System

TRUE = System(
    "voxel-grid",
    "Voxel grid",
    "geomdl-voxel",
    "working",
    code="geomdl.errors.GeometryError",
    test="tests/tools/test_systems.py::test_a_true_row_has_no_problems",
)


def test_a_true_row_has_no_problems() -> None:
    assert systems.problems(ROOT, [TRUE]) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"status": "done"}, "is none of"),
        ({"status": "planned"}, "is planned but claims"),
        ({"status": "page"}, "is page but claims"),
        ({"code": ""}, "no code"),
        ({"test": ""}, "no test"),
        ({"code": "geomdl.errors.Nothing"}, "geomdl.errors has no Nothing"),
        ({"code": "nowhere.at.all"}, "no module nowhere"),
        ({"code": "geomdl.errors.GeometryError geomdl.nothing"}, "has no nothing"),
        ({"test": "tests/tools/test_systems.py::test_nothing"}, "no test"),
        ({"test": "tests/tools/test_systems.py"}, "no test"),
        ({"test": "tests/nothing.py::test_a"}, "no test"),
        ({"test": "tests/tools/test_systems.py::write"}, "no test"),
        ({"recipe": "geomdl.errors"}, "go together"),
        ({"recipe": "geomdl.errors", "result": "results/nothing.json"}, "no file"),
    ],
)
def test_false_claims_are_found(change: dict[str, str], message: str) -> None:
    found = systems.problems(ROOT, [replace(TRUE, **change)])
    assert any(message in line for line in found), found


def test_an_id_named_twice_is_found() -> None:
    assert "named twice" in systems.problems(ROOT, [TRUE, TRUE])[0]


def test_a_result_must_hold_its_metrics(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps({"recipe": "a", "command": "b"}))
    assert "metrics, reference" in (systems.recorded(tmp_path, "a.json") or "")


def test_markdown_and_json_hold_every_row() -> None:
    rows = systems.load(ROOT / "tools" / "systems.toml")
    assert len(rows) == 425
    page = systems.markdown(rows)
    assert all(systems.cell(row.name) in page for row in rows if row.status == "working")
    assert all(row.name in page for row in rows if row.status != "working")
    published = json.loads(systems.published(rows))
    assert [row["id"] for row in published] == [row.id for row in rows]


def test_this_ledger_is_true_and_fresh() -> None:
    """In a process of its own: importing what rows name must not depend on other tests."""
    command = [sys.executable, "tools/systems.py", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
