"""Pictures of the viewer for docs/gallery.md: `python tools/viewer_gallery.py [NAME ...]`.

Every scene is shown twice by the same arguments: the page of `geomdl view` as a headless Chromium
sees it, and the picture of `geomdl render`. The real data is looked for in GEOMDL_DATA.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from browser import chromium, settled, visit
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "gallery"
SIZE = (800, 600)
PANEL = 324  # pixels beside the canvas
PATIENCE = 8000  # milliseconds
NOTES = ".mantine-Notifications-root { visibility: hidden }"  # of viser on software rendering
GEOMDL = (sys.executable, "-m", "geomdl.cli")


@dataclass(frozen=True)
class Scene:
    """A title, the file to look at (data folder, scratch folder -> path), and the options.

    shown_as: how the page of the gallery writes the file in the command.
    """

    title: str
    shown_as: str
    file: Callable[[Path, Path], Path]
    options: tuple[str, ...] = ()


def given(name: str) -> Callable[[Path, Path], Path]:
    """A file of the data folder."""
    return lambda data, scratch: data / name


def kitchen(data: Path, scratch: Path) -> Path:
    """The reconstruction of the real frames."""
    from geomdl.reconstruct import reconstruct

    path = scratch / "kitchen.ply"
    if not path.exists():
        reconstruct(data / "rgbd_redkitchen", path)
    return path


def five_million(data: Path, scratch: Path) -> Path:
    """Five million points on the kitchen's surface, without their colours."""
    from geomdl.io import load, save
    from geomdl.ops.sampling import sample_surface
    from geomdl.structures import Mesh, PointCloud

    path = scratch / "scan.ply"
    mesh = load(kitchen(data, scratch))
    assert isinstance(mesh, Mesh)
    points = sample_surface(mesh.vertices, mesh.faces, 5_000_000)[0]
    save(path, PointCloud(points), overwrite=True)
    return path


def signed_distances(data: Path, scratch: Path) -> Path:
    """Signed distances to the bunny on a grid of 128 cells along its longest side."""
    from geomdl.fields import mesh_to_grid
    from geomdl.io import load, save
    from geomdl.structures import Mesh

    path = scratch / "bunny_sdf.npz"
    mesh = load(data / "meshes" / "stanford-bunny.obj")
    assert isinstance(mesh, Mesh)
    save(path, mesh_to_grid(mesh, "sdf", resolution=128), overwrite=True)
    return path


def seen(eye: str, target: str) -> tuple[str, ...]:
    """Where the camera stands and what it looks at, as options."""
    return ("--eye", *eye.split(), "--target", *target.split())


INTO_THE_KITCHEN = ("--up=-y", *seen("0.95 -4.3 -2.6", "-0.1 -0.4 2.4"))
SCENES: dict[str, Scene] = {
    "duck": Scene(
        "A textured model",
        "Duck.glb",
        given("mesh_formats/Duck.glb"),
        seen("1.7 1.5 2", "0.23 0.81 -0.1"),
    ),
    "armadillo": Scene(
        "The armadillo by its normals",
        "armadillo.obj",
        given("meshes/armadillo.obj"),
        ("--color-by", "normal", *seen("1.35 0.35 2.7", "0.02 0 0")),
    ),
    "kitchen": Scene(
        "The real kitchen, cut",
        "kitchen.ply",
        kitchen,
        ("--clip", "y>45%", *INTO_THE_KITCHEN),
    ),
    "points": Scene(
        "Five million points by height",
        "scan.ply",
        five_million,
        ("--color-by", "height", *INTO_THE_KITCHEN),
    ),
    "distances": Scene(
        "Signed distances, the isosurface at 0 and a slice",
        "bunny_sdf.npz",
        signed_distances,
        ("--up", "y", "--clip", "z<55%", *seen("-0.15 0.2 0.26", "-0.02 0.105 0")),
    ),
    "fox": Scene(
        "Photographs of a fox where they were taken",
        "fox/transforms.json",
        given("fox/transforms.json"),
        ("--camera-size", "0.8", *seen("7.5 -9.1 3.7", "3.3 -2.1 0.2")),
    ),
}


@contextmanager
def served(arguments: list[str]) -> Iterator[str]:
    """`geomdl view ARGUMENTS` in a process of its own -> the address that it prints."""
    command = [*GEOMDL, "view", *arguments]
    said: list[str] = []
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            assert process.stdout is not None
            for line in process.stdout:
                said.append(line)
                if found := re.search(r"http://127\.0\.0\.1:\d+\S*", line):
                    yield found.group(0)
                    return
            raise RuntimeError(f"geomdl view gave no address: {''.join(said)}")
        finally:
            process.terminate()


def page_picture(arguments: list[str], target: Path) -> None:
    """What Chromium shows of `geomdl view ARGUMENTS`, with the panel."""
    with served(arguments) as url, chromium() as browser:
        page = visit(browser, url, size=(SIZE[0] + PANEL, SIZE[1]))
        settled(page, seconds=90)
        page.wait_for_timeout(PATIENCE)  # finer points of a cloud come after its first ones
        settled(page, seconds=90)
        page.screenshot(path=str(target), style=NOTES)


def rendered(arguments: list[str], target: Path) -> None:
    """`geomdl render ARGUMENTS`: one view. Raises CalledProcessError when it fails."""
    command = [*GEOMDL, "render", *arguments, "-o", str(target), "--overwrite"]
    subprocess.run([*command, "--size", *map(str, SIZE)], check=True, stdout=subprocess.DEVNULL)


def keep(picture: Path, target: Path) -> None:
    """A picture file as a JPEG."""
    Image.open(picture).convert("RGB").save(target, quality=85)


def gallery_page() -> str:
    """docs/gallery.md: every scene with its command and both pictures."""
    lines = [
        "# What the viewer shows",
        "",
        "Each scene by the same options: on the left the page of `geomdl view` in a headless",
        "Chromium, on the right `geomdl render`. Made by `python tools/viewer_gallery.py`; the",
        "guide is [viewer.md](viewer.md). What networks see has",
        "[a gallery of its own](inspect.md).",
    ]
    for name, scene in SCENES.items():
        quoted = [f"'{o}'" if re.search("[<>%]", o) else o for o in scene.options]
        options = " ".join(["", *quoted])
        lines += [
            "", f"## {scene.title}", "", "```", f"geomdl view {scene.shown_as}{options}",
            f"geomdl render {scene.shown_as}{options} -o {name}.png", "```", "",
            "| page | picture |", "|---|---|",
            f"| ![{scene.title}, page](gallery/{name}_page.jpg) "
            f"| ![{scene.title}, picture](gallery/{name}_render.jpg) |",
        ]  # fmt: skip
    return "\n".join(lines) + "\n"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", help=f"of {', '.join(SCENES)}; all by default")
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder of the pictures")
    args = parser.parse_args(arguments)
    if unknown := set(args.names) - set(SCENES):
        parser.error(f"no scene {min(unknown)!r}; there are {', '.join(SCENES)}")
    data = Path(os.environ.get("GEOMDL_DATA", ROOT.parent / "shared" / "data"))
    args.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        for name in args.names or SCENES:
            scene = SCENES[name]
            options = [str(scene.file(data, scratch)), *scene.options]
            for kind, make in (("render", rendered), ("page", page_picture)):
                make(options, scratch / f"{name}_{kind}.png")
                keep(scratch / f"{name}_{kind}.png", args.out / f"{name}_{kind}.jpg")
                print(args.out / f"{name}_{kind}.jpg", flush=True)
    (args.out.parent / "gallery.md").write_text(gallery_page())
    return 0


if __name__ == "__main__":
    sys.exit(main())
