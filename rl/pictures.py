"""How an observation is read as a picture: its axes, its scale, its labels.

Observations of shape           are read as
    (H, W)                      one channel; integers that count classes (see below) one for each
    (C, H, W) or (H, W, C)      channels are the axis that differs where the two others are equal
                                (of cubes the first), else the shorter of the first and the last
    (S, *one of these)          S stacked frames: their channels, oldest frame first

Integers are divided by the space's `high` (255 for bytes), and so are floats whose `high` is
beyond 1; a `high` above 65,535 is none. (H, W) of integers whose `high` is between 2 and 63 are
labels: one plane for each.
"""

import math

import numpy as np
import torch
from gymnasium import Space, spaces
from torch import Tensor, nn

from core2d.errors import InputError
from geomdl.ops.replay import scaled_frames
from rl.transitions import Observation

LABELS = 63  # the largest label of what is still read as classes
BOUND = 65535  # the largest `high` that says where numbers end, not where their type does


class Picture(nn.Module):
    """Observations (B, *O) -> field (B, channels, H, W) float32, in 0..1 where bounded.

    depth: the observations are depths in metres, 0 or the far end where nothing was hit. Each
    gives two channels: the share of the far end (the space's `high`), and 1 where a surface is.
    """

    def __init__(self, space: spaces.Box, *, depth: bool = False) -> None:
        super().__init__()
        self.shape = tuple(space.shape)
        if len(self.shape) not in (2, 3, 4):
            raise InputError(f"observation space: pictures have 2 to 4 axes, got {self.shape}")
        self.depth, self.divisor = depth, divisor(space)
        self.labels = 0 if depth else labels(space)
        frame = self.shape[1:] if len(self.shape) == 4 else self.shape
        self.last = len(frame) == 3 and channels_last(frame)
        self.size: tuple[int, ...] = frame[:2] if self.last else frame[-2:]
        channels = math.prod(self.shape) // math.prod(self.size)
        self.channels = self.labels or channels * (2 if depth else 1)
        if depth and not 0 < float(space.high.max()) <= BOUND:
            raise InputError(
                f"observation space: depths need a far end, got high {space.high.max()}"
            )

    def forward(self, observation: Observation) -> Tensor:
        x = expect_batch(observation, self.shape)
        if self.labels:
            planes = torch.arange(self.labels, device=x.device)
            return (x[:, None] == planes[:, None, None]).float()
        if self.last:
            x = x.movedim(-1, -3)
        x = x.reshape(len(x), -1, *self.size)
        if x.dtype == torch.uint8 and x.is_cpu and not self.depth:
            return scaled_frames(x, self.divisor).permute(0, 3, 1, 2)
        x = x.float() if self.divisor == 1.0 else x.float() / self.divisor
        if self.depth:
            x = torch.cat([x.clamp(0, 1), ((x > 0) & (x < 1)).float()], 1)
        return x

    def extra_repr(self) -> str:
        order = "labels" if self.labels else "channels last" if self.last else "channels first"
        return f"{self.shape}, {order} -> ({self.channels}, {self.size[0]}, {self.size[1]})"


class Collage(nn.Module):
    """Dicts of observations (B, *O) -> field (B, channels, H, W): pictures of one size, stacked.

    So one network sees, say, how far a pixel is beside what it is.
    """

    def __init__(self, pictures: dict[str, Picture]) -> None:
        super().__init__()
        self.names, self.size = tuple(pictures), next(iter(pictures.values())).size
        if any(picture.size != self.size for picture in pictures.values()):
            raise InputError(f"pictures: expected one size, got {[*pictures.values()]}")
        self.pictures = nn.ModuleList(pictures.values())
        self.channels = sum(picture.channels for picture in pictures.values())

    def forward(self, observation: Observation) -> Tensor:
        parts = expect_parts(observation, self.names)
        pairs = zip(self.names, self.pictures, strict=True)
        return torch.cat([picture(parts[name]) for name, picture in pairs], 1)


def channels_last(frame: tuple[int, ...]) -> bool:
    """Whether a frame of three axes is (H, W, C)."""
    a, b, c = frame
    if (a == b) != (b == c):
        return a == b
    return c < a


def divisor(space: Space) -> float:
    """What numbers of a space are divided by: `high` of integers and of bounded floats above 1."""
    if not isinstance(space, spaces.Box):
        return 1.0
    high = float(space.high.max()) if space.high.size else 1.0
    if np.issubdtype(space.dtype, np.floating) and len(space.shape) < 2:
        return 1.0  # vectors of physical numbers come as they are
    return high if 1 < high <= BOUND else 1.0


def labels(space: spaces.Box) -> int:
    """How many classes an image (H, W) of integers names; 0 where it holds intensities."""
    high = float(space.high.max())
    whole = np.issubdtype(space.dtype, np.integer) and len(space.shape) == 2
    return int(high) + 1 if whole and 1 < high <= LABELS else 0


def expect_batch(observation: Observation, shape: tuple[int, ...]) -> Tensor:
    """A tensor (B, *shape). Raises InputError."""
    if isinstance(observation, Tensor) and observation.shape[1:] == shape:
        return observation
    came: object = type(observation).__name__
    if isinstance(observation, Tensor):
        came = tuple(observation.shape)
    raise InputError(f"observation: expected a tensor (B, *{shape}), got {came}")


def expect_parts(observation: Observation, names: tuple[str, ...]) -> dict[str, Tensor]:
    """A dict that has these parts. Raises InputError."""
    if not isinstance(observation, dict) or not set(names) <= set(observation):
        came = list(observation) if isinstance(observation, dict) else "a tensor"
        raise InputError(f"observation: expected a dict of {list(names)}, got {came}")
    return observation
