"""What a network that learned from simulated rooms says of real ones: pictures, shares, figures.

    python tools/look_rooms.py rooms_sparse_unet              into out/real_rooms
    python tools/look_rooms.py runs/mine --record             and results/real_rooms.json

RUN is a run's folder or the name of weights. Real scans under GEOMDL_DATA: the kitchen of 7-Scenes
(reconstructed, unless OUT/kitchen.ply is there already), a corner of a living room as five frames
and as a fragment, two single frames, a ScanNet room with 100 labelled points, 100 points of an
office of S3DIS. Beside them, to compare, a simulated room that no network has seen, whole and with
a tenth of its points. A scan that cannot be used is told with the reason; so is what a scan is
warned of.
"""

import argparse
import dataclasses
import math
import os
import sys
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from core2d.errors import InputError
from core2d.files import save_json
from core2d.losses import VOID
from core2d.train.record import Result, write_result
from geomdl.commands.change import moved
from geomdl.commands.options import Axis, Change
from geomdl.io import load
from geomdl.ops import nearest_within
from geomdl.recipes.own_scan import own_scan
from geomdl.recipes.room_labels import Answer, answer, drawn, scores
from geomdl.recipes.shipped import run_of
from geomdl.structures import Camera, Mesh, PointCloud, Pose
from geomdl.structures.srgb import from_srgb
from geomdl.upright import lean
from geomdl.viewer.compose import compose
from geomdl.viewer.look import Look
from geomdl.viewer.scene import Item, Scene
from geomdl.viewer.viewpoint import initial, named
from scenes.datasets import room_scans, s3dis, scannet
from scenes.datasets.bins import read_table

ROOT = Path(__file__).resolve().parent.parent
SIZE = 800, 600
FEWEST = 1000  # points that make a picture
INDOOR, SAMPLES = "indoor_outdoor", "open3d_samples"
FOCAL = 525.0  # pixels: of the PrimeSense cameras, as Open3D takes it for these frames
# scene0000_00's axisAlignment: its labelled points are turned, its whole cloud is not.
ALIGNED = ((0.945519, 0.325568, 0, -5.38439), (-0.325568, 0.945519, 0, -2.87178))
DROP = 0.06435  # metres by which they lie lower
SAME = {"bookcase": "bookshelf"}


@dataclass(frozen=True)
class Place:
    """A real place: its shape, which way is up in it, and what is known of some of its points.

    known: rows (M,) of the shape, their labels (M,), the names of the labels. view: from where it
    is drawn, "" for a good place; height: up to how many metres above the floor, of clouds.
    """

    shape: Mesh | PointCloud
    up: Axis = "z"
    known: tuple[Tensor, Tensor, Sequence[str]] | None = None
    view: str = ""
    height: float = math.inf


def rebuilt(frames: Path, path: Path) -> Mesh:
    """The surface that the frames of a folder give, kept in a file."""
    from geomdl.reconstruct import reconstruct

    if not path.exists():
        reconstruct(frames, path, pictures=False)
    mesh = load(path)
    assert isinstance(mesh, Mesh)
    return mesh


def kitchen(data: Path, out: Path) -> Place:
    """7-Scenes' red kitchen, 250 frames, in the world of its first camera."""
    return Place(rebuilt(data / "rgbd_redkitchen", out / "kitchen.ply"), "-y")


def corner(data: Path, out: Path) -> Place:
    """Five frames of a living room, posed by trajectory.log, in whose world y is up."""
    return Place(rebuilt(data / SAMPLES / "RGBD", out / "corner.ply"), "y", view="front")


def fragment(data: Path, out: Path) -> Place:
    """A piece of the same living room, as a dense cloud."""
    cloud = load(data / SAMPLES / "fragment.pcd")
    assert isinstance(cloud, PointCloud)
    return Place(cloud, "-y", view="front")


def tum_frame(data: Path, out: Path) -> Place:
    """One frame of a desk, from TUM."""
    folder = data / SAMPLES / "RGBD" / "other_formats"
    depth = np.asarray(Image.open(folder / "TUM_depth.png"), np.float32) / 5000
    return Place(unprojected(folder / "TUM_color.png", depth), "-y", view="front")


def sun_frame(data: Path, out: Path) -> Place:
    """One frame of SUN RGB-D, whose depths are stored with their bits turned by three."""
    folder = data / SAMPLES / "RGBD" / "other_formats"
    raw = np.asarray(Image.open(folder / "SUN_depth.png")).astype(np.int64)
    depth = ((raw >> 3 | raw << 13) & 0xFFFF).astype(np.float32) / 1000
    return Place(unprojected(folder / "SUN_color.jpg", depth), "-y", view="front")


def unprojected(color: Path, depth: np.ndarray, far: float = 6.0) -> PointCloud:
    """A picture file and depth (H, W) metres -> the coloured points up to `far`, as seen."""
    height, width = depth.shape
    lens = torch.tensor([[FOCAL, 0, width / 2], [0, FOCAL, height / 2], [0, 0, 1]])
    camera = Camera(lens, Pose.identity(), width, height)
    there = torch.from_numpy((depth > 0) & (depth < far)).flatten()
    pixels = camera.pixel_centres().reshape(-1, 2)[there]
    points = camera.unproject(pixels, torch.from_numpy(depth).flatten()[there])
    shades = np.asarray(Image.open(color).convert("RGB"), np.float32) / 255
    return PointCloud(points, colors=from_srgb(torch.from_numpy(shades).reshape(-1, 3)[there]))


def scannet_room(data: Path, out: Path) -> Place:
    """scene0000_00: a cloud of 40,684 points; 100 others of the scan have labels."""
    folder = data / INDOOR / "scannet"
    cloud = cloud_of(read_table(folder / "scene0000_00_full.bin", "f4", 6))
    some = scannet.read_scan(folder, "scene0000_00")
    x, y, z = cloud.points.unbind(1)
    turned = [row[0] * x + row[1] * y + row[3] for row in ALIGNED]
    placed = torch.stack([*turned, z - DROP], 1)
    rows = nearest_within(placed, some["points"], 0.1)
    near = rows >= 0
    known = rows[near], some["label"][near], scannet.CLASSES
    return Place(cloud, known=known, view="above", height=1.6)


def s3dis_room(data: Path, out: Path) -> Place:
    """100 labelled points of an office: far too few, told as such."""
    room = s3dis.read_room(data / INDOOR / "s3dis", "Area_1_office_2")
    cloud = PointCloud(room["points"], colors=from_srgb(room["features"]))
    return Place(cloud, known=(torch.arange(len(cloud)), room["label"], s3dis.CLASSES))


def simulated(data: Path, out: Path, keep: float = 1.0) -> Place:
    """A procedural room that no network has seen, to compare with; of a share of its points."""
    classes, table = room_scans.vocabulary_of("scannet")
    scan = room_scans.read_scan("test/0", table=table, cell=0.03, views=24, seed=0)
    count = len(scan["points"])
    few = torch.randperm(count, generator=torch.Generator().manual_seed(0))[: round(keep * count)]
    cloud = PointCloud(scan["points"][few], colors=from_srgb(scan["features"][few]))
    known = torch.arange(len(few)), scan["label"][few], classes
    return Place(cloud, known=known, view="above", height=1.6)


def simulated_thin(data: Path, out: Path) -> Place:
    """The same with a tenth of its points."""
    return simulated(data, out, keep=0.1)


def cloud_of(table: np.ndarray) -> PointCloud:
    """Rows x y z red green blue (0 to 255)."""
    values = torch.from_numpy(table.copy())
    return PointCloud(values[:, :3].contiguous(), colors=from_srgb(values[:, 3:] / 255))


PLACES: dict[str, Callable[[Path, Path], Place]] = {
    "kitchen": kitchen,
    "corner": corner,
    "fragment": fragment,
    "tum_frame": tum_frame,
    "sun_frame": sun_frame,
    "scannet_room": scannet_room,
    "s3dis_room": s3dis_room,
    "simulated": simulated,
    "simulated_thin": simulated_thin,
}


def table_of(theirs: Sequence[str], ours: Sequence[str]) -> Tensor:
    """Their classes -> ours (len(theirs),) where the names agree, else VOID."""
    places = {name: number for number, name in enumerate(ours)}
    return torch.tensor([places.get(SAME.get(name, name), VOID) for name in theirs])


def merged(given: Answer, theirs: Sequence[str]) -> Answer:
    """An answer whose desks are tables, where they know no desks."""
    if "desk" in theirs or not {"desk", "table"} <= set(given.classes):
        return given
    chances, (desk, table) = given.chances.clone(), map(given.classes.index, ("desk", "table"))
    chances[:, table] += chances[:, desk]
    chances[:, desk] = 0
    return Answer(chances, given.classes)


def looked(run: Path, place: Place, path: Path, cell: float) -> dict[str, Any]:
    """Ask a run, draw the shape and its classes into a file -> what there is to tell."""
    start = time.perf_counter()
    shape = moved(place.shape, Change(turn_up=(place.up, "z")))
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", UserWarning)
        given = answer(run, shape)
        seconds = time.perf_counter() - start
        scan = own_scan(shape, cell)  # as the run has prepared it, to tell of it
    matrix = torch.eye(4, dtype=torch.float64)
    matrix[:3, :3] = scan.rotation
    shape = shape.transformed(matrix.to(scan.points))
    label = given.label
    if isinstance(shape, PointCloud):
        low = below(shape.points[:, 2], place.height)
        shape, label = shape[low], label[low]
    panels = {"as scanned": None, "what the network says": label}
    if len(label) >= FEWEST:
        drawn(shape, panels, given.classes, camera_of(shape, place.view), path)
    found: dict[str, Any] = {
        "points": len(given.chances),
        "cells": len(scan.points),
        "seconds": seconds,
        "lean_degrees": float(np.degrees(lean(scan.rotation))),
        "neighbors": scan.neighbors,
        "confidence": float(given.chances.amax(1).mean()),
        "warnings": sorted({str(one.message) for one in told}),
        "shares": given.shares(),
    }
    if place.known is not None:
        rows, label, theirs = place.known
        given = merged(Answer(given.chances[rows], given.classes), theirs)
        truth = table_of(theirs, given.classes)[label.clamp(max=len(theirs) - 1)]
        truth = truth.masked_fill(label >= len(theirs), VOID)
        found["labelled"] = int((truth != VOID).sum())
        found |= {"against_labels": dataclasses.asdict(scores(given, truth))}
    return found


def below(z: Tensor, height: float) -> Tensor:
    """Heights (N,) -> which (N,) lie at most `height` above the lowest, stray points apart."""
    return z <= z.kthvalue(1 + len(z) // 100).values + height


def camera_of(shape: Mesh | PointCloud, view: str) -> Camera:
    """A camera that sees all of a shape, from a good place or a named one."""
    look = Look(sides="front")
    drawing, aspect = compose(Scene([Item("place", (shape,))]), look), SIZE[0] / SIZE[1]
    chosen = named(drawing, look, view, aspect) if view else initial(drawing, look, aspect)
    return chosen.camera(*SIZE)


def line(name: str, found: Mapping[str, Any]) -> str:
    """One place in a line."""
    if "refused" in found:
        return f"{name:<14} refused: {found['refused']}"
    most = ", ".join(f"{key} {share:.0%}" for key, share in list(found["shares"].items())[:5])
    text = f"{name:<14} {found['confidence']:.0%} sure; {most}"
    if against := found.get("against_labels"):
        text += (
            f"; of {found['labelled']} labels {against['accuracy']:.0%}, mIoU {against['miou']:.3f}"
        )
    return text + "".join(f"\n{'':<15}{warning}" for warning in found["warnings"])


def figures(found: Mapping[str, Mapping[str, Any]]) -> dict[str, list[float]]:
    """What of the places is a number, by name, for the record."""
    flat: dict[str, float] = {}
    for name, place in found.items():
        for key in ("confidence", "neighbors", "lean_degrees", "seconds", "labelled"):
            if key in place:
                flat[f"{name}_{key}"] = place[key]
        for key in ("miou", "accuracy"):
            if "against_labels" in place:
                flat[f"{name}_{key}"] = place["against_labels"][key]
    return {name: [float(value)] for name, value in flat.items()}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", type=Path, help="folder of a run, or the name of weights")
    parser.add_argument("--only", nargs="+", choices=PLACES, default=list(PLACES), metavar="PLACE")
    parser.add_argument("--out", type=Path, default=ROOT / "out" / "real_rooms")
    parser.add_argument("--cell", type=float, default=0.05, help="metres, as the run's")
    parser.add_argument("--record", action="store_true", help="write results/real_rooms.json")
    parser.add_argument("--results", type=Path, default=ROOT / "results")
    args = parser.parse_args(arguments)
    data = Path(os.environ.get("GEOMDL_DATA", ROOT.parent / "shared" / "data"))
    args.out.mkdir(parents=True, exist_ok=True)
    run, found = run_of(args.run), {}
    start = time.perf_counter()
    for name in args.only:
        try:
            place = PLACES[name](data, args.out)
            found[name] = looked(run, place, args.out / f"{name}.png", args.cell)
        except (InputError, OSError) as error:
            found[name] = {"refused": str(error)}
        print(line(name, found[name]), flush=True)
    save_json(args.out / "looked.json", {"run": str(args.run), "places": found})
    if args.record:
        made = Result(
            recipe="real_rooms",
            command=f"python tools/look_rooms.py {args.run} --record",
            seeds=[0],
            seconds=time.perf_counter() - start,
            metrics=figures(found),
            expect={},
            data="real scans (7-Scenes' kitchen, samples of Open3D, crops of ScanNet and S3DIS), "
            "a simulated room beside them",
        )
        print(write_result(made, args.results))
    return 0


if __name__ == "__main__":
    sys.exit(main())
