"""What is told about a place."""

import torch

from geomdl.structures import Material, Mesh, PointCloud
from geomdl.structures.srgb import from_srgb
from geomdl.viewer import facts
from geomdl.viewer.scene import Item


def quad(**fields) -> Mesh:
    corners = torch.tensor([[0.0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]])
    return Mesh(corners, torch.tensor([[0, 1, 2], [0, 2, 3]]), **fields)


def test_colour_under_a_texture():
    texture = torch.zeros(2, 2, 3)
    texture[0, 0] = torch.tensor([0.2, 0.4, 0.6])  # upper left: u < 0.5, v > 0.5
    corners = torch.tensor([[0.0, 0], [1, 0], [1, 1], [0, 1]])
    mesh = quad(
        uvs=corners[quad().faces],
        materials=(Material("paint", color=torch.tensor([1.0, 1.0, 0.5]), texture=texture),),
        face_material=torch.tensor([-1, 0]),
    )
    item = Item("a", (mesh,))
    weights = torch.tensor([0.25, 0.25, 0.5])  # of corners 0, 2, 3: u 0.25, v 0.75
    found = facts.of_face(mesh, item, 1, weights)
    assert found["material"] == "paint"
    blue = from_srgb(torch.tensor([0.6])) * 0.5
    expected = facts.hexed(torch.stack([*from_srgb(torch.tensor([0.2, 0.4])), blue[0]]))
    assert found["colour"] == expected
    assert expected.startswith("#3366")
    assert "colour" not in facts.of_face(mesh, item, 0, weights)
    assert "material" not in facts.of_face(mesh, item, 0, weights)


def test_labels_of_faces_as_they_are_drawn():
    mesh = quad(attributes={"kind": torch.tensor([3, 5, 5, 3])})
    item = Item("a", (mesh,), label_names={3: "leg", 5: "seat"})
    thirds = torch.full((3,), 1 / 3)
    assert facts.of_face(mesh, item, 0, thirds)["kind"] == "5 seat"
    assert facts.of_face(mesh, item, 1, thirds)["kind"] == "3 leg"


def test_points_tell_their_attributes():
    cloud = PointCloud(
        torch.rand(3, 3),
        normals=torch.eye(3),
        colors=torch.eye(3),
        attributes={
            "wide": torch.arange(30.0).reshape(3, 10),
            "count": torch.tensor([1, 2, 3]),
            "flag": torch.tensor([True, False, True]),
        },
    )
    found = facts.of_point(cloud, Item("a", (cloud,)), 1)
    assert found["wide"] == "10 11 12 13 14 15 16 17 ..."
    assert found["count"] == "2"
    assert found["flag"] == "0"
    assert found["normal"] == "0 1 0"
    assert found["colour"] == "#00ff00"


def test_degenerate_faces_have_no_normal():
    mesh = Mesh(torch.zeros(3, 3), torch.tensor([[0, 1, 2]]))
    assert "normal" not in facts.of_face(mesh, Item("a", (mesh,)), 0, torch.ones(3) / 3)


def test_minus_zero_is_zero():
    assert facts.numbers(torch.tensor([-0.0, 1e-9, 123456.0])) == "0 1e-09 1.2346e+05"
