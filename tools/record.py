"""The runs behind the README's figures, recorded: `python tools/record.py room_demo kitchen`.

room_demo: `geomdl demo` with three seeds. kitchen: `geomdl reconstruct` of the real frames under
GEOMDL_DATA, with their poses and with the poses hidden, and the distance to Open3D's fusion.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from core2d.train.record import Result, write_result

ROOT = Path(__file__).resolve().parent.parent
SEEDS = (0, 1, 2)
MEASURES = ("chamfer", "accuracy", "completeness", "f_score", "precision", "recall")


def room_demo(data: Path) -> Result:
    """Rooms of three seeds, scanned and compared with the truth."""
    from geomdl.recipes.room_demo import EXPECT, Config, demo

    start = time.perf_counter()
    found: dict[str, list[float]] = {}
    for seed in SEEDS:
        with tempfile.TemporaryDirectory() as folder:
            result = demo(Config(Path(folder) / "demo", seed=seed))
        told = asdict(result.comparison)
        for name in (*MEASURES, "normal_consistency", "visible"):
            found.setdefault(name, []).append(told[name])
        found.setdefault("seconds", []).append(sum(result.seconds.values()))
    return Result(
        recipe="room_demo",
        command="python tools/record.py room_demo",
        seeds=SEEDS,
        seconds=time.perf_counter() - start,
        metrics=found,
        expect=EXPECT,
        data="scenes.build.room, 160 noisy frames of 640x480, 1.5 cm voxels; lengths in metres",
    )


def kitchen(data: Path) -> Result:
    """The red kitchen, 250 frames at 1 cm."""
    from compare_open3d import compare

    from geomdl.io import open_rgbd
    from geomdl.reconstruct import reconstruct

    start = time.perf_counter()
    frames = data / "rgbd_redkitchen"
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, track in (("given", False), ("tracked", True)):
            report = reconstruct(frames, Path(folder) / f"{name}.ply", track=track)
            found[f"{name}_seconds"] = report.seconds
            found[f"{name}_frames_per_second"] = report.frames_per_second
            found[f"{name}_faces"] = report.faces
            found[f"{name}_lost"] = report.lost
            for key in ("absolute", "worst", "drift", "end") if track else ():
                found[f"{name}_{key}"] = report.tracking[key]
    apart = compare(open_rgbd(frames), 0.01)
    found["chamfer_to_open3d"] = apart["chamfer"]
    found["chamfer_in_voxels"] = apart["chamfer_in_voxels"]
    return Result(
        recipe="kitchen",
        command="python tools/record.py kitchen",
        seeds=[0],
        seconds=time.perf_counter() - start,
        metrics={name: [float(value)] for name, value in found.items()},
        expect={"chamfer_in_voxels": 1.0},
        data="7-Scenes red kitchen, 250 frames, 1 cm voxels; lengths in metres",
    )


MAKERS: dict[str, Callable[[Path], Result]] = {"room_demo": room_demo, "kitchen": kitchen}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="+", choices=sorted(MAKERS), metavar="NAME")
    parser.add_argument("--out", type=Path, default=ROOT / "results", help="folder of the records")
    args = parser.parse_args(arguments)
    data = Path(os.environ.get("GEOMDL_DATA", ROOT.parent / "shared" / "data"))
    for name in args.names:
        print(write_result(MAKERS[name](data), args.out))
    return 0


if __name__ == "__main__":
    sys.exit(main())
