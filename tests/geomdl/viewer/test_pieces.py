"""Pieces cover the mesh once, creases stay sharp, and smooth surfaces have their true normals."""

import torch
import trimesh

from geomdl.ops.differential import face_normals
from geomdl.structures import Material, Mesh
from geomdl.viewer import pieces
from geomdl.viewer.pieces import parted, pieces_of


def made(shape: trimesh.Trimesh) -> Mesh:
    return Mesh(torch.tensor(shape.vertices).float(), torch.tensor(shape.faces).long())


def sphere(level: int = 3) -> Mesh:
    return made(trimesh.creation.icosphere(level))


def soup(mesh: Mesh) -> Mesh:
    """The same triangles, none of which share a vertex."""
    faces = torch.arange(3 * len(mesh)).unflatten(0, (-1, 3))
    return Mesh(mesh.vertices[mesh.faces.flatten()], faces)


def expect_whole(mesh: Mesh, flat: bool) -> None:
    found = pieces_of(mesh, flat)
    assert torch.equal(torch.cat([p.face for p in found]).sort().values, torch.arange(len(mesh)))
    for piece in found:
        assert torch.equal(piece.points[piece.faces], mesh.triangles[piece.face])
        assert torch.equal(piece.points, mesh.vertices[piece.vertex])
        assert torch.equal(piece.low, piece.points.amin(0))
        assert torch.equal(piece.high, piece.points.amax(0))
        assert len(piece.faces.unique()) == len(piece.points)  # no vertex without a face


def test_every_face_is_in_one_piece(monkeypatch) -> None:
    monkeypatch.setattr(pieces, "FACES", 200)
    for mesh in (sphere(), soup(sphere(2)), made(trimesh.creation.box())):
        for flat in (False, True):
            expect_whole(mesh, flat)


def test_large_meshes_come_in_compact_pieces(monkeypatch) -> None:
    monkeypatch.setattr(pieces, "FACES", 160)
    found = pieces_of(sphere(4), flat=False)
    assert len(found) == 32  # 5120 faces
    assert all(100 <= len(p.faces) <= 240 for p in found)
    volumes = torch.stack([(p.high - p.low).prod() for p in found])
    assert float(volumes.sum()) < 7.0  # of the 8 of the whole box


def test_textures_stay_in_one_piece(monkeypatch) -> None:
    monkeypatch.setattr(pieces, "FACES", 160)
    whole = sphere()
    picture = Material(texture=torch.ones(2, 2, 3))
    mesh = Mesh(
        whole.vertices, whole.faces, uvs=torch.zeros(len(whole), 3, 2),
        materials=(picture,), face_material=torch.zeros(len(whole), dtype=torch.int64),
    )  # fmt: skip
    assert len(pieces_of(mesh, flat=False)) == 1


def test_smooth_normals_of_a_sphere() -> None:
    for mesh in (sphere(), soup(sphere())):  # coinciding vertices count as one
        (piece,) = pieces_of(mesh, flat=False)
        assert float((piece.normals * piece.points).sum(1).min()) > 0.9999
        assert len(piece.points) == len(mesh.vertices)


def test_a_box_keeps_its_edges() -> None:
    (piece,) = pieces_of(made(trimesh.creation.box()), flat=False)
    assert float(piece.normals.abs().amax(1).min()) > 0.999
    flat = face_normals(piece.points, piece.faces)
    torch.testing.assert_close(piece.normals[piece.faces], flat[:, None].expand(-1, 3, 3))


def test_flat_normals_are_those_of_the_faces() -> None:
    mesh = sphere(1)
    (piece,) = pieces_of(mesh, flat=True)
    flat = face_normals(mesh.vertices, mesh.faces)[piece.face]
    torch.testing.assert_close(piece.normals[piece.faces], flat[:, None].expand(-1, 3, 3))


def test_normals_of_the_file_are_used() -> None:
    mesh = sphere(1)
    given = torch.nn.functional.normalize(mesh.vertices + torch.tensor([0.0, 0, 0.3]), dim=1)
    given[5] = 0  # not known: the faces there have their own
    (piece,) = pieces_of(Mesh(mesh.vertices, mesh.faces, normals=3 * given), flat=False)
    known = piece.vertex != 5
    torch.testing.assert_close(piece.normals[known], given[piece.vertex[known]])
    flat = face_normals(mesh.vertices, mesh.faces)[piece.face]
    there = piece.vertex[piece.faces] == 5
    assert int(there.sum()) == 5
    torch.testing.assert_close(piece.normals[piece.faces][there], flat[there.any(1)])


def test_normals_of_corners_are_used() -> None:
    mesh = sphere(1)
    given = face_normals(mesh.vertices, mesh.faces)[:, None].expand(-1, 3, 3)
    worn = Mesh(mesh.vertices, mesh.faces, face_attributes={"corner_normals": given})
    (piece,) = pieces_of(worn, flat=False)
    torch.testing.assert_close(piece.normals[piece.faces], given[piece.face])


def test_faces_without_area_have_neighbours_normals() -> None:
    mesh = sphere(2)
    thin = torch.cat([mesh.faces, mesh.faces[:5, [0, 1, 1]]])
    (piece,) = pieces_of(Mesh(mesh.vertices, thin), flat=False)
    assert bool(piece.normals.isfinite().all())
    assert float((piece.normals * piece.points).sum(1).min()) > 0.97


def test_both_sides_of_a_sheet() -> None:
    sheet = torch.tensor([[0.0, 0, 0], [1, 0, 0], [0, 1, 0]])
    mesh = Mesh(sheet, torch.tensor([[0, 1, 2], [0, 2, 1]]))
    (piece,) = pieces_of(mesh, flat=False)
    up = piece.normals[piece.faces][:, 0, 2]
    assert up.tolist() == [1.0, -1.0]


def test_no_faces_no_pieces() -> None:
    assert pieces_of(Mesh(torch.zeros(0, 3), torch.zeros(0, 3, dtype=torch.int64)), False) == ()


def test_parted_splits_only_where_values_differ() -> None:
    faces = torch.tensor([[0, 1, 2], [2, 1, 3], [3, 1, 4]])
    labels = torch.tensor([7, 7, 9])
    new, vertex, value = parted(faces, labels.repeat_interleave(3))
    assert torch.equal(vertex[new], faces)
    assert torch.equal(value[new], labels[:, None].expand(3, 3))
    assert len(vertex) == 5 + 2 + 1  # two corners at vertex 1, one at vertex 3
    same = parted(faces, torch.zeros(9))
    assert torch.equal(same[0], faces)
