"""Surfaces wear the right colours, and planes cut them with all that they wear."""

import pytest
import torch
import trimesh

from geomdl.ops.differential import face_areas
from geomdl.render import colormap
from geomdl.render.image import color
from geomdl.structures import Material, Mesh
from geomdl.viewer import pieces
from geomdl.viewer.drawing import Surface
from geomdl.viewer.look import Look
from geomdl.viewer.paint import Values
from geomdl.viewer.scene import Item, Scene
from geomdl.viewer.surfaces import surface_parts, wears_plain


def sphere(level: int = 3, **fields: object) -> Mesh:
    ball = trimesh.creation.icosphere(level)
    vertices, faces = torch.tensor(ball.vertices).float(), torch.tensor(ball.faces).long()
    return Mesh(vertices, faces, **fields)  # type: ignore[arg-type]


def textured() -> Mesh:
    ball = sphere(2)
    corners = ball.triangles[..., :2] * 0.5 + 0.5
    return sphere(
        2, uvs=corners, materials=(Material(texture=torch.rand(4, 4, 3)), Material()),
        face_material=torch.arange(len(ball)) % 3 - 1,
    )  # fmt: skip


def drawn(
    scene: Scene,
    look: Look = Look(),  # noqa: B008
    values: Values | None = None,
    limits: tuple[float, float] | None = None,
) -> list[Surface]:
    planes = look.planes(torch.full((3,), -1.0), torch.ones(3))
    return surface_parts(scene, "a", look, planes, values, limits, look.color_by)


def one(mesh: Mesh, look: Look = Look(), values: Values | None = None) -> Mesh:  # noqa: B008
    (part,) = drawn(Scene([Item("a", (mesh,))]), look, values, (0.0, 1.0))
    return part.mesh


def area(parts: list[Surface]) -> float:
    return sum(float(face_areas(p.mesh.vertices, p.mesh.faces).sum()) for p in parts)


def test_own_colours() -> None:
    tint = torch.rand(162, 3)
    assert torch.equal(one(sphere(2, colors=tint)).colors, tint)
    bare = one(sphere(2), Look(color="#ff0000"))
    assert bare.colors is None
    assert bare.materials[0].color.tolist() == [1, 0, 0]
    assert torch.equal(bare.face_material, torch.zeros(320, dtype=torch.int64))
    faces = torch.rand(320, 3)
    painted = one(sphere(2, face_attributes={"colors": faces}))
    found = painted.colors[painted.faces]
    torch.testing.assert_close(found, faces[:, None].expand(-1, 3, 3))


def test_own_materials_cover_every_face() -> None:
    mesh = textured()
    worn = one(mesh, Look(color="#0000ff"))
    assert torch.equal(worn.uvs, mesh.uvs)
    assert worn.materials[0].texture is mesh.materials[0].texture
    assert int(worn.face_material.min()) == 0
    without = mesh.face_material < 0
    assert torch.equal(worn.face_material[~without], mesh.face_material[~without])
    last = worn.materials[int(worn.face_material[without][0])]
    assert last.color.tolist() == [0, 0, 1]


def test_plain_and_normals() -> None:
    mesh = textured()
    plain = one(mesh, Look(color_by="plain"))
    assert plain.uvs is None
    assert plain.materials[0].texture is None
    torch.testing.assert_close(plain.materials[0].color, color("#cfd2d6"))
    by_normal = one(mesh, Look(color_by="normal"))
    expected = colormap.of_normals(by_normal.vertices)
    torch.testing.assert_close(by_normal.colors, expected, atol=0.02, rtol=0)


def test_numbers_at_vertices() -> None:
    mesh = sphere(2)
    height = mesh.vertices[:, 2] * 0.5 + 0.5
    found = one(mesh, Look(color_by="h"), Values(height))
    expected = colormap.ramp(found.vertices[:, 2] * 0.5 + 0.5, 0.0, 1.0)
    torch.testing.assert_close(found.colors, expected, atol=4e-3, rtol=0)
    assert len(found.vertices) == len(mesh.vertices)


def test_labels_do_not_mix() -> None:
    mesh = sphere(3)
    label = (mesh.vertices[:, 0] > 0).long() + 2 * (mesh.vertices[:, 1] > 0.1).long()
    found = one(mesh, Look(color_by="label"), Values(label))
    corner = found.colors[found.faces]
    assert torch.equal(corner, corner[:, :1].expand(-1, 3, 3))  # one colour for each face
    wanted = label[mesh.faces].mode(1).values
    clear = (label[mesh.faces] == wanted[:, None]).sum(1) >= 2
    torch.testing.assert_close(corner[clear, 0], colormap.palette(wanted[clear]))
    assert torch.equal(found.triangles, mesh.triangles)
    assert len(found.vertices) < 1.5 * len(mesh.vertices)


def test_values_of_faces() -> None:
    mesh = sphere(2)
    part = torch.arange(320) % 5
    found = one(mesh, Look(color_by="part"), Values(part, on_faces=True))
    expected = colormap.palette(part)[:, None].expand(-1, 3, 3)
    torch.testing.assert_close(found.colors[found.faces], expected)
    share = torch.rand(320)
    found = one(mesh, Look(color_by="share"), Values(share, on_faces=True))
    corner = found.colors[found.faces]
    torch.testing.assert_close(corner[:, 0], colormap.ramp(share, 0.0, 1.0), atol=4e-3, rtol=0)
    assert torch.equal(corner, corner[:, :1].expand(-1, 3, 3))


def test_a_plane_cuts_all_that_is_worn(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene([Item("a", (textured(),))])
    (part,) = drawn(scene, Look(clip=("x<0.3", "y>-0.2")))
    cut = part.mesh
    assert float(cut.vertices[:, 0].max()) == pytest.approx(0.3)
    assert float(cut.vertices[:, 1].min()) == pytest.approx(-0.2)
    torch.testing.assert_close(cut.uvs, cut.triangles[..., :2] * 0.5 + 0.5)
    torch.testing.assert_close(cut.normals.norm(dim=1), torch.ones(len(cut.vertices)))
    tint = torch.rand(642, 3)
    (part,) = drawn(Scene([Item("a", (sphere(3, colors=tint),))]), Look(clip=("x<10%",)))
    assert float(part.mesh.vertices[:, 0].max()) == pytest.approx(-0.8)
    assert 0 <= float(part.mesh.colors.min()) <= float(part.mesh.colors.max()) <= 1


def test_a_moved_plane_changes_only_what_it_crosses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "FACES", 100)
    scene = Scene([Item("a", (sphere(4),))])
    whole = drawn(scene)
    before = {p.name: p.key for p in drawn(scene, Look(clip=("z<0.5",)))}
    after = {p.name: p.key for p in drawn(scene, Look(clip=("z<0.52",)))}
    same = [name for name in before if before[name] == after.get(name)]
    assert len(same) > 0.6 * len(before)
    assert len(before) < len(whole)
    untouched = {p.name: p.key for p in whole}
    assert all(before[name] == untouched[name] for name in same)
    low, high = (area(drawn(scene, Look(clip=(text,)))) for text in ("z<0.5", "z>0.5"))
    assert low + high == pytest.approx(area(whole), rel=1e-4)
    assert drawn(scene, Look(clip=("z<-2",))) == []


def test_style() -> None:
    scene = Scene([Item("a", (sphere(1),))])
    look = Look(shading="none", wireframe="over", opacity=0.5, sides="front")
    (part,) = drawn(scene, look)
    assert (part.lit, part.wireframe, part.opacity, part.front) == (False, "over", 0.5, True)
    (plain,) = drawn(scene)
    assert (plain.lit, plain.wireframe, plain.opacity, plain.front) == (True, "off", 1.0, False)
    assert plain.key != part.key
    inside = Scene([Item("a", (sphere(1).flipped(),))])
    assert drawn(inside)[0].front  # a room
    assert not drawn(inside, Look(sides="both"))[0].front


def test_the_plain_colour_matters_only_where_it_is_seen() -> None:
    assert wears_plain(sphere(1), Look())
    assert not wears_plain(sphere(1, colors=torch.rand(42, 3)), Look())
    assert wears_plain(sphere(1, colors=torch.rand(42, 3)), Look(color_by="plain"))
    assert not wears_plain(sphere(1), Look(color_by="normal"))
    assert wears_plain(textured(), Look())
    assert not wears_plain(sphere(1, face_attributes={"colors": torch.rand(80, 3)}), Look())
