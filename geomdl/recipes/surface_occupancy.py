"""Surface occupancy falls with resolution: the share of voxels that a surface passes through.

A surface of area A in a cube of side L meets about A / cell^2 cells of n^3, so the share falls as
1 / n and the finer the grid the more of a dense one is air. Measured here per mesh by exact
triangle-box overlap, with the fitted exponent, which should come out near -1.

    python -m geomdl.recipes.surface_occupancy FOLDER --record    (about a minute on two cores)

Without a folder it measures procedural shapes. Li et al., FPNN, NIPS 2016, figure 1, show the
same fall on ModelNet40: 10.41 % at 30^3, 5.09 % at 64^3 and 2.41 % at 128^3 (quoted from memory).
"""

import argparse
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from core2d.train.record import Reference, Result, write_result
from geomdl.errors import GeometryError
from geomdl.fields import mesh_to_grid
from geomdl.structures import Mesh

EXPECT = {"exponent": -1.0}
SOURCE = "Li et al., FPNN, NIPS 2016, figure 1 (ModelNet40; quoted from memory)"
REFERENCE = {
    "occupancy_30": Reference(0.1041, SOURCE),
    "occupancy_64": Reference(0.0509, SOURCE),
    "occupancy_128": Reference(0.0241, SOURCE),
}


@dataclass(frozen=True)
class Config:
    """Which resolutions to measure; None as folder means the procedural shapes."""

    folder: Path | None = None
    resolutions: Sequence[int] = field(default=(16, 30, 64, 128, 256))


def shapes(folder: Path | None) -> dict[str, Mesh]:
    """Name -> mesh: every obj and off of the folder, or four procedural shapes."""
    if folder is None:
        from scenes.build import primitives

        return {
            "box": primitives.box((1.0, 0.7, 0.5)),
            "icosphere": primitives.icosphere(0.5, 4),
            "torus": primitives.torus(0.5, 0.15),
            "cylinder": primitives.cylinder(0.3, 1.0),
        }
    from geomdl.io import load

    files = sorted(p for p in folder.iterdir() if p.suffix in (".obj", ".off"))
    loaded = {p.stem: load(p) for p in files}
    meshes = {name: shape for name, shape in loaded.items() if isinstance(shape, Mesh)}
    if not meshes:
        raise GeometryError(f"folder: no .obj or .off mesh in {folder}")
    return meshes


def occupancy(mesh: Mesh, resolution: int) -> float:
    """Share of the cells of a tight cube of resolution^3 that the surface meets."""
    return float(mesh_to_grid(mesh, "occupancy", resolution, padding=0.0).values.mean())


def exponent(resolutions: Sequence[int], shares: Sequence[float]) -> float:
    """Slope of log share over log resolution, by least squares."""
    x = [math.log(r) for r in resolutions]
    y = [math.log(s) for s in shares]
    mx, my = sum(x) / len(x), sum(y) / len(y)
    top = sum((a - mx) * (b - my) for a, b in zip(x, y, strict=True))
    return top / sum((a - mx) ** 2 for a in x)


def measure(config: Config) -> dict[str, list[float]]:
    """Metric name -> one value per shape: occupancy_<resolution> and the exponent."""
    found: dict[str, list[float]] = {f"occupancy_{r}": [] for r in config.resolutions}
    found["exponent"] = []
    for name, mesh in shapes(config.folder).items():
        shares = [occupancy(mesh, r) for r in config.resolutions]
        for r, share in zip(config.resolutions, shares, strict=True):
            found[f"occupancy_{r}"].append(share)
        found["exponent"].append(exponent(config.resolutions, shares))
        row = "  ".join(
            f"{r}^3 {100 * s:.2f} %" for r, s in zip(config.resolutions, shares, strict=True)
        )
        print(f"{name:<16} {row}  exponent {found['exponent'][-1]:.2f}")
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", nargs="?", type=Path, help="folder of .obj and .off meshes")
    parser.add_argument("--record", type=Path, nargs="?", const=Path("results"), help="write here")
    args = parser.parse_args(arguments)
    start = time.perf_counter()
    found = measure(Config(folder=args.folder))
    count = len(found["exponent"])
    means = {name: sum(values) / count for name, values in found.items()}
    print(f"{'mean':<16} " + "  ".join(f"{k} {v:.4f}" for k, v in means.items()))
    if args.record:
        result = Result(
            recipe="surface_occupancy",
            command=f"python -m geomdl.recipes.surface_occupancy {args.folder or ''} --record",
            seeds=range(count),
            seconds=time.perf_counter() - start,
            metrics=found,
            expect=EXPECT,
            reference=REFERENCE,
            data=f"{count} meshes of {args.folder or 'scenes.build'}, one value per mesh",
        )
        print(f"wrote {write_result(result, args.record)}")


if __name__ == "__main__":
    main()
