"""`geomdl convert`: shapes to other formats, one or many."""

import glob
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from tyro.conf import Positional, arg

if TYPE_CHECKING:
    from torch import Tensor

    from geomdl.structures import Mesh, PointCloud

Inputs = Annotated[Positional[tuple[str, ...]], arg(metavar="FILE...")]
Encoding = Literal["binary", "ascii", "binary_big_endian", "binary_compressed"]


def command(
    inputs: Inputs,
    /,
    *,
    output: Annotated[Path, arg(aliases=["-o"])],
    to: str | None = None,
    points: int | None = None,
    seed: int = 0,
    scale: float = 1.0,
    encoding: Encoding | None = None,
    drop_nonfinite: bool = False,
    overwrite: bool = False,
) -> int:
    """Meshes and clouds to another format, chosen by the ending of the output.

    Many inputs (or a quoted pattern) go into a folder. Nothing that exists is replaced without
    --overwrite, and all inputs are named before the first file is written.

    examples:
      geomdl convert bunny.obj -o bunny.ply
      geomdl convert bunny.obj -o bunny.pcd --points 20000
      geomdl convert "scans/**/*.ply" -o clouds/ --to xyz
      geomdl convert part.stl -o part.glb --scale 0.001

    Args:
        inputs: files, or patterns in quotes; ** goes into folders.
        output: a file, or with --to or many inputs a folder.
        to: format of the files in the output folder, such as ply.
        points: sample this many points of each mesh, evenly by area, with normals and colours.
        seed: of the sampling.
        scale: multiply coordinates, such as 0.001 from millimetres to metres.
        encoding: how ply, stl and pcd store numbers; binary by default.
        drop_nonfinite: leave out the points of a cloud that are NaN or infinite.
        overwrite: replace files that exist.
    """
    from geomdl.errors import GeometryError, expect_number
    from geomdl.io import load, save
    from geomdl.structures import Mesh, PointCloud

    expect_number("--scale", scale, above=0)
    if points is not None:
        expect_number("--points", points, low=1)
    pairs = targets(expand(inputs), output, to)
    taken = [target for _, target in pairs if target.exists()]
    if taken and not overwrite:
        raise GeometryError(f"{taken[0]}: exists already; replace it with --overwrite")
    for source, target in pairs:
        shape = load(source, drop_nonfinite=drop_nonfinite)
        if isinstance(shape, Mesh | PointCloud):
            if points is not None:
                shape = sampled(shape, points, seed, source)
            if scale != 1.0:
                shape = scaled(shape, scale)
        target.parent.mkdir(parents=True, exist_ok=True)
        save(target, shape, overwrite=overwrite, encoding=encoding)
        print(f"{source} -> {target}  {shape!r}")
    return 0


def expand(inputs: tuple[str, ...]) -> list[Path]:
    """Names and patterns -> files. Raises GeometryError where a pattern finds nothing."""
    from geomdl.errors import GeometryError

    found: list[Path] = []
    for name in inputs:
        if Path(name).exists() or not glob.has_magic(name):
            found.append(Path(name))
            continue
        matches = sorted(p for p in map(Path, glob.glob(name, recursive=True)) if p.is_file())
        if not matches:
            raise GeometryError(f"{name}: no file fits this pattern")
        found += matches
    if not found:
        raise GeometryError("inputs: expected at least one file")
    return found


def targets(sources: list[Path], output: Path, to: str | None) -> list[tuple[Path, Path]]:
    """Where each source goes. Raises GeometryError where two would become one file."""
    from geomdl.errors import GeometryError

    if len(sources) == 1 and to is None and not output.is_dir():
        return [(sources[0], output)]
    if to is None:
        raise GeometryError(f"{output}: a folder of outputs needs a format, such as --to ply")
    ending = "." + to.lower().removeprefix(".")
    pairs = [(source, output / (source.stem + ending)) for source in sources]
    first: dict[Path, Path] = {}
    for source, target in pairs:
        if target in first:
            raise GeometryError(f"{target}: both {first[target]} and {source} would become it")
        first[target] = source
    return pairs


def sampled(shape: "Mesh | PointCloud", count: int, seed: int, source: Path) -> "Mesh | PointCloud":
    """Mesh -> cloud of `count` points of its surface, with normals and colours."""
    from geomdl.errors import GeometryError
    from geomdl.ops.differential import face_normals
    from geomdl.ops.sampling import sample_surface
    from geomdl.structures import Mesh, PointCloud

    if not isinstance(shape, Mesh):
        raise GeometryError(f"{source}: --points samples meshes, and this is a cloud")
    points, face, weights = sample_surface(shape.vertices, shape.faces, count, seed)
    normals = face_normals(shape.vertices, shape.faces)[face]
    return PointCloud(points, normals, surface_colors(shape, face, weights))


def surface_colors(mesh: "Mesh", face: "Tensor", weights: "Tensor") -> "Tensor | None":
    """Faces (N,), weights (N, 3) -> linear colours (N, 3): vertex colours x textures."""
    import torch

    from geomdl.render.texture import bilinear
    from geomdl.structures.srgb import from_srgb

    index = mesh.face_material
    if mesh.colors is None and (index is None or not mesh.materials):
        return None
    light = torch.ones(len(face), 3)
    if mesh.colors is not None:
        light = (mesh.colors[mesh.faces[face]] * weights[..., None]).sum(1).float()
    for number, material in enumerate(mesh.materials if index is not None else ()):
        assert index is not None
        mine = index[face] == number
        light[mine] *= material.color.float()
        if material.texture is not None and mesh.uvs is not None:
            uv = (mesh.uvs[face[mine]] * weights[mine][..., None]).sum(1).float()
            light[mine] *= bilinear(from_srgb(material.texture[..., :3].float()), uv)
    return light


def scaled(shape: "Mesh | PointCloud", scale: float) -> "Mesh | PointCloud":
    """The shape with all coordinates times `scale`."""
    import torch

    matrix = torch.diag(torch.tensor([scale, scale, scale, 1.0]))
    return shape.transformed(matrix)
