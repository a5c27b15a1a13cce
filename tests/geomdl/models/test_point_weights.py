"""Files in the layouts of two ports give the outputs of forward passes written for them."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from core2d.errors import InputError
from geomdl.models.dgcnn import DGCNN, DGCNNParts, DGCNNSegmenter
from geomdl.models.point_transformer import PointTransformerEncoder, PointTransformerSegmenter
from geomdl.models.point_weights import load_point_weights, ported_encoder
from geomdl.models.pointnet import PointNet, PointNetSegmenter
from geomdl.models.pointnet2 import PointNet2, PointNet2Parts, PointNet2Segmenter
from geomdl.nn.set_abstraction import Scale
from tests.oracles import (
    dgcnn_oracle,
    point_transformer_oracle,
    pointnet2_oracle,
    pointnet_oracle,
)
from tests.oracles.golden import uniform

SINGLE = ((24, (Scale(0.4, 8, (8, 8, 12)),)), (8, (Scale(0.8, 12, (12, 12, 16)),)))
SEVERAL = (
    (24, (Scale(0.3, 4, (4, 4, 8)), Scale(0.6, 16, (6, 8, 10)))),
    (8, (Scale(0.6, 6, (8, 8, 12)), Scale(1.1, 16, (8, 10, 12)))),
)
SCENE = (*SINGLE, (4, (Scale(1.0, 8, (12, 12, 20)),)), (2, (Scale(1.5, 4, (12, 12, 24)),)))
SCENE_SEVERAL = (
    *SEVERAL,
    (4, (Scale(0.9, 6, (6, 6, 10)), Scale(1.5, 8, (6, 8, 10)))),
    (2, (Scale(1.2, 4, (6, 6, 12)), Scale(2.0, 4, (8, 8, 12)))),
)


def cloud(count: int, name: str = "cloud") -> Tensor:
    """Points on a unit sphere."""
    return nn.functional.normalize(uniform(name, (count, 3)) * 2 - 1, dim=1)


def linear(state: dict, name: str, outputs: int, inputs: int, extents: int) -> None:
    """A layer with weights that depend on its name."""
    shape = (outputs, inputs, *(1,) * extents)
    state[f"{name}.weight"] = (uniform(name, shape) - 0.5) * (12 / inputs) ** 0.5
    state[f"{name}.bias"] = uniform(f"{name}.bias", (outputs,)) - 0.5


def norm(state: dict, name: str, channels: int) -> None:
    for kind, low, span in (("weight", -0.5, 2.0), ("bias", -0.3, 0.6), ("running_mean", -0.5, 1.0),
                            ("running_var", 0.5, 1.0)):  # fmt: skip
        state[f"{name}.{kind}"] = uniform(f"{name}.{kind}", (channels,)) * span + low
    state[f"{name}.num_batches_tracked"] = torch.tensor(7)


def stack(state: dict, convs: str, norms: str, sizes: tuple[int, ...], extents: int) -> None:
    for i in range(len(sizes) - 1):
        linear(state, f"{convs}.{i}", sizes[i + 1], sizes[i], extents)
        norm(state, f"{norms}.{i}", sizes[i + 1])


def yanx27(inputs: int, levels: tuple, single: bool) -> tuple[dict[str, Tensor], list[int]]:
    """The set abstractions of a state dict, and what each gives."""
    state: dict[str, Tensor] = {}
    widths = []
    for i, (_, scales) in enumerate(levels, 1):
        for s, scale in enumerate(scales):
            convs = f"sa{i}.mlp_convs" if single else f"sa{i}.conv_blocks.{s}"
            norms = f"sa{i}.mlp_bns" if single else f"sa{i}.bn_blocks.{s}"
            stack(state, convs, norms, (3 + inputs, *scale.widths), 2)
        inputs = sum(scale.widths[-1] for scale in scales)
        widths.append(inputs)
    return state, widths


def classifier(state: dict[str, Tensor], classes: int) -> None:
    for i, (inputs, outputs) in enumerate([(1024, 512), (512, 256), (256, classes)], 1):
        linear(state, f"fc{i}", outputs, inputs, 0)
        if i < 3:
            norm(state, f"bn{i}", outputs)


def segmenter(state: dict[str, Tensor], classes: int) -> None:
    linear(state, "conv1", 128, 128, 1)
    norm(state, "bn1", 128)
    linear(state, "conv2", classes, 128, 1)


def plain(levels: tuple) -> list:
    return [(count, [(s.radius, s.neighbors) for s in scales]) for count, scales in levels]


def arrays(state: dict[str, Tensor]) -> dict[str, np.ndarray]:
    return {name: value.double().numpy() for name, value in state.items()}


def loaded(model: nn.Module, state: dict[str, Tensor], folder: Path) -> nn.Module:
    torch.save({"epoch": 3, "model_state_dict": state}, folder / "weights.pth")
    assert not any(load_point_weights(model, folder / "weights.pth"))
    return model.eval()


def assert_equal(ours: Tensor, theirs: list[np.ndarray]) -> None:
    truth = torch.from_numpy(np.concatenate(theirs)).float()
    assert float(truth.std()) > 0.05
    torch.testing.assert_close(ours, truth, rtol=1e-3, atol=1e-3 * float(truth.abs().max()))


@pytest.mark.parametrize("normals", [False, True])
@pytest.mark.parametrize("levels", [SINGLE, SEVERAL])
@torch.no_grad()
def test_classifiers_of_yanx27(levels: tuple, normals: bool, tmp_path: Path) -> None:
    inputs = 3 * normals
    state, widths = yanx27(inputs, levels, levels is SINGLE)
    stack(state, "sa3.mlp_convs", "sa3.mlp_bns", (3 + widths[-1], 256, 512, 1024), 2)
    classifier(state, 5)
    model = loaded(PointNet2(5, inputs=inputs, levels=levels), state, tmp_path)
    clouds = [cloud(60, "a"), cloud(45, "b")]
    looks = [cloud(60, "c"), cloud(45, "d")] if normals else [None, None]
    features = torch.cat(looks) if normals else None
    ours = model(torch.cat(clouds), torch.tensor([0, 60, 105]), features)
    truth = [
        pointnet2_oracle.classify(
            arrays(state), p.numpy(), None if n is None else n.numpy(), plain(levels)
        )[None]
        for p, n in zip(clouds, looks, strict=True)
    ]
    assert_equal(ours, truth)


@pytest.mark.parametrize("levels", [SINGLE, SEVERAL])
@torch.no_grad()
def test_part_segmenters_of_yanx27(levels: tuple, tmp_path: Path) -> None:
    single = levels is SINGLE
    state, (first, second) = yanx27(3, levels, single)
    stack(state, "sa3.mlp_convs", "sa3.mlp_bns", (3 + second, 256, 512, 1024), 2)
    stack(state, "fp3.mlp_convs", "fp3.mlp_bns", (second + 1024, 256, 256), 1)
    stack(state, "fp2.mlp_convs", "fp2.mlp_bns", (first + 256, 256, 128), 1)
    last = (128 + 4 + 6, *(128,) * (3 if single else 2))
    stack(state, "fp1.mlp_convs", "fp1.mlp_bns", last, 1)
    segmenter(state, 7)
    model = loaded(PointNet2Parts(7, categories=4, levels=levels), state, tmp_path)
    clouds = [cloud(40, "a"), cloud(30, "b")]
    ours = model(torch.cat(clouds), torch.tensor([0, 40, 70]), torch.tensor([2, 0]))
    truth = [
        pointnet2_oracle.parts(arrays(state), p.numpy(), c, 4, plain(levels))
        for p, c in zip(clouds, (2, 0), strict=True)
    ]
    assert_equal(ours, truth)


@pytest.mark.parametrize("levels", [SCENE, SCENE_SEVERAL])
@torch.no_grad()
def test_scene_segmenters_of_yanx27(levels: tuple, tmp_path: Path) -> None:
    state, widths = yanx27(9, levels, levels is SCENE)
    below, sizes = [*widths[:-1]], [(256, 256), (256, 256), (256, 128), (128, 128, 128)]
    above = [widths[-1], 256, 256, 128]
    for i, skip, upper, after in zip(
        (4, 3, 2, 1), [*reversed(below), 0], above, sizes, strict=True
    ):
        stack(state, f"fp{i}.mlp_convs", f"fp{i}.mlp_bns", (skip + upper, *after), 1)
    segmenter(state, 6)
    model = loaded(PointNet2Segmenter(6, levels=levels), state, tmp_path)
    points, colours = cloud(50), uniform("colours", (50, 6))
    ours = model(points, torch.tensor([0, 50]), colours)
    nine = torch.cat([points, colours], 1).numpy()
    assert_equal(ours, [pointnet2_oracle.scene(arrays(state), points.numpy(), nine, plain(levels))])


def transform_net(state: dict[str, Tensor], name: str, side: int) -> None:
    for i, (inputs, outputs) in enumerate([(side, 64), (64, 128), (128, 1024)], 1):
        linear(state, f"{name}.conv{i}", outputs, inputs, 1)
        norm(state, f"{name}.bn{i}", outputs)
    for i, (inputs, outputs) in enumerate([(1024, 512), (512, 256), (256, side**2)], 1):
        linear(state, f"{name}.fc{i}", outputs, inputs, 0)
        if i < 3:
            norm(state, f"{name}.bn{i + 3}", outputs)


def fxia22(feature_transform: bool) -> dict[str, Tensor]:
    state: dict[str, Tensor] = {}
    transform_net(state, "feat.stn", 3)
    if feature_transform:
        transform_net(state, "feat.fstn", 64)
    for i, (inputs, outputs) in enumerate([(3, 64), (64, 128), (128, 1024)], 1):
        linear(state, f"feat.conv{i}", outputs, inputs, 1)
        norm(state, f"feat.bn{i}", outputs)
    return state


@pytest.mark.parametrize("feature_transform", [False, True])
@torch.no_grad()
def test_classifier_of_fxia22(feature_transform: bool, tmp_path: Path) -> None:
    state = fxia22(feature_transform)
    classifier(state, 5)
    encoder = ported_encoder(feature_transform=feature_transform)
    model = loaded(PointNet(5, encoder=encoder), state, tmp_path)
    clouds = [cloud(20, "a"), cloud(15, "b")]
    ours = model(torch.cat(clouds), torch.tensor([0, 20, 35]))
    truth = [pointnet_oracle.classify(arrays(state), p.double().numpy())[None] for p in clouds]
    assert_equal(ours, truth)


@torch.no_grad()
def test_segmenter_of_fxia22(tmp_path: Path) -> None:
    state = fxia22(True)
    for i, (inputs, outputs) in enumerate([(1088, 512), (512, 256), (256, 128), (128, 4)], 1):
        linear(state, f"conv{i}", outputs, inputs, 1)
        if i < 4:
            norm(state, f"bn{i}", outputs)
    model = loaded(PointNetSegmenter(4, encoder=ported_encoder()), state, tmp_path)
    clouds = [cloud(20, "a"), cloud(15, "b")]
    ours = model(torch.cat(clouds), torch.tensor([0, 20, 35]))
    assert_equal(ours, [pointnet_oracle.segment(arrays(state), p.double().numpy()) for p in clouds])


def twins(state: dict[str, Tensor], prefix: str, layers: dict[str, tuple[int, int]]) -> None:
    """DGCNN's layers conv<n>: a convolution without bias and a norm, which is bn<n> too."""
    for number, (name, (inputs, outputs)) in enumerate(layers.items(), 1):
        linear(state, f"{prefix}{name}.0", outputs, inputs, 1 if number > 5 else 2)
        del state[f"{prefix}{name}.0.bias"]
        norm(state, f"{prefix}{name}.1", outputs)
        for kind in ("weight", "bias", "running_mean", "running_var", "num_batches_tracked"):
            value = state[f"{prefix}{name}.1.{kind}"]
            state[f"{prefix}{name.replace('conv', 'bn')}.{kind}"] = value


def plainly(state: dict[str, Tensor], name: str, outputs: int, inputs: int, extents: int) -> None:
    linear(state, name, outputs, inputs, extents)
    del state[f"{name}.bias"]


EDGES = {"conv1": (6, 64), "conv2": (64, 64), "conv3": (128, 64), "conv4": (64, 64),
         "conv5": (128, 64), "conv6": (192, 24)}  # fmt: skip


@torch.no_grad()
def test_classifier_of_dgcnn(tmp_path: Path) -> None:
    state: dict[str, Tensor] = {}
    twins(state, "", {"conv1": (6, 64), "conv2": (128, 64), "conv3": (128, 128),
                      "conv4": (256, 256), "conv5": (512, 24)})  # fmt: skip
    plainly(state, "linear1", 512, 48, 0)
    norm(state, "bn6", 512)
    linear(state, "linear2", 256, 512, 0)
    norm(state, "bn7", 256)
    linear(state, "linear3", 5, 256, 0)
    wrapped = {f"module.{name}": value for name, value in state.items()}
    model = loaded(DGCNN(5, neighbors=6, channels=24), wrapped, tmp_path).double()
    clouds = [cloud(20, "a").double(), cloud(15, "b").double()]
    ours = model(torch.cat(clouds), torch.tensor([0, 20, 35]))
    truth = [dgcnn_oracle.classify(arrays(state), p.numpy(), 6)[None] for p in clouds]
    assert_equal(ours.float(), truth)


@torch.no_grad()
def test_part_segmenter_of_dgcnn(tmp_path: Path) -> None:
    state: dict[str, Tensor] = {}
    twins(state, "transform_net.", {"conv1": (6, 64), "conv2": (64, 128), "conv3": (128, 1024)})
    plainly(state, "transform_net.linear1", 512, 1024, 0)
    norm(state, "transform_net.bn3", 512)  # takes the name of the norm in conv3, as the port does
    plainly(state, "transform_net.linear2", 256, 512, 0)
    norm(state, "transform_net.bn4", 256)
    linear(state, "transform_net.transform", 9, 256, 0)
    twins(state, "", EDGES | {"conv7": (4, 64), "conv8": (24 + 64 + 192, 256),
                              "conv9": (256, 256), "conv10": (256, 128)})  # fmt: skip
    plainly(state, "conv11", 7, 128, 1)
    model = loaded(DGCNNParts(7, categories=4, neighbors=6, channels=24), state, tmp_path).double()
    clouds = [cloud(20, "a").double(), cloud(15, "b").double()]
    ours = model(torch.cat(clouds), torch.tensor([0, 20, 35]), torch.tensor([2, 0]))
    truth = [
        dgcnn_oracle.parts(arrays(state), p.numpy(), c, 4, 6)
        for p, c in zip(clouds, (2, 0), strict=True)
    ]
    assert_equal(ours.float(), truth)


@torch.no_grad()
def test_scene_segmenter_of_dgcnn(tmp_path: Path) -> None:
    """The file's columns are positions, colours, place; ours the place, then the others."""
    state: dict[str, Tensor] = {}
    twins(state, "", EDGES | {"conv1": (18, 64), "conv7": (24 + 192, 512), "conv8": (512, 256)})
    plainly(state, "conv9", 6, 256, 1)
    model = loaded(DGCNNSegmenter(6, neighbors=6, channels=24), state, tmp_path).double()
    nine = uniform("nine", (30, 9)).double()
    ours = model(nine[:, 6:].contiguous(), torch.tensor([0, 30]), nine[:, :6])
    assert_equal(ours.float(), [dgcnn_oracle.scene(arrays(state), nine.numpy(), 6)])


def transformer_block(state: dict[str, Tensor], name: str, width: int) -> None:
    for number in (1, 3):
        plainly(state, f"{name}.linear{number}", width, width, 0)
    for number in (1, 2, 3):
        norm(state, f"{name}.bn{number}", width)
    inner, narrow = f"{name}.transformer2", width // 8
    for part in "qkv":
        linear(state, f"{inner}.linear_{part}", width, width, 0)
    linear(state, f"{inner}.linear_p.0", 3, 3, 0)
    norm(state, f"{inner}.linear_p.1", 3)
    linear(state, f"{inner}.linear_p.3", width, 3, 0)
    norm(state, f"{inner}.linear_w.0", width)
    linear(state, f"{inner}.linear_w.2", narrow, width, 0)
    norm(state, f"{inner}.linear_w.3", narrow)
    linear(state, f"{inner}.linear_w.5", narrow, narrow, 0)


@pytest.mark.parametrize("prefix", ["", "module.backbone."], ids=["authors", "pointcept"])
@torch.no_grad()
def test_segmenter_of_point_transformer(prefix: str, tmp_path: Path) -> None:
    widths, blocks, near = (8, 16, 24), (1, 2, 1), (5, 6, 6)
    state: dict[str, Tensor] = {}
    for level, (width, count) in enumerate(zip(widths, blocks, strict=True), 1):
        before = 6 if level == 1 else 3 + widths[level - 2]
        plainly(state, f"enc{level}.0.linear", width, before, 0)
        norm(state, f"enc{level}.0.bn", width)
        for number in range(1, count + 1):
            transformer_block(state, f"enc{level}.{number}", width)
        transformer_block(state, f"dec{level}.1", width)
        top = level == len(widths)
        linear(state, f"dec{level}.0.linear1.0", width, 2 * width if top else width, 0)
        norm(state, f"dec{level}.0.linear1.1", width)
        linear(state, f"dec{level}.0.linear2.0", width, width if top else widths[level], 0)
        if not top:
            norm(state, f"dec{level}.0.linear2.1", width)
    linear(state, "cls.0", 8, 8, 0)
    norm(state, "cls.1", 8)
    linear(state, "cls.3", 5, 8, 0)
    encoder = PointTransformerEncoder(3, widths=widths, blocks=blocks, neighbors=near)
    wrapped = {f"{prefix}{name}": value for name, value in state.items()}
    model = loaded(PointTransformerSegmenter(5, encoder=encoder), wrapped, tmp_path).double()
    counts = (100, 120)
    points = [cloud(n, str(n)).double() for n in counts]
    colours = [uniform(f"colours {n}", (n, 3)).double() for n in counts]
    ours = model(torch.cat(points), torch.tensor([0, 100, 220]), torch.cat(colours))
    truth = [
        point_transformer_oracle.segment(arrays(state), p.numpy(), c.numpy(), blocks, near)
        for p, c in zip(points, colours, strict=True)
    ]
    assert_equal(ours.float(), truth)


def small() -> PointNet:
    return PointNet(3, encoder=ported_encoder(feature_transform=False))


def test_our_own_files_load_too(tmp_path: Path) -> None:
    source, target = small(), small()
    save_file(source.state_dict(), tmp_path / "weights.safetensors")
    load_point_weights(target, tmp_path / "weights.safetensors")
    for name, value in source.state_dict().items():
        assert torch.equal(target.state_dict()[name], value), name


def test_files_of_other_networks_are_refused_by_name(tmp_path: Path) -> None:
    state = fxia22(True)
    classifier(state, 3)
    torch.save(state, tmp_path / "other.pth")
    with pytest.raises(InputError, match=r"does not fit PointNet: \d+ unexpected: .*feature_tran"):
        load_point_weights(small(), tmp_path / "other.pth")
    with pytest.raises(InputError, match="no file"):
        load_point_weights(small(), tmp_path / "nowhere.pth")
    (tmp_path / "broken.pth").write_bytes(b"not a zip file")
    with pytest.raises(InputError, match=r"broken\.pth"):
        load_point_weights(small(), tmp_path / "broken.pth")
