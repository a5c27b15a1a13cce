import pytest
import torch

from geomdl.errors import GeometryError
from geomdl.structures import Mesh
from scenes.build.shapes import KINDS, PARTS, shape


def is_closed(mesh: Mesh) -> bool:
    """Every directed edge has its opposite, once."""
    edges = mesh.faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
    key = edges[:, 0] * mesh.vertices.shape[0] + edges[:, 1]
    back = edges[:, 1] * mesh.vertices.shape[0] + edges[:, 0]
    unique = key.unique()
    return unique.numel() == key.numel() and torch.equal(unique, back.unique())


@pytest.mark.parametrize("kind", KINDS)
def test_every_shape_is_closed_labelled_and_of_unit_size(kind: str) -> None:
    seen = set()
    for seed in range(24):
        mesh = shape(kind, seed)
        low, high = mesh.bounds
        assert torch.allclose(low, -high, atol=1e-5)
        assert float((high - low).amax()) == pytest.approx(1, abs=1e-5)
        assert is_closed(mesh)
        label, of_faces = mesh.attributes["label"], mesh.face_attributes["label"]
        assert bool((label[mesh.faces] == of_faces[:, None]).all())
        seen |= set(of_faces.tolist())
    assert seen == set(range(len(PARTS[kind])))  # every part comes up


@pytest.mark.parametrize("kind", KINDS)
def test_parts_face_outwards(kind: str) -> None:
    mesh = shape(kind, 1)
    for part in range(len(PARTS[kind])):
        a, b, c = mesh.triangles[mesh.face_attributes["label"] == part].unbind(1)
        middle = torch.cat([a, b, c]).mean(0) if len(a) else 0
        volume = ((a - middle) * torch.linalg.cross(b - middle, c - middle)).sum()
        assert len(a) == 0 or float(volume) > 0


def test_one_seed_is_one_shape() -> None:
    first, again, other = shape("chair", 5), shape("chair", 5), shape("chair", 6)
    assert torch.equal(first.vertices, again.vertices)
    assert torch.equal(first.faces, again.faces)
    assert first.vertices.shape != other.vertices.shape or not torch.equal(
        first.vertices, other.vertices
    )
    with pytest.raises(GeometryError, match="kind: expected one of"):
        shape("chairs", 0)
