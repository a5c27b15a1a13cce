"""spconv's wheel for CPUs, where it is installed: tensors both ways, and equal results."""

import sys

import pytest
import torch
from torch import nn

from core2d.layers.conv import Conv
from core2d.models.unet import UNet
from geomdl.errors import GeometryError
from geomdl.nn import spconv_bridge
from geomdl.nn.sparse_field import from_dense, voxels_of
from geomdl.nn.sparse_space import SparseSpace
from geomdl.nn.sparse_weights import load_spconv, spconv_kernel
from tests.geomdl.nn.scattered import grid, mask

EXTENT = (7, 6, 5)


@pytest.fixture
def spconv():
    return pytest.importorskip("spconv.pytorch", reason="spconv is not installed")


def field(channels=4):
    x = grid(2, channels, *EXTENT, dtype=torch.float32)
    return from_dense(x, mask(0.3, 2, *EXTENT))


def test_pairs_say_what_the_table_says():
    table = torch.tensor([[0, -1], [2, 1], [-1, 0]], dtype=torch.int32)
    pairs, count = spconv_bridge.pairs_of(table)
    assert count.tolist() == [2, 2]
    assert pairs[:, 0, :2].tolist() == [[0, 2], [0, 1]]
    assert pairs[:, 1, :2].tolist() == [[1, 0], [1, 2]]
    assert spconv_bridge.pairs_of(table)[0] is pairs
    assert spconv_bridge.pairs_of(table.clone())[0] is not pairs


def test_tensors_there_and_back(spconv):
    voxels = voxels_of(field())
    theirs = spconv_bridge.to_spconv(voxels, EXTENT)
    assert theirs.spatial_shape == list(EXTENT)
    torch.testing.assert_close(theirs.dense(), voxels.dense(EXTENT))
    order = torch.randperm(len(voxels), generator=torch.Generator().manual_seed(0))
    mixed = spconv.SparseConvTensor(
        theirs.features[order], theirs.indices[order], theirs.spatial_shape, theirs.batch_size
    )
    back = spconv_bridge.from_spconv(mixed, stride=2)
    assert back.stride == 2
    assert torch.equal(back.coordinates, voxels.coordinates)
    assert torch.equal(back.features, voxels.features)
    assert torch.equal(back.offsets, voxels.offsets)
    assert spconv_bridge.to_spconv(voxels).spatial_shape == (voxels.bounds[1] + 1).tolist()


@pytest.mark.parametrize(
    ("layer", "rule", "stride", "padding"),
    [
        ("SubMConv3d", "reach", 1, "same"),
        ("SparseConv3d", "dilate", 1, "same"),
        ("SparseConv3d", "reach", 2, "same"),
        ("SparseConv3d", "reach", 2, (0, 1, 1)),
    ],
)
def test_layers_and_their_sites_are_those_of_spconv(spconv, layer, rule, stride, padding):
    torch.manual_seed(0)
    x = field()
    pads = (1, 1, 1) if padding == "same" else padding
    theirs = getattr(spconv, layer)(4, 8, 3, stride=stride, padding=pads, bias=True)
    with torch.no_grad():
        wanted = spconv_bridge.from_spconv(
            theirs(spconv_bridge.to_spconv(voxels_of(x), EXTENT)), stride
        )
        weight = spconv_kernel(theirs.weight, (3, 3, 3))
        space = SparseSpace(3, rule)
        found = voxels_of(space.conv(x, weight, theirs.bias, stride=stride, padding=padding))
    assert torch.equal(found.coordinates, wanted.coordinates)
    torch.testing.assert_close(found.features, wanted.features, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("size", "stride"), [(2, 2), (3, 2)])
def test_pooling_is_that_of_spconv(spconv, size, stride):
    x = field()
    x = x.on(x.values.abs())  # spconv starts its maxima at 0
    theirs = spconv.SparseMaxPool3d(size, stride, padding=(size - 1) // 2)
    wanted = spconv_bridge.from_spconv(
        theirs(spconv_bridge.to_spconv(voxels_of(x), EXTENT)), stride
    )
    found = voxels_of(SparseSpace(3, "reach").pool(x, size, stride))
    assert torch.equal(found.coordinates, wanted.coordinates)
    torch.testing.assert_close(found.features, wanted.features)


def test_a_file_of_its_layers_brings_its_sites(spconv, tmp_path):
    torch.manual_seed(0)
    x, shared = field(), SparseSpace(3)
    theirs = spconv.SparseSequential(
        spconv.SubMConv3d(4, 6, 3), spconv.SparseConv3d(6, 8, 3, stride=2, padding=1)
    )
    torch.save(theirs.state_dict(), tmp_path / "layers.pt")
    ours = nn.Sequential(Conv(shared, 4, 6), Conv(shared, 6, 8, stride=2))
    load_spconv(ours, tmp_path / "layers.pt")
    assert shared == SparseSpace(3), "others may stand on it"
    with torch.no_grad():
        found = voxels_of(ours(x))
        given = theirs(spconv_bridge.to_spconv(voxels_of(x), EXTENT))
    wanted = spconv_bridge.from_spconv(given, 2)
    assert torch.equal(found.coordinates, wanted.coordinates)
    torch.testing.assert_close(found.features, wanted.features, rtol=1e-4, atol=1e-4)


def test_inverse_convolution_is_that_of_spconv(spconv):
    x = field()
    down = spconv.SparseConv3d(4, 8, 2, stride=2, bias=False, indice_key="down")
    up = spconv.SparseInverseConv3d(8, 3, 2, bias=False, indice_key="down")
    with torch.no_grad():
        wanted = spconv_bridge.from_spconv(
            up(down(spconv_bridge.to_spconv(voxels_of(x), (8,) * 3)))
        )
        space = SparseSpace(3)
        y = space.conv(x, spconv_kernel(down.weight, (2,) * 3), stride=2)
        weight = spconv_kernel(up.weight, (2,) * 3, transposed=True)
        found = space.conv_transpose(y, weight, like=x, stride=2)
    torch.testing.assert_close(found.values, wanted.features, rtol=1e-4, atol=1e-4)


def test_a_network_on_its_kernels_gives_the_same(spconv):
    torch.manual_seed(0)
    x = field()
    spaces = SparseSpace(3), SparseSpace(3, multiply=spconv_bridge.gather_conv)
    ours, theirs = (UNet(classes=2, inputs=4, width=4, depth=2, space=space) for space in spaces)
    theirs.load_state_dict(ours.state_dict())
    with torch.no_grad():
        wanted, found = ours(x).values, theirs(x).values
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-4)
    assert spaces[0] != spaces[1]


def test_what_it_cannot_do_is_named(spconv):
    x, table = grid(3, 2, dtype=torch.float32), torch.tensor([[0], [2]], dtype=torch.int32)
    weight = grid(1, 2, 2, dtype=torch.float32).requires_grad_()
    none = spconv_bridge.gather_conv(x, weight, table[:0])
    assert none.shape == (0, 2)
    with pytest.raises(GeometryError, match="computes no gradients on a CPU"):
        spconv_bridge.gather_conv(x, weight, table).sum().backward()
    with pytest.raises(GeometryError, match="voxels: expected SparseVoxels, got SparseField"):
        spconv_bridge.to_spconv(field())
    for extent, message in (((7, 6), "expected 3 whole"), ((7, 6, 2), "does not hold all sites")):
        with pytest.raises(GeometryError, match=f"extent: .*{message}"):
            spconv_bridge.to_spconv(voxels_of(field()), extent)
    with pytest.raises(GeometryError, match="groups: spconv's convolution has none, got 2"):
        spconv_bridge.gather_conv(x, weight, table, None, 2)


def test_without_spconv_it_is_said_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "spconv", None)
    monkeypatch.setitem(sys.modules, "spconv.pytorch", None)
    with pytest.raises(ImportError, match="pip install spconv"):
        spconv_bridge.installed()
