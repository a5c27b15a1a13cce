"""Ways to break a file: what disks, editors, networks and enemies do to bytes."""

import io
import random
import re
import zipfile

_NUMBERS = [b"0", b"-1", b"1", b"2", b"3", b"255", b"65536", b"2147483648", b"4294967295"]
_NUMBERS += [
    b"1000000000000",
    b"99999999999999999999",
    b"nan",
    b"inf",
    b"-inf",
    b"1e308",
    b"1e-320",
]
_NUMBERS += [b"0.5", b"1e5", b"0x10", b"1_0", b"--1", b"", b"1.2.3", b"9" * 400, b"null", b"[]"]
_WORDS = [0, 1, 2, 3, 127, 128, 255, 256, 65535, 65536, 2**24, 2**31 - 1, 2**31, 2**32 - 1]


def mutate(data: bytes, other: bytes, rng: random.Random) -> bytes:
    """One to three random changes of `data`; some take pieces of `other`."""
    if rng.random() < 0.35 and data[:4] == b"glTF":
        return _inside_glb(data, other, rng)
    if rng.random() < 0.5 and data[:4] == b"PK\x03\x04":
        return _inside_zip(data, other, rng)
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        data = rng.choice(_KINDS)(data, other, rng)
    return data


def _place(data: bytes, rng: random.Random) -> int:
    """An offset, half of the time near the start, where headers are."""
    reach = min(len(data), 1500) if rng.random() < 0.5 else len(data)
    return rng.randrange(reach + 1) if reach else 0


def _flip(data: bytes, other: bytes, rng: random.Random) -> bytes:
    out = bytearray(data)
    for _ in range(rng.choice([1, 2, 8, 64])):
        if out:
            out[min(_place(data, rng), len(out) - 1)] ^= 1 << rng.randrange(8)
    return bytes(out)


def _overwrite(data: bytes, other: bytes, rng: random.Random) -> bytes:
    at, size = _place(data, rng), rng.choice([1, 2, 4, 16, 200])
    return data[:at] + rng.randbytes(size) + data[at + size :]


def _truncate(data: bytes, other: bytes, rng: random.Random) -> bytes:
    return data[: _place(data, rng)]


def _delete(data: bytes, other: bytes, rng: random.Random) -> bytes:
    at = _place(data, rng)
    return data[:at] + data[at + rng.choice([1, 2, 7, 50, 1000]) :]


def _insert(data: bytes, other: bytes, rng: random.Random) -> bytes:
    at = _place(data, rng)
    piece = rng.choice(
        [b"\n", b" ", b"\0", b"#", b"\xff" * 8, b"\r", b"[" * 3000, rng.randbytes(30)]
    )
    return data[:at] + piece + data[at:]


def _repeat(data: bytes, other: bytes, rng: random.Random) -> bytes:
    at, size = _place(data, rng), rng.choice([1, 10, 100, 2000])
    return data[:at] + data[at : at + size] * rng.choice([2, 3, 50]) + data[at + size :]


def _splice(data: bytes, other: bytes, rng: random.Random) -> bytes:
    return data[: _place(data, rng)] + other[_place(other, rng) :]


def _number(data: bytes, other: bytes, rng: random.Random) -> bytes:
    """Another number in the place of one, mostly in the header."""
    window = data[:1500] if rng.random() < 0.7 else data[:60000]
    found = list(re.finditer(rb"-?\d+(\.\d+)?(e[-+]?\d+)?", window))
    if not found:
        return _word(data, other, rng)
    match = rng.choice(found)
    return data[: match.start()] + rng.choice(_NUMBERS) + data[match.end() :]


def _word(data: bytes, other: bytes, rng: random.Random) -> bytes:
    """A 32-bit integer of a kind that breaks sizes."""
    at = _place(data, rng)
    return (
        data[:at] + rng.choice(_WORDS).to_bytes(4, rng.choice(["little", "big"])) + data[at + 4 :]
    )


def _lines(data: bytes, other: bytes, rng: random.Random) -> bytes:
    """Lines swapped, doubled or taken out."""
    lines = data.split(b"\n")
    i, k = rng.randrange(len(lines)), rng.randrange(min(len(lines), 30))
    lines[i], lines[k] = lines[k], lines[i]
    if rng.random() < 0.5:
        del lines[k]
    return b"\n".join(lines)


def _token(data: bytes, other: bytes, rng: random.Random) -> bytes:
    """A word of the file in the place of another."""
    words = list(re.finditer(rb"[^\s\"',:{}\[\]]{1,40}", data[:20000]))
    if len(words) < 2:
        return data
    old, new = rng.sample(words, 2)
    return data[: old.start()] + new[0] + data[old.end() :]


_KINDS = [_flip, _overwrite, _truncate, _delete, _insert, _repeat, _splice]
_KINDS += [_number, _number, _number, _word, _lines, _token]


def _inside_glb(data: bytes, other: bytes, rng: random.Random) -> bytes:
    """A change of the JSON of a GLB whose lengths are right again."""
    size = int.from_bytes(data[12:16], "little")
    head = data[20 : 20 + size]
    for _ in range(rng.choice([1, 2])):
        head = rng.choice([_number, _number, _token, _delete])(head, other, rng)
    head += b" " * (-len(head) % 4)
    rest = data[20 + size :]
    total = (20 + len(head) + len(rest)).to_bytes(4, "little")
    return data[:8] + total + len(head).to_bytes(4, "little") + b"JSON" + head + rest


def _inside_zip(data: bytes, other: bytes, rng: random.Random) -> bytes:
    """A change of one member of a zip file whose checksums are right again."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        names = old.namelist()
        chosen = rng.choice(names)
        for name in names:
            member = old.read(name)
            if name == chosen:
                member = rng.choice([_flip, _number, _truncate, _token])(member, other, rng)
            if rng.random() < 0.95:
                new.writestr(name, member)
    return out.getvalue()
