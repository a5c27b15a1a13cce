"""Files of every layout reach the right tensors; files that do not fit are refused by name."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file, save_model
from torch import Tensor, nn

from core2d.errors import InputError
from core2d.models.deeplabv3 import DeepLabV3
from core2d.models.densenet import DenseNet
from core2d.models.googlenet import GoogLeNet
from core2d.models.resnet import ResNet
from core2d.models.vgg import VGG
from core2d.models.vit import ViT
from core2d.models.xception import Xception
from core2d.weights import load_weights
from tests.oracles.golden import digest, fill

# timm's names of a ViT, and ours, which are torchvision's.
TIMM_TOP = {
    "cls_token": "class_token",
    "pos_embed": "encoder.pos_embedding",
    "patch_embed.proj.weight": "conv_proj.weight",
    "patch_embed.proj.bias": "conv_proj.bias",
    "norm.weight": "encoder.ln.weight",
    "norm.bias": "encoder.ln.bias",
    "head.weight": "heads.head.weight",
    "head.bias": "heads.head.bias",
}
TIMM_BLOCK = {
    "norm1.weight": "ln_1.weight",
    "norm1.bias": "ln_1.bias",
    "attn.qkv.weight": "self_attention.in_proj_weight",
    "attn.qkv.bias": "self_attention.in_proj_bias",
    "attn.proj.weight": "self_attention.out_proj.weight",
    "attn.proj.bias": "self_attention.out_proj.bias",
    "norm2.weight": "ln_2.weight",
    "norm2.bias": "ln_2.bias",
    "mlp.fc1.weight": "mlp.0.weight",
    "mlp.fc1.bias": "mlp.0.bias",
    "mlp.fc2.weight": "mlp.3.weight",
    "mlp.fc2.bias": "mlp.3.bias",
}


def timm_names(layers: int) -> dict[str, str]:
    blocks = {
        f"blocks.{i}.{theirs}": f"encoder.layers.encoder_layer_{i}.{ours}"
        for i in range(layers)
        for theirs, ours in TIMM_BLOCK.items()
    }
    return TIMM_TOP | blocks


def small_vit() -> ViT:
    return ViT(16, 8, width=8, layers=2, heads=2, classes=3)


def small_vgg() -> VGG:
    return VGG((1,) * 5, norm=True, classes=3, width=2, hidden=4)


def renamed(*rules: tuple[str, str]) -> Callable[[dict[str, Tensor]], dict[str, Tensor]]:
    """Regular expressions that turn our names into another layout's."""

    def change(state: dict[str, Tensor]) -> dict[str, Tensor]:
        for pattern, new in rules:
            state = {re.sub(pattern, new, name): value for name, value in state.items()}
        return state

    return change


def timm_vit(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {theirs: state[ours] for theirs, ours in timm_names(2).items()}


def timm_vgg(state: dict[str, Tensor]) -> dict[str, Tensor]:
    names = {"classifier.0": "pre_logits.fc1", "classifier.3": "pre_logits.fc2"}
    out = {}
    for name, value in state.items():
        layer, _, kind = name.rpartition(".")
        if kind == "weight" and layer == "classifier.0":
            value = value.view(4, 16, 7, 7)
        elif kind == "weight" and layer == "classifier.3":
            value = value.view(4, 4, 1, 1)
        out[names.get(layer, layer.replace("classifier.6", "head.fc")) + "." + kind] = value
    return out


def uncounted(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {n: v for n, v in state.items() if not n.endswith("num_batches_tracked")}


OLD_DENSENET = renamed((r"(denselayer\d+\.(?:norm|conv))([12])\.", r"\1.\2."))
LAYOUTS: dict[str, tuple[Callable[[], nn.Module], Callable]] = {
    "as it is": (small_vgg, dict),
    "of a wrapped model": (small_vgg, renamed((r"^", "module._orig_mod."))),
    "without counters": (small_vgg, uncounted),
    "timm's ViT": (small_vit, timm_vit),
    "timm's VGG": (small_vgg, timm_vgg),
    "torchvision's first ViT": (
        small_vit, renamed((r"mlp\.0\.", "mlp.linear_1."), (r"mlp\.3\.", "mlp.linear_2.")),
    ),
    "torchvision's first DenseNet": (
        lambda: DenseNet((2, 2), growth=2, classes=3), lambda s: uncounted(OLD_DENSENET(s)),
    ),
    "Cadene's Xception": (
        lambda: Xception((2,) * 8, middle=1, classes=3), renamed((r"^fc\.", "last_linear.")),
    ),
}  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_every_layout_fills_every_tensor(layout: str, suffix: str, tmp_path: Path) -> None:
    make, change = LAYOUTS[layout]
    source, target, path = fill(make()), make(), tmp_path / f"weights{suffix}"
    state = change(source.state_dict())
    if suffix == ".pth":
        torch.save({"epoch": 3, "state_dict": state}, path)
    else:
        save_file(state, path)
    assert not any(load_weights(target, path))
    for name, value in source.state_dict().items():
        if value.is_floating_point():
            assert torch.equal(target.state_dict()[name], value), name


def test_names_of_timm_are_those_that_timm_has() -> None:
    """Digest of timm 1.0.31's VisionTransformer of the same sizes: names and shapes."""
    state, names = small_vit().state_dict(), timm_names(2)
    assert set(names.values()) == set(state)
    assert digest(timm_vit(state)) == "2b067e0664c2de83"


def test_files_with_auxiliary_heads_fit_networks_without_them(tmp_path: Path) -> None:
    def googlenet(aux: bool) -> nn.Module:
        return GoogLeNet(classes=3, width=4, aux=aux)

    def deeplab(aux: bool) -> nn.Module:
        body = ResNet((1,) * 4, width=8, dilate=2)
        return DeepLabV3(body, classes=3, channels=4, aux=aux)

    path = tmp_path / "weights.pt"
    for make, head in ((googlenet, "aux1.conv.conv.weight"), (deeplab, "aux_classifier.0.weight")):
        torch.save(fill(make(True)).state_dict(), path)
        load_weights(make(False), path)
        torch.save(make(False).state_dict(), path)
        with pytest.raises(InputError, match=re.escape(f"missing: {head}")):
            load_weights(make(True), path)


def test_a_tensor_of_two_names_may_be_stored_once(tmp_path: Path) -> None:
    def tied() -> nn.Module:
        net = nn.ModuleDict(
            {"one": nn.Linear(3, 3, bias=False), "two": nn.Linear(3, 3, bias=False)}
        )
        net["two"].weight = net["one"].weight
        return net

    source, target = fill(tied()), tied()
    save_model(source, str(tmp_path / "tied.safetensors"))
    load_weights(target, tmp_path / "tied.safetensors")
    assert torch.equal(target["two"].weight, source["one"].weight)


def test_a_wrong_file_is_refused_with_the_first_mismatches(tmp_path: Path) -> None:
    path, net = tmp_path / "weights.pth", ResNet((1,) * 4, classes=5, width=4)
    state = dict(ResNet((1,) * 4, classes=7, width=4).state_dict())
    del state["layer4.0.conv2.weight"]
    state["surplus"] = torch.zeros(1)
    torch.save(state, path)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    with pytest.raises(InputError) as error:
        load_weights(net, path)
    assert str(error.value) == (
        f"path: {path} does not fit ResNet: 1 missing: layer4.0.conv2.weight; "
        "1 unexpected: surplus; 2 of another shape: fc.weight (7, 32), expected (5, 32), "
        "fc.bias (7,), expected (5,)"
    )
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())


def test_long_lists_are_cut(tmp_path: Path) -> None:
    torch.save(ResNet((1,) * 4, width=4).state_dict(), tmp_path / "weights.pth")
    with pytest.raises(InputError, match=r"missing: features\.0\.weight, .* and \d+ more"):
        load_weights(small_vgg(), tmp_path / "weights.pth")


def test_published_features_under_a_new_head(tmp_path: Path) -> None:
    source = fill(ResNet((1,) * 4, classes=7, width=4))
    target = ResNet((1,) * 4, classes=5, width=4)
    head = target.fc.weight.clone()
    torch.save(source.state_dict(), tmp_path / "weights.pth")
    mismatch = load_weights(target, tmp_path / "weights.pth", strict=False)
    assert [text.split()[0] for text in mismatch.misshapen] == ["fc.weight", "fc.bias"]
    assert not mismatch.missing
    assert not mismatch.unexpected
    assert torch.equal(target.layer4[0].conv2.weight, source.layer4[0].conv2.weight)
    assert torch.equal(target.fc.weight, head)
    with pytest.raises(InputError, match=r"nothing in .* fits VGG"):
        load_weights(small_vgg(), tmp_path / "weights.pth", strict=False)


def test_matrices_of_another_shape_are_not_reshaped(tmp_path: Path) -> None:
    """Only the flattening of a convolution keeps the order of its numbers."""
    torch.save({"weight": torch.zeros(4, 6)}, tmp_path / "weights.pth")
    with pytest.raises(InputError, match=r"weight \(4, 6\), expected \(6, 4\)"):
        load_weights(nn.Linear(4, 6, bias=False), tmp_path / "weights.pth")


def test_unreadable_files_are_named(tmp_path: Path) -> None:
    net = small_vgg()
    with pytest.raises(InputError, match="no file"):
        load_weights(net, tmp_path / "nowhere.pth")
    (tmp_path / "broken.pth").write_bytes(b"not a zip file")
    (tmp_path / "broken.safetensors").write_bytes(b"\xff" * 100)
    torch.save([torch.zeros(2)], tmp_path / "list.pth")
    torch.save({"epoch": 3}, tmp_path / "empty.pth")
    torch.save(nn.Linear(2, 2), tmp_path / "code.pth")
    for name in ("broken.pth", "broken.safetensors", "list.pth", "empty.pth", "code.pth"):
        with pytest.raises(InputError, match=re.escape(name)):
            load_weights(net, tmp_path / name)
