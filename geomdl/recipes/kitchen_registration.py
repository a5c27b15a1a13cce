"""Fragments of a real kitchen put together by FPFH and RANSAC: what learned descriptors must beat.

    python -m geomdl.recipes.kitchen_registration --record      (about 2 minutes on two cores)

The same test pairs as those of `kitchen_descriptors`: --by place has a test that shows little of
what its training saw, --least 0.1 --most 0.3 the pairs of low overlap. Nothing is learned here;
"truth" are the poses that come with the frames, which themselves are off by some centimetres.
EXPECT is what was measured with the defaults, rounded down.
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

from core2d.train.record import Reference, Result, write_result
from geomdl.ops.differential import point_normals
from geomdl.ops.fpfh import fpfh
from geomdl.recipes.registration import Score, measured, summary
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
    by: Split = "time"
    least: float = 0.3
    most: float = 1.0
    pairs: int = 0


def describe(points: Tensor, normals: Tensor, config: Config) -> Tensor:
    """Points (N, 3) of a fragment, the camera at the origin -> FPFH (N, 33).

    Normals are estimated from the thinned points, as users of bare scans must; those of the
    fused surface are not used.
    """
    found = point_normals(points, config.around, torch.zeros(3, device=points.device))
    return fpfh(points, found, config.radius * config.voxel)


def measure(config: Config) -> list[Score]:
    """The score of every test pair."""
    data = kitchen_pairs(by=config.by, voxel=config.voxel, least=config.least, most=config.most)
    count = len(data.test)
    every = torch.linspace(0, count - 1, min(config.pairs or count, count)).round().long()
    how = partial(describe, config=config)
    return measured(data.test, how, config.distance * config.voxel, every.tolist())


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--by", choices=("time", "place"), default="time")
    parser.add_argument("--least", type=float, default=0.3, help="smallest overlap")
    parser.add_argument("--most", type=float, default=1.0, help="overlap below which a pair is")
    parser.add_argument("--voxel", type=float, default=0.05, help="metres")
    parser.add_argument("--pairs", type=int, default=0, help="so many only")
    parser.add_argument("--record", type=Path, nargs="?", const=Path("results"), help="write here")
    args = parser.parse_args(arguments)
    settings = {name: value for name, value in vars(args).items() if name != "record"}
    config = Config(**settings)
    start = time.perf_counter()
    scores = measure(config)
    figures = summary(scores)
    seconds = time.perf_counter() - start
    for name, value in figures.items():
        print(f"{name:<24} {value:.4f}")
    print(f"{len(scores)} pairs, {seconds / max(len(scores), 1):.1f} s each")
    if args.record:
        plain = asdict(Config())
        flags = " ".join(f"--{n} {v}" for n, v in settings.items() if v != plain[n])
        result = Result(
            recipe="kitchen_registration",
            command=f"python -m geomdl.recipes.kitchen_registration {flags} --record",
            seeds=[0],
            seconds=seconds,
            metrics={n: [v] for n, v in figures.items() if math.isfinite(v)},
            expect=EXPECT,
            reference=REFERENCE,
            data=f"{len(scores)} pairs of fragments of 7-Scenes redkitchen, test by {config.by}",
        )
        print(f"wrote {write_result(result, args.record)}")


if __name__ == "__main__":
    main()
