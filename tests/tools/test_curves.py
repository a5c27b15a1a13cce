"""The picture of recorded curves: what is read, and that it is drawn."""

import json
from pathlib import Path

import pytest

from core2d.errors import InputError
from tools.curves import main, read


def record(folder: Path, name: str, seeds: list[int]) -> None:
    log = [{"epoch": e, "seconds": 9 * e, "train/loss": 1 / e, "other": 5} for e in (1, 2)]
    (folder / f"{name}.json").write_text(json.dumps({"seeds": seeds, "curves": [log] * len(seeds)}))


def test_each_seed_is_a_line_of_what_is_shown(tmp_path: Path) -> None:
    record(tmp_path, "one", [0])
    record(tmp_path, "two", [3, 4])
    found = read(tmp_path, ["one", "two"], ["train/loss", "validation/loss"])
    assert list(found) == ["one", "two, seed 3", "two, seed 4"]
    assert {key: (c.x, c.y) for key, c in found["one"].items()} == {
        "train/loss": ((1, 2), (1, 0.5))
    }
    with pytest.raises(InputError, match="three"):
        read(tmp_path, ["three"], ["train/loss"])
    main(["one", "two", "-o", str(tmp_path / "a.png"), "--results", str(tmp_path)])
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
