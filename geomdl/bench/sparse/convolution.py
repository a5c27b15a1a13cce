"""One submanifold convolution of 3^3 on the voxels of a surface, forwards and backwards."""

import functools
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from geomdl.bench.measure import Floor, Row, Work, if_installed
from geomdl.bench.sparse_peers import (
    gradients,
    ocnn_layer,
    on_one_thread,
    open3d_forward,
    spconv_forward,
    torch_conv,
    torch_pairs,
)
from geomdl.bench.sparse_surface import (
    CUBE,
    ONES,
    layer,
    shell_pairs,
    surface,
)
from geomdl.ops.sites import kernel_map, transposed_map
from geomdl.ops.sparse import gather_conv

SIZES = ((64, 32), (128, 16), (128, 32), (128, 64), (128, 128), (256, 32))  # extent, channels
MAPPED = 128  # extent of the surface whose map is made, in at most 10 ms
SIDE = 1024  # of the square matrix by which as much is multiplied as in a layer
FORWARD, BOTH = 2.2, 2.5  # times the bare multiplications that a layer may take, from 32 channels


def near(ours: Any, theirs: Any) -> None:
    """Raises AssertionError where tensors differ by more than 1e-3 of their size."""
    torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-3)


def prepare_forward(extent: int, channels: int, peer: str) -> Work:
    work = layer(extent, channels)
    if peer == "open3d":
        return Work(work.forward, if_installed(lambda: open3d_forward(work)), near)
    if peer == "ocnn":
        made = ocnn_layer(work)
        if made is None:
            return Work(work.forward)
        return Work(work.forward, made.forward, lambda a, b: near(a, made.in_our_order(b)))
    call = if_installed(lambda: spconv_forward(work))

    def same(ours: Tensor, _: Tensor) -> None:
        if call is not None:
            near(ours, on_one_thread(call))

    return Work(work.forward, call, same)


def prepare_cached(extent: int, channels: int) -> Work:
    work = layer(extent, channels)
    conv = torch_conv(torch_pairs(work.where.table), len(work.where.table))
    return Work(
        ours=lambda: gather_conv(work.features, work.weight, work.where.table),
        peer=lambda: conv(work.features, work.weight),
        same=near,
    )


def prepare_backward(extent: int, channels: int, peer: str) -> Work:
    work = layer(extent, channels)
    table = work.where.table
    back = transposed_map(table, len(table))

    def ours() -> tuple[Tensor, ...]:
        return gradients(lambda f, w: gather_conv(f, w, table, transposed=back), work)

    if peer == "torch":
        conv = torch_conv(torch_pairs(table), len(table))
        return Work(ours, lambda: gradients(conv, work), near)
    made = ocnn_layer(work)
    if made is None:
        return Work(ours)
    back_in_order = made.in_our_order

    def same(mine: tuple[Tensor, ...], theirs: tuple[Tensor, ...]) -> None:
        near(mine, (back_in_order(theirs[0]), back_in_order(theirs[1]), theirs[2]))

    return Work(ours, made.backward, same)


def prepare_map() -> Work:
    """spconv keeps lists of pairs where we keep a table, so their lengths are compared."""
    s = surface(MAPPED)

    def ours() -> Tensor:
        return kernel_map(s.sites, s.offsets, s.sites, s.offsets, CUBE, ONES, ONES)

    def make() -> Callable[[], Any]:
        from spconv.core import ConvAlgo
        from spconv.pytorch import ops

        indices = torch.cat([torch.zeros_like(s.sites[:, :1]), s.sites], 1)
        rule = (ConvAlgo.Native, CUBE, ONES, ONES, ONES, [0, 0, 0])
        return lambda: ops.get_indice_pairs(indices, 1, [MAPPED] * 3, *rule, subm=True)

    call = if_installed(make)

    def same(table: Tensor, _: Any) -> None:
        if call is None:
            return
        theirs = on_one_thread(call)[2][:13].long()  # the half before the middle
        if not torch.equal(theirs, (table >= 0).sum(0)[:13]):
            raise AssertionError("numbers of pairs differ from spconv's")

    return Work(ours, call, same)


def prepare_products(extent: int, channels: int, both: bool) -> Work:
    """Against as many multiplications in one large product: the machine's own rate, in turn."""
    work = layer(extent, channels)
    table = work.where.table
    back = transposed_map(table, len(table))

    def ours() -> object:
        if both:
            return gradients(lambda f, w: gather_conv(f, w, table, transposed=back), work)
        return gather_conv(work.features, work.weight, table)

    flops = 2 * work.where.pairs * channels**2 * (3 if both else 1)
    a, b = torch.rand(max(1, round(flops / (2 * SIDE**2))), SIDE), torch.rand(SIDE, SIDE)
    return Work(ours, lambda: a @ b)


def rows() -> Iterator[Row]:
    for extent, channels in SIZES:
        yield from layer_rows(extent, channels)
    yield Row(
        name="kernel_map",
        group="sparse",
        work="128^3 surface, 57k voxels, 3^3 (10 ms asked)",
        peer="spconv CPU wheel",
        prepare=prepare_map,
        floor=Floor(moved=57_000 * (12 + 27 * 4)),
    )


def layer_rows(extent: int, channels: int) -> Iterator[Row]:
    """A layer against every peer; fewer turns where one takes seconds."""
    where = f"{extent}^3 surface, {channels} channels"
    floor = Floor(flops=2 * shell_pairs(extent) * channels**2)
    turns = 5 if floor.flops < 1e10 else 3

    def row(
        name: str, what: str, peer: str, prepare: Callable[[], Work], target: float | None
    ) -> Row:
        flops = Floor(flops=floor.flops * (3 if what == "both ways" else 1))
        return Row(name, "sparse", f"{where}, {what}", peer, prepare, flops, target, turns)

    for peer, title, target in (
        ("spconv", "spconv CPU wheel", 5.0),
        ("ocnn", "ocnn", 4.0),
        ("open3d", "Open3D SparseConv", 5.0),
    ):
        prepare = functools.partial(prepare_forward, extent, channels, peer)
        yield row("submanifold_forward", "map and forward", title, prepare, target)
    cached = functools.partial(prepare_cached, extent, channels)
    yield row("submanifold_cached", "forward", "torch gather, mm, index_add", cached, None)
    for peer, title in (("ocnn", "ocnn"), ("torch", "torch gather, mm, index_add")):
        prepare = functools.partial(prepare_backward, extent, channels, peer)
        yield row("submanifold_backward", "both ways", title, prepare, 4.0)
    if channels >= 32:
        bare = "as many products, torch sgemm"
        forward = functools.partial(prepare_products, extent, channels, False)
        yield row("submanifold_cached", "forward", bare, forward, 1 / FORWARD)
        both = functools.partial(prepare_products, extent, channels, True)
        yield row("submanifold_backward", "both ways", bare, both, 1 / BOTH)
