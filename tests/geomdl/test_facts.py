"""Facts against known shapes and trimesh."""

import json
from pathlib import Path

import pytest
import torch
import trimesh

from geomdl import facts, fields
from geomdl.bench.ops.raycast import torus
from geomdl.io import load_transforms, open_rgbd
from geomdl.structures import Material, Mesh, PointCloud, SparseVoxels, VoxelGrid
from tests.geomdl.reconstruct import corner


def of_trimesh(shape: trimesh.Trimesh) -> Mesh:
    faces = torch.from_numpy(shape.faces.copy()).long()
    return Mesh(torch.from_numpy(shape.vertices.copy()).float(), faces)


def test_a_box_is_told_as_trimesh_tells_it() -> None:
    box = trimesh.creation.box((1, 2, 3)).subdivide()
    told = facts.mesh_facts(of_trimesh(box))
    assert (told["vertices"], told["faces"]) == (len(box.vertices), len(box.faces))
    assert told["edges"] == len(box.edges_unique)
    assert told["size"] == [1, 2, 3]
    assert told["area"] == pytest.approx(box.area)
    assert told["volume"] == pytest.approx(6)
    assert (told["closed"], told["consistent"], told["genus"], told["pieces"]) == (True, True, 0, 1)
    lengths = box.edges_unique_length
    assert told["edge length"] == pytest.approx([lengths.min(), lengths.mean(), lengths.max()])
    assert not any(told["defects"].values())


def test_turned_faces_have_no_volume() -> None:
    box = of_trimesh(trimesh.creation.box())
    faces = box.faces.clone()
    faces[0] = faces[0].flip(0)
    told = facts.mesh_facts(Mesh(box.vertices, faces))
    assert (told["closed"], told["consistent"]) == (True, False)
    assert "volume" not in told


def test_handles_are_counted() -> None:
    vertices, faces = torus(40, 20)
    ring = Mesh(vertices, faces)
    assert facts.mesh_facts(ring)["genus"] == 1
    both = Mesh.concatenate([ring, ring.transformed(torch.diag(torch.tensor([2.0, 2, 2, 1])))])
    told = facts.mesh_facts(both)
    assert (told["genus"], told["pieces"], told["meshes"]) == (2, 2, 2)


def test_defects_are_counted() -> None:
    points = [[0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 0], [9, 9, 9], [1, 0, 0], [0.5, 0, 1]]
    vertices = torch.tensor(points, dtype=torch.float32)
    faces = torch.tensor(
        [[0, 1, 2], [1, 3, 2], [2, 0, 1], [0, 1, 6], [0, 0, 1]]  # twice, a third at 0-1, a line
    )
    told = facts.mesh_facts(Mesh(vertices, faces))
    assert told["defects"] == {
        "faces without area": 1,
        "double faces": 1,
        "unused vertices": 2,
        "double vertices": 1,
    }
    assert (told["closed"], told["crowded edges"]) == (False, 2)
    assert "volume" not in told
    turned = torch.tensor([[0, 1, 2], [1, 2, 3]])
    assert not facts.mesh_facts(Mesh(vertices[:4], turned))["consistent"]
    assert facts.mesh_facts(Mesh(vertices[:4], faces[:2]))["consistent"]
    empty = facts.mesh_facts(Mesh(vertices, torch.zeros(0, 3, dtype=torch.int64)))
    assert (empty["area"], empty["edges"], empty["closed"]) == (0, 0, False)


def test_fields_and_statistics() -> None:
    mesh = Mesh(
        torch.eye(3),
        torch.tensor([[0, 1, 2]]),
        materials=(Material("brick", texture=torch.ones(2, 5, 3)), Material()),
        attributes={"heat": torch.tensor([1.0, 2, float("nan")])},
        face_attributes={"label": torch.tensor([7])},
    )
    told = facts.mesh_facts(mesh)
    assert told["fields"] == ["heat", "label"]
    assert told["materials"] == ["brick", "material"]
    assert told["textures"] == ["5x2"]
    heat = told["attributes"]["heat"]
    assert (heat["low"], heat["mean"], heat["high"], heat["not finite"]) == (1, 1.5, 2, 1)
    assert told["attributes"]["label (faces)"]["counts"] == {"7": 1}
    json.dumps(told)
    many = facts.statistics(torch.arange(100))
    assert (many["labels"], "counts" in many) == (100, False)
    flags = facts.statistics(torch.tensor([True, False, True]))
    assert flags["counts"] == {"0": 1, "1": 2}
    assert facts.statistics(torch.zeros(0, 3))["shape"] == [0, 3]


def test_spacing_and_double_points_of_a_lattice() -> None:
    lattice = torch.cartesian_prod(*[torch.arange(10) * 0.5] * 3)
    told = facts.cloud_facts(PointCloud(torch.cat([lattice, lattice[:7], lattice[:2] * -1.0])))
    assert told["spacing"] == pytest.approx(0.5)
    assert told["double points"] == 7 + 1  # -0 is 0, so only the origin comes again
    assert told["points"] == 1009
    assert "spacing" not in facts.cloud_facts(PointCloud(torch.zeros(1, 3)))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_distinct_rows_are_those_of_torch(dtype: torch.dtype) -> None:
    generator = torch.Generator().manual_seed(0)
    rows = torch.randint(-9, 9, (5000, 3), generator=generator).to(dtype) / 7
    assert facts.distinct_rows(rows) == len(rows.unique(dim=0))
    whole = torch.randint(0, 30, (5000, 3), generator=generator)
    assert facts.distinct_rows(whole) == len(whole.unique(dim=0))
    assert facts.distinct_rows(whole[:0]) == 0


def test_grids() -> None:
    ball = of_trimesh(trimesh.creation.icosphere(2, 0.5))
    grid = fields.mesh_to_grid(ball, "sdf", 16)
    told = facts.grid_facts(grid)
    assert (told["grid"], told["cells"]) == ("sdf", [16, 16, 16])
    assert told["values"]["low"] == pytest.approx(float(grid.values.min()))
    assert told["surface cells"] == int(grid.surface().sum())
    assert told["size"] == pytest.approx([16 * grid.cell] * 3)
    weights = torch.zeros(2, 2, 2)
    weights[0, 0] = 1
    told = facts.grid_facts(VoxelGrid(torch.zeros(2, 2, 2), "tsdf", weights=weights))
    assert told["seen"] == 0.25
    assert "surface cells" not in told
    cells = torch.tensor([[0, 0, 0], [1, 0, 0], [3, 3, 3]], dtype=torch.int32)
    sparse = facts.sparse_facts(SparseVoxels.sorted(cells, torch.ones(3, 2), 2))
    assert (sparse["sites"], sparse["filled"], sparse["high"]) == (3, 3 / 64, [3, 3, 3])


def test_frames_and_photographs(tmp_path: Path, data: Path) -> None:
    told = facts.rgbd_facts(open_rgbd(corner.write_folder(tmp_path / "scan", 3)))
    assert (told["frames"], told["with pose"]) == (3, 3)
    assert told["path length"] > 0
    fox = load_transforms(data / "fox" / "transforms.json")
    told = facts.posed_facts(fox)
    assert (told["images"], told["pixels"], told["missing pictures"]) == (45, {"1080x1920": 45}, 0)
    json.dumps(told)


def test_a_mesh_whose_faces_have_no_edges() -> None:
    told = facts.mesh_facts(Mesh(torch.eye(3), torch.zeros(1, 3, dtype=torch.int64)))
    assert (told["edges"], told["closed"]) == (0, False)
    assert told["defects"]["faces without area"] == 1
