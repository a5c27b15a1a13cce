"""The cache: decoded once, keyed by content, whole or not at all, and never written through."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch

from scenes.datasets import cache
from scenes.datasets.cache import content_keys, decoded


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEOMDL_CACHE", str(tmp_path / "cache"))


class Decoder:
    """Counts how often it is called; an array of the file's bytes and an empty one."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, paths):
        self.calls += 1
        content = np.frombuffer(b"".join(path.read_bytes() for path in paths), np.uint8)
        return {"image": content.reshape(-1, 1), "label": content.astype(np.int64)}


def test_decoded_once_until_the_content_or_the_decoder_changes(tmp_path: Path) -> None:
    source, decode = tmp_path / "source", Decoder()
    source.write_bytes(b"abc")
    first, again = (decoded("toy", [source], decode) for _ in range(2))
    assert decode.calls == 1
    assert set(first) == {"image", "label"}
    for found in (first, again):
        assert found["image"].tolist() == [[97], [98], [99]]
        assert found["label"].dtype == torch.int64
    source.write_bytes(b"abd")
    assert decoded("toy", [source], decode)["label"].tolist() == [97, 98, 100]
    decoded("toy", [source], decode, version=2)
    decoded("other", [source], decode)
    assert decode.calls == 4
    source.write_bytes(b"abc")  # the older copy is still there
    assert decoded("toy", [source], decode)["label"].tolist() == [97, 98, 99]
    assert decode.calls == 4


def test_the_order_and_the_names_of_files_count(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in "ab"]
    for path in paths:
        path.write_bytes(path.name.encode())
    decode = Decoder()
    assert decoded("toy", paths, decode)["label"].tolist() == [97, 98]
    assert decoded("toy", paths[::-1], decode)["label"].tolist() == [98, 97]


def test_writing_to_a_tensor_changes_no_file(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"abc")
    decoded("toy", [source], Decoder())["image"].zero_()
    assert decoded("toy", [source], Decoder())["image"].flatten().tolist() == [97, 98, 99]


def test_what_fails_leaves_nothing_and_the_next_try_works(tmp_path: Path, monkeypatch) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"abc")

    def broken(paths):
        raise RuntimeError("a broken file")

    def full(path, array):
        path.write_bytes(b"half")
        raise OSError("disk full")

    with pytest.raises(RuntimeError, match="a broken file"):
        decoded("toy", [source], broken)
    with monkeypatch.context() as patched:
        patched.setattr(np, "save", full)
        with pytest.raises(OSError, match="disk full"):
            decoded("toy", [source], Decoder())
    assert decoded("toy", [source], Decoder())["label"].tolist() == [97, 98, 99]
    assert not list((tmp_path / "cache" / "decoded").glob("part-*"))


def test_who_comes_second_keeps_what_the_first_wrote(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"abc")

    def slow(paths):
        decoded("toy", paths, Decoder())  # another process finishes meanwhile
        return {"image": np.zeros((3, 1), np.uint8), "label": np.zeros(3, np.int64)}

    assert decoded("toy", [source], slow)["label"].tolist() == [97, 98, 99]
    assert not list((tmp_path / "cache" / "decoded").glob("part-*"))


def test_content_keys_are_equal_exactly_for_equal_pictures() -> None:
    image = np.random.default_rng(0).integers(0, 256, (50, 2, 3), np.uint8)
    image[20], image[31] = image[3], image[3]
    image[40] = image[4]
    image[40, 1, 2] ^= 1
    keys = content_keys(image)
    assert keys.dtype == np.int64
    assert keys[3] == keys[20] == keys[31]
    assert len(set(keys.tolist())) == 48
    assert np.array_equal(content_keys(np.asfortranarray(image)), keys)


def test_the_cache_lies_where_it_is_asked_for(tmp_path: Path, monkeypatch) -> None:
    assert cache.cache_folder() == tmp_path / "cache"
    monkeypatch.delenv("GEOMDL_CACHE")
    assert cache.cache_folder().name == "geomdl"


def test_large_sets_are_known_by_size_and_date(tmp_path: Path) -> None:
    source, decode = tmp_path / "source", Decoder()
    source.write_bytes(b"abc")
    os.utime(source, ns=(1, 1))
    for _ in range(2):
        decoded("toy", [source], decode, by_date=True)
    assert decode.calls == 1
    source.write_bytes(b"abd")
    os.utime(source, ns=(2, 2))
    assert decoded("toy", [source], decode, by_date=True)["label"].tolist() == [97, 98, 100]
