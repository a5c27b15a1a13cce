"""Weights of published point networks into ours: the layouts of two widely used ports.

* PointNet++ of yanx27/Pointnet_Pointnet2_pytorch: `PointNet2`, `PointNet2Parts` and
  `PointNet2Segmenter` with the levels of the file's network.
* PointNet of fxia22/pointnet.pytorch, and yanx27's: `PointNet` and `PointNetSegmenter` with the
  encoder `ported_encoder()`, which is smaller than the published one.

Their convolutions of extent 1 are our linear layers. Two concatenations stand in another order
than ours: multi-scale groups put features before relative positions, and fxia22's segmentation
puts the global features before the local ones.
"""

import re
from collections.abc import Mapping
from os import PathLike

import torch
from torch import Tensor, nn

from core2d.weights import Mismatch, load_weights
from geomdl.models.pointnet import PointNetEncoder

# Patterns that give tensors our names; {top} is the number of the abstraction of the whole item.
YANX27 = (
    (r"^sa{top}\.mlp_convs\.(\d+)\.", r"top.mlp.linears.\1."),
    (r"^sa{top}\.mlp_bns\.(\d+)\.", r"top.mlp.norms.\1."),
    (r"^sa(\d+)\.mlp_convs\.(\d+)\.", r"levels.<\1>.mlps.0.linears.\2."),
    (r"^sa(\d+)\.mlp_bns\.(\d+)\.", r"levels.<\1>.mlps.0.norms.\2."),
    (r"^sa(\d+)\.conv_blocks\.(\d+)\.(\d+)\.", r"levels.<\1>.mlps.\2.linears.\3."),
    (r"^sa(\d+)\.bn_blocks\.(\d+)\.(\d+)\.", r"levels.<\1>.mlps.\2.norms.\3."),
    (r"^fp(\d+)\.mlp_convs\.(\d+)\.", r"up.<\1>.mlp.linears.\2."),
    (r"^fp(\d+)\.mlp_bns\.(\d+)\.", r"up.<\1>.mlp.norms.\2."),
)
FXIA22 = (
    (r"^feat\.stn\.", "encoder.input_transform."),
    (r"^feat\.fstn\.", "encoder.feature_transform."),
    (r"_transform\.conv(\d)\.", r"_transform.shared.linears.<\1>."),
    (r"_transform\.fc3\.", "_transform.final."),
    (r"_transform\.fc(\d)\.", r"_transform.hidden.linears.<\1>."),
    (r"_transform\.bn([123])\.", r"_transform.shared.norms.<\1>."),
    (r"_transform\.bn4\.", "_transform.hidden.norms.0."),
    (r"_transform\.bn5\.", "_transform.hidden.norms.1."),
    (r"^feat\.conv1\.", "encoder.before.linears.0."),
    (r"^feat\.bn1\.", "encoder.before.norms.0."),
    (r"^feat\.conv2\.", "encoder.after.linears.0."),
    (r"^feat\.bn2\.", "encoder.after.norms.0."),
    (r"^feat\.conv3\.", "encoder.after.linears.1."),
    (r"^feat\.bn3\.", "encoder.after.norms.1."),
)
HEAD = (  # of classifiers fc1 .. fc3, of segmenters conv1 .., the last one without a norm
    (r"^(?:fc|conv){last}\.", "head.final."),
    (r"^(?:fc|conv)(\d)\.", r"head.hidden.<\1>.linears.0."),
    (r"^bn(\d)\.", r"head.hidden.<\1>.norms.0."),
)


def ported_encoder(inputs: int = 0, *, feature_transform: bool = True) -> PointNetEncoder:
    """The encoder of fxia22's and yanx27's PointNet: 64, T-Net, 128, 1024, no last ReLU."""
    return PointNetEncoder(
        inputs, before=(64,), after=(128, 1024), feature_transform=feature_transform, rectify=False
    )


def load_point_weights(
    model: nn.Module, path: str | PathLike[str], *, strict: bool = True
) -> Mismatch:
    """Fill `model` from a file in our layout, yanx27's or fxia22's, as core2d's load_weights does.

    .safetensors, or .pt/.pth of tensors, also inside checkpoints with NumPy numbers beside them
    (never code; the numbers from torch 2.7 on). Raises InputError for an unreadable file or one
    that does not fit.
    """
    return load_weights(model, path, strict=strict, translate=translated)


def translated(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A state dict in either layout, under our names and in our order of channels."""
    if any(name.startswith("sa1.") for name in state):
        return _yanx27(state)
    if any(name.startswith("feat.stn.") for name in state):
        return _fxia22(state)
    return dict(state)


def _yanx27(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    levels = max(int(found[1]) for n in state if (found := re.match(r"sa(\d+)\.", n)))
    # scenes have as many propagations as abstractions, none of which takes the whole item
    scene = "fp4.mlp_convs.0.weight" in state
    rules = [(p.replace("{top}", "0" if scene else str(levels)), new) for p, new in YANX27]
    out = {}
    for name, value in state.items():
        if re.match(r"sa\d+\.conv_blocks\.\d+\.0\.weight", name):
            value = torch.cat([value[:, -3:], value[:, :-3]], 1)
        out[_renamed(name, [*rules, *_head(state)])] = _flat(value)
    return out


def _fxia22(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    out = {}
    for name, value in state.items():
        if name == "conv1.weight":  # of the segmentation head: global features first
            local = state["feat.conv1.weight"].shape[0]
            value = torch.cat([value[:, -local:], value[:, :-local]], 1)
        out[_renamed(name, [*FXIA22, *_head(state)])] = _flat(value)
    return out


def _head(state: Mapping[str, Tensor]) -> list[tuple[str, str]]:
    layers = [int(found[1]) for n in state if (found := re.match(r"(?:fc|conv)(\d)\.", n))]
    return [(p.replace("{last}", str(max(layers, default=0))), new) for p, new in HEAD]


def _renamed(name: str, rules: list[tuple[str, str]]) -> str:
    """By every rule that fits; <n> in the new name counts from 0 where the file's does from 1."""
    for pattern, new in rules:
        name = re.sub(pattern, new, name)
    return re.sub(r"<(\d+)>", lambda found: str(int(found[1]) - 1), name)


def _flat(value: Tensor) -> Tensor:
    """A convolution's weight (O, I, 1) or (O, I, 1, 1) as the matrix that it is."""
    return value.flatten(1) if value.ndim > 2 and value[0, 0].numel() == 1 else value
