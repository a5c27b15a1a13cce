"""Layers say in `print(model)` what they were made with."""

import pytest

from core2d.layers.activation import Maxout
from core2d.layers.attention import MultiHeadAttention
from core2d.layers.conv import Conv, ConvTranspose
from core2d.layers.dropout import ChannelDropout, Dropout, DropPath
from core2d.layers.norm import BatchNorm, GroupNorm, LayerNorm
from core2d.layers.pool import Pool
from core2d.layers.position import LearnedPosition
from core2d.layers.resample import Interpolate

SAID = (
    (Maxout(2, 3), "pieces=3"),
    (MultiHeadAttention(8, 2, context=4), "8, heads=2, context=4"),
    (Conv(1, 4, 6, 3, groups=2), "(6, 2, 3), stride=1, space=Dense(1), groups=2"),
    (Conv(1, 1, 1, 3, dilation=2), "(1, 1, 3), stride=1, space=Dense(1), dilation=2"),
    (ConvTranspose(2, 3, 5), "(3, 5, 2, 2), stride=2, space=Dense(2)"),
    (Dropout(2, 0.25), "0.25"),
    (ChannelDropout(2, 0.25), "0.25"),
    (DropPath(0.25), "0.25"),
    (BatchNorm(2, 3, eps=1e-3), "3, eps=0.001, momentum=0.1"),
    (GroupNorm(2, 6, 3), "6, groups=3, eps=1e-05"),
    (LayerNorm(2, 6), "6, eps=1e-06"),
    (Pool(2, 3, 2, kind="mean"), "3, stride=2, kind=mean, padding=same"),
    (LearnedPosition((4, 5), 7), "(4, 5), 7"),
    (Interpolate(2, 1, 1, mode="linear"), "mode=linear"),
)


@pytest.mark.parametrize(("layer", "said"), SAID)
def test_a_layer_tells_its_settings(layer, said):
    assert layer.extra_repr() == said
