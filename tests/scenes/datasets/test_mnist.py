"""MNIST-like sets from official IDX files and from npz; the real ones where they lie."""

import gzip
from pathlib import Path

import numpy as np
import pytest
import torch

from core2d.errors import InputError
from core2d.train.recipe import Data
from scenes.datasets import mnist as m
from scenes.datasets.download import IDX


def packed(array: np.ndarray) -> bytes:
    """An IDX file of bytes, written as its description says: magic, extents, values."""
    head = bytes([0, 0, 8, array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape)
    return gzip.compress(head + array.astype(np.uint8).tobytes())


@pytest.fixture
def arrays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[np.ndarray]:
    """A small set, sorted by class; the last training picture is in the test set, too."""
    monkeypatch.setenv("GEOMDL_DATA", str(tmp_path))
    monkeypatch.setenv("GEOMDL_CACHE", str(tmp_path / "cache"))
    rng = np.random.default_rng(0)
    image, test = rng.integers(0, 256, (60, 28, 28)), rng.integers(0, 256, (20, 28, 28))
    image[-1] = test[3]
    return [image, np.arange(60) // 6, test, np.arange(20) // 2]


def put_idx(folder: Path, arrays: list[np.ndarray]) -> None:
    folder.mkdir()
    for name, array in zip(IDX, arrays, strict=True):
        (folder / f"{name}-ubyte.gz").write_bytes(packed(array))


def put_npz(folder: Path, arrays: list[np.ndarray]) -> None:
    folder.mkdir()
    names = ("x_train", "y_train", "x_test", "y_test")
    np.savez(
        folder / "fashion_mnist.npz",
        **{name: array.astype(np.uint8) for name, array in zip(names, arrays, strict=True)},
    )


@pytest.mark.parametrize("put", [put_idx, put_npz])
def test_both_forms_give_the_same_sets(tmp_path: Path, arrays: list[np.ndarray], put) -> None:
    put(tmp_path / "fashion_mnist", arrays)
    data = m.fashion_mnist(validation=20, seed=3)
    check_sets(data, 20, 39, 20)
    assert data.classes[9] == "Ankle boot"
    for examples, image, label in (
        (data.train, arrays[0], arrays[1]),
        (data.validation, arrays[0], arrays[1]),
        (data.test, arrays[2], arrays[3]),
    ):
        batch = examples.batch(torch.arange(len(examples)))
        raw = (batch["image"][:, 0] * 0.353 + 0.286).mul(255).round().int().numpy()
        pairs = zip(image.astype(np.int32), label, strict=True)
        source = {picture.tobytes(): int(y) for picture, y in pairs}
        found = [source[np.ascontiguousarray(picture).tobytes()] for picture in raw]
        assert found == batch["label"].tolist()


def check_sets(data: Data, validation: int, train: int, test: int) -> None:
    sizes = [len(examples) for examples in (data.train, data.validation, data.test)]
    assert abs(sizes[1] - validation) <= 1
    assert sizes[0] + sizes[1] == train + validation
    assert sizes[2] == test
    rows = [set(examples.rows.tolist()) for examples in (data.train, data.validation)]  # type: ignore[attr-defined]
    assert not rows[0] & rows[1]


def test_a_broken_file_is_named(tmp_path: Path, arrays: list[np.ndarray]) -> None:
    put_idx(tmp_path / "mnist", arrays)
    path = tmp_path / "mnist" / f"{IDX[0]}-ubyte.gz"
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes())[:-1]))
    with pytest.raises(InputError, match=r"train-images.*expected 47040 values, got 47039"):
        m.mnist(validation=6)
    path.write_bytes(gzip.compress(b"no picture"))
    with pytest.raises(InputError, match="expected an IDX file"):
        m.mnist(validation=6)
    path.write_bytes(packed(arrays[0][:5]))
    with pytest.raises(InputError, match=r"and N labels, got uint8 \(5, 28, 28\) and \(60,\)"):
        m.mnist(validation=6)


def test_what_is_absent_is_told(tmp_path: Path, arrays: list[np.ndarray]) -> None:
    with pytest.raises(InputError, match="download mnist"):
        m.mnist()


@pytest.mark.parametrize(("load", "mean"), [(m.mnist, 0.1307), (m.fashion_mnist, 0.2860)])
def test_the_real_sets(data: Path, tmp_path: Path, monkeypatch, load, mean: float) -> None:
    monkeypatch.setenv("GEOMDL_DATA", str(data))
    monkeypatch.setenv("GEOMDL_CACHE", str(tmp_path))
    found = load(validation=5000)
    check_sets(found, 5000, 55_000, 10_000)
    train, test = found.train, found.test
    assert test.labels().bincount().min() > 890
    held = found.validation.labels().bincount() / train.labels().bincount()
    assert float((held - 5000 / 55000).abs().max()) < 0.001
    pixels = train.image.numpy()
    assert pixels.mean() / 255 == pytest.approx(mean, abs=1e-4)
    assert pixels.std() / 255 == pytest.approx(train.channels.std[0], abs=1e-4)
    keys = [
        set(np.unique(m.content_keys(x.image[x.rows].numpy()))) for x in (train, found.validation)
    ]
    assert not keys[0] & keys[1]
    assert not (keys[0] | keys[1]) & set(m.content_keys(test.image.numpy()))
