"""Encoder-decoder networks written out in torch.nn.functional, from a state dict.

Each function is the published figure, layer by layer, with torch's own padding arguments; `n` is
the number of axes.
"""

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

CONV = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
UP = {1: F.conv_transpose1d, 2: F.conv_transpose2d, 3: F.conv_transpose3d}
POOL = {1: F.max_pool1d, 2: F.max_pool2d, 3: F.max_pool3d}
UNPOOL = {1: F.max_unpool1d, 2: F.max_unpool2d, 3: F.max_unpool3d}

State = Mapping[str, Tensor]


def conv(state: State, name: str, x: Tensor, padding: int) -> Tensor:
    return CONV[x.ndim - 2](x, state[f"{name}.weight"], state.get(f"{name}.bias"), 1, padding)


def norm(state: State, name: str, x: Tensor) -> Tensor:
    mean, var, weight, bias = (
        state[f"{name}.{part}"].view(-1, *(1,) * (x.ndim - 2))
        for part in ("running_mean", "running_var", "weight", "bias")
    )
    return (x - mean) / (var + 1e-5).sqrt() * weight + bias


def unet(state: State, x: Tensor, *, depth: int, valid: bool) -> Tensor:
    n, skips, pad = x.ndim - 2, [], 0 if valid else 1
    for level in range(depth + 1):
        for k in (1, 2):
            x = F.relu(conv(state, f"down.{level}.conv{k}", x, pad))
        if level < depth:
            skips.append(x)
            x = POOL[n](x, 2)
    for level in range(depth):
        x = UP[n](x, state[f"up.{level}.weight"], state[f"up.{level}.bias"], stride=2)
        skip = skips.pop()
        for axis in range(2, x.ndim):
            skip = skip.narrow(axis, (skip.shape[axis] - x.shape[axis]) // 2, x.shape[axis])
        x = torch.cat([skip, x], 1)
        for k in (1, 2):
            x = F.relu(conv(state, f"merge.{level}.conv{k}", x, pad))
    return conv(state, "head", x, 0)


def segnet(state: State, x: Tensor) -> Tensor:
    n, places, key = x.ndim - 2, [], 0
    for count in (2, 2, 3, 3, 3):
        for _ in range(count):
            name = f"encoder.features.{key}"
            x = F.relu(norm(state, f"encoder.features.{key + 1}", conv(state, name, x, 1)))
            key += 3
        x, indices = POOL[n](x, 2, return_indices=True)
        places.append(indices)
        key += 1
    for stage, count in enumerate((3, 3, 3, 2, 2)):
        x = UNPOOL[n](x, places.pop(), 2)
        for index in range(count):
            x = conv(state, f"decoder.{stage}.convs.{index}", x, 1)
            if (stage, index) != (4, 1):
                x = F.relu(norm(state, f"decoder.{stage}.norms.{index}", x))
    return x


def fcn(state: State, x: Tensor, *, stride: int) -> Tensor:
    n, pools, key = x.ndim - 2, [], 0
    for count in (2, 2, 3, 3, 3):
        for _ in range(count):
            x = F.relu(conv(state, f"encoder.features.{key}", x, 1))
            key += 2
        x = POOL[n](x, 2)
        pools.append(x)
        key += 1
    x = F.relu(conv(state, "fc7", F.relu(conv(state, "fc6", x, 3)), 0))
    score = conv(state, "scores.0", x, 0)
    skips = {32: (), 16: ((pools[3], 0.01),), 8: ((pools[3], 0.01), (pools[2], 0.0001))}[stride]
    for index, (pool, scale) in enumerate(skips):
        score = UP[n](score, state[f"ups.{index}.weight"], stride=2, padding=1)
        score = score + conv(state, f"scores.{index + 1}", pool * scale, 0)
    return UP[n](score, state["last.weight"], stride=stride, padding=stride // 2)
