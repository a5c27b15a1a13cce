"""A write that fails leaves what was there."""

from pathlib import Path

import pytest

from core2d import files
from tests.core2d.train.disk import full_disk


def test_a_failing_write_leaves_the_earlier_file_and_no_rest(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    files.save_text(path, "één")

    def fails(part: Path) -> None:
        part.write_bytes(b"half of it")
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        files.replace(path, fails)
    assert path.read_text(encoding="utf-8") == "één"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_a_full_disk_leaves_the_earlier_file(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    files.save_json(path, {"step": 1})
    with full_disk(8192), pytest.raises(OSError, match="too large"):
        files.save_json(path, {"numbers": list(range(4096))})
    assert path.read_text() == '{\n "step": 1\n}\n'


def test_json_goes_round(tmp_path: Path) -> None:
    files.save_json(tmp_path / "deep" / "a.json", {"a": [1, 2], "path": Path("x")})
    assert (tmp_path / "deep" / "a.json").read_text().startswith('{\n "a"')
