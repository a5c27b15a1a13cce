"""Fragments of a real kitchen put together by RANSAC: FPFH, and learned descriptors beside it.

    python -m geomdl.recipes.kitchen_registration --record      (about 2 minutes on two cores)
    python -m geomdl.recipes.kitchen_registration --run runs/kitchen_descriptors/seed-0

The same test pairs as those of `kitchen_descriptors`; a run of that recipe gives a second row on
the same pairs, by the same matching, RANSAC and ICP. --by time --least 0.1 --most 0.3 are pairs of
low overlap, to be given to both. "truth" are the poses that come with the frames, which themselves
are off by some centimetres. EXPECT is for FPFH: matches as measured, motions on --by time.
"""

import argparse
import math
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from core2d.errors import InputError
from core2d.train.record import Reference, Result, write_result
from core2d.train.runs import open_run
from geomdl.recipes import kitchen_descriptors
from geomdl.recipes.find import find
from geomdl.recipes.registration import Describe, Score, histograms, measured, summary
from scenes.datasets.fragments import Split, kitchen_pairs

EXPECT = {"feature_match_recall": 0.9, "registration_recall": 0.9}
REFERENCE = {
    "feature_match_recall": Reference(
        0.359, "FPFH on all of 3DMatch (8 scenes): Choy et al. 2019, FCGF, table 1; from memory"
    ),
}


@dataclass(frozen=True)
class Config:
    """voxel: metres between points. radius: of the descriptor, in voxels. around: of the normals,
    neighbours. distance: metres within which RANSAC and ICP pair points, in voxels.

    by, least, most: as in `scenes.datasets.fragments.kitchen_pairs`. pairs: so many of the test,
    evenly, for a trial; 0 for all.
    """

    voxel: float = 0.05
    radius: float = 5.0
    around: int = 30
    distance: float = 1.5
    by: Split = "place"
    least: float = 0.3
    most: float = 1.0
    pairs: int = 0


def describe(points: Tensor, normals: Tensor, config: Config) -> Tensor:
    """Points (N, 3) of a fragment, the camera at the origin -> FPFH (N, 33).

    Normals are estimated from the thinned points; those of the fused surface are not used.
    """
    return histograms(points, config.radius * config.voxel, config.around)


def learned(folder: Path, config: Config) -> Describe:
    """A run of `kitchen_descriptors` -> its descriptors.

    Raises InputError for a run of something else, for one that trained on what tests here, and for
    other voxels.
    """
    trained = open_run(folder, find)
    if trained.recipe is not kitchen_descriptors:
        raise InputError(f"run: expected one of kitchen_descriptors, got {folder}")
    for name in ("by", "voxel"):
        ours, theirs = getattr(config, name), getattr(trained.config, name)
        if ours != theirs:
            raise InputError(f"{name}: the run {folder} has {theirs}, got {ours}")
    return lambda points, normals: kitchen_descriptors.predict(trained.model, points)


def measure(config: Config, how: Describe | None = None) -> list[Score]:
    """The score of every test pair, by FPFH where nothing else is given."""
    data = kitchen_pairs(by=config.by, voxel=config.voxel, least=config.least, most=config.most)
    count = len(data.test)
    every = torch.linspace(0, count - 1, min(config.pairs or count, count)).round().long()
    how = partial(describe, config=config) if how is None else how
    return measured(data.test, how, config.distance * config.voxel, every.tolist())


def main(arguments: Sequence[str] | None = None) -> None:
    args = _parser().parse_args(arguments)
    apart = ("record", "run")
    settings = {name: value for name, value in vars(args).items() if name not in apart}
    config = Config(**settings)
    rows: dict[str, Describe | None] = {"": None}
    if args.run is not None:
        rows["learned_"] = learned(args.run, config)
    start = time.perf_counter()
    scores = {prefix: measure(config, how) for prefix, how in rows.items()}
    seconds = time.perf_counter() - start
    found = {prefix: summary(values) for prefix, values in scores.items()}
    print(f"{'':<24} {'FPFH':>9}" + (f" {'learned':>9}" if args.run else ""))
    for name in found[""]:
        print(f"{name:<24}" + "".join(f" {row[name]:9.4f}" for row in found.values()))
    count = len(scores[""])
    print(f"{count} pairs, {seconds / max(count * len(rows), 1):.1f} s each")
    if args.record:
        plain = asdict(Config())
        flags = [f"--{n} {v}" for n, v in settings.items() if v != plain[n]]
        flags += [f"--run {args.run}"] if args.run else []
        every = {prefix + n: v for prefix, row in found.items() for n, v in row.items()}
        result = Result(
            recipe="kitchen_registration",
            command=f"python -m geomdl.recipes.kitchen_registration {' '.join(flags)} --record",
            seeds=[0],
            seconds=seconds,
            metrics={n: [v] for n, v in every.items() if math.isfinite(v)},
            expect=EXPECT,
            reference=REFERENCE,
            data=f"{count} pairs of fragments of 7-Scenes redkitchen, test by {config.by}",
        )
        print(f"wrote {write_result(result, args.record)}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    plain = Config()
    parser.add_argument("--by", choices=("time", "place"), default=plain.by)
    parser.add_argument("--least", type=float, default=plain.least, help="smallest overlap")
    parser.add_argument("--most", type=float, default=plain.most, help="overlap below which it is")
    parser.add_argument("--voxel", type=float, default=plain.voxel, help="metres")
    parser.add_argument("--pairs", type=int, default=plain.pairs, help="so many only")
    parser.add_argument("--run", type=Path, help="folder of a run of kitchen_descriptors")
    parser.add_argument("--record", type=Path, nargs="?", const=Path("results"), help="write here")
    return parser


if __name__ == "__main__":
    main()
