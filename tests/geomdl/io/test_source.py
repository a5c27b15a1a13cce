"""Files as bytes: errors that name file and place, references that stay inside, whole writes."""

import os
from pathlib import Path

import pytest

from geomdl.errors import GeometryError
from geomdl.io.source import Source, read_source, write_files


def test_errors_name_file_and_place(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"one\ntwo\nthree")
    source = read_source(path)
    assert source.line(5) == "line 2"
    assert str(source.error(source.line(9), "is wrong")) == f"{path}: line 3: is wrong"


def test_what_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(b"")
    os.mkfifo(tmp_path / "pipe")
    cases = {"missing": "No such file", "empty": "is empty", "pipe": "expected a file"}
    cases |= {".": "expected a file", "a\0b": "cannot be read", "x" * 300: "cannot be read"}
    for name, message in cases.items():
        with pytest.raises(GeometryError, match=message):
            read_source(str(tmp_path) + "/" + name)


@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd", "/etc/passwd", "C:\\x.png", "..\\x.png", "http://x/y", "a/../../b", "\0"],
)
def test_references_out_of_the_folder_are_refused(tmp_path: Path, name: str) -> None:
    source = Source(tmp_path / "in" / "a.obj", b"", tmp_path / "in")
    with pytest.raises(GeometryError, match=r"a\.obj: line 3: refers to"):
        source.reference(name, "line 3")


def test_references_inside_and_under_a_wider_root(tmp_path: Path) -> None:
    path = tmp_path / "in" / "a.obj"
    inside = Source(path, b"", path.parent)
    assert inside.reference("maps\\b.png", "") == tmp_path / "in" / "maps" / "b.png"
    assert inside.reference("x/../c.png", "") == tmp_path / "in" / "c.png"
    wider = Source(path, b"", tmp_path)
    assert wider.reference("../images/b.png", "") == tmp_path / "images" / "b.png"


def test_claims_are_held_against_the_bytes(tmp_path: Path) -> None:
    source = Source(tmp_path / "a", b"12345678", tmp_path)
    source.expect_bytes("header", 8, 8)
    with pytest.raises(GeometryError, match="header: claims 9 bytes, but the file has 8 left"):
        source.expect_bytes("header", 9, 8)
    with pytest.raises(GeometryError, match="unfolds to 10000000000000 bytes"):
        source.expect_unfold("body", 10**13)


def test_nothing_is_overwritten_unless_asked(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    second.write_bytes(b"old")
    with pytest.raises(GeometryError, match="b: exists already; pass overwrite=True"):
        write_files({first: b"1", second: b"2"}, overwrite=False)
    assert not first.exists()
    assert second.read_bytes() == b"old"
    write_files({first: b"1", second: b"2"}, overwrite=True)
    assert (first.read_bytes(), second.read_bytes()) == (b"1", b"2")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(GeometryError, match="cannot be written"):
        write_files({tmp_path / "a": b"1", tmp_path / "no" / "b": b"2"}, overwrite=False)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_appears_meanwhile_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a"
    real = os.link

    def late(source: Path, target: Path) -> None:
        target.write_bytes(b"theirs")
        real(source, target)

    monkeypatch.setattr(os, "link", late)
    with pytest.raises(GeometryError, match="cannot be written"):
        write_files({path: b"ours"}, overwrite=False)
    assert path.read_bytes() == b"theirs"


def test_a_dangling_link_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "nowhere")
    with pytest.raises(GeometryError, match="exists already"):
        write_files({tmp_path / "a": b"1"}, overwrite=False)


def test_permissions_survive(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")
    path.chmod(0o640)
    write_files({path: b"new"}, overwrite=True)
    assert path.stat().st_mode & 0o777 == 0o640
