"""The whole way in two minutes: a furnished room, a noisy scan, its reconstruction, the error.

    geomdl demo -o out/demo          (or: python -m geomdl.recipes.room_demo out/demo --seed 3)

1. `scenes.build.room` furnishes a room that no camera has seen before (one per seed).
2. `scenes.scan` walks a structured-light camera through it: noise that grows with the squared
   distance, steps of disparity, shadows of the projector, holes at edges and grazing angles.
3. `geomdl.reconstruct` fuses the frames as it would fuse real ones.
4. The surface is compared with the truth, as far as the cameras could see it.
5. A network that learned from other rooms says what every vertex belongs to; left out where no
   trained weights are at hand.

EXPECT holds for seed 0 with the default Config.
"""

import argparse
import json
import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from geomdl.commands.predict_shapes import save_labelled
from geomdl.errors import GeometryError, expect_number
from geomdl.io import load
from geomdl.ops import dispatch
from geomdl.recipes.room_compare import Comparison, Visible, compare, nearest_face
from geomdl.recipes.room_labels import Scores, answer, drawn, meant, scores, section
from geomdl.recipes.room_pictures import corner_view, inside_views, overview, vertex_light
from geomdl.recipes.shipped import SHIPPED, shipped
from geomdl.reconstruct import Report, reconstruct
from geomdl.structures import Camera, Mesh
from scenes.build.light import bake
from scenes.build.room import Room, room
from scenes.scan.folder import Frame, scan_to_folder
from scenes.scan.sensor import DepthSensor
from scenes.scan.trajectory import walk

LABELLER = "rooms_sparse_unet"  # of the shipped weights
NEEDED = ("hit_faces", "closest_faces", "scan_convert")
EXPECT = {"f_score": 0.97, "chamfer": 0.004, "normal_consistency": 0.88}


@dataclass(frozen=True)
class Config:
    """What the demo does. Lengths in metres; sizes in pixels; detail as in scenes.build.room.

    labeller: the folder of a run that labels rooms; None for the weights that come with geomdl.
    """

    output: Path
    seed: int = 0
    frames: int = 160
    width: int = 640
    height: int = 480
    voxel: float = 0.015
    samples: int = 200_000
    sensor: DepthSensor = field(default_factory=DepthSensor)
    detail: float = 0.03
    panel: tuple[int, int] = (800, 600)
    labeller: Path | None = None

    def __post_init__(self) -> None:
        expect_number("frames", self.frames, low=2)
        expect_number("voxel", self.voxel, above=0)
        expect_number("samples", self.samples, low=1)


@dataclass(frozen=True)
class Result:
    """What came out, and how long each step took in seconds. labels: None where left out."""

    comparison: Comparison
    reconstruction: Report
    labels: Scores | None
    seconds: dict[str, float]
    files: dict[str, str]


def demo(config: Config, console: Console | None = None) -> Result:
    """Run the demo into config.output, replacing an earlier one there. Raises GeometryError."""
    _expect_kernels()
    console = Console() if console is None else console
    clock = _Clock(console)
    out = config.output
    out.mkdir(parents=True, exist_ok=True)
    with clock("room"):
        world = room(config.seed, detail=config.detail)
        x = world.size[0]
        lamps = torch.tensor([[x / 4, 0.0, 2.2], [-x / 4, 0.0, 2.2]])
        radiance = bake(world.mesh, lamps)
    console.print(f"a room with {len(world.rectangles)} pieces of furniture: {world.mesh}")
    visible = Visible.on(world.mesh, config.samples, config.seed)
    with clock("scan"):
        kept = _scan(config, world, radiance, visible, console)
    with clock("reconstruct"):
        mesh_path = out / "room.ply"
        report = reconstruct(
            out / "scan", mesh_path, voxel=config.voxel, pictures=False, overwrite=True
        )
    found = load(mesh_path)
    assert isinstance(found, Mesh)
    with clock("compare"):
        comparison = compare(found, world.mesh, visible)
        error, face = nearest_face(world.mesh, found.vertices)
    with clock("pictures"):
        files = _pictures(config, world, radiance, found, error, kept)
    labels, told = labelled(config, world, found, face, clock)
    files = {"mesh": str(mesh_path), **files}
    result = Result(comparison, report, labels, clock.seconds, files)
    _write_report(config, world, result, told)
    console.print((out / "report.md").read_text(), highlight=False, markup=False)
    return result


def _expect_kernels() -> None:
    """The torch bodies compare every ray with every triangle: hours for a room."""
    probe = torch.zeros(1, 3)
    if any(dispatch.kernel_of(dispatch.OPS[name], [probe]) is None for name in NEEDED):
        raise GeometryError(
            "demo: it needs the native kernels, and they are not built here; `geomdl doctor` says "
            "what to do about it"
        )


class _Clock:
    """Names and times the steps."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - start, 2)
        self.console.print(f"{name:<12} {self.seconds[name]:6.1f} s", highlight=False)


def _scan(
    config: Config, world: Room, radiance: torch.Tensor, visible: Visible, console: Console
) -> list[Frame]:
    """Write the frames; mark what they see; of each third keep the one with most objects."""
    lens = Camera.from_fov(config.width, config.height, math.radians(62))
    poses, sensor = walk(world.size, config.frames), config.sensor
    instance = world.mesh.attributes["instance"][world.mesh.faces[:, 0]]
    kept: dict[int, tuple[int, Frame]] = {}
    with _bar(console, config.frames) as step:

        def on_frame(number: int, frame: Frame) -> None:
            depth = frame.truth.depth
            visible.mark(frame.camera, depth, sensor.near, sensor.far, sensor.grazing)
            third, objects = 3 * number // config.frames, _objects(frame, instance)
            if third not in kept or objects > kept[third][0]:
                kept[third] = objects, frame
            step()

        scan_to_folder(
            config.output / "scan",
            world.mesh,
            radiance,
            lens,
            poses,
            sensor=sensor,
            seed=config.seed,
            overwrite=True,
            on_frame=on_frame,
        )
    return [frame for _, frame in kept.values()]


def _objects(frame: Frame, instance: torch.Tensor) -> int:
    """How many objects fill half a percent of the picture or more."""
    face = frame.truth.face
    return int((instance[face[face >= 0]].bincount() > 0.005 * face.numel()).sum())


@contextmanager
def _bar(console: Console, total: int) -> Iterator[Callable[[], None]]:
    columns = (
        TextColumn("scanning"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("scanning", total=total)
        yield lambda: bar.update(task, advance=1)


def _pictures(
    config: Config,
    world: Room,
    radiance: torch.Tensor,
    found: Mesh,
    error: torch.Tensor,
    kept: list[Frame],
) -> dict[str, str]:
    """overview.png and views.png; drawn from above and from where the camera was."""
    assert found.colors is not None
    out = config.output
    shown = Mesh(found.vertices, found.faces, found.normals, found.colors)
    lit = vertex_light(world.mesh, radiance)
    overview(world, lit, shown, error, out / "overview.png", config.panel)
    inside_views(
        shown,
        [frame.camera for frame in kept],
        [frame.color for frame in kept],
        [frame.depth for frame in kept],
        out / "views.png",
    )
    return {"overview": str(out / "overview.png"), "views": str(out / "views.png")}


def labeller(config: Config) -> Path | None:
    """The folder of the run that labels the room, None where none is given and none comes along."""
    if config.labeller is not None:
        return config.labeller
    return SHIPPED / LABELLER if LABELLER in shipped() else None


def labelled(
    config: Config, world: Room, found: Mesh, face: torch.Tensor, clock: "_Clock"
) -> tuple[Scores | None, str]:
    """labels.png and labelled.ply: what a network says of the vertices, beside what is true.

    face: of the world, the nearest of each vertex. Gives the scores and their part of the report,
    or None and nothing where there is no trained network.
    """
    if (run := labeller(config)) is None:
        clock.console.print(f"labels: left out, no weights of {LABELLER} come with geomdl")
        return None, ""
    with clock("labels"):
        given = answer(run, found)
        truth = meant(world.labels, given.classes)[true_kinds(world, face)]
        save_labelled(config.output / "labelled.ply", found, given.chances, given.classes)
        panels = {"what the network says": given.label, "what is true": truth}
        camera = corner_view(world.mesh, config.panel)
        drawn(found, panels, given.classes, camera, config.output / "labels.png")
        measured = scores(given, truth)
    return measured, section(run.name, measured, given)


def true_kinds(world: Room, face: torch.Tensor) -> torch.Tensor:
    """Faces (N,) of a room -> what they belong to (N,), an index into its labels."""
    return world.mesh.attributes["label"].flatten()[world.mesh.faces[face, 0]].long()


def _write_report(config: Config, world: Room, result: Result, labels: str) -> None:
    c, r = result.comparison, result.reconstruction
    told: dict[str, Any] = asdict(config)
    told |= {name: str(told[name]) for name in ("output", "labeller") if told[name]}
    everything = {"config": told, **asdict(result), "expect": EXPECT}
    (config.output / "report.json").write_text(json.dumps(everything, indent=1) + "\n")
    x, y, z = world.size
    seconds = "".join(f"| {name} | {spent:.1f} s |\n" for name, spent in result.seconds.items())
    text = f"""# A room, scanned and reconstructed

Room {config.seed}: {x:.2f} x {y:.2f} x {z:.2f} m, {len(world.mesh):,} triangles. {config.frames}
frames of {config.width} x {config.height} with the noise of a structured-light camera, fused at
{config.voxel * 100:g} cm into {r.vertices:,} vertices and {r.faces:,} triangles.

| compared with the truth | |
|---|---|
| accuracy: reconstruction to truth, mean | {c.accuracy * 1000:.1f} mm |
| completeness: visible truth to reconstruction, mean | {c.completeness * 1000:.1f} mm |
| chamfer: the mean of both | {c.chamfer * 1000:.1f} mm |
| F-score at {c.threshold * 100:g} cm | {c.f_score:.1%} |
| precision, recall at {c.threshold * 100:g} cm | {c.precision:.1%}, {c.recall:.1%} |
| normal consistency | {c.normal_consistency:.3f} |

Completeness and recall count only the {c.visible:.1%} of the true surface that at least three
frames saw within the range of the sensor; accuracy and precision count against all of it.

| step | time |
|---|---|
{seconds}
![from above](overview.png)
![from inside](views.png)
{labels}"""
    (config.output / "report.md").write_text(text)


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line of the demo."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("output", type=Path, nargs="?", default=Path("out/demo"))
    parser.add_argument("--seed", type=int, default=0, help="another seed, another room")
    parser.add_argument("--frames", type=int, default=160)
    parser.add_argument("--voxel", type=float, default=0.015, help="metres")
    args = parser.parse_args(arguments)
    demo(Config(args.output, seed=args.seed, frames=args.frames, voxel=args.voxel))


if __name__ == "__main__":
    main()
