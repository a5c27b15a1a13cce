"""A click finds what the drawing shows there: against hand-made answers and brute force."""

import math

import pytest
import torch
import trimesh
from PIL import Image

from geomdl.errors import GeometryError
from geomdl.io.interop import from_trimesh
from geomdl.io.posed import PosedImage, PosedImages
from geomdl.structures import Camera, Mesh, PointCloud, Pose, SparseVoxels, VoxelGrid
from geomdl.viewer.look import Look
from geomdl.viewer.pick import pick
from geomdl.viewer.scene import Item, Scene

PIXEL = 1e-3
DOWN = ((0.2, 0.3, 9.0), (0.0, 0.0, -1.0), PIXEL)


def ball(x: float = 0.0, radius: float = 1.0) -> Mesh:
    sphere = trimesh.creation.icosphere(subdivisions=3, radius=radius)
    mesh = from_trimesh(sphere)
    assert isinstance(mesh, Mesh)
    return Mesh(mesh.vertices.float() + torch.tensor([x, 0.0, 0.0]), mesh.faces)


def square(z: float, **fields) -> Mesh:
    """Two triangles that look up, from 0 to 1."""
    corners = torch.tensor([[0.0, 0, z], [1, 0, z], [1, 1, z], [0, 1, z]])
    return Mesh(corners, torch.tensor([[0, 1, 2], [0, 2, 3]]), **fields)


def scene_of(**shapes) -> Scene:
    return Scene([Item(name, (shape,)) for name, shape in shapes.items()])


def test_the_first_of_several_meshes():
    scene = scene_of(low=square(0.0), high=square(1.0))
    found = pick(scene, Look(), *DOWN)
    assert found is not None
    assert (found.item, found.kind) == ("high", "face")
    assert found.position == pytest.approx((0.2, 0.3, 1.0), abs=1e-5)
    assert found.index == 1, "y > x: the second triangle"
    assert found.values["normal"] == "0 0 1"
    assert pick(scene, Look(hide=("high",)), *DOWN).item == "low"
    assert pick(scene, Look(), (5.0, 5.0, 9.0), (0.0, 0.0, -1.0), PIXEL) is None


def test_clipped_parts_are_passed():
    scene = scene_of(ball=ball())
    top = pick(scene, Look(), (0.1, 0.1, 9.0), (0.0, 0.0, -1.0), PIXEL)
    assert top.position[2] == pytest.approx(math.sqrt(1 - 0.02), abs=0.01)
    look = Look(clip=("z<0.5",))
    inside = pick(scene, look, (0.1, 0.1, 9.0), (0.0, 0.0, -1.0), PIXEL)
    assert inside.position[2] == pytest.approx(-math.sqrt(1 - 0.02), abs=0.01)
    slab = Look(clip=("z<0.5", "z>-0.5"))
    assert pick(scene, slab, (0.1, 0.1, 9.0), (0.0, 0.0, -1.0), PIXEL) is None
    sideways = pick(scene, slab, (9.0, 0.0, 0.1), (-1.0, 0.0, 0.0), PIXEL)
    assert sideways.position[0] == pytest.approx(1.0, abs=0.02)
    assert pick(scene, slab, (9.0, 0.0, 0.6), (-1.0, 0.0, 0.0), PIXEL) is None


def test_sides_that_are_not_drawn_are_passed():
    scene = scene_of(ball=ball())
    look = Look(sides="front")
    within = pick(scene, look, (0.0, 0.0, 0.0), (0.0, 0.6, 0.8), PIXEL)
    assert within is None
    assert pick(scene, Look(sides="both"), (0.0, 0.0, 0.0), (0.0, 0.6, 0.8), PIXEL) is not None
    room = Mesh(ball().vertices, ball().faces.flip(1))
    far_wall = pick(scene_of(room=room), look, (9.0, 0.01, 0.02), (-1.0, 0.0, 0.0), PIXEL)
    assert far_wall.position[0] == pytest.approx(-1.0, abs=0.02)


def test_values_between_vertices_and_names_of_labels():
    mesh = square(
        0.0,
        colors=torch.tensor([[1.0, 0, 0]] * 4),
        attributes={"heat": torch.tensor([0.0, 1.0, 2.0, 1.0]), "room": torch.tensor([4, 4, 4, 7])},
        face_attributes={"part": torch.tensor([1, 2])},
    )
    scene = Scene([Item("a", (mesh,), label_names={4: "kitchen", 2: "lid"})])
    found = pick(scene, Look(color_by="height"), *DOWN)
    assert found.values["heat"] == "0.5", "x + y"
    assert found.values["room"] == "4 kitchen"
    assert found.values["part"] == "2 lid"
    assert found.values["colour"] == "#ff0000"
    assert found.values["height"] == "0"


def test_the_covering_point_in_front():
    points = torch.tensor([[0.2, 0.3, 0.0], [0.2, 0.3, 1.0], [0.22, 0.3, 2.0], [0.5, 0.5, 3.0]])
    cloud = PointCloud(points, attributes={"label": torch.tensor([5, 6, 7, 8])})
    scene = scene_of(cloud=cloud)
    look = Look(point_size=0.002)
    found = pick(scene, look, *DOWN)
    assert (found.kind, found.index) == ("point", 1), "2 is within 5 pixels, but covers nothing"
    assert found.position == pytest.approx((0.2, 0.3, 1.0))
    assert found.values["label"] == "6"
    assert pick(scene, Look(point_size=0.05), *DOWN).index == 2
    beside = pick(scene, look, (0.501, 0.5, 9.0), (0.0, 0.0, -1.0), PIXEL)
    assert beside.index == 3
    assert pick(scene, look, (0.6, 0.5, 9.0), (0.0, 0.0, -1.0), PIXEL) is None
    assert pick(scene, look.replace(clip=("z<0.5",)), *DOWN).index == 0


def test_points_against_brute_force():
    generator = torch.Generator().manual_seed(0)
    points = torch.rand(20_000, 3, generator=generator)
    scene = scene_of(cloud=PointCloud(points))
    look = Look(point_size=0.01)
    for seed in range(20):
        generator.manual_seed(seed)
        origin = torch.tensor([0.5, 0.5, 0.5]) + torch.randn(3, generator=generator) * 3
        way = torch.nn.functional.normalize(0.5 - origin, dim=0)
        offset = points.double() - origin.double()
        along = offset @ way.double()
        away = (offset - along[:, None] * way.double()).norm(dim=1)
        covers = (away <= 0.005) & (along > 0)
        found = pick(scene, look, tuple(origin.tolist()), tuple(way.tolist()), 1e-6)
        if bool(covers.any()):
            expected = int(torch.where(covers, along, torch.inf).argmin())
            assert found.index == expected
        else:
            assert found is None


def test_a_mesh_hides_the_points_behind_it():
    scene = scene_of(wall=square(1.0), cloud=PointCloud(torch.tensor([[0.2, 0.3, 0.5]])))
    assert pick(scene, Look(), *DOWN).item == "wall"
    assert pick(scene, Look(hide=("wall",)), *DOWN).item == "cloud"


def test_cells_of_a_grid():
    values = torch.zeros(4, 4, 4, dtype=torch.uint8)
    values[1, 2, 3] = values[1, 2, 0] = 1
    scene = scene_of(grid=VoxelGrid(values, "occupancy", torch.tensor([10.0, 0.0, 0.0]), 0.5))
    above = (10.7, 1.2, 9.0)
    found = pick(scene, Look(), above, (0.0, 0.0, -1.0), PIXEL)
    assert (found.kind, found.values["cell"]) == ("cell", "1 2 3")
    assert found.position[2] == pytest.approx(2.0, abs=1e-4)
    assert found.index == 1 * 16 + 2 * 4 + 3
    lower = pick(scene, Look(clip=("z<1",)), above, (0.0, 0.0, -1.0), PIXEL)
    assert lower.values["cell"] == "1 2 0"
    assert pick(scene, Look(), (11.7, 1.2, 9.0), (0.0, 0.0, -1.0), PIXEL) is None


def test_isosurface_and_slice_of_distances():
    axis = (torch.arange(24) + 0.5) / 12 - 1
    x, y, z = torch.meshgrid(axis, axis, axis, indexing="ij")
    grid = VoxelGrid((x * x + y * y + z * z).sqrt() - 0.7, "sdf", -torch.ones(3), 1 / 12)
    scene = scene_of(grid=grid)
    found = pick(scene, Look(), (0.1, 0.1, 9.0), (0.0, 0.0, -1.0), PIXEL)
    assert found.kind == "surface"
    assert found.position[2] == pytest.approx(math.sqrt(0.49 - 0.02), abs=0.01)
    assert abs(float(found.values["value"])) < 0.01
    cut = pick(scene, Look(clip=("z<0.1",)), (0.3, 0.1, 9.0), (0.0, 0.0, -1.0), PIXEL)
    assert cut.kind == "slice"
    assert cut.position[2] == pytest.approx(0.1, abs=1e-3)
    assert float(cut.values["value"]) == pytest.approx(math.sqrt(0.11) - 0.7, abs=0.01)


def test_sparse_voxels_and_ternary_names():
    sites = torch.tensor([[2, 1, 0], [0, 0, 0]], dtype=torch.int32)
    sparse = SparseVoxels.sorted(sites, torch.tensor([[3.5], [1.0]]))
    found = pick(scene_of(s=sparse), Look(), (2.5, 1.5, 9.0), (0.0, 0.0, -1.0), PIXEL)
    assert (found.values["cell"], found.values["value"]) == ("2 1 0", "3.5")
    assert found.index == int((sparse.coordinates == sites[0]).all(1).nonzero())
    ternary = VoxelGrid(torch.tensor([[[1, 2], [0, 1]]], dtype=torch.uint8), "ternary")
    found = pick(scene_of(t=ternary), Look(), (0.5, 0.5, -5.0), (0.0, 0.0, 1.0), PIXEL)
    assert found.values["value"] == "surface"


def test_photographs(tmp_path):
    Image.new("RGB", (60, 40), "#808080").save(tmp_path / "one.png")
    pose = Pose.look_at(torch.tensor([0.0, -2, 0]), torch.zeros(3), torch.tensor([0.0, 0, 1]))
    camera = Camera.from_fov(60, 40, 1.0, pose)
    images = PosedImages((PosedImage(tmp_path / "one.png", camera),))
    scene = scene_of(photos=images)
    look = Look(camera_size=0.5)
    found = pick(scene, look, (0.05, -9.0, 0.02), (0.0, 1.0, 0.0), PIXEL)
    assert (found.kind, found.index) == ("camera", 0)
    assert found.position == pytest.approx((0.05, -1.5, 0.02), abs=1e-4)
    assert found.values["file"] == "one.png"
    assert found.values["size"] == "60 x 40"
    pixel = camera.project(torch.tensor([found.position]))[0][0].round()
    assert found.values["pixel"] == " ".join(f"{v:.5g}" for v in pixel.tolist())
    bare = pick(scene, look.replace(photos=False), (0.05, -9.0, 0.02), (0.0, 1.0, 0.0), PIXEL)
    assert bare.kind == "camera", "a pyramid alone can be clicked too"
    assert pick(scene, look.replace(cameras=False), (0.05, -9.0, 0.02), (0.0, 1.0, 0.0), 0) is None


def test_far_from_the_origin():
    far = torch.tensor([5e4, 2e5, 0.0])
    mesh = Mesh(square(0.0).vertices + far, square(0.0).faces)
    found = pick(scene_of(a=mesh), Look(), (50000.25, 200000.5, 30.0), (0.0, 0.0, -1.0), PIXEL)
    assert found.position == pytest.approx((50000.25, 200000.5, 0.0), abs=0.02)


def test_bad_rays():
    scene = scene_of(a=square(0.0))
    with pytest.raises(GeometryError, match="direction"):
        pick(scene, Look(), (0.0, 0.0, 0.0), (0.0, 0.0, 0.0), PIXEL)
    with pytest.raises(GeometryError, match="origin"):
        pick(scene, Look(), (0.0, 0.0, math.nan), (0.0, 0.0, 1.0), PIXEL)
    with pytest.raises(GeometryError, match="pixel_angle"):
        pick(scene, Look(), (0.0, 0.0, 1.0), (0.0, 0.0, 1.0), -1.0)
