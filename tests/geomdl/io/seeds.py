"""Whole files of every format, to be broken: written by geomdl, and real ones where they lie."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import torch

from geomdl import io
from geomdl.structures import (
    Camera,
    Material,
    Mesh,
    PointCloud,
    Pose,
    SparseVoxels,
    VoxelGrid,
)
from tests.oracles.io_oracle import srgb_to_linear

LARGEST = 120_000  # bytes; larger files say nothing new, slower


@dataclass(frozen=True)
class Seed:
    """Files of one case by relative name, which of them is broken, and how they are read."""

    name: str
    files: dict[str, bytes]
    target: str
    reader: str  # 'load', 'rgbd', 'colmap' or 'transforms'


def seeds(data: Path | None) -> list[Seed]:
    """All seeds, in a fixed order; the real ones only when `data` is a folder."""
    with tempfile.TemporaryDirectory() as folder:
        found = _written(Path(folder))
    if data is not None and data.is_dir():
        found += _real(data)
    return found


def linear_of(levels: torch.Tensor | list) -> torch.Tensor:
    """sRGB bytes (*S,) -> float32 linear light (*S,), by a formula that is not geomdl's."""
    return torch.from_numpy(srgb_to_linear(torch.as_tensor(levels).numpy() / 255)).float()


def example_mesh() -> Mesh:
    """A pyramid with everything a mesh can carry."""
    vertices = torch.tensor(
        [[0.0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [0.5, 0.5, 1.25]], dtype=torch.float32
    )
    faces = torch.tensor([[0, 2, 1], [0, 3, 2], [0, 1, 4], [1, 2, 4], [2, 3, 4], [3, 0, 4]])
    texture = torch.arange(4 * 6 * 3).reshape(4, 6, 3) / 255
    return Mesh(
        vertices,
        faces,
        normals=torch.nn.functional.normalize(vertices - vertices.mean(0), dim=1),
        colors=linear_of(torch.arange(15).reshape(5, 3) * 17),
        uvs=torch.arange(36).reshape(6, 3, 2) / 36,
        materials=(
            Material("wood", torch.tensor([0.5, 0.25, 0.125]), texture=texture),
            Material("glass", opacity=0.5, metallic=0.25, roughness=0.75, texture=texture.flip(0)),
        ),
        face_material=torch.tensor([0, 0, 1, 1, 0, 1]),
        attributes={"weight": torch.arange(5) / 4, "pair": torch.arange(10).reshape(5, 2)},
        face_attributes={"label": torch.arange(6, dtype=torch.int32)},
    )


def example_cloud(count: int = 60) -> PointCloud:
    """Points with everything a cloud can carry."""
    generator = torch.Generator().manual_seed(0)
    points = torch.randn(count, 3, generator=generator)
    return PointCloud(
        points,
        normals=torch.nn.functional.normalize(points, dim=1),
        colors=linear_of(torch.randint(0, 256, (count, 3), generator=generator)),
        attributes={
            "intensity": torch.rand(count, generator=generator),
            "label": torch.randint(0, 9, (count,), generator=generator, dtype=torch.int32),
            "code": torch.rand(count, 4, generator=generator).double(),
        },
    )


def _written(folder: Path) -> list[Seed]:
    mesh, cloud = example_mesh(), example_cloud()
    grid = VoxelGrid(torch.linspace(-1, 1, 60).reshape(3, 4, 5), "sdf", cell=0.1)
    sparse = SparseVoxels.sorted(
        torch.arange(30, dtype=torch.int32).reshape(10, 3), torch.rand(10, 2)
    )
    found: list[Seed] = []
    jobs: list[tuple] = [(mesh, "ply", e) for e in ("ascii", "binary", "binary_big_endian")]
    jobs += [(mesh, name, None) for name in ("obj", "off", "glb", "gltf", "npz", "safetensors")]
    jobs += [(mesh, "stl", e) for e in ("ascii", "binary")]
    jobs += [(cloud, "pcd", e) for e in ("ascii", "binary", "binary_compressed")]
    jobs += [(cloud, n, None) for n in ("ply", "xyz", "pts", "xyzn", "xyzrgb", "csv", "glb", "npz")]
    jobs += [(grid, "npz", "binary_compressed"), (sparse, "npz", None), (grid, "safetensors", None)]
    for shape, ending, encoding in jobs:
        place = folder / f"{len(found)}"
        place.mkdir()
        io.save(place / f"a.{ending}", shape, encoding=encoding)
        files = {path.name: path.read_bytes() for path in sorted(place.iterdir())}
        name = f"{type(shape).__name__}-{ending}-{encoding}"
        found += [Seed(f"{name}-{target}", files, target, "load") for target in sorted(files)]
    return found + _folders(folder)


def _folders(folder: Path) -> list[Seed]:
    """Folders of frames and of posed pictures."""
    camera = Camera.from_fov(12, 8, 1.0)
    place = folder / "rgbd"
    writer = io.RGBDWriter(place, camera)
    for turn in range(2):
        pose = Pose.from_axis_angle(torch.tensor([0.0, 0.1 * turn, 0.0]))
        writer.write(torch.full((8, 12), 1.5), torch.full((8, 12, 3), 0.5), pose)
    frames = {path.name: path.read_bytes() for path in sorted(place.iterdir())}
    found = [Seed(f"rgbd-{name}", frames, name, "rgbd") for name in sorted(frames)]
    names = "0.25 rgb/a.png\n0.5 rgb/b.png\n", "0.26 depth/a.png\n0.51 depth/b.png\n"
    truth = "# time tx ty tz qx qy qz qw\n0.25 1 2 3 0 0 0 1\n0.5 1 2 3 0 0.1 0 1\n"
    tum = {"rgb.txt": names[0].encode(), "depth.txt": names[1].encode()}
    tum["groundtruth.txt"] = truth.encode()
    for letter, number in ("a", 0), ("b", 1):
        tum[f"rgb/{letter}.png"] = frames[f"frame-00000{number}.color.png"]
        tum[f"depth/{letter}.png"] = frames[f"frame-00000{number}.depth.png"]
    tum["camera-intrinsics.txt"] = frames["camera-intrinsics.txt"]
    targets = ("rgb.txt", "depth.txt", "groundtruth.txt")
    found += [Seed(f"tum-{name}", tum, name, "rgbd") for name in targets]
    log = (
        b"0 0 1\n1 0 0 0\n0 1 0 0\n0 0 1 0\n0 0 0 1\n1 1 2\n1 0 0 0.5\n0 1 0 0\n0 0 1 0\n0 0 0 1\n"
    )
    kept = {n: d for n, d in tum.items() if n.startswith("depth/")}
    kept |= {n.replace("rgb/", "color/"): d for n, d in tum.items() if n.startswith("rgb/")}
    kept |= {"trajectory.log": log, "camera-intrinsics.txt": tum["camera-intrinsics.txt"]}
    found.append(Seed("open3d-log", kept, "trajectory.log", "rgbd"))
    images = tuple(
        io.PosedImage(place / f"frame-00000{i}.color.png", camera.with_pose(Pose.identity()))
        for i in range(2)
    )
    posed = io.PosedImages(images, example_cloud(5))
    io.save_transforms(place / "transforms.json", posed)
    text = (place / "transforms.json").read_bytes()
    pictures = {name: data for name, data in frames.items() if name.endswith("color.png")}
    found.append(
        Seed("transforms", {**pictures, "transforms.json": text}, "transforms.json", "transforms")
    )
    for binary in (True, False):
        model = folder / f"colmap-{binary}"
        io.save_colmap(model, posed, binary=binary)
        files = {path.name: path.read_bytes() for path in sorted(model.iterdir())}
        found += [Seed(f"colmap-{name}", files, name, "colmap") for name in sorted(files)]
    return found


def _real(data: Path) -> list[Seed]:
    """Real files that are small enough, each alone in its folder but for what it refers to."""
    endings = (".ply", ".obj", ".off", ".stl", ".glb", ".gltf", ".pcd", ".xyz", ".txt")
    places = ("mesh_formats", "modelnet10/chair/test", "partial_shapes", "open3d_samples")
    found = []
    for place in places:
        for path in sorted((data / place).iterdir()) if (data / place).is_dir() else []:
            if path.suffix.lower() in endings and path.stat().st_size <= LARGEST:
                name = f"{place}/{path.name}"
                found.append(Seed(name, {path.name: path.read_bytes()}, path.name, "load"))
    return found
