"""Scenes and looks to drawings: what is in them, where they are cut, and when keys change."""

import threading

import pytest
import torch
import trimesh

from geomdl.errors import GeometryError
from geomdl.render import colormap
from geomdl.structures import Camera, Mesh, PointCloud, VoxelGrid
from geomdl.viewer.compose import box_of, compose
from geomdl.viewer.drawing import Dots, Drawing, Lines, Photo, Surface, Words
from geomdl.viewer.look import Look
from geomdl.viewer.scene import Item, Scene


def ball(at: float = 0.0, level: int = 2) -> Mesh:
    shape = trimesh.creation.icosphere(level)
    vertices = torch.tensor(shape.vertices).float() + torch.tensor([at, 0, 0])
    return Mesh(vertices, torch.tensor(shape.faces).long())


def cloud(count: int = 500, **fields: object) -> PointCloud:
    points = torch.rand(count, 3, generator=torch.Generator().manual_seed(0)) * 4 - 2
    return PointCloud(points, **fields)  # type: ignore[arg-type]


def sdf(size: int = 12) -> VoxelGrid:
    axis = (torch.arange(size) + 0.5) / size * 4 - 2
    x, y, z = torch.meshgrid(axis, axis, axis, indexing="ij")
    values = (x * x + y * y + z * z).sqrt() - 1.2
    return VoxelGrid(values, "sdf", torch.full((3,), -2.0), 4 / size)


def keys(drawing: Drawing) -> dict[str, object]:
    assert len({part.name for part in drawing.parts}) == len(drawing.parts)
    return {part.name: part.key for part in drawing.parts}


@pytest.fixture
def scene() -> Scene:
    lens = Camera.from_fov(60, 40, 1.0)
    return Scene([
        Item("ball", (ball(),)), Item("cloud", (cloud(),)),
        Item("grid", (sdf(),)), Item("lens", (lens,)),
    ])  # fmt: skip


def test_everything_is_drawn(scene: Scene) -> None:
    drawing = compose(scene, Look(axes=True, box=True, names=True))
    kinds = {part.item: type(part) for part in drawing.parts if part.item in scene.names}
    assert set(kinds) == set(scene.names)
    found = {type(part) for part in drawing.parts}
    assert found == {Surface, Dots, Photo, Lines, Words}
    assert drawing.up == "z"
    assert drawing.background == "#ffffff"
    torch.testing.assert_close(drawing.low, torch.full((3,), -2.0), atol=0.02, rtol=0)


def test_nothing_is_drawn_of_nothing() -> None:
    drawing = compose(Scene([]), Look(axes=True))
    assert {part.item for part in drawing.parts} == {"notes"}
    empty = PointCloud(torch.zeros(0, 3))
    bare = Mesh(torch.zeros(0, 3), torch.zeros(0, 3, dtype=torch.int64))
    scene = Scene([Item("a", (empty,)), Item("b", (bare,))])
    for by in ("own", "normal", "height", "depth"):
        drawing = compose(scene, Look(clip=("x<50%",), color_by=by))
        assert drawing.parts == ()
        assert drawing.low.tolist() == [0, 0, 0]
    assert compose(scene, Look(color_by="distance", hide=("a", "b"))).parts == ()


def test_hidden_items_leave_the_box(scene: Scene) -> None:
    drawing = compose(scene, Look(hide=("cloud", "grid", "lens")))
    assert {part.item for part in drawing.parts} == {"ball"}
    torch.testing.assert_close(drawing.high, torch.ones(3), atol=0.05, rtol=0)
    with pytest.raises(GeometryError, match="expected one of ball, cloud, grid, lens, got 'bell'"):
        compose(scene, Look(hide=("bell",)))


def test_vertices_without_faces_are_points() -> None:
    shape = Mesh(torch.rand(5, 3), torch.zeros(0, 3, dtype=torch.int64), colors=torch.rand(5, 3))
    (part,) = compose(Scene([Item("a", (shape,))]), Look()).parts
    assert isinstance(part, Dots)
    assert torch.equal(part.colors, shape.colors)


def test_stray_vertices_are_not_in_the_box() -> None:
    mesh = ball()
    far = torch.cat([mesh.vertices, torch.full((1, 3), 1e6)])
    scene = Scene([Item("a", (Mesh(far, mesh.faces),))])
    _, high = box_of(scene, scene.items, 0)
    assert float(high.max()) <= 1


def test_equal_looks_have_equal_keys(scene: Scene) -> None:
    look = Look(color_by="height", clip=("x<40%",))
    first, second = compose(scene, look), compose(scene, look)
    assert keys(first) == keys(second)
    again = {p.name: p for p in second.parts}
    for part in first.parts:
        other = again[part.name]
        if isinstance(part, Surface):
            assert isinstance(other, Surface)
            assert other.mesh is part.mesh  # from the cache


@pytest.mark.parametrize(
    "change",
    [
        {"color_by": "normal"}, {"color_by": "height"}, {"color": "#123456"},
        {"clip": ("x<0.2",)}, {"point_size": 0.5}, {"shading": "none"},
    ],
)  # fmt: skip
def test_what_changes_has_another_key(scene: Scene, change: dict[str, object]) -> None:
    before, after = keys(compose(scene, Look())), keys(compose(scene, Look().replace(**change)))
    changed = {n for n, k in before.items() if after.get(n) != k and not n.startswith("lens")}
    expected = {"cloud/points"} if "point_size" in change else {"ball/surface 0", "cloud/points"}
    assert expected <= changed


def test_limits_are_shared(scene: Scene) -> None:
    two = Scene([Item("a", (ball(),)), Item("b", (ball(8.0),))], up="x")
    drawing = compose(two, Look(color_by="height"))
    (legend,) = drawing.legends
    assert legend.title == "height"
    assert legend.limits is not None
    assert legend.limits[0] == pytest.approx(-1, abs=0.1)
    assert legend.limits[1] == pytest.approx(9, abs=0.1)
    fixed = compose(two, Look(color_by="height", limits=(0.0, 4.0)))
    assert fixed.legends[0].limits == (0.0, 4.0)
    for part in fixed.parts:
        assert isinstance(part, Surface)
        wanted = colormap.ramp(part.mesh.vertices[:, 0], 0.0, 4.0)
        torch.testing.assert_close(part.mesh.colors, wanted, atol=4e-3, rtol=0)
    assert compose(two, Look(color_by="height", legend=False)).legends == ()
    assert len(compose(scene, Look(color_by="height")).legends) == 1


def test_limits_stay_while_things_move() -> None:
    moving = Scene([Item("a", (ball(), ball(3.0)))], up="x")
    (start,) = compose(moving, Look(color_by="height")).legends
    (later,) = compose(moving, Look(color_by="height", frame=1)).legends
    assert start.limits == later.limits
    first, second = compose(moving, Look()), compose(moving, Look(frame=1))
    assert keys(first) != keys(second)
    assert float(second.high[0]) == pytest.approx(4.0)


def test_labels_and_their_names() -> None:
    label = torch.arange(500) % 3
    item = Item("a", (cloud(attributes={"label": label}),), label_names={1: "wall"})
    scene = Scene([item, Item("b", (ball(),))])
    drawing = compose(scene, Look(color_by="label", color="#ff0000"))
    (legend,) = drawing.legends
    assert {k: v[0] for k, v in legend.entries.items()} == {0: "0", 1: "wall", 2: "2"}
    dots, surface = drawing.parts
    assert isinstance(dots, Dots)
    assert isinstance(surface, Surface)
    torch.testing.assert_close(dots.colors, colormap.palette(label))
    assert surface.mesh.materials[0].color.tolist() == [1, 0, 0]  # it has no labels
    with pytest.raises(GeometryError, match=r"color_by: expected one of own, .*label, got 'lable'"):
        compose(scene, Look(color_by="lable"))


def test_distance_leaves_its_target_plain() -> None:
    scene = Scene([Item("a", (cloud(),)), Item("b", (ball(level=4),))])
    dots, target = compose(scene, Look(color_by="distance", limits=(0.0, 1.0))).parts
    assert isinstance(dots, Dots)
    wanted = colormap.ramp((dots.points.norm(dim=1) - 1).abs(), 0.0, 1.0)
    torch.testing.assert_close(dots.colors, wanted, atol=0.02, rtol=0)
    assert isinstance(target, Surface)
    assert target.mesh.colors is None
    (legend,) = compose(scene, Look(color_by="distance")).legends
    assert legend.limits is not None
    assert legend.limits[0] == 0.0 < legend.limits[1]


def test_points_are_clipped_by_masks() -> None:
    scene = Scene([Item("a", (cloud(),))])
    (whole,) = compose(scene, Look()).parts
    (part,) = compose(scene, Look(clip=("x<0.5", "1,1,0>0"))).parts
    assert isinstance(whole, Dots)
    assert isinstance(part, Dots)
    assert whole.keep is None
    assert part.points is whole.points
    assert part.place == whole.place
    x, y, _ = part.points.unbind(1)
    assert torch.equal(part.keep, (x <= 0.5) & (x + y >= 0))
    (middle,) = compose(scene, Look(clip=("x<50%",))).parts
    assert isinstance(middle, Dots)
    assert torch.equal(middle.keep, x <= (x.min() + x.max()) / 2)
    assert compose(scene, Look(clip=("x<-9",))).parts == ()


def test_size_of_points() -> None:
    scene = Scene([Item("a", (cloud(),))])
    (part,) = compose(scene, Look(point_size=0.3)).parts
    assert isinstance(part, Dots)
    assert part.radius == 0.15


def test_normals_of_points() -> None:
    shape = ball(level=4).point_cloud()
    (part,) = compose(Scene([Item("a", (shape,))]), Look(color_by="normal")).parts
    assert isinstance(part, Dots)
    torch.testing.assert_close(part.colors, colormap.of_normals(shape.points), atol=0.03, rtol=0)


def test_plain_colour_is_no_part_of_other_keys() -> None:
    tinted = Scene([Item("a", (cloud(colors=torch.rand(500, 3)),))])
    assert keys(compose(tinted, Look())) == keys(compose(tinted, Look(color="#010203")))
    by_height = Look(color_by="height")
    assert keys(compose(tinted, by_height)) == keys(
        compose(tinted, by_height.replace(color="#010203"))
    )


def test_threads_draw_the_same(scene: Scene) -> None:
    looks = [Look(), Look(color_by="height"), Look(clip=("x<50%",)), Look(color_by="normal")] * 3
    found: list[Drawing | None] = [None] * len(looks)

    def draw(number: int) -> None:
        found[number] = compose(scene, looks[number])

    threads = [threading.Thread(target=draw, args=(n,)) for n in range(len(looks))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number, drawing in enumerate(found):
        assert drawing is not None
        assert keys(drawing) == keys(compose(scene, looks[number]))
