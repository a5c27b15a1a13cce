"""load and save: every real file, every ending, one kind of error."""

import warnings
from pathlib import Path

import numpy as np
import pytest
import torch

import geomdl
from geomdl.errors import GeometryError
from geomdl.io import load, save
from geomdl.io.files import CONTAINERS, READERS
from geomdl.structures import Mesh, PointCloud, VoxelGrid
from tests.geomdl.io.seeds import example_cloud, example_mesh
from tests.oracles.io_oracle import linear_to_srgb, srgb_levels, trimesh_reading

# What no reader can make a shape of, and what a person is told.
REFUSED = {
    "empty.obj": "there are no points or vertices",
    "empty.ply": "there are no points or vertices",
    "empty_nodes.glb": "there are no points or vertices",
    "nancolor.obj": "line 7: NaN or infinite",
    "notenoughindices.obj": "line 9: a face needs 3 corners or more, got 2",
}
# Files with faces that trimesh takes apart, drops or turns otherwise than a fan.
OTHERWISE: set[str] = {"mode5.gltf"}


def test_every_real_file_loads_as_trimesh_reads_it_or_says_why(data: Path) -> None:
    seen = 0
    for path in sorted((data / "mesh_formats").iterdir()):
        if path.suffix.lower() not in READERS:
            with pytest.raises(GeometryError, match="unknown ending"):
                load(path)
            continue
        seen += 1
        if path.name in REFUSED:
            with pytest.raises(GeometryError, match=REFUSED[path.name]) as caught:
                load(path)
            assert str(path) in str(caught.value)
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            shape = load(path)
        triangles, vertices = trimesh_reading(path)
        low, high = shape.bounds
        if isinstance(shape, PointCloud):
            assert len(shape) == len(vertices), path.name
            corners = vertices
        else:
            assert isinstance(shape, Mesh)
            if path.name not in OTHERWISE:
                assert len(shape.faces) == len(triangles), path.name
            used = shape.triangles.reshape(-1, 3)
            low, high = used.amin(0), used.amax(0)
            corners = triangles.reshape(-1, 3)
        size = float((high - low).norm())
        np.testing.assert_allclose(low, corners.min(0), atol=1e-5 * size, err_msg=path.name)
        np.testing.assert_allclose(high, corners.max(0), atol=1e-5 * size, err_msg=path.name)
    assert seen == 67


@pytest.mark.parametrize("ending", [*READERS, *CONTAINERS])
def test_every_ending_saves_and_loads(tmp_path: Path, ending: str) -> None:
    shape = example_mesh() if ending in (".obj", ".stl", ".off", ".glb") else example_cloud()
    path = tmp_path / f"a{ending.upper()}"
    geomdl.save(path, shape)
    found = geomdl.load(path)
    assert type(found) is type(shape)
    assert len(found) == len(shape)
    with pytest.raises(GeometryError, match="exists already"):
        save(path, shape)
    save(path, shape, overwrite=True)


@pytest.mark.parametrize("ending", [*READERS, *CONTAINERS])
def test_the_wrong_ending_is_one_error(tmp_path: Path, ending: str) -> None:
    save(tmp_path / "a.glb", example_mesh())
    save(tmp_path / "a.ply", example_mesh())
    save(tmp_path / "a.npz", example_mesh())
    for name in ("a.glb", "a.ply", "a.npz"):
        wrong = tmp_path / f"wrong{ending}"
        wrong.write_bytes((tmp_path / name).read_bytes())
        if ending in (name[1:], ".gltf" if name == "a.glb" else ""):
            continue
        with pytest.raises(GeometryError, match="wrong"):
            load(wrong)


@pytest.mark.parametrize("ending", [*READERS, *CONTAINERS])
def test_empty_and_random_bytes(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a{ending}"
    rng = np.random.default_rng(0)
    for content in (b"", b"\0", b"\n", b"\xff" * 100, rng.bytes(1000), b"{" * 5000):
        path.write_bytes(content)
        with pytest.raises(GeometryError, match=r"a\.\w+: "):
            load(path)


def test_what_save_refuses(tmp_path: Path) -> None:
    grid = VoxelGrid(torch.zeros(2, 2, 2), "sdf")
    with pytest.raises(GeometryError, match="a VoxelGrid goes into"):
        save(tmp_path / "a.ply", grid)
    with pytest.raises(GeometryError, match=r"unknown ending '.xxx'; expected one of: ply obj"):
        save(tmp_path / "a.xxx", example_mesh())
    with pytest.raises(GeometryError, match="there is nothing to save"):
        save(tmp_path / "a.ply", PointCloud(torch.zeros(0, 3)))
    with pytest.raises(GeometryError, match=r"encoding: .obj is always ascii, got 'binary'"):
        save(tmp_path / "a.obj", example_mesh(), encoding="binary")
    with pytest.raises(GeometryError, match="cannot be written"):
        save(tmp_path / "no" / "a.ply", example_mesh())
    with pytest.warns(UserWarning, match="2 items become one"):
        save(tmp_path / "a.ply", PointCloud.concatenate([example_cloud(), example_cloud()]))


def test_a_wider_root_lets_textures_lie_beside(tmp_path: Path) -> None:
    models, images = tmp_path / "models", tmp_path / "images"
    models.mkdir()
    images.mkdir()
    save(models / "a.obj", example_mesh())
    for path in list(models.glob("*.png")):
        path.rename(images / path.name)
    library = models / "a.mtl"
    library.write_text(library.read_text().replace("map_Kd ", "map_Kd ../images/"))
    with pytest.raises(GeometryError, match="pass root=FOLDER"):
        load(models / "a.obj")
    mesh = load(models / "a.obj", root=tmp_path)
    assert isinstance(mesh, Mesh)
    assert all(material.texture is not None for material in mesh.materials)


def test_dtype_of_coordinates(tmp_path: Path) -> None:
    save(tmp_path / "a.ply", example_cloud())
    found = load(tmp_path / "a.ply", dtype=torch.float64)
    assert isinstance(found, PointCloud)
    assert found.points.dtype == torch.float64
    assert found.attributes["intensity"].dtype == torch.float32


def test_people_are_told_where_to_go(tmp_path: Path) -> None:
    with pytest.raises(GeometryError, match="a folder; open_rgbd reads"):
        load(tmp_path)
    (tmp_path / "transforms.json").write_text("{}")
    with pytest.raises(GeometryError, match="load_transforms reads posed images"):
        load(tmp_path / "transforms.json")
    save(tmp_path / "a.ply", example_mesh())
    (tmp_path / "a.ply").rename(tmp_path / "a.obj")
    with pytest.raises(GeometryError, match=r"a\.obj: .* \(the file looks like \.ply\)"):
        load(tmp_path / "a.obj")


def test_lists_that_would_unfold_are_refused(tmp_path: Path) -> None:
    count = 20_000
    head = f"ply\nformat ascii 1.0\nelement vertex {count}\nproperty float x\nproperty float y\n"
    head += "property float z\nproperty list int uchar ids\nend_header\n"
    body = "0 0 0 0\n" * (count - 1) + f"0 0 0 {count} " + "1 " * count
    (tmp_path / "a.ply").write_text(head + body)
    with pytest.raises(GeometryError, match="list ids: unfolds to 400000000 bytes"):
        load(tmp_path / "a.ply")


def test_half_the_light_of_a_screen_is_stored_by_each_format_as_it_means_it(tmp_path: Path) -> None:
    cloud = PointCloud(torch.tensor([[1.0, 2.0, 3.0]]), colors=torch.full((1, 3), 0.214))
    for ending in ("ply", "obj", "off", "pcd", "pts", "xyzrgb", "glb", "gltf"):
        save(
            tmp_path / f"a.{ending}", cloud, encoding="ascii" if ending in ("ply", "pcd") else None
        )
    texts = {path.suffix: path.read_text() for path in tmp_path.iterdir() if path.suffix != ".glb"}
    ply = texts[".ply"].split("end_header\n")[1].split()
    assert [int(level) for level in ply[3:6]] in ([127] * 3, [128] * 3)
    level = int(ply[3])
    assert level == int(srgb_levels([0.214])[0])
    assert texts[".off"].split("\n")[2].split()[3:6] == [str(level)] * 3
    assert texts[".pts"].split()[-3:] == [str(level)] * 3
    packed = texts[".pcd"].split("DATA ascii\n")[1].split()[3]
    bits = int(np.float32(packed).view(np.uint32)) if "." in packed else int(packed)
    assert bits & 0xFFFFFF == level * 0x10101
    srgb = float(linear_to_srgb([0.214])[0])
    for ending, row in ((".obj", texts[".obj"].split("v ")[1]), (".xyzrgb", texts[".xyzrgb"])):
        np.testing.assert_allclose(np.float64(row.split()[3:6]), srgb, atol=1e-6, err_msg=ending)
    assert np.full(3, 0.214, "<f4").tobytes() in (tmp_path / "a.glb").read_bytes()  # as it is
    ours = {path.suffix: load(path).colors for path in tmp_path.iterdir() if path.suffix != ".bin"}
    assert len(ours) == 8
    for ending, colors in ours.items():
        exact = ending in (".glb", ".gltf", ".obj", ".xyzrgb")
        apart = 1e-6 if exact else 0.51 / 255
        np.testing.assert_allclose(linear_to_srgb(colors), srgb, atol=apart, err_msg=ending)
        if not exact:
            assert torch.equal(colors, ours[".ply"]), ending


@pytest.mark.parametrize("ending", ["ply", "obj", "off"])
def test_a_mesh_has_the_same_colours_from_glb_and_from_others(tmp_path: Path, ending: str) -> None:
    colors = torch.cat([torch.zeros(1, 3), torch.logspace(-5, 0, 99).reshape(33, 3)])
    mesh = Mesh(torch.rand(34, 3), torch.arange(33).reshape(11, 3), colors=colors)
    save(tmp_path / f"a.{ending}", mesh)
    save(tmp_path / "a.glb", mesh)
    other, glb = load(tmp_path / f"a.{ending}"), load(tmp_path / "a.glb")
    assert torch.equal(glb.colors, colors)
    apart = np.abs(linear_to_srgb(other.colors) - linear_to_srgb(glb.colors))
    assert apart.max() <= 0.51 / 255


def test_colours_of_faces_are_linear_too(tmp_path: Path) -> None:
    text = "OFF\n3 1 0\n0 0 0\n1 0 0\n1 1 0\n3 0 1 2 128 0 255\n"
    (tmp_path / "a.off").write_text(text)
    mesh = load(tmp_path / "a.off")
    assert isinstance(mesh, Mesh)
    assert srgb_levels(mesh.face_attributes["colors"]).tolist() == [[128, 0, 255]]
    assert mesh.face_attributes["colors"][0, 0].item() == pytest.approx(0.21586, abs=1e-5)
