import shutil
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from geomdl.errors import GeometryError
from geomdl.io import save
from geomdl.io.posed import PosedImages
from geomdl.structures import Mesh, PointCloud, SparseVoxels, VoxelGrid
from geomdl.viewer.opening import open_scene


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """mesh.ply, points.ply, grid.npz and frames/f1.ply .. f11.ply with 1 .. 11 points."""
    triangle = Mesh(torch.eye(3), torch.tensor([[0, 1, 2]]))
    save(tmp_path / "mesh.ply", triangle)
    save(tmp_path / "points.ply", PointCloud(torch.eye(3)))
    save(tmp_path / "grid.npz", VoxelGrid(torch.ones(2, 2, 2), "occupancy"))
    (tmp_path / "frames").mkdir()
    for count in range(1, 12):
        cloud = PointCloud(torch.arange(3.0 * count).reshape(-1, 3))
        save(tmp_path / "frames" / f"f{count}.ply", cloud)
    return tmp_path


def counts(name: str, shapes: Callable[[str, int], object], frames: int) -> list[int]:
    found = []
    for frame in range(frames):
        shape = shapes(name, frame)
        assert isinstance(shape, PointCloud)
        found.append(len(shape))
    return found


def test_files_become_items_in_the_order_given(folder: Path) -> None:
    scene = open_scene([folder / "points.ply", str(folder / "mesh.ply"), folder / "grid.npz"])
    assert scene.names == ("points", "mesh", "grid")
    kinds = [type(scene.shape(name)) for name in scene.names]
    assert kinds == [PointCloud, Mesh, VoxelGrid]
    assert scene["mesh"].path == folder / "mesh.ply"
    assert scene.frame_count == 1


def test_one_path_needs_no_list(folder: Path) -> None:
    assert open_scene(folder / "mesh.ply").names == ("mesh",)


def test_a_folder_gives_its_shapes_in_natural_order(folder: Path) -> None:
    (folder / "frames" / "notes.txt").write_text("no shape")
    scene = open_scene([folder / "frames"])
    assert scene.names == tuple(f"f{i}" for i in range(1, 12))


def test_patterns_are_expanded(folder: Path) -> None:
    assert open_scene([f"{folder}/*.ply"]).names == ("mesh", "points")
    assert len(open_scene([f"{folder}/**/*.ply"]).items) == 13
    assert open_scene([f"{folder}/frames/f[12].ply"]).names == ("f1", "f2")


def test_a_name_with_brackets_is_a_name(folder: Path) -> None:
    shutil.copy(folder / "mesh.ply", folder / "mesh[1].ply")
    assert open_scene([folder / "mesh[1].ply"]).names == ("mesh[1]",)


def test_what_is_given_twice_is_opened_once(folder: Path) -> None:
    paths = [folder / "mesh.ply", f"{folder}/m*.ply", folder / "frames" / ".." / "mesh.ply"]
    assert open_scene(paths).names == ("mesh",)


def test_play_makes_files_frames(folder: Path) -> None:
    scene = open_scene([f"{folder}/frames/*.ply"], play=True)
    assert scene.names == ("f",)
    assert counts("f", scene.shape, 11) == list(range(1, 12))


def test_play_takes_loose_files_as_one_and_folders_each(folder: Path) -> None:
    loose = sorted((folder / "frames").glob("f?.ply"))
    assert open_scene(loose, play=True).frame_count == 9
    shutil.copytree(folder / "frames", folder / "truth")
    scene = open_scene([folder / "frames", folder / "truth", folder / "mesh.ply"], play=True)
    assert [len(item.frames) for item in scene.items] == [11, 11, 1]
    assert scene.names == ("frames:f", "truth:f", "mesh")


def test_later_frames_are_read_when_they_are_shown(folder: Path) -> None:
    (folder / "frames" / "f2.ply").write_bytes(b"broken")
    scene = open_scene([folder / "frames"], play=True)
    assert len(scene.shape("f", 2)) == 3  # type: ignore[arg-type]
    with pytest.raises(GeometryError, match=r"f2\.ply"):
        scene.shape("f", 1)


def test_up_by_the_endings(folder: Path) -> None:
    mesh = Mesh(torch.eye(3), torch.tensor([[0, 1, 2]]))
    save(folder / "a.obj", mesh)
    save(folder / "b.glb", mesh)
    assert open_scene([folder / "mesh.ply"]).up == "z"
    assert open_scene([folder / "a.obj"]).up == "y"
    assert open_scene([folder / "a.obj", folder / "b.glb", folder / "mesh.ply"]).up == "y"


def test_label_names_go_to_every_item(folder: Path) -> None:
    (folder / "names.txt").write_text("0 wall\n4 chair\n")
    scene = open_scene(
        [folder / "mesh.ply", folder / "points.ply"], label_names=folder / "names.txt"
    )
    assert all(dict(item.label_names) == {0: "wall", 4: "chair"} for item in scene.items)


def test_broken_files_are_left_out_with_a_warning(folder: Path) -> None:
    (folder / "bad.ply").write_bytes(b"broken")
    with pytest.warns(UserWarning, match=r"left out: .*bad\.ply"):
        scene = open_scene([f"{folder}/*.ply"])
    assert scene.names == ("mesh", "points")
    with pytest.raises(GeometryError, match=r"bad\.ply"):
        open_scene([folder / "bad.ply"])


def test_points_that_are_not_finite_are_left_out(folder: Path) -> None:
    (folder / "nan.xyz").write_text("0 0 0\nnan 0 0\n1 1 1\n")
    cloud = open_scene([folder / "nan.xyz"]).shape("nan")
    assert isinstance(cloud, PointCloud)
    assert cloud.points.tolist() == [[0, 0, 0], [1, 1, 1]]


def test_batches_become_one_or_several(folder: Path) -> None:
    two = PointCloud.concatenate([PointCloud(torch.eye(3)), PointCloud(torch.ones(2, 3))])
    save(folder / "two.npz", two)
    cloud = open_scene([folder / "two.npz"]).shape("two")
    assert isinstance(cloud, PointCloud)
    assert (cloud.batch_size, len(cloud)) == (1, 5)
    cells = torch.tensor([[0, 0, 0], [1, 0, 0]], dtype=torch.int32)
    pair = SparseVoxels(cells, torch.ones(2, 1), 1, torch.tensor([0, 1, 2]))
    save(folder / "sites.npz", pair)
    assert open_scene([folder / "sites.npz"]).names == ("sites 0", "sites 1")


def test_stacks_of_grids_are_frames(folder: Path) -> None:
    np.save(folder / "stack.npy", np.ones((4, 2, 2, 2)))
    assert open_scene([folder / "stack.npy"]).frame_count == 4
    assert open_scene([folder / "stack.npy"], play=True).frame_count == 4


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("missing.ply", "no such file"),
        ("*.stl", "expected files of shapes, got none"),
        ("*.md", "got 1 of another kind"),
        ("empty", "expected shapes"),
        ("readme.md", "unknown ending '.md'"),
        ("flat.npz", "expected voxels of 3 axes, got 2"),
        ("names.json", "frames"),
        ("void.ply", "void"),
    ],
)
def test_what_cannot_be_opened_is_named(path: str, message: str, folder: Path) -> None:
    (folder / "empty").mkdir()
    (folder / "readme.md").write_text("words")
    (folder / "names.json").write_text("{}")
    (folder / "void.ply").write_bytes(b"")
    flat = SparseVoxels(torch.zeros(1, 2, dtype=torch.int32), torch.ones(1, 1))
    save(folder / "flat.npz", flat)
    with pytest.raises(GeometryError, match=message) as error:
        open_scene([folder / path])
    assert path in str(error.value)


def test_nothing_is_refused() -> None:
    with pytest.raises(GeometryError, match="at least one"):
        open_scene([])


def test_real_folders(data: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        meshes = open_scene([data / "meshes"])
    assert len(meshes.items) == 14
    assert all(isinstance(meshes.shape(name), Mesh) for name in meshes.names)
    fox = open_scene([data / "fox"])
    assert (fox.names, fox.up) == (("fox",), "z")
    cameras = fox.shape("fox")
    assert isinstance(cameras, PosedImages)
    assert len(cameras) == 45


def test_real_files_with_one_stem(data: Path) -> None:
    folders = [data / "mesh_formats" / "suzanne.ply", data / "meshes" / "suzanne.obj"]
    bunnies = [data / "mesh_formats" / "teapot.stl", data / "meshes" / "teapot.obj"]
    names = open_scene([*folders, *bunnies]).names
    assert names == ("suzanne.ply", "suzanne.obj", "teapot.stl", "teapot.obj")
