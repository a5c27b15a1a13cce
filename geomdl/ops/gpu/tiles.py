"""Which output rows a matrix tile takes together, and which kernel entries it then needs.

Rows that read the same entries of the kernel lie side by side, so that a tile of rows can leave
out every entry that none of them has. A row's mask of entries is taken as a word of a Gray code,
the rarest entry as its highest bit, and rows are sorted by the word's place in that code:
neighbours then differ in few entries. On 60,000 voxels of surfaces (3^3) tiles of 64 rows do 1.36
times the products that are needed, in Morton order 1.97 times.
"""

import threading

import torch
import triton
import triton.language as tl
from torch import Tensor
from torch.multiprocessing.reductions import StorageWeakRef

BITS = 62  # of a row's mask that are sorted by: the rarest entries of larger kernels are left out


@triton.jit
def _mask_words(
    table, places, words, rows, K: tl.constexpr, PADDED: tl.constexpr, BLOCK: tl.constexpr
):
    """Table (M, K), place of each entry's bit (K,), -1 for none -> its rank as Gray code (M,)."""
    row = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    entry = tl.arange(0, PADDED)
    inside = (row < rows)[:, None] & (entry < K)[None, :]
    read = tl.load(table + row[:, None] * K + entry[None, :], mask=inside, other=-1)
    place = tl.load(places + entry, mask=entry < K, other=-1)
    kept = (read >= 0) & (place >= 0)[None, :]
    bit = tl.full((BLOCK, PADDED), 1, tl.int64) << tl.maximum(place, 0).to(tl.int64)[None, :]
    word = tl.sum(tl.where(kept, bit, 0), axis=1)
    for step in tl.static_range(6):
        word = word ^ (word >> (1 << step))
    tl.store(words + row, word, mask=row < rows)


@triton.jit
def _entries_of_tiles(
    table,
    order,
    entries,
    counts,
    rows,
    K: tl.constexpr,
    PADDED: tl.constexpr,
    TILE: tl.constexpr,
    BLOCK: tl.constexpr,
):
    """Table (M, K), order (M,) -> entries that a tile of rows needs (T, K), how many (T,)."""
    tile = tl.program_id(0).to(tl.int64)
    entry = tl.arange(0, PADDED)
    needed = tl.zeros((PADDED,), tl.int32)
    for start in tl.static_range(0, TILE, BLOCK):
        place = tile * TILE + start + tl.arange(0, BLOCK)
        row = tl.load(order + place, mask=place < rows, other=0).to(tl.int64)
        inside = (place < rows)[:, None] & (entry < K)[None, :]
        read = tl.load(table + row[:, None] * K + entry[None, :], mask=inside, other=-1)
        needed = tl.maximum(needed, tl.max((read >= 0).to(tl.int32), axis=0))
    at = tl.cumsum(needed, axis=0) - 1
    tl.store(entries + tile * K + at, entry, mask=needed > 0)
    tl.store(counts + tile, tl.sum(needed, axis=0))


class Plan:
    """The order of a table's rows, and what follows from it; it does not hold the table."""

    def __init__(self, table: Tensor) -> None:
        """From a contiguous table (M, K) int32 with at least one row and entry."""
        rows, entries = table.shape
        rarest_last = (table >= 0).sum(0).argsort(descending=True, stable=True)
        places = torch.empty_like(rarest_last, dtype=torch.int32)
        bits = torch.arange(entries, dtype=torch.int32, device=table.device)
        places[rarest_last] = torch.where(bits < BITS, bits, -1)
        words = torch.empty(rows, dtype=torch.int64, device=table.device)
        block = max(1, 2048 // triton.next_power_of_2(entries))
        _mask_words[(triton.cdiv(rows, block),)](
            table, places, words, rows, entries, triton.next_power_of_2(entries), block
        )
        self.order = words.argsort(stable=True).int()
        self._tiles: dict[int, tuple[Tensor, Tensor]] = {}
        self._pairs: tuple[Tensor, Tensor, Tensor] | None = None

    def tiles(self, table: Tensor, tile: int) -> tuple[Tensor, Tensor]:
        """Entries (T, K) int32 that each tile of `tile` rows needs, in order, and how many (T,)."""
        if tile not in self._tiles:
            rows, width = table.shape
            count = triton.cdiv(rows, tile)
            entries, counts = table.new_empty(count, width), table.new_empty(count)
            padded = triton.next_power_of_2(width)
            block = min(tile, max(1, 2048 // padded))
            _entries_of_tiles[(count,)](
                table, self.order, entries, counts, rows, width, padded, tile, block
            )
            self._tiles[tile] = entries, counts
        return self._tiles[tile]

    def pairs(self, table: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Read row (P,) int32 and reading row (P,) int32 of entry after entry, starts (K+1,).

        Rows of one entry ascend. It waits for the device once, to learn P.
        """
        if self._pairs is None:
            entry, reader = (table.t() >= 0).nonzero(as_tuple=True)
            ends = torch.arange(table.shape[1] + 1, device=table.device)
            starts = torch.searchsorted(entry, ends).int()
            self._pairs = table[reader, entry], reader.int(), starts
        return self._pairs


_kept: dict[tuple[object, ...], tuple[StorageWeakRef, Plan]] = {}
_lock = threading.Lock()


def plan_of(table: Tensor) -> Plan:
    """The plan of a table, made once for as long as the table lives and is not written to."""
    if table.is_inference():  # it has no count of writes
        return Plan(table)
    storage = table.untyped_storage()
    # The reference keeps the storage's address from being given to another one.
    reference = StorageWeakRef(storage)
    key = (reference.cdata, table.data_ptr(), table.shape, table.stride(), table._version)
    with _lock:
        if key not in _kept:
            for old, (kept, _) in list(_kept.items()):
                if kept.expired() or (old[0] == key[0] and old[-1] != key[-1]):
                    del _kept[old]
            _kept[key] = reference, Plan(table)
        return _kept[key][1]
