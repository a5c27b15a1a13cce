"""Distinct keys against torch.unique, which sorts, and hash look-up against Open3D's HashSet."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch

from geomdl.bench.measure import Floor, Row, Work, if_installed
from geomdl.ops.keys import build_table, look_up, unique_keys

COUNT = 1_000_000


def prepare_unique() -> Work:
    generator = torch.Generator().manual_seed(0)
    keys = torch.randint(0, 1 << 60, (COUNT // 5,), generator=generator)
    keys = keys[torch.randint(0, len(keys), (COUNT,), generator=generator)]

    def same(ours: tuple[torch.Tensor, ...], peer: Any) -> None:
        if not (torch.equal(ours[0], peer[0]) and torch.equal(ours[1], peer[1])):
            raise AssertionError("distinct keys differ from torch.unique")

    return Work(
        ours=lambda: unique_keys(keys),
        peer=lambda: torch.unique(keys, return_inverse=True, return_counts=True),
        same=same,
    )


def prepare_look_up() -> Work:
    generator = torch.Generator().manual_seed(0)
    keys = torch.randperm(4 * COUNT, generator=generator)[:COUNT] * 977
    asked = keys.flip(0).contiguous()

    def ours() -> torch.Tensor:
        return look_up(build_table(keys), asked)

    def same(mine: torch.Tensor, found: Any) -> None:
        if not (bool(found[1].numpy().all()) and np.array_equal(keys[mine], asked)):
            raise AssertionError("a key was not found")

    return Work(ours, if_installed(lambda: open3d_set(keys.numpy(), asked.numpy())), same)


def open3d_set(keys: np.ndarray, asked: np.ndarray) -> Callable[[], Any]:
    import open3d

    o3c: Any = open3d.core
    held, wanted = (o3c.Tensor(a).reshape((COUNT, 1)) for a in (keys, asked))

    def peer() -> Any:
        table = o3c.HashSet(COUNT, o3c.int64, (1,))
        table.insert(held)
        return table.find(wanted)

    return peer


def rows() -> Iterator[Row]:
    yield Row(
        name="unique_keys",
        group="ops",
        work="1M keys, 200k distinct",
        peer="torch.unique",
        prepare=prepare_unique,
        floor=Floor(moved=COUNT * 3 * 8),
        target=2.0,
    )
    yield Row(
        name="look_up",
        group="ops",
        work="build 1M, find 1M",
        peer="Open3D HashSet",
        prepare=prepare_look_up,
        floor=Floor(moved=COUNT * 2 * 64),  # a cache line per key
        target=2.0,
    )
