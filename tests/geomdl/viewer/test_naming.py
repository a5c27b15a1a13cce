import json
from pathlib import Path

import pytest

from geomdl.errors import GeometryError
from geomdl.viewer.naming import item_names, natural, read_label_names, sequence_names


def test_numbers_in_names_count() -> None:
    names = [Path(n) for n in ("frame10.ply", "frame9.ply", "frame2b.ply", "frame2.ply", "a.ply")]
    ordered = [p.name for p in sorted(names, key=natural)]
    assert ordered == ["a.ply", "frame2.ply", "frame2b.ply", "frame9.ply", "frame10.ply"]


def test_names_are_stems_until_they_clash() -> None:
    assert item_names([Path("a/cow.obj"), Path("b/spot.ply")]) == ["cow", "spot"]
    assert item_names([Path("a/cow.obj"), Path("a/cow.ply")]) == ["cow.obj", "cow.ply"]
    paths = [Path("run/1/mesh.ply"), Path("run/2/mesh.ply"), Path("other/x.ply")]
    assert item_names(paths) == ["1:mesh", "2:mesh", "x"]
    deep = [Path("a/1/mesh.ply"), Path("b/1/mesh.ply")]
    assert item_names(deep) == ["a:1:mesh", "b:1:mesh"]


def test_names_differ_whatever_the_paths() -> None:
    paths = [Path("/x.ply"), Path("/y/x.ply"), Path("/y/y/x.ply"), Path("/x.obj"), Path("/y/x.obj")]
    names = item_names(paths)
    assert len(set(names)) == len(paths)
    assert all("/" not in name for name in names)
    assert len(set(item_names([Path("/same.ply")] * 3))) == 3


def test_a_capture_is_named_by_its_folder(tmp_path: Path) -> None:
    assert item_names([Path("/data/fox/transforms.json")]) == ["fox"]
    assert item_names([Path("/data/lego/transforms_train.json")]) == ["lego train"]
    model = tmp_path / "garden" / "sparse" / "0"
    model.mkdir(parents=True)
    assert item_names([model]) == ["garden"]


def test_packed_endings_go() -> None:
    assert item_names([Path("chair.npy.gz"), Path("sofa.v2.npz")]) == ["chair", "sofa.v2"]


def test_a_sequence_is_named_by_what_its_frames_share() -> None:
    walk = [Path("walk_001.ply"), Path("walk_002.ply")]
    night = [Path("/runs/night/001.ply"), Path("/runs/night/002.ply")]
    day = [Path("/runs/day/walk_1.ply"), Path("/runs/day/walk_2.ply")]
    pets = [Path("/zoo/cat.ply"), Path("/zoo/car.ply")]
    assert sequence_names([pets]) == ["zoo"]
    assert sequence_names([walk, night]) == ["walk", "night"]
    assert sequence_names([[Path("/a/walk_1.ply"), Path("/a/walk_2.ply")], day]) == [
        "a:walk", "day:walk",
    ]  # fmt: skip
    assert len(set(sequence_names([day, day, night]))) == 3


@pytest.mark.parametrize(
    "text",
    [
        "0 wall\n1 floor lamp\n",
        "0: wall\n1: floor lamp\n",
        "0,wall\n1,floor lamp",
        "0\twall\r\n\r\n1\tfloor lamp\r\n",
        "id,name\n0,wall\n1,floor lamp\n",
        "# classes\nwall\nfloor lamp  # in the corner\n",
        json.dumps(["wall", "floor lamp"]),
        json.dumps({"0": "wall", "1": "floor lamp"}),
        json.dumps({"wall": 0, "floor lamp": 1}),
        json.dumps([{"id": 1, "name": "floor lamp"}, {"id": 0, "name": "wall"}]),
    ],
)
def test_label_names_in_every_form(text: str, tmp_path: Path) -> None:
    path = tmp_path / ("names.json" if text[0] in "[{" else "names.txt")
    path.write_text(text, newline="")
    assert read_label_names(path) == {0: "wall", 1: "floor lamp"}


def test_labels_need_not_be_in_order(tmp_path: Path) -> None:
    path = tmp_path / "names.txt"
    path.write_text("255 void\n-1 nothing\n7 chair\n")
    assert read_label_names(path) == {255: "void", -1: "nothing", 7: "chair"}


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("n.txt", b"0 wall\n0 floor\n", "label 0"),
        ("n.txt", b"\n# only this\n", "got none"),
        ("n.txt", b"\xff\xfe\x00", "UTF-8"),
        ("n.json", b"{broken", "expected names"),
        ("n.json", b"3", "expected names"),
        ("n.json", b'{"wall": "x", "floor": 1}', "expected names"),
        ("n.json", b'{"wall": true}', "expected names"),
        ("n.json", b'[{"name": "wall"}]', "expected names"),
        ("n.txt", b"", "empty"),
    ],
)
def test_bad_label_names_are_refused(name: str, text: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(text)
    with pytest.raises(GeometryError, match=message) as error:
        read_label_names(path)
    assert name in str(error.value)
