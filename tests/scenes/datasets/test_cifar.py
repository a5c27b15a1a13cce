"""CIFAR-10 from the official archive and from JPEG copies; the real one where it lies."""

import io
import tarfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from core2d.errors import InputError
from scenes.datasets import cifar as c


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GEOMDL_DATA", str(tmp_path))
    monkeypatch.setenv("GEOMDL_CACHE", str(tmp_path / "cache"))
    (tmp_path / "cifar10").mkdir()
    return tmp_path / "cifar10"


def pictures(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Flat colours, one each, so that JPEG keeps them within a step or two."""
    rng = np.random.default_rng(seed)
    colour = rng.integers(0, 256, (count, 1, 1, 3))
    return np.broadcast_to(colour, (count, 32, 32, 3)).astype(np.uint8), np.arange(count) % 10


def record(image: np.ndarray, label: int) -> bytes:
    """A byte of label, then red, green, blue, each row by row."""
    return bytes([label]) + b"".join(image[:, :, channel].tobytes() for channel in range(3))


def put_archive(folder: Path, *, skip: str = "") -> None:
    with tarfile.open(folder / "cifar-10-binary.tar.gz", "w:gz") as archive:
        for part, name in enumerate([*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]):
            content = b"".join(map(record, *pictures(20, part)))
            member = tarfile.TarInfo(f"cifar-10-batches-bin/{name}.bin")
            member.size = len(content)
            if name != skip:
                archive.addfile(member, io.BytesIO(content))


def put_jpegs(folder: Path) -> None:
    arrays = {}
    for name, parts in (("train", range(5)), ("test", [5])):
        blobs, labels = [], []
        for part in parts:
            image, label = pictures(20, part)
            for picture in image:
                stream = io.BytesIO()
                Image.fromarray(picture).save(stream, "JPEG", quality=95)
                blobs.append(stream.getvalue())
            labels.append(label)
        arrays[f"jpg_{name}"] = np.frombuffer(b"".join(blobs), np.uint8)
        arrays[f"off_{name}"] = np.cumsum([0, *map(len, blobs)])
        arrays[f"y_{name}"] = np.concatenate(labels).astype(np.uint8)
    np.savez(folder / "cifar10_jpeg_blobs.npz", **arrays)


@pytest.mark.parametrize(
    ("put", "off", "name"),
    [(put_archive, 0, "CIFAR-10"), (put_jpegs, 4, "CIFAR-10 (JPEG)")],
)
def test_pictures_and_labels_are_those_of_the_files(folder: Path, put, off: int, name: str) -> None:
    put(folder)
    data = c.cifar10(validation=20)
    assert (len(data.train), len(data.validation), len(data.test)) == (80, 20, 20)
    assert (data.classes[3], data.name) == ("cat", name)
    image = np.concatenate([pictures(20, part)[0] for part in range(5)])
    assert data.train.labels().tolist() == (data.train.rows % 10).tolist()
    for examples, source in ((data.train, image), (data.test, pictures(20, 5)[0])):
        wanted = torch.from_numpy(source.transpose(0, 3, 1, 2).copy())[examples.rows].int()
        found = examples.image[examples.rows].int()
        assert int((found - wanted).abs().max()) <= off
    batch = data.test.batch(torch.arange(4))["image"]
    shown = batch * torch.tensor(c.CHANNELS.std).view(3, 1, 1)
    shown = (shown + torch.tensor(c.CHANNELS.mean).view(3, 1, 1)) * 255
    assert torch.allclose(shown, data.test.image[:4].float(), atol=1e-3)


def test_an_archive_without_a_part_is_named(folder: Path) -> None:
    put_archive(folder, skip="data_batch_4")
    with pytest.raises(InputError, match=r"expected data_batch_4\.bin"):
        c.cifar10()


def test_the_real_set(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEOMDL_DATA", str(data))
    found = c.cifar10(validation=5000)
    assert (len(found.train), len(found.validation), len(found.test)) == (45_000, 5000, 10_000)
    assert found.validation.labels().bincount().tolist() == [500] * 10
    assert found.test.labels().bincount().tolist() == [1000] * 10
    sample = found.train.image[::10].float() / 255
    assert torch.allclose(sample.mean((0, 2, 3)), torch.tensor(c.CHANNELS.mean), atol=0.005)
    assert torch.allclose(sample.std((0, 2, 3)), torch.tensor(c.CHANNELS.std), atol=0.005)
