"""Weights of published point networks into ours: the layouts of widely used ports.

* PointNet++ of yanx27/Pointnet_Pointnet2_pytorch: `PointNet2`, `PointNet2Parts` and
  `PointNet2Segmenter` with the levels of the file's network.
* PointNet of fxia22/pointnet.pytorch, and yanx27's: `PointNet` and `PointNetSegmenter` with the
  encoder `ported_encoder()`, which is smaller than the published one.
* DGCNN of WangYueFt/dgcnn and antao97/dgcnn.pytorch: `DGCNN`, `DGCNNParts`, `DGCNNSegmenter`.
* Point Transformer of POSTECH-CVLab/point-transformer and Pointcept: `PointTransformerSegmenter`.

Their convolutions of extent 1 are our linear layers. Three concatenations stand in another order
than ours: multi-scale groups put features before relative positions, fxia22's segmentation puts
the global features before the local ones, and DGCNN's scenes have positions, colours and then the
place in the room, by which the first graph is made: give `DGCNNSegmenter` the place as points, and
positions and colours as features.
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
# DGCNN's layers conv1, conv2 ... of its networks for objects, parts and scenes.
OBJECTS = (*(f"edges.{i}.mlp.{{}}.0" for i in range(4)), "shared.{}.0")
STACKED = (*(f"edges.{i}.mlp.{{}}.{j}" for i, j in ((0, 0), (0, 1), (1, 0), (1, 1), (2, 0))),
           "shared.{}.0")  # fmt: skip
PARTS = (*STACKED, "known.{}.0", *(f"head.hidden.{i}.{{}}.0" for i in range(3)), "head.final")
SCENES = (*STACKED, *(f"head.hidden.{i}.{{}}.0" for i in range(2)), "head.final")
DGCNN = (  # what is not called conv
    (r"^transform_net\.transform\.", "turn.final."),
    (r"^transform_net\.conv([12])\.0\.", r"turn.edge.mlp.linears.<\1>."),
    (r"^transform_net\.conv([12])\.1\.", r"turn.edge.mlp.norms.<\1>."),
    (r"^transform_net\.conv3\.0\.", "turn.shared.linears.0."),
    (r"^transform_net\.conv3\.1\.", "turn.shared.norms.0."),
    (r"^transform_net\.linear(\d)\.", r"turn.hidden.linears.<\1>."),
    (r"^transform_net\.bn3\.", "turn.hidden.norms.0."),
    (r"^transform_net\.bn4\.", "turn.hidden.norms.1."),
    (r"^linear([12])\.", r"head.hidden.<\1>.linears.0."),
    (r"^bn6\.", "head.hidden.0.norms.0."),
    (r"^bn7\.", "head.hidden.1.norms.0."),
    (r"^linear3\.", "head.final."),
)
POINT_TRANSFORMER = (
    (r"^enc1\.0\.linear\.", "encoder.first.linears.0."),
    (r"^enc1\.0\.bn\.", "encoder.first.norms.0."),
    (r"^enc(\d)\.0\.linear\.", r"encoder.down.<<\1>>.mlp.linears.0."),
    (r"^enc(\d)\.0\.bn\.", r"encoder.down.<<\1>>.mlp.norms.0."),
    (r"^enc(\d)\.(\d)\.", r"encoder.blocks.<\1>.<\2>."),
    (r"^dec{top}\.0\.linear1\.0\.", "summit.mlp.linears.0."),
    (r"^dec{top}\.0\.linear1\.1\.", "summit.mlp.norms.0."),
    (r"^dec{top}\.0\.linear2\.0\.", "summit.mean."),
    (r"^dec(\d)\.0\.linear1\.0\.", r"up.<\1>.skip.linears.0."),
    (r"^dec(\d)\.0\.linear1\.1\.", r"up.<\1>.skip.norms.0."),
    (r"^dec(\d)\.0\.linear2\.0\.", r"up.<\1>.below.linears.0."),
    (r"^dec(\d)\.0\.linear2\.1\.", r"up.<\1>.below.norms.0."),
    (r"^dec(\d)\.(\d)\.", r"blocks.<\1>.<\2>."),
    (r"^cls\.0\.", "head.hidden.0.linears.0."),
    (r"^cls\.1\.", "head.hidden.0.norms.0."),
    (r"^cls\.3\.", "head.final."),
    (r"\.bn([123])\.", r".norm\1."),
    (r"\.linear3\.", ".linear2."),
    (r"\.transformer2\.linear_q\.", ".attention.query."),
    (r"\.transformer2\.linear_k\.", ".attention.key."),
    (r"\.transformer2\.linear_v\.", ".attention.value."),
    (r"\.transformer2\.linear_p\.0\.", ".attention.place1."),
    (r"\.transformer2\.linear_p\.1\.", ".attention.place_norm."),
    (r"\.transformer2\.linear_p\.3\.", ".attention.place2."),
    (r"\.transformer2\.linear_w\.0\.", ".attention.weigh_norm1."),
    (r"\.transformer2\.linear_w\.2\.", ".attention.weigh1."),
    (r"\.transformer2\.linear_w\.3\.", ".attention.weigh_norm2."),
    (r"\.transformer2\.linear_w\.5\.", ".attention.weigh2."),
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
    """Fill `model` from a file in our layout or one of the above, as core2d's load_weights does.

    .safetensors, or .pt/.pth of tensors, also inside checkpoints with NumPy numbers beside them
    (never code; the numbers from torch 2.7 on). Raises InputError for an unreadable file or one
    that does not fit.
    """
    return load_weights(model, path, strict=strict, translate=translated)


def translated(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A state dict in any of the layouts, under our names and in our order of channels."""
    if state and all(name.startswith("backbone.") for name in state):  # Pointcept
        state = {name.removeprefix("backbone."): value for name, value in state.items()}
    if any(name.startswith("sa1.") for name in state):
        return _yanx27(state)
    if any(name.startswith("feat.stn.") for name in state):
        return _fxia22(state)
    if "conv1.0.weight" in state:
        return _dgcnn(state)
    if "enc1.0.linear.weight" in state:
        return _point_transformer(state)
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


def _dgcnn(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    scenes = "linear1.weight" not in state and "transform_net.transform.weight" not in state
    layers = OBJECTS if "linear1.weight" in state else SCENES if scenes else PARTS
    out = {}
    for name, value in state.items():
        if _twice(name, state):
            continue
        if scenes and name == "conv1.0.weight":  # of differences and of the point itself
            halves = value.flatten(1).chunk(2, 1)
            value = torch.cat([half.roll(3, 1) for half in halves], 1)  # the place comes first
        if found := re.match(r"conv(\d+)\.(?:([01])\.)?(\w+)$", name):
            part = "norms" if found[2] == "1" else "linears"
            name = f"{layers[int(found[1]) - 1].format(part)}.{found[3]}"
        out[_renamed(name, list(DGCNN))] = _flat(value)
    return out


def _twice(name: str, state: Mapping[str, Tensor]) -> bool:
    """Whether a norm bn2 is the one that stands in conv2 too, so that a file holds it twice."""
    found = re.match(r"(transform_net\.|)bn(\d+)\.(\w+)$", name)
    other = state.get(f"{found[1]}conv{found[2]}.1.{found[3]}") if found else None
    return other is not None and other.shape == state[name].shape


def _point_transformer(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    top = max(int(found[1]) for name in state if (found := re.match(r"dec(\d)\.", name)))
    rules = [(pattern.replace("{top}", str(top)), new) for pattern, new in POINT_TRANSFORMER]
    return {_renamed(name, rules): value for name, value in state.items()}


def _head(state: Mapping[str, Tensor]) -> list[tuple[str, str]]:
    layers = [int(found[1]) for n in state if (found := re.match(r"(?:fc|conv)(\d)\.", n))]
    return [(p.replace("{last}", str(max(layers, default=0))), new) for p, new in HEAD]


def _renamed(name: str, rules: list[tuple[str, str]]) -> str:
    """By every rule that fits. Files count from 1: <n> in a new name is n - 1, <<n>> n - 2."""
    for pattern, new in rules:
        name = re.sub(pattern, new, name)
    while "<" in name:
        name = re.sub(r"<(\d+)>", lambda found: str(int(found[1]) - 1), name)
    return name


def _flat(value: Tensor) -> Tensor:
    """A convolution's weight (O, I, 1) or (O, I, 1, 1) as the matrix that it is."""
    return value.flatten(1) if value.ndim > 2 and value[0, 0].numel() == 1 else value
