"""`geomdl view`: a page in the browser, or one that needs no server."""

import sys
import warnings
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro.conf import OmitArgPrefixes, Positional, arg

from geomdl.errors import GeometryError
from geomdl.viewer.look import Look, from_link

if TYPE_CHECKING:
    from geomdl.viewer.page.server import Viewer

PLAIN = Look()
Files = Annotated[Positional[tuple[str, ...]], arg(metavar="FILES")]


def command(
    files: Files,
    /,
    *,
    look: Annotated[Look, OmitArgPrefixes] = PLAIN,
    host: str = "127.0.0.1",
    port: int = 8080,
    browser: bool = True,
    dark: bool = False,
    play: bool = False,
    fps: float = 10.0,
    label_names: Path | None = None,
    link: str | None = None,
    export: Path | None = None,
    overwrite: bool = False,
) -> int:
    """Meshes, clouds, voxel grids and posed photographs on a page in the browser.

    Serves on this machine alone until Ctrl-C. The page can change every option of the look; /beside
    shows two pages whose cameras move together.

    examples:
      geomdl view bunny.obj scan.ply
      geomdl view 'kitchen/*.ply' --clip 'z<1.2' --color-by height
      geomdl view frames/*.ply --play --fps 15
      geomdl view fox/transforms.json --camera-size 0.4
      geomdl view bunny.obj --export bunny.html

    Args:
        files: shapes, patterns, folders of RGB-D frames or of a COLMAP model, transforms.json.
        look: how it is looked at.
        host: address to listen on; 0.0.0.0 lets everyone in the network look.
        port: or the next free one.
        browser: open the browser, where there is a screen.
        dark: dark controls.
        play: the files are the frames of one sequence.
        fps: frames of a sequence per second.
        label_names: what labels mean: lines '0 wall', or names in order, or json.
        link: a link of the page, whose view and look to begin with.
        export: write a page that needs no server instead.
        overwrite: replace an existing page.
    """
    if not _check(files, port, fps):
        return 2
    from geomdl.viewer.opening import open_scene

    scene = open_scene(files, play=play, label_names=label_names)
    chosen = look if link is None else from_link(link, look)
    if export is not None:
        from geomdl.viewer.page.export import export_page

        export_page(scene, chosen, export, overwrite=overwrite, dark=dark)
        print(export)
        return 0
    from geomdl.viewer.page.server import Viewer

    rate = fps if play else None
    _serve(Viewer(scene, chosen, host=host, port=port, dark=dark, fps=rate), host, browser)
    return 0


def _check(files: tuple[str, ...], port: int, fps: float) -> bool:
    """Whether there are files. Raises GeometryError for numbers that cannot be."""
    if not files:
        print("geomdl: expected at least one FILE (see 'geomdl view --help')", file=sys.stderr)
    if not 0 <= port <= 65535:
        raise GeometryError(f"port: expected 0..65535, got {port}")
    if not 0 < fps <= 240:
        raise GeometryError(f"fps: expected more than 0 and at most 240, got {fps}")
    return bool(files)


def _serve(viewer: "Viewer", host: str, browser: bool) -> None:
    from geomdl.viewer.page import guard
    from geomdl.viewer.programs import has_screen

    # A visitor may leave while something is on its way to them.
    warnings.filterwarnings("ignore", message="Queued a .* on a closed connection")
    try:
        if not guard.is_loopback(host):
            warn = "geomdl: warning: everyone who reaches this address can look at these files"
            print(warn, file=sys.stderr)
        print(f"geomdl: {viewer.url}  (Ctrl-C ends it)", flush=True)
        if browser and has_screen():
            webbrowser.open(viewer.url)
        viewer.ready()
        viewer.wait()
    except KeyboardInterrupt:
        print("geomdl: ended", file=sys.stderr)
    finally:
        viewer.stop()
