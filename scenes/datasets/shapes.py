"""Clouds of procedural shapes, made by `scenes.build.shapes`: clean, noisy, or seen from one side.

The classes are the kinds of `scenes.build.shapes`; every kind has parts. The three sets are made
from seeds that no other set has. Made once, then kept in the cache folder under a key of the
builders' source and of all numbers that matter.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from core2d.errors import InputError, expect_choice
from core2d.train.order import seed_of
from core2d.train.recipe import Data
from geomdl import ops
from geomdl.augment import to_unit_sphere
from geomdl.structures import Mesh
from scenes import build
from scenes.build.shapes import KINDS, PARTS, shape
from scenes.datasets.cache import Arrays, decoded
from scenes.datasets.point_batches import Augment, Clouds

VERSIONS = ("clean", "noisy", "half")
SETS = ("train", "validation", "test")
SAMPLES = 2048  # points kept of every shape
NOISE = 0.02  # standard deviation, where the radius of the shape is 1
OUTLIERS = 0.03  # share of points anywhere in the unit ball
PART_NAMES = tuple(f"{kind} {part}" for kind in KINDS for part in PARTS[kind])
PARTS_OF = tuple(tuple(PART_NAMES.index(f"{kind} {p}") for p in PARTS[kind]) for kind in KINDS)


def shapes(
    *,
    version: str = "clean",
    sizes: Sequence[int] = (80, 10, 20),
    count: int = 1024,
    parts: bool = False,
    normals: bool = False,
    seed: int = 0,
    augment: Augment | None = None,
) -> Data:
    """Clouds of `count` points about the origin, none farther than 1 from it, z up.

    version: "clean" points lie on the surface, even by area; "noisy" ones are off it by a normal
    number and some lie anywhere; of "half" shapes only what one view sees is left, centred anew.
    The same seeds give the same shapes in each version. sizes: shapes of each kind in the sets.
    Labels are the kinds (B,), or with `parts` those of points (N,), the kind being "category"
    (B,) and `PARTS_OF[category]` its parts. normals: as features (N, 3). Raises InputError.
    """
    if len(sizes) != 3:
        raise InputError(f"sizes: expected three numbers of shapes, got {tuple(sizes)}")
    one = partial(shape_set, version=version, count=count, parts=parts, normals=normals, seed=seed)
    sets = [one(name, each=each) for name, each in zip(SETS, sizes, strict=True)]
    train = sets[0]
    train = Clouds(train.values, train.offsets, train.rows, count, augment)
    classes = PART_NAMES if parts else KINDS
    return Data(train, sets[1], sets[2], classes, f"procedural shapes ({version})")


def shape_set(
    name: str,
    *,
    version: str = "clean",
    each: int = 20,
    count: int = 1024,
    parts: bool = False,
    normals: bool = False,
    seed: int = 0,
) -> Clouds:
    """One of the sets "train", "validation", "test": `each` shapes of every kind. See `shapes`."""
    expect_choice("name", name, SETS)
    expect_choice("version", version, VERSIONS)
    if not 0 <= count <= SAMPLES:
        raise InputError(f"count: expected 0 to {SAMPLES} points, got {count}")
    folder = Path(build.__path__[0])
    key = f"shapes-{name}-{version}-{each}-{seed}"
    decode = partial(made, name=name, version=version, each=each, seed=seed)
    sources = [*sorted(folder.glob("*.py")), *sorted(folder.glob("shapes/*.py")), Path(__file__)]
    found = decoded(key, sources, decode)
    kinds = found["kind"].long()
    values = {"points": found["points"].view(-1, 3)}
    if parts:
        values |= {"label": found["part"].view(-1), "category": kinds}
    else:
        values["label"] = kinds
    if normals:
        values["features"] = found["normal"].view(-1, 3)
    every = torch.arange(len(kinds) + 1)
    return Clouds(values, every * SAMPLES, every[:-1], count)


def made(sources: Sequence[Path], name: str, version: str, each: int, seed: int) -> Arrays:
    """Points (M, SAMPLES, 3), normal, part (M, SAMPLES) and kind (M,) of a set, kind by kind."""
    rows = []
    for number, kind in enumerate(KINDS):
        for i in range(each):
            own = seed_of("shapes", name, seed, kind, i)
            points, normal, part = cloud(shape(kind, own), version, own)
            rows.append((points, normal, part + PARTS_OF[number][0], torch.tensor(number)))
    names = ("points", "normal", "part", "kind")
    if not rows:
        empty = (torch.zeros(0, SAMPLES, 3), torch.zeros(0, SAMPLES, 3))
        columns: list[Tensor] = [*empty, torch.zeros(0, SAMPLES), torch.zeros(0)]
    else:
        columns = [torch.stack(column) for column in zip(*rows, strict=True)]
    types = (np.float32, np.float32, np.uint8, np.uint8)
    return {n: c.numpy().astype(t) for n, c, t in zip(names, columns, types, strict=True)}


def cloud(
    mesh: Mesh, version: str, seed: int, count: int = SAMPLES
) -> tuple[Tensor, Tensor, Tensor]:
    """A mesh with face attribute `label` -> points (count, 3), normals (count, 3) and labels."""
    generator = torch.Generator().manual_seed(seed_of("cloud", version, seed))
    if version == "half":
        points, face = seen(mesh, count, generator)
    else:
        points, face, _ = ops.sample_surface(mesh.vertices, mesh.faces, count, _drawn(generator))
    normal = ops.face_normals(mesh.vertices, mesh.faces)[face]
    batch = {"points": points, "offsets": torch.tensor([0, len(points)])}
    points = to_unit_sphere(batch)["points"]
    if version == "noisy":
        points = noisy(points, generator)
    return points, normal, mesh.face_attributes["label"][face]


def noisy(points: Tensor, generator: torch.Generator) -> Tensor:
    """Points (N, 3) in the unit ball -> the same, moved a little, and a share anywhere in it."""
    points = points + NOISE * torch.randn(points.shape, generator=generator)
    anywhere = torch.randn(points.shape, generator=generator)
    radius = torch.rand(len(points), 1, generator=generator) ** (1 / 3)
    anywhere = anywhere / anywhere.norm(dim=1, keepdim=True) * radius
    lost = torch.rand(len(points), 1, generator=generator) < OUTLIERS
    points = torch.where(lost, anywhere, points)
    return points / points.norm(dim=1, keepdim=True).clamp(min=1)


def seen(mesh: Mesh, count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Points (count, 3) that one camera sees, even by area, and their faces (count,).

    The camera is three times the mesh's size away, at any side, from a little below to well above.
    """
    low, high = mesh.bounds
    turn = 2 * torch.pi * torch.rand((), generator=generator)
    rise = -0.2 + 1.1 * torch.rand((), generator=generator)
    side = torch.stack([rise.cos() * turn.cos(), rise.cos() * turn.sin(), rise.sin()])
    size = float((high - low).norm())
    eye = (low + high) / 2 + 3 * size * side
    bvh = ops.build_bvh(mesh.vertices, mesh.faces)
    points, faces, found = [], [], 0
    for _ in range(40):
        some, face, _ = ops.sample_surface(mesh.vertices, mesh.faces, 3 * count, _drawn(generator))
        way = eye - some
        start = some + 1e-3 * size * way / way.norm(dim=1, keepdim=True)
        open_ = ~ops.any_hit(mesh.vertices, mesh.faces, start, eye - start, 1.0, bvh)
        points.append(some[open_])
        faces.append(face[open_])
        found += int(open_.sum())
        if found >= count:
            break
    if not found:
        raise InputError("mesh: nothing of it can be seen")
    rows = torch.arange(count) % found
    return torch.cat(points)[rows], torch.cat(faces)[rows]


def _drawn(generator: torch.Generator) -> int:
    return int(torch.randint(2**62, (), generator=generator))
