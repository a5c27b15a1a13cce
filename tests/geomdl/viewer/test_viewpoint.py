import math

import pytest
import torch
import trimesh

from geomdl.errors import GeometryError
from geomdl.render.viewpoint import VIEWS
from geomdl.structures import Camera, Mesh
from geomdl.viewer.drawing import Dots, Drawing, Lines, Part, Photo, Surface
from geomdl.viewer.look import Look
from geomdl.viewer.viewpoint import (
    MARGIN,
    OBJECT_VIEWS,
    ROOM_VIEWS,
    Viewpoint,
    initial,
    named,
    names,
    orbit,
    pyramid,
)

LOW, HIGH = torch.tensor([3.5, 4.5, 4.0]), torch.tensor([6.5, 5.5, 6.0])


def box(inside: bool = False) -> Mesh:
    shape = trimesh.creation.box((3, 1, 2))
    faces = torch.tensor(shape.faces).long()
    mesh = Mesh(torch.tensor(shape.vertices).float() + 5, faces.flip(1) if inside else faces)
    return mesh


def drawing(*parts: Part, up: str = "z") -> Drawing:
    return Drawing(parts, (), LOW, HIGH, up, "#ffffff")


def of_box(up: str = "z", inside: bool = False) -> Drawing:
    return drawing(Surface("box/surface", "box", 0, box(inside), front=inside), up=up)


@pytest.mark.parametrize("name", VIEWS)
@pytest.mark.parametrize("up", ["z", "-x", "y"])
@pytest.mark.parametrize("size", [(400, 300), (200, 300)])
def test_named_views_just_hold_everything(name: str, up: str, size: tuple[int, int]) -> None:
    view = named(of_box(up), Look(fov=50), name, size[0] / size[1])
    pixels, depth = view.camera(*size).project(box().vertices)
    share = pixels / torch.tensor(size)
    assert (depth > 0).all()
    assert share.min() >= MARGIN - 1e-3
    assert share.max() <= 1 - MARGIN + 1e-3
    assert min(float(share.min()), float(1 - share.max())) == pytest.approx(MARGIN, abs=1e-3)


def test_the_field_of_view_is_vertical() -> None:
    for size in ((640, 480), (300, 480), (2400, 480)):
        camera = Viewpoint((0.0, -2.0, 0.0), (0.0, 0.0, 0.0), (0.0, 0.0, 1.0), 60).camera(*size)
        edge = torch.tensor([[0.0, 0.0, 2 * math.tan(math.radians(30))]])
        assert camera.project(edge)[0].flatten().tolist() == pytest.approx(
            [size[0] / 2, 0], abs=1e-2
        )


def test_the_eye_of_the_look_comes_first() -> None:
    look = Look(eye=(1.0, 2.0, 3.0), target=(0.0, 0.0, 1.0), fov=25)
    view = initial(of_box("-y"), look)
    assert view == Viewpoint((1.0, 2.0, 3.0), (0.0, 0.0, 1.0), (0.0, -1.0, 0.0), 25)
    plain = initial(of_box(), Look())
    assert plain == named(of_box(), Look(), "corner")
    middle = view.camera(64, 48).project(torch.tensor([[0.0, 0.0, 1.0]]))[0]
    assert middle.flatten().tolist() == pytest.approx([32, 24], abs=1e-3)


def test_rooms_are_seen_from_where_they_are_open() -> None:
    assert names(of_box()) == OBJECT_VIEWS
    wall = Mesh(torch.tensor([[0.0, 0, 0], [0, 2, 0], [0, 0, 2]]), torch.tensor([[0, 1, 2]]))
    room = drawing(Surface("wall", "wall", 0, wall, front=True))
    assert names(room) == ROOM_VIEWS
    view = initial(room, Look())
    assert view.eye[0] > 1.5
    assert view.target[0] < view.eye[0]


def test_only_what_is_kept_is_fitted() -> None:
    points = torch.tensor([[0.0, 0, 0], [1, 0, 0], [0, 0, 1], [1, 0, 1], [50, 0, 0]])
    keep = points[:, 0] < 2
    lines = Lines("axes", "", 0, torch.tensor([[[0.0, 0, 0], [90, 90, 90]]]), torch.rand(1, 3))
    dots = Dots("a/dots", "a", 0, points, points / 50, 0.1, place=0, keep=keep)
    near = named(drawing(dots, lines), Look(), "front")
    far = named(drawing(Dots("a", "a", 0, points, points / 50, 0.1, 0)), Look(), "front")
    assert -3 < near.eye[1] < 0 > -20 > far.eye[1]
    assert near.target == pytest.approx((0.5, 0.0, 0.5), abs=1e-4)
    alone = named(drawing(lines), Look(), "front")
    assert alone.target[0] > 20
    assert named(drawing(), Look(), "front").target == pytest.approx((5, 5, 5), abs=1e-4)


def test_the_box_is_in_the_picture_where_it_is_drawn() -> None:
    dots = Dots("a", "a", 0, torch.full((1, 3), 5.0), torch.ones(1, 3), 0.1, 0)
    box_lines = Lines("notes/box", "notes", 0, torch.zeros(1, 2, 3), torch.zeros(1, 3))
    view = named(drawing(dots, box_lines), Look(), "front", 1.0)
    pixels, _ = view.camera(100, 100).project(torch.cartesian_prod(*torch.stack([LOW, HIGH], 1)))
    assert ((pixels > 4) & (pixels < 96)).all()


def test_orbits_turn_once_at_one_distance() -> None:
    views = orbit(of_box("y"), Look(), 8, 4 / 3)
    eyes = torch.tensor([view.eye for view in views])
    assert len({view.target for view in views}) == 1
    apart = (eyes - torch.tensor(views[0].target)).norm(dim=1)
    torch.testing.assert_close(apart, apart[:1].expand(8))
    assert (eyes[:, 1] - eyes[0, 1]).abs().max() < 1e-4
    torch.testing.assert_close(eyes.mean(0)[[0, 2]], torch.tensor([5.0, 5.0]))
    for view in views:
        pixels, depth = view.camera(400, 300).project(box().vertices)
        assert (depth > 0).all()
        assert ((pixels > 0) & (pixels < torch.tensor([400, 300]))).all()
    given = orbit(of_box(), Look(eye=(9.0, 5.0, 7.0), target=(5.0, 5.0, 5.0)), 4)
    expected = [(9, 5, 7), (5, 9, 7), (1, 5, 7), (5, 1, 7)]
    for view, eye in zip(given, expected, strict=True):
        assert view.eye == pytest.approx(eye, abs=1e-4)


def test_pyramids_are_in_the_picture() -> None:
    camera = Camera.from_fov(40, 30, math.pi / 2)
    photo = Photo("fox/1", "fox", 0, camera, 2.0, None)
    expected = torch.tensor([[0.0, 0, 0], [-2, -1.5, 2], [2, -1.5, 2], [2, 1.5, 2], [-2, 1.5, 2]])
    torch.testing.assert_close(pyramid(photo), expected)
    view = named(drawing(photo), Look(), "corner", 1.0)
    pixels, _ = view.camera(100, 100).project(expected)
    assert ((pixels > 4) & (pixels < 96)).all()


def test_unknown_names() -> None:
    with pytest.raises(GeometryError, match=r"^views: expected one of front.*'nowhere'"):
        named(of_box(), Look(), "nowhere")


def test_a_single_place_is_seen_from_near() -> None:
    for place in (3.0, 40_000.0):
        points = torch.full((7, 3), place)
        found = initial(drawing(Dots("a", "a", 0, points, points.clamp(0, 1), 0.1, 0)), Look())
        away = torch.tensor(found.eye) - place
        assert 0.5 < float(away.norm()) < 0.01 * place + 5
