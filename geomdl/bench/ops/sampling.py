"""Farthest point sampling against fpsample's bucket sampler (QuickFPS); both are exact."""

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import torch

from geomdl.bench.measure import Floor, Row, Work, if_installed
from geomdl.bench.ops.neighbors import COUNT, surface, volume
from geomdl.ops.sampling import farthest_point_index

CHOSEN, HEIGHT = 4096, 7  # of the heights 3 .. 9 the one that fpsample is fastest with here


def prepare(make: Callable[[int], torch.Tensor]) -> Work:
    points = make(0)

    def same(ours: torch.Tensor, theirs: np.ndarray) -> None:
        # fpsample 1.0.2 does not start where it is told to, so ours starts where it did
        again = farthest_point_index(points, CHOSEN, None, int(theirs[0]))
        if not np.array_equal(again.numpy(), theirs.astype(np.int64)):
            raise AssertionError("other points were chosen")

    peer = if_installed(lambda: bucket_sampler(points.numpy()))
    return Work(lambda: farthest_point_index(points, CHOSEN), peer, same)


def bucket_sampler(cloud: np.ndarray) -> Callable[[], np.ndarray]:
    import fpsample

    return lambda: fpsample.bucket_fps_kdline_sampling(cloud, CHOSEN, h=HEIGHT, start_idx=0)


def rows() -> Iterator[Row]:
    updates = COUNT * np.log(CHOSEN) * 8  # a new sample reaches about 8 times its own cell
    floor = Floor(flops=updates * 9)
    for kind, make in (("", volume), (" on a surface", surface)):
        yield Row(
            "farthest_point_index",
            "ops",
            f"{COUNT} -> {CHOSEN}{kind}",
            "fpsample bucket_fps_kdline",
            partial(prepare, make),
            floor,
            target=1,
        )
