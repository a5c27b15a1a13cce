"""Converted weights give the outputs that an independent forward gives in the foreign layout."""

import numpy as np
import pytest
import torch
from torch import nn

from core2d.errors import InputError
from core2d.layers.conv import Conv, ConvTranspose
from core2d.space import Dense
from geomdl.errors import GeometryError
from geomdl.models.minkunet import MinkUNet
from geomdl.nn import sparse_weights as sw
from geomdl.nn.sparse_field import from_dense
from geomdl.nn.sparse_space import SparseSpace
from tests.geomdl.nn.scattered import grid, mask, places_of
from tests.oracles import minkowski_layout as oracle

EXTENT = (6, 5, 4)
SHAPES = [((3, 3, 3), 1), ((2, 2, 2), 2), ((3, 1, 2), 1), ((1, 1, 1), 1)]


def as_places(field):
    return dict(zip(places_of(field), field.values.detach().numpy(), strict=True))


def same(ours, wanted):
    found = as_places(ours)
    assert set(found) == set(wanted)
    for place, value in wanted.items():
        np.testing.assert_allclose(found[place], value, rtol=1e-9, atol=1e-9)


def foreign(layout, sizes, inputs, outputs):
    if layout == "minkowski":
        volume = int(np.prod(sizes))
        return grid(volume, inputs, outputs) if volume > 1 else grid(inputs, outputs)
    return grid(outputs, *sizes, inputs)


@pytest.mark.parametrize("layout", ["minkowski", "spconv"])
@pytest.mark.parametrize(("sizes", "stride"), SHAPES)
def test_layers_by_their_outputs(layout, sizes, stride):
    entry = getattr(oracle, f"{layout}_entry")
    convert = getattr(sw, f"{layout}_kernel")
    x = from_dense(grid(2, 3, *EXTENT), mask(0.4, 2, *EXTENT))
    kernel = foreign(layout, sizes, 3, 5)
    y = SparseSpace(3).conv(x, convert(kernel, sizes), stride=stride)
    same(y, oracle.convolve(as_places(x), kernel.numpy(), entry, sizes, stride))
    back = foreign(layout, sizes, 5, 2)
    up = SparseSpace(3).conv_transpose(y, convert(back, sizes, True), like=x, stride=stride)
    wanted = oracle.convolve_transposed(
        as_places(y), back.numpy(), entry, sizes, as_places(x), stride
    )
    assert any(np.any(value) for value in wanted.values())
    same(up, {place: value + np.zeros(2) for place, value in wanted.items()})


def test_kernels_of_spconv_1():
    weight = grid(3, 3, 3, 2, 5)  # (*K, I, O)
    newer = weight.movedim(-1, 0)  # (O, *K, I)
    assert torch.equal(sw.spconv_kernel(weight, (3,) * 3), sw.spconv_kernel(newer, (3,) * 3))


def minkowski_state(model, generator):
    """A state dict as MinkowskiEngine would save it, written by its names and shapes alone."""
    state = {}

    def conv(name, volume, inputs, outputs):
        shape = (inputs, outputs) if volume == 1 else (volume, inputs, outputs)
        state[f"{name}.kernel"] = (
            torch.randn(shape, generator=generator) * (volume * inputs) ** -0.5
        )

    def norm(name, channels):
        for key, value in (("weight", 1.0), ("bias", 0.0), ("running_mean", 0.0)):
            state[f"{name}.bn.{key}"] = value + 0.1 * torch.randn(channels, generator=generator)
        state[f"{name}.bn.running_var"] = 0.5 + torch.rand(channels, generator=generator)
        state[f"{name}.bn.num_batches_tracked"] = torch.tensor(3)

    def stage(name, inputs, outputs, blocks):
        for block in range(blocks):
            first = inputs if block == 0 else outputs
            conv(f"{name}.{block}.conv1", 9, first, outputs)
            norm(f"{name}.{block}.norm1", outputs)
            conv(f"{name}.{block}.conv2", 9, outputs, outputs)
            norm(f"{name}.{block}.norm2", outputs)
            if first != outputs:
                conv(f"{name}.{block}.downsample.0", 1, first, outputs)
                norm(f"{name}.{block}.downsample.1", outputs)

    planes, layers = model["planes"], model["layers"]
    conv("conv0p1s1", 25, 2, 4)
    norm("bn0", 4)
    channels, skips = 4, [4]
    for level in range(4):
        conv(f"conv{level + 1}p{2**level}s2", 4, channels, channels)
        norm(f"bn{level + 1}", channels)
        stage(f"block{level + 1}", channels, planes[level], layers[level])
        channels = planes[level]
        skips.append(channels)
    skips.pop()
    for level in range(4, 8):
        conv(f"convtr{level}p{2 ** (8 - level)}s2", 4, channels, planes[level])
        norm(f"bntr{level}", planes[level])
        stage(f"block{level + 1}", planes[level] + skips.pop(), planes[level], layers[level])
        channels = planes[level]
    conv("final", 1, channels, 3)
    state["final.bias"] = torch.randn((1, 3), generator=generator)
    return state


def test_a_file_of_minkowskiengine_gives_its_outputs(tmp_path):
    how = {"layers": (1, 2, 1, 1, 1, 1, 1, 2), "planes": (4, 5, 6, 7, 6, 5, 4, 4)}
    state = minkowski_state(how, torch.Generator().manual_seed(0))
    torch.save({"state_dict": state}, tmp_path / "weights.pth")
    model = MinkUNet(**how, classes=3, inputs=2, width=4, space=SparseSpace(2, "reach"))
    sw.load_minkowski(model, tmp_path / "weights.pth")
    assert model.space.rule == model.down[0].conv.space.rule == "parent"
    model = model.double().eval()
    x = from_dense(grid(2, 2, 12, 12), mask(0.3, 2, 12, 12))
    arrays = {name: value.double().numpy() for name, value in state.items()}
    same(model(x), oracle.minkunet(as_places(x), arrays, 2))


def test_a_file_of_spconv_layers_fills_layers_of_the_same_names(tmp_path):
    space = SparseSpace(2)
    model = nn.Sequential(Conv(space, 2, 3), ConvTranspose(space, 3, 4, bias=False))
    state = {"0.weight": grid(3, 3, 3, 2), "0.bias": grid(3), "1.weight": grid(4, 2, 2, 3)}
    torch.save(state, tmp_path / "layers.pt")
    sw.load_spconv(model, tmp_path / "layers.pt")
    torch.testing.assert_close(model[0].weight[2, 1, 0, 2], state["0.weight"][2, 0, 2, 1].float())
    torch.testing.assert_close(model[1].weight[2, 3, 0, 1], state["1.weight"][3, 0, 1, 2].float())
    torch.testing.assert_close(model[0].bias, state["0.bias"].float())
    assert (model[0].space.rule, model[1].space.rule, space.rule) == ("reach", "reach", "parent")
    plain = nn.Sequential(Conv(SparseSpace(2, "dilate"), 2, 3), ConvTranspose(2, 3, 4, bias=False))
    sw.load_spconv(plain, tmp_path / "layers.pt")
    assert (plain[0].space, plain[1].space) == (SparseSpace(2, "dilate"), Dense(2))


def test_what_does_not_fit_is_named_and_nothing_changes(tmp_path):
    space = SparseSpace(2)
    model = nn.Sequential(Conv(space, 2, 3))
    before = model[0].weight.clone()
    torch.save({"0.weight": grid(3, 3, 3, 2)}, tmp_path / "few.pt")
    with pytest.raises(InputError, match=r"does not fit Sequential: 1 missing: 0\.bias"):
        sw.load_spconv(model, tmp_path / "few.pt")
    assert torch.equal(model[0].weight, before)
    with pytest.raises(GeometryError, match="weight: expected spconv's"):
        sw.spconv_kernel(grid(3, 5, 5, 2), (3, 3))
    with pytest.raises(GeometryError, match=r"kernel: expected \(prod\(\(3, 3\)\), I, O\)"):
        sw.minkowski_kernel(grid(8, 2, 3), (3, 3))
    grouped = nn.Sequential(Conv(space, 2, 2, groups=2))
    with pytest.raises(GeometryError, match="layers of 2 groups are not converted"):
        sw.from_spconv({"0.weight": grid(2, 3, 3, 1)}, grouped)
