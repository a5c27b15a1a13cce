"""A file in SparseConvNet's layout gives the outputs of a forward pass written for that layout."""

import numpy as np
import pytest
import torch

from core2d.errors import InputError
from geomdl.models.scn_unet import SCNUNet
from geomdl.models.scn_weights import load_sparseconvnet
from geomdl.nn.sparse_field import from_dense
from geomdl.nn.sparse_space import SparseSpace
from tests.geomdl.nn.scattered import grid, mask, places_of
from tests.oracles import sparseconvnet_layout as oracle

AXES, WIDTH, LEVELS, CLASSES = 2, 4, 3, 5


def published(layout: str, repeats: int, residual: bool) -> dict[str, torch.Tensor]:
    """A state dict as SparseConvNet saves it, written by its containers and shapes alone."""
    generator, state = torch.Generator().manual_seed(0), {}

    def conv(name, size, inputs, outputs):
        volume = size**AXES
        value = torch.randn(volume, inputs, outputs, generator=generator)
        value *= (volume * inputs) ** -0.5
        shapes = {"flat": (-1, outputs), "listed": value.shape, "grouped": (volume, 1, inputs, -1)}
        state[f"{name}.weight"] = value.view(shapes[layout])

    def norm(name, channels):
        state[f"{name}.weight"] = 1 + 0.1 * torch.randn(channels, generator=generator)
        state[f"{name}.bias"] = 0.1 * torch.randn(channels, generator=generator)
        state[f"{name}.runningMean"] = 0.1 * torch.randn(channels, generator=generator)
        state[f"{name}.runningVar"] = 0.5 + torch.rand(channels, generator=generator)

    def block(name, inputs, outputs):
        if not residual:
            norm(f"{name}.0", inputs)
            conv(f"{name}.1", 3, inputs, outputs)
            return 1
        if inputs != outputs:
            shortcut = torch.randn(inputs, outputs, generator=generator) * inputs**-0.5
            state[f"{name}.0.weight"] = shortcut
        for part, before in ((0, inputs), (2, outputs)):
            norm(f"{name}.1.{part}", before)
            conv(f"{name}.1.{part + 1}", 3, before, outputs)
        return 2

    def stage(name, level):
        width, place = WIDTH * level, 0
        for _ in range(repeats):
            place += block(f"{name}.{place}", width, width)
        if level == LEVELS:
            return
        below = width + WIDTH
        norm(f"{name}.{place}.1.0", width)
        conv(f"{name}.{place}.1.1", 2, width, below)
        stage(f"{name}.{place}.1.2", level + 1)
        norm(f"{name}.{place}.1.3", below)
        conv(f"{name}.{place}.1.4", 2, below, width)
        place += 2
        for number in range(repeats):
            place += block(f"{name}.{place}", width * (1 if number else 2), width)

    conv("sparseModel.1", 3, 2, WIDTH)
    stage("sparseModel.2", 1)
    norm("sparseModel.3", WIDTH)
    state["linear.weight"] = torch.randn(CLASSES, WIDTH, generator=generator)
    state["linear.bias"] = torch.randn(CLASSES, generator=generator)
    return state


def network(repeats: int, residual: bool) -> SCNUNet:
    return SCNUNet(
        classes=CLASSES, inputs=2, width=WIDTH, levels=LEVELS, repeats=repeats, residual=residual,
        space=SparseSpace(AXES),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("layout", "repeats", "residual"),
    [("flat", 1, False), ("listed", 2, False), ("grouped", 1, True), ("flat", 2, True)],
)
def test_a_published_file_gives_its_outputs(layout, repeats, residual, tmp_path):
    state = published(layout, repeats, residual)
    torch.save(state, tmp_path / "unet.pth")
    model = network(repeats, residual)
    assert not any(load_sparseconvnet(model, tmp_path / "unet.pth"))
    x = from_dense(grid(2, 2, 11, 9), mask(0.4, 2, 11, 9))
    ours = model.double().eval()(x)
    arrays = {name: value.double().numpy() for name, value in state.items()}
    at = dict(zip(places_of(x), x.values.numpy(), strict=True))
    how = {"levels": LEVELS, "repeats": repeats, "residual": residual}
    wanted = oracle.unet(at, arrays, AXES, **how)
    found = dict(zip(places_of(ours), ours.values.detach().numpy(), strict=True))
    assert set(found) == set(wanted)
    for place, value in wanted.items():
        np.testing.assert_allclose(found[place], value, rtol=1e-9, atol=1e-9)
    assert np.std(np.stack(list(wanted.values())), 0).min() > 0.01


def test_what_does_not_fit_is_named(tmp_path):
    torch.save(published("flat", 1, False), tmp_path / "unet.pth")
    with pytest.raises(InputError, match="does not fit SCNUNet"):
        load_sparseconvnet(network(2, False), tmp_path / "unet.pth")
    state = published("flat", 1, False)
    state["sparseModel.1.weight"] = torch.randn(25 * 2, WIDTH)
    torch.save(state, tmp_path / "other.pth")
    with pytest.raises(InputError, match=r"sparseModel\.1: expected a kernel of \(3, 3, 2, 4\)"):
        load_sparseconvnet(network(1, False), tmp_path / "other.pth")
