"""Membranes of a fly's nerve cells: 30 slices of 512 x 512, electron microscopy (ISBI 2012).

Cardona et al. 2010; Arganda-Carreras et al. 2015. The challenge kept its test labels, so the 30
labelled slices are split, in the order of the stack: neighbours are a 50 nm cut apart and look
alike, and a shuffle would put them on both sides.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from core2d.errors import InputError
from core2d.train.recipe import Data
from scenes.datasets.cache import Arrays, decoded
from scenes.datasets.download import find
from scenes.datasets.images import Augment, Channels, Images

CLASSES = ("membrane", "cell")
CHANNELS = Channels((0.4900,), (0.1682,))
SLICES = 30


def membrane(*, validation: int = 3, test: int = 6, augment: Augment | None = None) -> Data:
    """Images (B, 1, 512, 512), label of each pixel; the stack's last slices are for the test.

    By default slices 0 to 20 train, 21 to 23 validate, 24 to 29 test. Raises InputError.
    """
    if min(validation, test) < 0 or validation + test >= SLICES:
        raise InputError(f"validation, test: expected fewer than {SLICES} slices together")
    names = [f"train/{kind}/{i}.png" for kind in ("image", "label") for i in range(SLICES)]
    found = decoded("em_membrane", find("em_membrane", [names]), read)
    rows = torch.arange(SLICES).split([SLICES - validation - test, validation, test])

    def chosen(rows: Tensor, augment: Augment | None = None) -> Images:
        return Images(found["image"], found["label"], rows, CHANNELS, augment)

    return Data(chosen(rows[0], augment), chosen(rows[1]), chosen(rows[2]), CLASSES)


def read(paths: Sequence[Path]) -> Arrays:
    """Grey pictures, then as many of labels (0 membrane, 255 cell) -> image, label."""
    from PIL import Image

    grey = np.stack([np.asarray(Image.open(path).convert("L")) for path in paths])
    image, label = np.split(grey, 2)
    if not np.isin(label, (0, 255)).all():
        raise InputError(f"{paths[len(paths) // 2]}: expected labels of 0 and 255 alone")
    return {"image": image[:, None], "label": label // 255}
