"""Encoders: from observations of any Gymnasium space to features (B, width).

`encoder(space)` chooses by the space; `body` says otherwise:

    mlp      vectors: linear layers with ReLU; discrete observations come as one-hot vectors
    nips     images: the network of Mnih et al. 2013
    nature   images of at least 36 x 36: that of Mnih et al. 2015
    impala   images: the residual network of Espeholt et al. 2018
    small    images of at least 3 x 3: one convolution (Young, Tian 2019, MinAtar)
    depth    depth images in metres: which pixels hit something beside how far; nature or small
    voxels   grids (C, X, Y, Z): VoxNet (Maturana, Scherer 2015), less of it on small ones
    points   clouds (N, 3 + C): PointNet without its batch norms (Qi et al. 2017)
    cloud    depth images as the points that they show, by the same network

The last three are of `rl.shapes`, with networks of `geomdl.models`.

The published networks end in a fully connected layer; that belongs to the head (which may be
noisy, or doubled to duel), and `hidden` tells its size. Numbers are scaled inside: integers are
divided by the space's `high`, so uint8 frames stay bytes until here.
"""

import math
from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
import torch
import torch.nn.functional as F
from gymnasium import Space, spaces
from torch import Tensor, nn

from core2d.errors import InputError, expect_choice
from core2d.layers.conv import Conv
from core2d.models.mlp import MLP
from core2d.space import Dense
from rl.features import Encoder
from rl.pictures import BOUND, Collage, Picture, divisor, expect_batch, expect_parts, labels
from rl.shapes import Cloud, Points, Voxels
from rl.transitions import Observation

Body = Literal[
    "auto", "mlp", "nips", "nature", "impala", "small", "depth", "voxels", "points", "cloud"
]
IMAGES = ("nips", "nature", "impala", "small", "depth")
NATURE_SIDE = 36  # the smallest image of which the three convolutions leave something
SHAPES = {"points": Points, "voxels": Voxels, "cloud": Cloud}


class Vector(Encoder):
    """Vectors or discrete observations (B, *O) -> (B, width): ReLU layers of these sizes.

    Without sizes the numbers themselves. Discrete(n) and MultiDiscrete come as one-hot vectors.
    """

    def __init__(self, space: Space, sizes: Sequence[int] = ()) -> None:
        super().__init__()
        self.shape = tuple(space.shape or ())
        self.first, self.counts = categories(space)
        self.divisor = 1.0 if self.counts else divisor(space)
        count = sum(self.counts) if self.counts else math.prod(self.shape)
        self.layers = MLP((count, *sizes)).layers if sizes else nn.ModuleList()
        self.width, self.hidden = (sizes[-1] if sizes else count), 0

    def forward(self, observation: Observation) -> Tensor:
        x = expect_batch(observation, self.shape)
        x = x if x.ndim == 2 else x.reshape(len(x), -1)
        if self.counts:
            x = x.long()
            parts = zip(x.unbind(1), self.first, self.counts, strict=True)
            x = torch.cat([F.one_hot(part - first, n) for part, first, n in parts], 1)
        x = x.float() if self.divisor == 1.0 else x.float() / self.divisor
        for layer in self.layers:
            x = F.relu_(layer(x))
        return x


class Image(Encoder):
    """Images (B, *O) -> (B, width): convolutions with ReLU, then flat.

    convolutions: (channels, kernel, stride) each, without padding. How the axes are read and
    scaled: `rl.pictures.Picture`.
    """

    def __init__(
        self, picture: Picture | Collage, convolutions: Sequence[tuple[int, int, int]], hidden: int
    ) -> None:
        super().__init__()
        self.picture, channels, size = picture, picture.channels, picture.size
        layers = []
        for out, kernel, stride in convolutions:
            layers.append(Conv(2, channels, out, kernel, stride=stride, padding=0))
            channels, size = out, tuple((n - kernel) // stride + 1 for n in size)
        if min(size) < 1:
            raise InputError(f"observation space: {picture.size} pixels are too few for this body")
        self.layers = nn.ModuleList(layers)
        self.width, self.hidden = channels * math.prod(size), hidden

    def forward(self, observation: Observation) -> Tensor:
        x = self.picture(observation)
        for layer in self.layers:
            x = F.relu_(layer(x))
        return x.flatten(1)


NIPS = (((16, 8, 4), (32, 4, 2)), 256)
NATURE = (((32, 8, 4), (64, 4, 2), (64, 3, 1)), 512)
SMALL = (((16, 3, 1),), 128)


class Residual(nn.Module):
    """Field (B, C, *S) + two convolutions of it, each behind a ReLU."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = Conv(2, channels, channels)
        self.conv2 = Conv(2, channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv2(F.relu_(self.conv1(F.relu(x))))


class Impala(Encoder):
    """Images (B, *O) -> (B, width): 15 convolutions in three stages (Espeholt 2018, figure 3).

    Each stage: a convolution, max pooling 3 by 3 of stride 2, two residual blocks.
    """

    def __init__(self, picture: Picture | Collage, widths: Sequence[int] = (16, 32, 32)) -> None:
        super().__init__()
        self.picture, self.space = picture, Dense(2)
        channels, size, stages = picture.channels, picture.size, []
        for width in widths:
            stage = (Conv(2, channels, width), Residual(width), Residual(width))
            stages.append(nn.ModuleList(stage))
            channels, size = width, tuple(-(-n // 2) for n in size)
        self.stages = nn.ModuleList(stages)
        self.width, self.hidden = channels * math.prod(size), 256

    def forward(self, observation: Observation) -> Tensor:
        x = self.picture(observation)
        for stage in self.stages:
            conv, *blocks = stage.children()
            x = self.space.pool(conv(x), 3, 2)
            for block in blocks:
                x = block(x)
        return F.relu(x).flatten(1)


class Parts(Encoder):
    """Dicts of observations (B, *O) -> (B, width): the features of all parts side by side.

    encoders: the names of what each reads, and itself; those with several names read a dict.
    """

    def __init__(self, encoders: Sequence[tuple[tuple[str, ...], Encoder]]) -> None:
        super().__init__()
        self.names = tuple(names for names, _ in encoders)
        self.encoders = nn.ModuleList(part for _, part in encoders)
        self.width = sum(part.width for _, part in encoders)
        self.hidden = max(part.hidden for _, part in encoders)

    def forward(self, observation: Observation) -> Tensor:
        parts = expect_parts(observation, tuple(name for names in self.names for name in names))
        features = [
            part(parts[names[0]] if len(names) == 1 else parts)
            for names, part in zip(self.names, self.encoders, strict=True)
        ]
        return torch.cat(features, 1)


def encoder(space: Space, body: Body = "auto", *, sizes: Sequence[int] = (64,)) -> Encoder:
    """The encoder of a space. sizes: of the layers of an mlp.

    auto: vectors and discrete spaces mlp; Box of rank 2 with 3 to 7 columns points, if of floats;
    of rank 4 voxels, but a stack of images if of bytes; else images: depth if of floats beyond 1,
    nature from 36 pixels a side, small below. In a Dict, `body` is that of the parts of its kind
    (impala: of all images), and the others are auto; images of one size are channels of one, but
    depths that become clouds are clouds of their own.
    Raises InputError for other spaces.
    """
    expect_choice("body", body, get_args(Body))
    if isinstance(space, spaces.Dict):
        return of_dict(space, body, sizes)
    body = guess(space) if body == "auto" else body
    if body == "mlp":
        return Vector(space, sizes)
    if not isinstance(space, spaces.Box):
        raise InputError(f"observation space: {body} reads a Box, got {space}")
    if body in IMAGES:
        return of_picture(*read(space, body))
    return SHAPES[body](space)


def of_dict(space: spaces.Dict, body: Body, sizes: Sequence[int]) -> Parts:
    """The encoders of the parts of a Dict."""
    if not space.spaces:
        raise InputError("observation space: expected a Dict with parts, got an empty one")
    found: list[tuple[tuple[str, ...], Encoder]] = []
    images: dict[tuple[Body, tuple[int, ...]], dict[str, Picture]] = {}
    for name, part in space.spaces.items():
        if isinstance(part, spaces.Dict):
            raise InputError(f"observation space {name!r}: Dicts are taken one level deep")
        own = of_part(part, body)
        if own in IMAGES and isinstance(part, spaces.Box):
            picture, network = read(part, own)
            images.setdefault((network, picture.size), {})[name] = picture
        else:
            found.append(((name,), encoder(part, own, sizes=sizes)))
    for (network, _), pictures in images.items():
        seen = Collage(pictures) if len(pictures) > 1 else next(iter(pictures.values()))
        found.append((tuple(pictures), of_picture(seen, network)))
    return Parts(found)


def of_part(space: Space, body: Body) -> Body:
    """What a Dict's `body` means for one of its parts."""
    own = guess(space)
    if body == "cloud" and isinstance(space, spaces.Box):
        flat = own in IMAGES and len(space.shape) == 2 and not labels(space)
        return body if own == "depth" or flat else own
    same = own == body or (own in IMAGES and body in IMAGES) or body == "mlp"
    return body if same else own


def read(space: spaces.Box, body: Body) -> tuple[Picture, Body]:
    """How an image is read, and which network sees it."""
    picture = Picture(space, depth=body == "depth")
    return picture, by_size(picture) if body == "depth" else body


def of_picture(picture: Picture | Collage, body: Body) -> Encoder:
    """A network on pictures."""
    if body == "impala":
        return Impala(picture)
    return Image(picture, *{"nips": NIPS, "nature": NATURE, "small": SMALL}[body])


def by_size(picture: Picture) -> Literal["nature", "small"]:
    return "nature" if min(picture.size) >= NATURE_SIDE else "small"


def guess(space: Space) -> Body:
    """The body that `auto` stands for. Raises InputError where the space cannot be encoded."""
    if not isinstance(space, spaces.Box) or len(space.shape) < 2:
        categories(space)
        return "mlp"
    floats = np.issubdtype(space.dtype, np.floating)
    if len(space.shape) == 2 and floats and 3 <= space.shape[1] < 8:
        return "points"
    if len(space.shape) > 4:
        raise InputError(f"observation space: expected at most 4 axes, got {space.shape}")
    if len(space.shape) == 4 and space.dtype != np.uint8:
        return "voxels"
    high = float(space.high.max())
    if floats and 1 < high <= BOUND and len(space.shape) < 4:
        return "depth"
    return by_size(Picture(space))


def categories(space: Space) -> tuple[list[int], list[int]]:
    """First value and count of every discrete number of a space; empty for numbers that count.

    Raises InputError for spaces that are neither.
    """
    if isinstance(space, spaces.Discrete):
        return [int(space.start)], [int(space.n)]
    if isinstance(space, spaces.MultiDiscrete):
        counts = space.nvec.reshape(-1).tolist()
        start = np.broadcast_to(space.start, space.nvec.shape).reshape(-1).tolist()
        return start, counts
    if isinstance(space, (spaces.Box, spaces.MultiBinary)):
        return [], []
    raise InputError(
        "observation space: expected Box, Discrete, MultiDiscrete, MultiBinary or a Dict of these, "
        f"got {space}"
    )
