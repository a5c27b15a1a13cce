"""`geomdl render`: pictures and films of a scene, by the options of the page."""

import dataclasses
import math
import sys
import warnings
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro.conf import Positional, arg

from geomdl.viewer.finish import Finish
from geomdl.viewer.look import Look

if TYPE_CHECKING:
    from geomdl.viewer.film import Shot, Studio

PICTURES = (".png", ".jpg", ".jpeg", ".webp")
FILMS = (".gif", ".webp", ".mp4")
MOST_SAMPLES = 8_000_000  # of a sheet that is drawn without a progress bar
Paths = Annotated[Positional[tuple[str, ...]], arg(metavar="PATH...")]


@dataclass(frozen=True, kw_only=True)
class Motion:
    """What moves in a film."""

    turntable: bool = False
    """one turn around what is seen; a gif or mp4 is one anyway, a webp only with this"""
    path: Path | None = None
    """fly along a camera path that the page or nerfstudio's viewer wrote"""
    play: bool = False
    """the files are the frames of a sequence, and all of them are shown"""
    seconds: float = 4.0
    """of a turntable"""
    fps: float | None = None
    """pictures in a second; 30 for mp4 and 12 for others by default"""
    frames: int | None = None
    """of a turntable, instead of seconds times fps"""


def command(
    paths: Paths,
    /,
    *,
    output: Annotated[Path, arg(aliases=["-o"])],
    views: tuple[str, ...] = (),
    size: tuple[int, int] = (640, 480),
    look: Annotated[Look, arg(name="")] = Look(),  # noqa: B008
    finish: Annotated[Finish, arg(name="")] = Finish(),  # noqa: B008
    motion: Annotated[Motion, arg(name="")] = Motion(),
    link: str | None = None,
    label_names: Path | None = None,
    overwrite: bool = False,
) -> int:
    """A picture or a film of meshes, clouds, grids and cameras, as the page of `view` shows them.

    A png, jpg or webp is a sheet of views: the named ones (front right back left top bottom
    corner above ...), or four that suit an object or look into a room, or the one of --eye and
    --target or --link. A gif or mp4 is a turntable, unless --path or --play says otherwise.
    Every option of the page is one here. Write --up=-y where a value starts with a minus.

    examples:
      geomdl render bunny.obj -o bunny.png
      geomdl render room.ply -o room.png --views top above --clip 'z<2.2' --size 1280 960
      geomdl render scan.ply cad.stl -o off.png --color-by distance --distance-to cad
      geomdl render spot.obj -o spot.mp4 --size 1280 720 --seconds 6
      geomdl render "frames/*.ply" -o run.mp4 --play --fps 25
      geomdl render scan.ply -o flight.mp4 --path path.json
      geomdl render scan.ply -o seen.png --link 'http://localhost:8080/?look=...'

    Args:
        paths: files, patterns in quotes, folders of RGB-D frames or a COLMAP model,
            transforms.json.
        output: png, jpg or webp for a picture; gif, webp or mp4 for a film.
        views: names of the views on the sheet.
        size: width and height of each view in pixels.
        look: what is seen.
        finish: how the picture is made.
        motion: what moves.
        link: a permalink of the page; options that are given count more.
        label_names: a file with the names of labels, such as lines '0 wall'.
        overwrite: replace the output if it exists.
    """
    if not paths:
        print("geomdl: expected at least one PATH (see 'geomdl render --help')", file=sys.stderr)
        return 2
    moving = is_film(output, motion)
    refuse(output, size, overwrite, moving)
    from geomdl.viewer.film import Studio
    from geomdl.viewer.opening import open_scene

    look = look if link is None else linked(link, look)
    scene = open_scene(paths, play=motion.play, label_names=label_names)
    studio = Studio(scene, look, size, finish)
    if not studio.drawing().parts:
        warnings.warn("nothing is to be seen: all is hidden, clipped or empty", stacklevel=1)
    note = _film(studio, output, motion) if moving else _still(studio, output, views)
    few = " ".join([*paths[:3], *(["..."] if len(paths) > 3 else [])])
    print(f"{few} -> {output}  {note}")
    return 0


def is_film(output: Path, motion: Motion) -> bool:
    """Whether what the ending and the options ask for is a film, not a picture."""
    wanted = motion.turntable or motion.path is not None
    ending = output.suffix.lower()
    return wanted or ending in (".gif", ".mp4") or (motion.play and ending == ".webp")


def linked(link: str, look: Look) -> Look:
    """The look of a permalink, with what differs from the defaults in `look`."""
    from geomdl.viewer.look import from_link

    plain = Look()
    fields = [field.name for field in dataclasses.fields(Look)]
    given = {n: getattr(look, n) for n in fields if getattr(look, n) != getattr(plain, n)}
    return from_link(link).replace(**given)


def refuse(output: Path, size: tuple[int, int], overwrite: bool, film: bool = False) -> None:
    """Raises GeometryError, before any work, when the picture or film could not be written."""
    from geomdl.errors import GeometryError

    endings = FILMS if film else PICTURES
    if output.suffix.lower() not in endings:
        known = " ".join(dict.fromkeys(ending[1:] for ending in (*PICTURES, *FILMS)))
        raise GeometryError(f"{output}: expected a name ending with {known}")
    if output.exists() and not overwrite:
        raise GeometryError(f"{output}: exists already; replace it with --overwrite")
    if not output.parent.is_dir():
        raise GeometryError(f"{output.parent}: expected a folder for the output")
    if min(size) < 8 or max(size) > 8192:
        raise GeometryError(f"--size: expected 8 to 8192 pixels, got {size}")


def _still(studio: "Studio", output: Path, views: Sequence[str]) -> str:
    """Write a sheet; what it is in words."""
    from geomdl.render.image import save_image
    from geomdl.viewer.film import sheet_of

    width, height = studio.size
    count = len(views) or 4
    samples = count * width * height * studio.finish.supersample**2
    with _bar(output, count, "views", samples > MOST_SAMPLES) as taken:
        image = sheet_of(studio, views, taken)
    save_image(output, image)
    return f"{image.shape[1]} x {image.shape[0]}"


def _film(studio: "Studio", output: Path, motion: Motion) -> str:
    """Write a film; what it is in words."""
    from geomdl.render.video import save_video
    from geomdl.viewer.film import film

    fps = motion.fps or (30.0 if output.suffix.lower() == ".mp4" else 12.0)
    shots = _shots(studio, motion, fps)
    turns = motion.path is None and not motion.play
    if turns and motion.frames:
        fps = motion.fps or motion.frames / motion.seconds
    with _bar(output, len(shots), "frames", len(shots) > 1) as taken:
        save_video(output, film(studio, shots, taken), fps)
    return f"{len(shots)} frames, {len(shots) / fps:.3g} s"


def _shots(studio: "Studio", motion: Motion, fps: float) -> "list[Shot]":
    from geomdl.viewer.film import flown, played, turntable
    from geomdl.viewer.path import CameraPath

    count = motion.frames or max(math.ceil(motion.seconds * fps), 1)
    if motion.path is not None:
        way = CameraPath.load(motion.path).frames(fps)
    elif motion.turntable or not motion.play:
        way = turntable(studio, count)
    else:
        return played(studio)
    return flown(studio, way, motion.play)


def _bar(
    output: Path, count: int, unit: str, shown: bool
) -> AbstractContextManager[Callable[[str], None]]:
    """A progress bar on a terminal."""
    from geomdl.reconstruct.progress import progress_bar

    return progress_bar(output.name, count, 0, shown and sys.stderr.isatty(), unit=unit)
