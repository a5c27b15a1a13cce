"""What colours shapes: heights, distances, attributes; limits, labels and legends."""

import pytest
import torch
import trimesh
from torch import Tensor

from geomdl.errors import GeometryError
from geomdl.render import colormap
from geomdl.structures import Mesh, PointCloud, VoxelGrid
from geomdl.viewer.look import Look
from geomdl.viewer.paint import (
    Values,
    attributes,
    cloud_normals,
    colors_of,
    depth_view,
    label_legend,
    limits_of,
    target_of,
    title_of,
    values_of,
)
from geomdl.viewer.scene import Item, Scene

VIEW = (torch.tensor([0.0, 0, 0]), torch.tensor([1.0, 0, 0]))


def sphere(radius: float = 1.0, level: int = 3) -> Mesh:
    ball = trimesh.creation.icosphere(level, radius)
    return Mesh(torch.tensor(ball.vertices).float(), torch.tensor(ball.faces).long())


def cloud(**attributes: Tensor) -> PointCloud:
    draw = torch.Generator().manual_seed(0)
    return PointCloud(torch.randn(100, 3, generator=draw), attributes=attributes)


def values(scene: Scene, look: Look, name: str = "a") -> Values:
    found = values_of(scene, scene[name], look, VIEW)
    assert found is not None
    return found


def test_menu_of_a_scene() -> None:
    labelled = cloud(label=torch.zeros(100).long(), flow=torch.zeros(100, 3))
    odd = Mesh(
        torch.eye(3), torch.tensor([[0, 1, 2]]),
        attributes={"quality": torch.zeros(3), "frame": torch.zeros(3, 2, 2)},
        face_attributes={"part": torch.zeros(1).long()},
    )  # fmt: skip
    one = Scene([Item("a", (labelled,))])
    assert attributes(one) == ("own", "plain", "normal", "height", "depth", "label", "flow")
    two = Scene([Item("a", (odd,)), Item("b", (labelled,))])
    assert attributes(two)[5:] == ("distance", "quality", "part", "label", "flow")
    grid = VoxelGrid(torch.zeros(2, 2, 2), "sdf")
    assert attributes(Scene([Item("g", (grid,))]))[3:] == ("height", "depth", "value")


def test_height_follows_up() -> None:
    shape = cloud()
    scene = Scene([Item("a", (shape,))], up="y")
    assert torch.equal(values(scene, Look(color_by="height")).values, shape.points[:, 1])
    turned = values(scene, Look(color_by="height", up="-x"))
    assert torch.equal(turned.values, -shape.points[:, 0])


def test_depth_is_along_the_view() -> None:
    shape = cloud()
    scene = Scene([Item("a", (shape,))])
    assert torch.equal(values(scene, Look(color_by="depth")).values, shape.points[:, 0])
    look = Look(eye=(1.0, 2, 3), target=(1.0, 2, 0))
    eye, along = depth_view(look, torch.zeros(3), torch.ones(3), "z")
    assert eye.tolist() == [1, 2, 3]
    assert along.tolist() == [0, 0, -1]
    eye, along = depth_view(Look(), torch.zeros(3), torch.ones(3), "z")
    torch.testing.assert_close(eye + along * (eye - 0.5).norm(), torch.full((3,), 0.5))


def test_distance_to_a_mesh_and_to_a_cloud() -> None:
    shape = cloud()
    ball = sphere(2.0, 5)
    scene = Scene([Item("a", (shape,)), Item("ball", (ball,))])
    look = Look(color_by="distance")
    assert target_of(scene, look).name == "ball"
    assert title_of(scene, look) == "distance to ball"
    expected = (shape.points.norm(dim=1) - 2).abs()
    torch.testing.assert_close(values(scene, look).values, expected, atol=3e-3, rtol=0)
    assert values_of(scene, scene["ball"], look, VIEW) is None
    there = values(scene, Look(color_by="distance", distance_to="a"), "ball")
    nearest = torch.cdist(ball.vertices, shape.points).amin(1)
    torch.testing.assert_close(there.values, nearest, atol=1e-5, rtol=1e-4)


def test_distance_needs_something_else() -> None:
    scene = Scene([Item("a", (cloud(),))])
    with pytest.raises(GeometryError, match="distance_to: expected the name of another"):
        values_of(scene, scene["a"], Look(color_by="distance"), VIEW)
    grid = Item("g", (VoxelGrid(torch.zeros(2, 2, 2), "sdf"),))
    scene = Scene([Item("a", (cloud(),)), grid])
    with pytest.raises(GeometryError, match="distance_to: expected a mesh or a cloud, got 'g'"):
        values_of(scene, scene["a"], Look(color_by="distance", distance_to="g"), VIEW)


def test_kinds_of_attributes() -> None:
    draw = torch.Generator().manual_seed(1)
    shape = cloud(
        number=torch.rand(100, 1, generator=draw).double(),
        flag=torch.rand(100, generator=draw) > 0.5,
        bytes=torch.full((100, 3), 128, dtype=torch.uint8),
        tint=torch.rand(100, 3, generator=draw),
        speed=torch.randn(100, 3, generator=draw),
        other=torch.zeros(100, 4),
    )
    scene = Scene([Item("a", (shape,))])
    number = values(scene, Look(color_by="number"))
    assert not number.labels
    torch.testing.assert_close(number.values, shape.attributes["number"][:, 0].float())
    flag = values(scene, Look(color_by="flag"))
    assert flag.labels
    assert torch.equal(flag.values, shape.attributes["flag"].long())
    assert float(values(scene, Look(color_by="bytes")).values[0, 0]) == pytest.approx(0.2159, 1e-3)
    assert torch.equal(values(scene, Look(color_by="tint")).values, shape.attributes["tint"])
    speed = values(scene, Look(color_by="speed")).values
    torch.testing.assert_close(speed, shape.attributes["speed"].norm(dim=1))
    assert values_of(scene, scene["a"], Look(color_by="other"), VIEW) is None


def test_limits_are_the_middle_98_percent() -> None:
    low, high = limits_of([torch.arange(1000.0), torch.tensor([torch.nan, torch.inf])])
    assert (low, high) == (10.0, 989.0)
    low, high = limits_of([torch.linspace(0, 1, 3_000_000)])  # from a sample
    assert low == pytest.approx(0.01, abs=1e-4)
    assert high == pytest.approx(0.99, abs=1e-4)
    assert limits_of([]) == (0.0, 1.0)
    low, high = limits_of([torch.full((10,), 5.0)])
    assert low < high


def test_colours_are_those_of_the_ramp() -> None:
    numbers = torch.tensor([-1.0, 0, 0.3, 0.77, 1, 4, torch.nan, torch.inf])
    for name in ("viridis", "turbo"):
        found = colors_of(numbers * 2 + 1, Look(ramp=name), (1.0, 3.0))
        torch.testing.assert_close(found, colormap.ramp(numbers, 0.0, 1.0, name), atol=4e-3, rtol=0)
    labels = torch.tensor([3, 0, -1])
    assert torch.equal(colors_of(labels, Look(), (0, 1)), colormap.palette(labels))


def test_legend_of_labels() -> None:
    named = Item("a", (cloud(),), label_names={1: "wall", 2: "floor"})
    other = Item("b", (cloud(),))
    legend = label_legend("label", [(named, torch.tensor([1, 1, 2])), (other, torch.tensor([7]))])
    assert {label: name for label, (name, _) in legend.entries.items()} == {
        1: "wall", 2: "floor", 7: "7",
    }  # fmt: skip
    assert legend.entries[2][1] == pytest.approx(colormap.palette(torch.tensor(2)).tolist())
    assert legend.more == 0
    many = torch.cat([torch.arange(100), torch.arange(60, 100)])
    legend = label_legend("label", [(other, many)])
    assert list(legend.entries) == list(range(60, 100))  # those that occur most
    assert legend.more == 60
    wide = label_legend("label", [(other, torch.tensor([-(2**40), 2**40]))])
    assert list(wide.entries) == [-(2**40), 2**40]


def test_normals_of_clouds() -> None:
    ball = sphere(1.0, 4)
    bare = PointCloud(ball.vertices)
    scene = Scene([Item("a", (bare,))])
    found = cloud_normals(scene, "a", 0, bare)
    assert float((found * ball.vertices).sum(1).min()) > 0.99
    known = PointCloud(ball.vertices, normals=-2 * ball.vertices)
    torch.testing.assert_close(cloud_normals(scene, "b", 0, known), -ball.vertices)
    few = PointCloud(ball.vertices[:2])
    assert cloud_normals(scene, "c", 0, few).tolist() == [[0, 0, 0], [0, 0, 0]]
