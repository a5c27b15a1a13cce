import pytest
import torch

from geomdl.errors import GeometryError
from geomdl.structures import Material, Mesh, Pose


def tetrahedron(shift: float = 0.0, color: bool = True) -> Mesh:
    vertices = torch.tensor([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]]) + shift
    faces = torch.tensor([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]])
    return Mesh(
        vertices,
        faces,
        colors=torch.rand(4, 3) if color else None,
        uvs=torch.rand(4, 3, 2),
        materials=(Material("a"), Material("b")),
        face_material=torch.tensor([0, 1, -1, 1]),
        attributes={"label": torch.arange(4)},
        face_attributes={"part": torch.arange(4)},
    )


def volume(mesh: Mesh) -> float:
    a, b, c = mesh.triangles.unbind(1)
    return float((a * torch.linalg.cross(b, c)).sum() / 6)


def test_batches_join_and_come_apart() -> None:
    items = [tetrahedron(0.0), tetrahedron(5.0)[torch.zeros(4, dtype=torch.bool)], tetrahedron(9.0)]
    batch = Mesh.concatenate(items)
    assert batch.batch_size == 3
    assert batch.vertex_offsets.tolist() == [0, 4, 4, 8]
    assert batch.face_offsets.tolist() == [0, 4, 4, 8]
    assert batch.face_material is not None
    assert batch.face_material.tolist() == [0, 1, -1, 1, 4, 5, -1, 5]
    for got, wanted in zip(batch.split(), items, strict=True):
        assert torch.equal(got.triangles, wanted.triangles)
        assert torch.equal(got.faces, wanted.faces)
        assert torch.equal(got.attributes["label"], wanted.attributes["label"])
    assert batch.merged().batch_size == 1


def test_submesh_drops_unused_vertices() -> None:
    batch = Mesh.concatenate([tetrahedron(0.0), tetrahedron(5.0)])
    mask = torch.tensor([True, False, False, False, False, False, False, True])
    part = batch.submesh(mask)
    assert part.vertex_offsets.tolist() == [0, 3, 6]
    assert part.face_offsets.tolist() == [0, 1, 2]
    assert torch.equal(part.triangles, batch.triangles[mask])
    assert part.attributes["label"].tolist() == [0, 1, 2, 1, 2, 3]
    assert part.face_attributes["part"].tolist() == [0, 3]
    assert torch.equal(batch[mask].faces, part.faces)
    assert len(batch[:0]) == 0


def test_normals_point_out_of_a_closed_surface() -> None:
    mesh = tetrahedron(-0.25).with_normals()
    assert mesh.normals is not None
    assert volume(mesh) == pytest.approx(1 / 6)
    assert torch.allclose(mesh.normals.norm(dim=1), torch.ones(4))
    assert bool(((mesh.vertices * mesh.normals).sum(1) > 0).all())
    flat = torch.tensor([[0.0, 0, 0], [1, 0, 0], [0, 2, 0], [9, 9, 9]])
    normals = Mesh(flat, torch.tensor([[0, 1, 2]])).with_normals().normals
    assert normals is not None
    assert normals[0].tolist() == [0, 0, 1]
    assert normals[3].tolist() == [0, 0, 0]


def test_normals_are_differentiable() -> None:
    vertices = torch.rand(4, 3, dtype=torch.float64, requires_grad=True)
    faces = tetrahedron().faces

    def normals(v: torch.Tensor) -> torch.Tensor:
        found = Mesh(v, faces).with_normals().normals
        assert found is not None
        return found

    assert torch.autograd.gradcheck(normals, (vertices,))


def test_transforms_keep_the_outside_outside() -> None:
    mesh = tetrahedron().with_normals()
    turned = mesh.transformed(Pose.from_axis_angle(torch.tensor([0.3, 1.0, 0.2]), torch.ones(3)))
    assert volume(turned) == pytest.approx(volume(mesh), rel=1e-4)
    mirror = torch.diag(torch.tensor([-2.0, 1.0, 1.0, 1.0]))
    mirrored = mesh.transformed(mirror)
    assert volume(mirrored) == pytest.approx(2 * volume(mesh), rel=1e-5)
    assert mirrored.uvs is not None
    assert mesh.uvs is not None
    corner = mirrored.vertices[mirrored.faces[0, 0]] / torch.tensor([-2.0, 1.0, 1.0])
    assert torch.equal(corner, mesh.vertices[mesh.faces[0, 2]])
    assert torch.equal(mirrored.uvs[0, 0], mesh.uvs[0, 2])


def test_repr_says_what_is_there() -> None:
    text = repr(Mesh.concatenate([tetrahedron(), tetrahedron(1.0)]))
    for part in ("8 vertices", "8 faces", "2 meshes", "colors", "uvs", "4 materials"):
        assert part in text
    assert "attributes: label" in text
    assert "bounds [0 0 0] to [2 2 2]" in text
    cloud = tetrahedron().point_cloud()
    assert len(cloud) == 4
    assert cloud.colors is not None


def test_bad_fields_are_named() -> None:
    v, f = torch.zeros(3, 3), torch.tensor([[0, 1, 2]])
    with pytest.raises(GeometryError, match="faces: indices run from 0 to 3"):
        Mesh(v, torch.tensor([[0, 1, 3]]))
    with pytest.raises(GeometryError, match="faces: expected dtype int64"):
        Mesh(v, f.int())
    with pytest.raises(GeometryError, match="normals: expected 3 rows"):
        Mesh(v, f, normals=torch.zeros(2, 3))
    with pytest.raises(GeometryError, match=r"face_material: expected -1\.\.-1"):
        Mesh(v, f, face_material=torch.tensor([0]))
    with pytest.raises(GeometryError, match="together"):
        Mesh(v, f, vertex_offsets=torch.tensor([0, 3]))
    with pytest.raises(GeometryError, match="as many as"):
        Mesh(v, f, vertex_offsets=torch.tensor([0, 3]), face_offsets=torch.tensor([0, 1, 1]))
    with pytest.raises(GeometryError, match="face 1 uses vertices of another mesh"):
        Mesh(
            torch.zeros(6, 3),
            torch.tensor([[0, 1, 2], [3, 2, 5]]),
            vertex_offsets=torch.tensor([0, 3, 6]),
            face_offsets=torch.tensor([0, 1, 2]),
        )
    with pytest.raises(GeometryError, match="colors: 1 of 2"):
        Mesh.concatenate([tetrahedron(), tetrahedron(color=False)])


def test_empty_mesh_is_a_mesh() -> None:
    empty = Mesh(torch.zeros(0, 3), torch.zeros(0, 3, dtype=torch.int64))
    assert repr(empty) == "Mesh(0 vertices, 0 faces, float32 on cpu)"
    assert len(empty.with_normals()) == 0
    assert Mesh.concatenate([empty, empty]).batch_size == 2
