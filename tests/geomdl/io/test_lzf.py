"""LZF against a byte-by-byte decoder, and streams that lie."""

import random

import numpy as np
import pytest

from geomdl.io.lzf import compress, decompress
from tests.oracles.io_oracle import lzf_decompress


def samples() -> list[bytes]:
    rng = random.Random(0)
    noise = rng.randbytes(3000)
    waves = np.sin(np.arange(4000, dtype=np.float32) / 50).tobytes()
    far = noise[:100] + rng.randbytes(8150) + noise[:100]
    return [b"", b"a", b"abc", b"a" * 5000, b"ab" * 700, noise, waves, far, noise + noise]


@pytest.mark.parametrize("data", samples(), ids=range(9))
def test_round_trip_and_the_plain_decoder(data: bytes) -> None:
    packed = compress(data)
    assert decompress(packed, len(data)) == data
    assert lzf_decompress(packed) == data
    assert len(packed) <= len(data) + len(data) // 32 + 1


def test_repetition_is_packed() -> None:
    assert len(compress(b"a" * 5000)) < 100
    assert len(compress(bytes(range(200)) * 20)) < 400


def test_random_streams_decode_alike_or_are_refused() -> None:
    rng = random.Random(1)
    agreed = 0
    for _ in range(3000):
        stream = rng.randbytes(rng.randrange(1, 40))
        try:
            expected = lzf_decompress(stream)
        except IndexError:
            expected = None
        try:
            found = decompress(stream, len(expected) if expected is not None else 10**6)
        except ValueError:
            continue
        assert found == expected
        agreed += 1
    assert agreed > 10


@pytest.mark.parametrize("stream", [b"\x05ab", b"\x20", b"\xe0", b"\x20\x00", b"\x00a\x20\x05"])
def test_broken_streams(stream: bytes) -> None:
    with pytest.raises(ValueError, match=r"byte|came out"):
        decompress(stream, 100)


def test_the_output_never_grows_beyond_what_was_announced() -> None:
    with pytest.raises(ValueError, match="outside the output"):
        decompress(b"\x00a" + b"\xe0\xff\x00" * 100_000, 1000)
