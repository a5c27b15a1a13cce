"""What `geomdl convert` can do to a shape: the options, apart from the work that needs torch."""

from dataclasses import dataclass
from typing import Annotated, Literal

from tyro.conf import arg

from geomdl.errors import GeometryError, expect_number

Axis = Literal["x", "y", "z", "-x", "-y", "-z"]
Kind = Literal["sdf", "distance", "occupancy", "ternary"]
NUMBER, LENGTH, LEVEL, KINDS, AXES = (
    arg(metavar=word, help_behavior_hint="")
    for word in ("N", "METRES", "VALUE", "{sdf,distance,occupancy,ternary}", "WAS NOW")
)


@dataclass(frozen=True, kw_only=True)
class Change:
    """What is done to shapes. Raises GeometryError for values that cannot be."""

    points: Annotated[int | None, NUMBER] = None
    """sample this many points of each mesh, evenly by area, with normals and colours"""
    seed: int = 0
    """of the sampling"""
    vertices: bool = False
    """take the vertices of meshes as points"""
    thin: Annotated[float | None, LENGTH] = None
    """keep one point for each cube of this side, the mean of those in it"""
    voxelize: Annotated[int | None, NUMBER] = None
    """a grid with this many cells along the longest side: signed distances of meshes, occupancy
    of clouds"""
    kind: Annotated[Kind | None, KINDS] = None
    """of the grid"""
    level: Annotated[float | None, LEVEL] = None
    """value of the isosurface of a grid; by default 0 of signed distances, 0.5 of occupancy"""
    cells: bool = False
    """surfaces of grids show their cells, not the isosurface"""
    scale: float = 1.0
    """multiply coordinates, such as 0.001 from millimetres to metres"""
    turn_up: Annotated[tuple[Axis, Axis] | None, AXES] = None
    """turn one axis to another: 'y z' brings a glb, whose y is up, into a world whose z is up"""
    center: bool = False
    """move the middle of the box to the origin"""

    def __post_init__(self) -> None:
        expect_number("--scale", self.scale, above=0)
        for name, value, low in (("--points", self.points, 1), ("--voxelize", self.voxelize, 2)):
            if value is not None:
                expect_number(name, value, low=low)
        if self.thin is not None:
            expect_number("--thin", self.thin, above=0)
        if self.points is not None and (self.vertices or self.voxelize is not None):
            other = "--vertices" if self.vertices else "--voxelize"
            raise GeometryError(f"--points: expected without {other}")
