"""The pictures of the README, made anew: `python tools/gallery.py [--only NAME]`.

docs/demo_room.jpg is the overview of `geomdl demo`; docs/kitchen.jpg is drawn by
`geomdl reconstruct` from the real frames, docs/shapes.jpg by `geomdl.render` from real meshes,
both of the folder GEOMDL_DATA.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
WIDTH = 1280


def keep(picture: Path, target: Path) -> None:
    """A picture file as a JPEG of at most WIDTH pixels."""
    image = Image.open(picture).convert("RGB")
    share = min(1.0, WIDTH / image.width)
    size = (round(image.width * share), round(image.height * share))
    image.resize(size, Image.Resampling.LANCZOS).save(target, quality=88)


def demo_room(data: Path, folder: Path) -> Path:
    """The overview of the demo."""
    from geomdl.recipes.room_demo import Config, demo

    demo(Config(folder / "demo"))
    return folder / "demo" / "overview.png"


def kitchen(data: Path, folder: Path) -> Path:
    """Six views of the real kitchen."""
    from geomdl.reconstruct import reconstruct

    reconstruct(data / "rgbd_redkitchen", folder / "kitchen.ply")
    return folder / "kitchen.png"


def shapes(data: Path, folder: Path) -> Path:
    """A textured duck, the armadillo, and a cloud sampled from the cow, coloured by height."""
    from geomdl.io import load
    from geomdl.ops.sampling import sample_surface
    from geomdl.render import Style, frame_shape, render, save_image, sheet
    from geomdl.structures import Mesh, PointCloud

    files = ("mesh_formats/Duck.glb", "meshes/armadillo.obj", "meshes/cow.obj")
    duck, armadillo, cow = (load(data / name) for name in files)
    assert isinstance(duck, Mesh)
    assert isinstance(armadillo, Mesh)
    assert isinstance(cow, Mesh)
    cloud = PointCloud(sample_surface(cow.vertices, cow.faces, 60_000)[0])
    views: list[tuple[Mesh | PointCloud, tuple[float, float, float], str]] = [
        (duck, (0.5, -1.0, 0.35), "own"),
        (armadillo, (-0.4, 1.0, 0.15), "own"),
        (cloud, (-0.6, -1.0, 0.3), "height"),
    ]
    panels = []
    for shape, direction, color_by in views:
        camera = frame_shape(shape, direction, size=(480, 420), up="y")
        panels.append(render(shape, camera, Style(up="y", color_by=color_by, floor=True)))
    save_image(folder / "shapes.png", sheet(panels, columns=3))
    return folder / "shapes.png"


MAKERS: dict[str, Callable[[Path, Path], Path]] = {
    "demo_room": demo_room,
    "kitchen": kitchen,
    "shapes": shapes,
}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", choices=sorted(MAKERS), help="make this picture alone")
    parser.add_argument("--out", type=Path, default=ROOT / "docs", help="folder of the pictures")
    args = parser.parse_args(arguments)
    data = Path(os.environ.get("GEOMDL_DATA", ROOT.parent / "shared" / "data"))
    args.out.mkdir(parents=True, exist_ok=True)
    for name, make in MAKERS.items():
        if args.only in (None, name):
            with tempfile.TemporaryDirectory() as folder:
                keep(make(data, Path(folder)), args.out / f"{name}.jpg")
            print(args.out / f"{name}.jpg")
    return 0


if __name__ == "__main__":
    sys.exit(main())
