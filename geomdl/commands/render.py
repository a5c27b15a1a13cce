"""`geomdl render`: pictures of meshes and clouds."""

from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import Positional, arg

ENDINGS = (".png", ".jpg", ".jpeg", ".webp", ".gif")
Y_UP = (".glb", ".gltf", ".obj")  # glTF says so, and most obj files do
Input = Annotated[Positional[Path], arg(metavar="FILE")]


def command(
    file: Input,
    /,
    *,
    output: Annotated[Path, arg(aliases=["-o"])],
    views: tuple[str, ...] = (),
    size: tuple[int, int] = (640, 480),
    up: str | None = None,
    color_by: str = "own",
    shading: Literal["smooth", "flat", "none"] = "smooth",
    background: str | None = "#ffffff",
    frames: int = 36,
    overwrite: bool = False,
) -> int:
    """A shaded picture of a mesh or a cloud: several views on one sheet, or a turntable.

    Views are names (front right back left top bottom corner above ...); by default four that
    suit an object, or look into a room through its culled walls. A .gif is a turntable.

    examples:
      geomdl render bunny.obj -o bunny.png
      geomdl render room.ply -o room.png --views top above --size 1280 960
      geomdl render scan.ply -o scan.png --color-by height
      geomdl render spot.obj -o spot.gif --size 320 320

    Args:
        file: a mesh or a cloud.
        output: png, jpg or webp for a sheet; gif for a turntable.
        views: names of the views on the sheet.
        size: width and height of each view in pixels.
        up: which axis points up: x, y, z, or -x, -y, -z (write --up=-y); y for glb, gltf and
            obj, z for others where it is not given.
        color_by: own (texture, material, colours), plain, normal, height, depth or an attribute.
        shading: smooth, flat or none.
        background: '#rrggbb', or None for a transparent one.
        frames: of a turntable.
        overwrite: replace the output if it exists.
    """
    from geomdl.errors import GeometryError
    from geomdl.io import load
    from geomdl.render import Style, picture, save_image, turntable
    from geomdl.structures import Mesh, PointCloud

    refuse(output, size, overwrite)
    up = up or ("y" if file.suffix.lower() in Y_UP else "z")
    shape = load(file)
    if not isinstance(shape, Mesh | PointCloud):
        raise GeometryError(f"{file}: expected a mesh or a cloud, got {shape!r}")
    style = Style(color_by=color_by, shading=shading, background=background)
    if output.suffix.lower() == ".gif":
        turntable(shape, output, frames=frames, size=size, style=style, up=up)
    else:
        save_image(output, picture(shape, views or None, size, style, up=up))
    print(f"{file} -> {output}  {shape!r}")
    return 0


def refuse(output: Path, size: tuple[int, int], overwrite: bool) -> None:
    """Raises GeometryError, before any work, when the picture could not be written."""
    from geomdl.errors import GeometryError

    if output.suffix.lower() not in ENDINGS:
        known = " ".join(ending[1:] for ending in ENDINGS)
        raise GeometryError(f"{output}: expected a picture ({known}), got {output.suffix!r}")
    if output.exists() and not overwrite:
        raise GeometryError(f"{output}: exists already; replace it with --overwrite")
    if not output.parent.is_dir():
        raise GeometryError(f"{output.parent}: expected a folder for the output")
    if min(size) < 8 or max(size) > 16384:
        raise GeometryError(f"--size: expected 8 to 16384 pixels, got {size}")
