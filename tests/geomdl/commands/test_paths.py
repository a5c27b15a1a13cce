from pathlib import Path

import pytest
import torch

from geomdl.commands.paths import expand, inside
from geomdl.errors import GeometryError
from geomdl.io import save
from geomdl.structures import PointCloud
from tests.geomdl.reconstruct import corner


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("a2.ply", "a10.ply", "deep/a1.ply", "deep/er/b.ply"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        save(tmp_path / name, PointCloud(torch.eye(3)))
    (tmp_path / "notes.md").write_text("")
    (tmp_path / "empty").mkdir()
    return tmp_path


def names(paths: list[Path], tree: Path) -> list[str]:
    return [path.relative_to(tree).as_posix() for path in paths]


def test_patterns_are_sorted_as_people_count(tree: Path) -> None:
    found, wrong = expand([f"{tree}/*.ply"])
    assert names(found, tree) == ["a2.ply", "a10.ply"]
    assert wrong == []
    found, _ = expand([f"{tree}/**/*.ply"])
    assert set(names(found, tree)) == {"a2.ply", "a10.ply", "deep/a1.ply", "deep/er/b.ply"}
    found, _ = expand([f"{tree}/a10.ply", f"{tree}/*.ply"])
    assert names(found, tree) == ["a10.ply", "a2.ply"]  # each once


def test_what_fits_nothing_is_told_beside_the_rest(tree: Path) -> None:
    found, wrong = expand([f"{tree}/*.obj", f"{tree}/a2.ply", f"{tree}/none.ply"])
    assert names(found, tree) == ["a2.ply", "none.ply"]  # plain names are for the reader to refuse
    assert len(wrong) == 1
    assert "*.obj: no file fits" in wrong[0]


def test_patterns_leave_out_files_of_other_kinds(tree: Path) -> None:
    (tree / "picture.png").write_text("")
    (tree / "transforms_train.json").write_text("{}")
    (tree / "package.json").write_text("{}")
    found, wrong = expand([f"{tree}/*.*"])
    assert names(found, tree) == ["a2.ply", "a10.ply", "transforms_train.json"]
    assert wrong == []
    _, wrong = expand([f"{tree}/*.png"])
    assert "no file fits this pattern that geomdl reads, only others (1)" in wrong[0]


def test_names_with_brackets_that_exist_are_no_patterns(tree: Path) -> None:
    odd = tree / "scan[1].ply"
    save(odd, PointCloud(torch.eye(3)))
    assert expand([str(odd)]) == ([odd], [])


def test_folders_stand_for_what_is_in_them(tree: Path) -> None:
    assert expand([str(tree)])[0] == [tree]
    found, _ = expand([str(tree)], folders=True)
    assert names(found, tree) == ["a2.ply", "a10.ply"]
    _, wrong = expand([str(tree / "empty")], folders=True)
    assert "no RGB-D frames" in wrong[0]
    scan = corner.write_folder(tree / "scan", 1)
    assert inside(scan) == [scan]
    (tree / "deep" / "transforms.json").write_text("{}")
    assert inside(tree / "deep") == [tree / "deep" / "transforms.json"]
    found, _ = expand([f"{tree}/sc*"], folders=True)
    assert found == [scan]
    with pytest.raises(GeometryError, match="cannot be read"):
        inside(tree / "nowhere")
