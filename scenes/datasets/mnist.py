"""MNIST and Fashion-MNIST: 60,000 + 10,000 pictures of 28 x 28 in ten classes.

LeCun, Cortes, Burges 1998; Xiao, Rasul, Vollgraf 2017. Read from the official gzip'ed IDX files
or from an npz with x_train, y_train, x_test, y_test.
"""

import gzip
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from torch import Tensor

from core2d.errors import InputError
from core2d.train.recipe import Data
from scenes.datasets.cache import Arrays, content_keys, decoded
from scenes.datasets.download import IDX, find
from scenes.datasets.images import Augment, Channels
from scenes.datasets.split import three_sets

DIGITS = tuple("0123456789")
GARMENTS = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
    "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip
INK = Channels((0.1307,), (0.3081,))
CLOTH = Channels((0.2860,), (0.3530,))


def mnist(*, validation: int = 5000, seed: int = 0, augment: Augment | None = None) -> Data:
    """Handwritten digits; `validation` of the training pictures are set aside by `seed`."""
    found = _found("mnist")
    return three_sets(found, DIGITS, INK, validation=validation, seed=seed, augment=augment)


def fashion_mnist(*, validation: int = 5000, seed: int = 0, augment: Augment | None = None) -> Data:
    """Garments; `validation` of the training pictures are set aside by `seed`."""
    found = _found("fashion_mnist")
    return three_sets(found, GARMENTS, CLOTH, validation=validation, seed=seed, augment=augment)


def _found(name: str) -> dict[str, Tensor]:
    return decoded(name, find(name, [[f"{part}-ubyte.gz" for part in IDX], [f"{name}.npz"]]), read)


def read(paths: Sequence[Path]) -> Arrays:
    """Four IDX files, or one npz -> {train,test}_{image (N, 1, H, W), label, key}."""
    if paths[0].suffix == ".npz":
        with np.load(paths[0], allow_pickle=False) as file:
            raw = [file[name] for name in ("x_train", "y_train", "x_test", "y_test")]
    else:
        raw = [read_idx(path) for path in paths]
    arrays: dict[str, np.ndarray] = {}
    for name, image, label in (("train", *raw[:2]), ("test", *raw[2:])):
        if image.ndim != 3 or image.dtype != np.uint8 or len(image) != len(label):
            raise InputError(
                f"{paths[0]}: expected uint8 images (N, H, W) and N labels, got {image.dtype} "
                f"{image.shape} and {label.shape}"
            )
        arrays |= {
            f"{name}_image": image[:, None],
            f"{name}_label": label.astype(np.uint8),
            f"{name}_key": content_keys(image),
        }
    return arrays


def read_idx(path: Path) -> np.ndarray:
    """A gzip'ed IDX file of bytes -> its array. Raises InputError where it is none, or cut off."""
    content = gzip.decompress(path.read_bytes())
    axes = content[3] if len(content) > 3 else 0
    if content[:3] != b"\x00\x00\x08" or len(content) < 4 + 4 * axes:
        raise InputError(f"{path}: expected an IDX file of unsigned bytes")
    shape = np.frombuffer(content, ">u4", axes, 4).astype(int)
    values = np.frombuffer(content, np.uint8, -1, 4 + 4 * axes)
    if len(values) != shape.prod():
        raise InputError(f"{path}: expected {shape.prod()} values, got {len(values)}")
    return values.reshape(shape)
