import math

import pytest
import torch

from geomdl.errors import GeometryError
from geomdl.structures import Mesh, PointCloud, SparseVoxels, VoxelGrid
from geomdl.viewer.drawing import Legend, Part, Surface
from geomdl.viewer.look import Look, Plane
from geomdl.viewer.scene import Item, Scene
from geomdl.viewer.voxels import voxel_parts
from tests.geomdl.viewer.test_field import ball

BALL = 4 / 3 * math.pi * 0.8**3
PLAIN = Look()
Grid = VoxelGrid | SparseVoxels


def drawn(grid: Grid, look: Look = PLAIN, scene: Scene | None = None,
          planes: tuple[Plane, ...] = ()) -> tuple[list[Part], list[Legend]]:  # fmt: skip
    scene = Scene([Item("g", (grid,))]) if scene is None else scene
    return voxel_parts(scene, "g", grid, look, planes)


def kinds(parts: list[Part]) -> set[str]:
    return {part.name.split("/")[1].split(" ")[0] for part in parts}


def volume(parts: list[Part]) -> float:
    total = 0.0
    for part in parts:
        assert isinstance(part, Surface)
        a, b, c = part.mesh.vertices.double()[part.mesh.faces].unbind(1)
        total += float((a * torch.linalg.cross(b, c)).sum() / 6)
    return total


@pytest.mark.parametrize(
    ("voxels", "continuous", "discrete"),
    [
        ("auto", {"surface"}, {"cells"}),
        ("cells", {"cells"}, {"cells"}),
        ("surface", {"surface"}, {"surface"}),
        ("both", {"cells", "surface"}, {"cells", "surface"}),
    ],
)
def test_what_suits_the_kind(voxels: str, continuous: set[str], discrete: set[str]) -> None:
    look = Look(voxels=voxels)  # type: ignore[arg-type]
    solid = ball(16).to_occupancy(solid=True)
    sites = solid.values.nonzero().int()
    sparse = SparseVoxels.sorted(sites, torch.ones(len(sites), 1))
    for grid in (ball(16), ball(16).to_distance(), ball(16).to_tsdf(0.3)):
        assert kinds(drawn(grid, look)[0]) == continuous
    for other in (solid, ball(16).to_ternary(), sparse):
        assert kinds(drawn(other, look)[0]) == discrete


def test_parts_belong_to_the_item_and_have_names_of_their_own() -> None:
    parts, _ = drawn(
        ball(16), Look(voxels="both", clip=("x<50%",)), planes=(Plane((1.0, 0, 0), 5),)
    )
    assert len({part.name for part in parts}) == len(parts)
    assert {part.item for part in parts} == {"g"}


def test_cut_surface_and_slice_close_the_half() -> None:
    plane = Plane((1.0, 0.0, 0.0), 5.0)
    parts, _ = drawn(ball(), planes=(plane,))
    closed = [part for part in parts if part.name.endswith(("surface 0", "in"))]
    assert volume(closed) == pytest.approx(BALL / 2, rel=1e-2)
    solid = ball().to_occupancy(solid=True)
    parts, _ = drawn(solid, planes=(plane,))
    half = int(solid.values[:20].sum()) * solid.cell**3
    assert volume(parts) == pytest.approx(half, rel=1e-3)


def test_no_slices_where_they_are_not_wanted() -> None:
    plane = Plane((1.0, 0.0, 0.0), 5.0)
    parts, legends = drawn(ball(16), Look(slices=False), planes=(plane,))
    assert kinds(parts) == {"surface"}
    assert legends == []


def test_equal_looks_have_equal_keys_and_others_do_not() -> None:
    scene = Scene([Item("g", (ball(16),))])
    grid = scene.shape("g")
    assert isinstance(grid, VoxelGrid)
    plane, other = Plane((1.0, 0.0, 0.0), 5.0), Plane((1.0, 0.0, 0.0), 5.2)

    def keys(look: Look, *planes: Plane) -> list[object]:
        return [part.key for part in voxel_parts(scene, "g", grid, look, planes)[0]]

    first = keys(Look(), plane)
    assert first == keys(Look(), plane)
    assert len(set(map(hash, first))) == len(first)
    for changed in (Look(color="#ff0000"), Look(level=0.1), Look(opacity=0.5)):
        assert keys(changed, plane)[0] != first[0]
    assert keys(Look(), other)[1] != first[1]
    assert keys(Look(ramp="turbo"), plane)[1] != first[1]
    assert keys(Look(point_size=3.0), plane) == first


def test_values_colour_cells_and_have_a_legend() -> None:
    sites = torch.tensor([[0, 0, 0], [2, 0, 0]], dtype=torch.int32)
    grid = SparseVoxels(sites, torch.tensor([[0.0], [1.0]]))
    (part,), (legend,) = drawn(grid, Look(color_by="value", limits=(0.0, 1.0)))
    assert isinstance(part, Surface)
    assert part.mesh.colors is not None
    low, high = (part.mesh.colors[part.mesh.vertices[:, 0] == x][0] for x in (0, 3))
    assert low[2] > low[0]  # viridis begins violet and ends yellow
    assert high[0] > high[2]
    assert (legend.title, legend.limits) == ("value", (0.0, 1.0))


def test_labels_have_names() -> None:
    sites = torch.tensor([[0, 0, 0], [2, 0, 0]], dtype=torch.int32)
    grid = SparseVoxels(sites, torch.tensor([[3.0], [7.0]]))
    scene = Scene([Item("g", (grid,), label_names={3: "wall", 7: "chair"})])
    _, (legend,) = drawn(grid, Look(color_by="value"), scene)
    assert {label: name for label, (name, _) in legend.entries.items()} == {3: "wall", 7: "chair"}


def test_slices_explain_themselves() -> None:
    plane = Plane((1.0, 0.0, 0.0), 5.0)
    _, (legend,) = drawn(ball(16), planes=(plane,))
    assert legend.title == "signed distance"
    assert legend.limits is not None
    assert legend.limits[0] == -legend.limits[1]
    _, (legend,) = drawn(ball(16).to_ternary(), planes=(plane,))
    assert [name for name, _ in legend.entries.values()] == ["surface", "unknown"]
    _, legends = drawn(ball(16), Look(color_by="height"), planes=(plane,))
    assert [legend.title for legend in legends] == ["height", "signed distance"]
    _, legends = drawn(ball(16), Look(color_by="value"), planes=(plane,))
    assert [legend.title for legend in legends] == ["value"]


def test_heights_and_normals_colour_grids() -> None:
    (part,), _ = drawn(ball(), Look(color_by="normal"))
    assert isinstance(part, Surface)
    assert part.mesh.colors is not None
    out = torch.nn.functional.normalize(part.mesh.vertices - torch.tensor([5.0, 0, 0]), dim=1)
    assert part.mesh.normals is not None
    assert (part.mesh.normals * out).sum(1).min() > 0.98
    (part,), (legend,) = drawn(ball(), Look(color_by="height", limits=(-1.0, 1.0)))
    assert isinstance(part, Surface)
    assert part.mesh.colors is not None
    top = int(part.mesh.vertices[:, 2].argmax())
    bottom = int(part.mesh.vertices[:, 2].argmin())
    assert part.mesh.colors[top, 0] > part.mesh.colors[bottom, 0]
    assert legend.limits == (-1.0, 1.0)


def test_distance_to_another_item() -> None:
    grid = ball()
    middle = PointCloud(torch.tensor([[5.0, 0.0, 0.0]]))
    scene = Scene([Item("g", (grid,)), Item("middle", (middle,))])
    _, (legend,) = drawn(grid, Look(color_by="distance"), scene)
    assert legend.limits is not None
    assert legend.limits[0] == pytest.approx(0.8, abs=2e-3)
    assert legend.limits[1] == pytest.approx(0.8, abs=2e-3)
    with pytest.raises(GeometryError, match="distance_to"):
        drawn(grid, Look(color_by="distance"))


def test_items_may_have_the_names_of_meshes_of_ours() -> None:
    grid, mesh = ball(16), Mesh(torch.eye(3), torch.tensor([[0, 1, 2]]))
    scene = Scene([Item("g", (grid,)), Item("cells", (mesh,)), Item("surface", (mesh,))])
    look = Look(color_by="distance", distance_to="surface")
    parts, legends = drawn(grid, look, scene)
    assert kinds(parts) == {"surface"}
    assert legends[0].limits is not None
    assert legends[0].limits[0] > 1


def test_frames_are_grids_of_their_own() -> None:
    grids = (ball(16), ball(16, 0.5))
    scene = Scene([Item("g", grids)])
    sizes = []
    for frame in (0, 1):
        grid = scene.shape("g", frame)
        assert isinstance(grid, VoxelGrid)
        parts, _ = voxel_parts(scene, "g", grid, Look(frame=frame), ())
        sizes.append(volume(parts))
    assert sizes[1] == pytest.approx(sizes[0] * (0.5 / 0.8) ** 3, rel=0.1)


def test_empty_grids_draw_nothing() -> None:
    assert drawn(VoxelGrid(torch.zeros(3, 3, 3), "occupancy")) == ([], [])
    none = SparseVoxels(torch.zeros(0, 3, dtype=torch.int32), torch.zeros(0, 1))
    for voxels in ("cells", "surface"):
        look = Look(voxels=voxels)  # type: ignore[arg-type]
        assert drawn(none, look, planes=(Plane((1.0, 0.0, 0.0), 0.0),)) == ([], [])
