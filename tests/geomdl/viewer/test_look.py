"""Looks say what cannot be, planes keep the right side, and links bring looks back."""

import ast
import dataclasses
import inspect
import itertools
import math

import pytest
import torch

from geomdl.errors import GeometryError
from geomdl.viewer.look import Look, Plane, from_link, plane, revive

LOW, HIGH = torch.tensor([0.0, -1, 2]), torch.tensor([4.0, 1, 3])


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"opacity": 1.5}, "opacity: expected 0 to 1, got 1.5"),
        ({"fov": 0.5}, "fov: expected 1 to 160, got 0.5"),
        ({"ramp": "jet"}, "ramp: expected viridis, turbo, got 'jet'"),
        ({"shading": "round"}, "shading: expected smooth, flat, none, got 'round'"),
        ({"point_size": 0.0}, "point_size: expected more than 0"),
        ({"camera_size": -1.0}, "camera_size: expected more than 0"),
        ({"limits": (2.0, 1.0)}, "limits: expected low < high"),
        ({"limits": (math.nan, 1.0)}, "limits: expected 2 numbers, got (nan, 1.0)"),
        ({"color": "red"}, "color: expected '#rrggbb', got 'red'"),
        ({"color": "none"}, "color: expected '#rrggbb', got 'none'"),
        ({"background": "#12345"}, "background: expected '#rrggbb'"),
        ({"up": "w"}, "up: expected x, y, z, -x, -y or -z, got 'w'"),
        ({"eye": (0.0, 0.0), "target": (0.0, 0.0)}, "eye: expected 3 numbers, got (0.0, 0.0)"),
        ({"eye": [0.0, 0.0, 0.0]}, "eye: expected 3 numbers, got [0.0, 0.0, 0.0]"),
        ({"measure": ((1.0, 2.0),)}, "measure: expected a list, each 6 numbers, got ((1.0, 2.0),)"),
        ({"hide": "bunny"}, "hide: expected a list, each text, got 'bunny'"),
        ({"frame": 1.5}, "frame: expected a whole number, got 1.5"),
        ({"point_size": math.inf}, "point_size: expected a number, got inf"),
        ({"clip": ("z<1e999",)}, "clip: expected a number that is finite"),
        ({"eye": (0.0, 0.0, 0.0)}, "eye: expected together with target"),
        ({"clip": ("z=1",)}, "clip: expected such as 'z<1.2'"),
        ({"clip": ("0,0,0<1",)}, "clip: expected a normal that is not zero"),
    ],
)
def test_errors(fields: dict[str, object], message: str) -> None:
    with pytest.raises(GeometryError) as caught:
        Look(**fields)  # type: ignore[arg-type]
    assert message in str(caught.value)


def test_what_may_be() -> None:
    Look(background="none", color="#ABCDEF", up="-y", limits=(0.0, 1e9), opacity=0.0)


@pytest.mark.parametrize(
    ("text", "normal", "offset"),
    [
        ("z<2.5", (0, 0, 1), 2.5),
        ("z > 2.5", (0, 0, -1), -2.5),
        ("x<25%", (1, 0, 0), 1.0),
        ("x>25%", (-1, 0, 0), -1.0),
        ("0,3,4<10", (0, 0.6, 0.8), 2.0),
        ("0,-2,0<50%", (0, -1, 0), 0.0),
        ("1,0,1<0%", (2**-0.5, 0, 2**-0.5), 2 * 2**-0.5),
        ("y<-1e-1", (0, 1, 0), -0.1),
    ],
)
def test_planes(text: str, normal: tuple[float, ...], offset: float) -> None:
    found = plane(text, LOW, HIGH)
    assert found.normal == pytest.approx(normal)
    assert found.offset == pytest.approx(offset)


def test_signed_distance_to_a_plane() -> None:
    points = torch.tensor([[0.0, 0, 0], [0, 0, 5], [1, 0, 2]])
    found = Plane((0.0, 0.6, 0.8), 2.0).signed(points)
    torch.testing.assert_close(found, torch.tensor([-2.0, 2.0, -0.4]))
    assert Look(clip=("x<1", "z>2")).planes(LOW, HIGH) == (
        plane("x<1", LOW, HIGH), plane("z>2", LOW, HIGH),
    )  # fmt: skip


def test_every_field_survives_a_link() -> None:
    look = Look(
        color_by="a & b=ü", limits=(-1.0, 2.5), clip=("x<50%", "0,1,0>2"), hide=("one, two",),
        measure=((0.0, 1.0, 2.0, 3.0, 4.0, 5.0),), eye=(1.0, 2.0, 3.0), target=(0.0, 0.0, 0.0),
        background="none", wireframe="over", frame=3, legend=False, fov=55.0, up="-y",
        point_size=0.02, names=True,
    )  # fmt: skip
    link = f"http://localhost:8080/?look={look.to_query()}"
    assert from_link(link) == look
    assert Look().to_query() == ""
    assert from_link("http://localhost:8080/") == Look()


def test_a_link_of_viser() -> None:
    link = (
        "http://localhost:8080/?initialCameraPosition=1,2,3&initialCameraLookAt=0.5,0,-1"
        "&initialCameraFov=0.7853981633974483"
    )
    look = from_link(link, Look(color_by="height"))
    assert look.eye == (1, 2, 3)
    assert look.target == (0.5, 0, -1)
    assert look.fov == pytest.approx(45)
    assert look.color_by == "height"


@pytest.mark.parametrize(
    "query",
    [
        "look=%7Bnot", "look=3", "look=%7B%22nothing%22%3A1%7D", "initialCameraPosition=1,b",
        "initialCameraFov=1e99", "look=%7B%22limits%22%3A%5B1%5D%7D",
        "initialCameraPosition=1,2&initialCameraLookAt=1,2", "look=%7B%22eye%22%3A%5BNaN%5D%7D",
        "look=%7B%22opacity%22%3A%22a%22%7D",
    ],
)  # fmt: skip
def test_links_that_cannot_be(query: str) -> None:
    with pytest.raises(GeometryError):
        from_link(f"http://localhost/?{query}")


def test_revive_checks_kinds() -> None:
    with pytest.raises(GeometryError, match="axes: expected true or false, got 'yes'"):
        revive({"axes": "yes"})
    with pytest.raises(GeometryError, match="look: expected fields of Look, got 'colour'"):
        revive({"colour": "#ffffff"})
    assert revive({"opacity": 1, "clip": ["x<1"]}) == Look(opacity=1.0, clip=("x<1",))


def test_every_field_says_what_it_is() -> None:
    body = ast.parse(inspect.getsource(Look)).body[0]
    assert isinstance(body, ast.ClassDef)
    told = {
        first.target.id
        for first, second in itertools.pairwise(body.body)
        if isinstance(first, ast.AnnAssign)
        and isinstance(first.target, ast.Name)
        and isinstance(second, ast.Expr)
    }
    assert told == {field.name for field in dataclasses.fields(Look)}
