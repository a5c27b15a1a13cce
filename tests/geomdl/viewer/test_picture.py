import dataclasses

import pytest
import torch
import trimesh

from geomdl.errors import GeometryError
from geomdl.render.image import color
from geomdl.render.viewpoint import look_at
from geomdl.structures import Camera, Mesh
from geomdl.structures.srgb import from_srgb
from geomdl.viewer.drawing import Dots, Drawing, Legend, Lines, Part, Photo, Surface
from geomdl.viewer.finish import Finish
from geomdl.viewer.look import Look
from geomdl.viewer.picture import WIRE, picture_of

CAMERA = look_at((0, -5, 0), (0, 0, 0), size=(60, 60), fov=30)
BARE = Finish(occlusion=0.0, shadow=0.0, floor=False)
PLAIN = Look()


def drawing(*parts: Part, background: str = "#ffffff") -> Drawing:
    return Drawing(parts, (), -torch.ones(3), torch.ones(3), "z", background)


def quad(y: float, rgb: tuple[float, float, float], half: float = 1.0) -> Surface:
    """An unlit square across the view at depth 5 + y."""
    corners = torch.tensor([[-half, y, -half], [half, y, -half], [half, y, half], [-half, y, half]])
    faces = torch.tensor([[0, 1, 2], [0, 2, 3]])
    mesh = Mesh(corners, faces, colors=torch.tensor([rgb]).float().expand(4, 3))
    return Surface(f"quad {y}", "quad", y, mesh, lit=False)


def middle(*parts: Part, finish: Finish = BARE, background: str = "#ffffff") -> list[float]:
    image = picture_of(drawing(*parts, background=background), CAMERA, PLAIN, finish)
    assert image.shape == (60, 60, 4)
    return image[30, 30].tolist()


def test_the_nearest_of_all_kinds_is_seen() -> None:
    red, green = quad(0.0, (1, 0, 0)), quad(1.0, (0, 1, 0))
    assert middle(green, red) == pytest.approx([1, 0, 0, 1])
    points = torch.rand(4000, 3) * torch.tensor([2.0, 0.01, 2]) - torch.tensor([1.0, 0.5, 1])
    blue = torch.tensor([[0.0, 0, 1]]).expand(4000, 3)
    dots = Dots("dots", "dots", 0, points, blue, 0.1, place=0, lit=False)
    assert middle(green, dots, red) == pytest.approx([0, 0, 1, 1])
    behind = dataclasses.replace(dots, points=points + torch.tensor([0, 2.0, 0]))
    assert middle(green, behind, red) == pytest.approx([1, 0, 0, 1])
    line = Lines("line", "line", 0, torch.tensor([[[-1.0, -1, 0], [1, -1, 0]]]), blue[:1] + 0, 4.0)
    assert middle(red, line) == pytest.approx([0, 0, 1, 1])
    assert middle(quad(-2.0, (1, 0, 0)), line) == pytest.approx([1, 0, 0, 1])


def test_glass_mixes_what_is_behind_it_in_the_right_order() -> None:
    back = quad(2.0, (0, 0, 1), 3.0)
    far = dataclasses.replace(quad(1.0, (0, 1, 0)), opacity=0.5)
    near = dataclasses.replace(quad(0.0, (1, 0, 0)), opacity=0.25)
    expected = [*from_srgb(torch.tensor([0.25, 0.75 * 0.5, 0.75 * 0.5])).tolist(), 1]
    for parts in ((back, far, near), (near, far, back)):
        assert middle(*parts) == pytest.approx(expected, abs=1e-4)
    hidden = quad(-1.0, (1, 1, 0))
    assert middle(back, far, near, hidden) == pytest.approx([1, 1, 0, 1])
    alone = middle(near, background="none")
    assert alone == pytest.approx([1, 0, 0, 0.25], abs=1e-4)
    line = Lines("l", "l", 0, torch.tensor([[[-1.0, 0.5, 0], [1, 0.5, 0]]]), torch.zeros(1, 3), 4.0)
    dark = float(from_srgb(torch.tensor([0.25])))
    assert middle(near, line) == pytest.approx([dark, 0, 0, 1], abs=1e-4)


def test_glass_hides_its_backs_where_only_fronts_are_drawn() -> None:
    pane = dataclasses.replace(quad(0.0, (1, 0, 0)), opacity=0.5, front=True)
    pink = from_srgb(torch.tensor([1, 0.5, 0.5])).tolist()
    assert middle(pane) == pytest.approx([*pink, 1], abs=1e-4)
    turned = dataclasses.replace(pane, mesh=pane.mesh.flipped())
    assert middle(turned) == pytest.approx([1, 1, 1, 1])
    both = dataclasses.replace(turned, front=False)
    assert middle(both) == pytest.approx([*pink, 1], abs=1e-4)


def test_wires_lie_on_the_edges_of_faces() -> None:
    wired = dataclasses.replace(quad(0.0, (1, 1, 1)), wireframe="over")
    image = picture_of(drawing(wired), CAMERA, PLAIN, BARE)
    assert image[29:32, 29:32, 0].min() < WIRE + 0.35  # on the diagonal
    assert image[38, 45, 0] == 1
    only = dataclasses.replace(wired, wireframe="only")
    lines = picture_of(drawing(only, background="none"), CAMERA, PLAIN, BARE)
    assert lines[29:32, 29:32, 3].max() > 0.4
    assert lines[38, 45, 3] == 0


def test_photographs_stand_in_their_cameras() -> None:
    image = torch.zeros(20, 20, 3)
    image[:10, :10] = torch.tensor([1.0, 0, 0])
    seen = Photo("p", "p", 0, Camera.from_fov(20, 20, 0.5, CAMERA.world_to_camera), 5.0, image)
    found = picture_of(drawing(seen), CAMERA, PLAIN, BARE)
    assert found[25, 25].tolist() == pytest.approx([1, 0, 0, 1], abs=0.02)
    assert found[35, 35].tolist() == pytest.approx([0, 0, 0, 1], abs=0.02)


def test_light_shadow_and_floor() -> None:
    shape = trimesh.creation.icosphere(subdivisions=3)
    points = torch.tensor(shape.vertices).float()
    mesh = Mesh(points, torch.tensor(shape.faces).long(), normals=points)
    ball = Surface("ball", "ball", 0, mesh)
    high = look_at((3, -5, 4), (0, 0, 0), size=(90, 90))
    bare = picture_of(drawing(ball, background="none"), high, PLAIN, BARE)
    full = picture_of(drawing(ball, background="none"), high, PLAIN, Finish())
    assert ((full[..., 3] > 0.1) & (bare[..., 3] == 0)).sum() > 100
    solid = bare[..., 3] == 1
    assert full[solid][:, :3].mean() < bare[solid][:, :3].mean()
    flat = picture_of(drawing(dataclasses.replace(ball, lit=False)), high, PLAIN, Finish())
    assert flat[solid].std(0).max() < 1e-5
    room = dataclasses.replace(ball, front=True)
    inside = picture_of(drawing(room, background="none"), high, PLAIN, Finish())
    assert torch.equal(inside[..., 3] > 0, bare[..., 3] > 0)


def test_shadows_end_before_the_border() -> None:
    box = trimesh.creation.box((1, 1, 3))
    mesh = Mesh(torch.tensor(box.vertices).float(), torch.tensor(box.faces))
    scene = drawing(Surface("box", "box", 0, mesh), background="none")
    camera = look_at((1, -5, 4), (0, 0, 0), size=(60, 60), fov=40)
    bare, shaded = (
        picture_of(scene, camera, PLAIN, Finish(occlusion=0.0, shadow=dark, floor=True))[..., 3]
        for dark in (0.0, 1.0)
    )
    rim = torch.ones(60, 60, dtype=torch.bool)
    rim[1:-1, 1:-1] = False
    assert float((shaded - bare)[rim].max()) < 0.01
    assert float((shaded - bare).max()) > 0.3


def test_backgrounds_legends_and_nothing() -> None:
    empty = picture_of(drawing(background="#336699"), CAMERA, PLAIN)
    assert torch.allclose(empty[..., :3], color("#336699").expand(60, 60, 3))
    named = dataclasses.replace(drawing(), legends=(Legend("z", "turbo", (0.0, 1.0)),))
    assert picture_of(named, CAMERA, PLAIN).amin() < 0.5
    assert picture_of(named, CAMERA, PLAIN, Finish(captions=False)).amin() > 0.999


def test_errors() -> None:
    with pytest.raises(GeometryError, match=r"^camera"):
        picture_of(drawing(), Camera.stack([CAMERA, CAMERA]), PLAIN)
    with pytest.raises(GeometryError, match=r"^size: expected at most 2730"):
        picture_of(drawing(), CAMERA.resized(3000, 10), PLAIN, Finish(supersample=3))
