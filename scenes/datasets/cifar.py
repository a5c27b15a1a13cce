"""CIFAR-10: 50,000 + 10,000 pictures of 32 x 32 in ten classes (Krizhevsky 2009).

Read from the official binary archive, or from an npz of JPEG copies (`jpg_train`, `off_train`,
`y_train` and the same of test). The copies are lossy: call results on them "CIFAR-10 (JPEG)".
"""

import io
import tarfile
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from core2d.errors import InputError
from core2d.train.recipe import Data
from scenes.datasets.cache import Arrays, content_keys, decoded
from scenes.datasets.download import find
from scenes.datasets.images import Augment, Channels
from scenes.datasets.split import three_sets

CLASSES = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip
CHANNELS = Channels((0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616))
RECORD = 1 + 3 * 32 * 32  # a byte of label, then the three channels


def cifar10(*, validation: int = 5000, seed: int = 0, augment: Augment | None = None) -> Data:
    """Things and animals; `validation` of the training pictures are set aside by `seed`."""
    choices = [["cifar-10-binary.tar.gz"], ["cifar10_jpeg_blobs.npz"]]
    files = find("cifar10", choices)
    name = "CIFAR-10" if files[0].suffix == ".gz" else "CIFAR-10 (JPEG)"
    found = decoded("cifar10", files, read)
    sets = three_sets(found, CLASSES, CHANNELS, validation=validation, seed=seed, augment=augment)
    return replace(sets, name=name)


def read(paths: Sequence[Path]) -> Arrays:
    """The archive or the npz -> {train,test}_{image (N, 3, 32, 32), label, key}."""
    arrays: dict[str, np.ndarray] = {}
    for name in ("train", "test"):
        image, label = (_from_jpegs if paths[0].suffix == ".npz" else _from_archive)(paths[0], name)
        if len(image) != len(label) or image.shape[1:] != (3, 32, 32):
            raise InputError(
                f"{paths[0]}: expected {name} images (N, 3, 32, 32) and N labels, got "
                f"{image.shape} and {label.shape}"
            )
        arrays |= {
            f"{name}_image": image,
            f"{name}_label": label,
            f"{name}_key": content_keys(image),
        }
    return arrays


def _from_archive(path: Path, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Records of the archive's files data_batch_1 to 5, or test_batch, in order."""
    stems = [f"data_batch_{i}" for i in range(1, 6)] if name == "train" else ["test_batch"]
    with tarfile.open(path) as archive:
        files = {Path(member.name).stem: member for member in archive if member.isfile()}
        if missing := [stem for stem in stems if stem not in files]:
            raise InputError(f"{path}: expected {missing[0]}.bin among {sorted(files)}")
        contents = [archive.extractfile(files[stem]) for stem in stems]
        bytes_ = b"".join(content.read() for content in contents if content is not None)
    if len(bytes_) % RECORD:
        raise InputError(f"{path}: expected records of {RECORD} bytes, got {len(bytes_)} bytes")
    records = np.frombuffer(bytes_, np.uint8).reshape(-1, RECORD)
    return records[:, 1:].reshape(-1, 3, 32, 32), records[:, 0].copy()


def _from_jpegs(path: Path, name: str) -> tuple[np.ndarray, np.ndarray]:
    from PIL import Image

    with np.load(path, allow_pickle=False) as file:
        content, starts, label = (file[f"{part}_{name}"] for part in ("jpg", "off", "y"))
    image = np.empty((len(label), 32, 32, 3), np.uint8)
    for row, (start, stop) in enumerate(pairwise(starts)):
        image[row] = np.asarray(Image.open(io.BytesIO(content[start:stop].tobytes())))
    return np.ascontiguousarray(image.transpose(0, 3, 1, 2)), label.astype(np.uint8)
