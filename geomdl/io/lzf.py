"""LZF, the small compression of binary_compressed PCD files (Lehmann's liblzf, format 1).

A control byte c < 32 is followed by c + 1 literal bytes. Otherwise it starts a copy: length
(c >> 5) + 2, the 3-bit field 7 adding the next byte; distance ((c & 31) << 8) + byte + 1.
"""

import numpy as np
from numpy.typing import NDArray

_REACH, _LONGEST = 1 << 13, 264


def decompress(data: bytes, size: int) -> bytes:
    """LZF bytes -> `size` bytes. Raises ValueError for a stream that is broken or of other size."""
    out = bytearray()
    position, end = 0, len(data)
    while position < end:
        control = data[position]
        position += 1
        if control < 32:
            stop = position + control + 1
            if stop > end:
                raise ValueError(f"literal at byte {position} runs over the end")
            out += data[position:stop]
            position = stop
            continue
        length = control >> 5
        if length == 7 and position < end:
            length += data[position]
            position += 1
        if position >= end:
            raise ValueError(f"copy at byte {position} runs over the end")
        distance = ((control & 31) << 8) + data[position] + 1
        position += 1
        start, length = len(out) - distance, length + 2
        if start < 0 or len(out) + length > size:
            raise ValueError(f"copy at byte {position} reaches outside the output")
        if distance >= length:
            out += out[start : start + length]
        else:
            piece = out[start:]
            out += (piece * (length // distance + 1))[:length]
    if len(out) != size:
        raise ValueError(f"{len(out)} bytes came out, {size} were announced")
    return bytes(out)


def compress(data: bytes) -> bytes:
    """Bytes -> LZF bytes. Copies go to the last place where the same three bytes stood."""
    raw = np.frombuffer(data, dtype=np.uint8)
    if len(raw) < 4:
        return _literals(data)
    source, length = _matches(raw)
    starts = np.flatnonzero(length >= 3)
    ends = starts + length[starts]
    following = np.searchsorted(starts, ends).tolist()  # the first match behind each
    table = list(
        zip(starts.tolist(), ends.tolist(), (starts - source[starts]).tolist(), strict=True)
    )
    out = bytearray()
    written = index = 0
    while index < len(table):
        start, end, distance = table[index]
        if start > written:
            out += _literals(data[written:start])
        out += _copy(distance, end - start)
        written, index = end, following[index]
    return bytes(out + _literals(data[written:]))


def _matches(raw: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For every position the last earlier place with the same three bytes, and how far it goes."""
    wide = raw.astype(np.int64)
    triple = (wide[:-2] << 16) | (wide[1:-1] << 8) | wide[2:]
    order = np.argsort(triple, kind="stable")
    same = triple[order[1:]] == triple[order[:-1]]
    source = np.full(len(raw), -1)
    source[order[1:][same]] = order[:-1][same]
    here = np.arange(len(raw))
    active = np.flatnonzero((source >= 0) & (here - source <= _REACH))
    length = np.zeros(len(raw), np.int64)
    reach = 3
    while len(active):
        length[active] = reach
        active = active[active + reach < len(raw)]
        active = active[raw[active + reach] == raw[source[active] + reach]]
        reach += 1
        if reach > _LONGEST:
            break
    return source, length


def _literals(data: bytes) -> bytes:
    out = bytearray()
    for start in range(0, len(data), 32):
        piece = data[start : start + 32]
        out.append(len(piece) - 1)
        out += piece
    return bytes(out)


def _copy(distance: int, length: int) -> bytes:
    far, extra = distance - 1, length - 2
    if extra < 7:
        return bytes([(extra << 5) | (far >> 8), far & 255])
    return bytes([(7 << 5) | (far >> 8), extra - 7, far & 255])
