"""A file in FCGF's layout gives the outputs of a forward pass written for that layout."""

import numpy as np
import pytest
import torch

from core2d.errors import InputError
from geomdl.models.fcgf import FCGF
from geomdl.models.fcgf_weights import load_fcgf
from geomdl.nn.sparse_field import from_dense
from geomdl.nn.sparse_space import SparseSpace
from tests.geomdl.nn.scattered import grid, mask, places_of
from tests.oracles import minkowski_layout as oracle

DOWN, UP, AXES, STEM = (4, 5, 6, 7), (3, 5, 4, 6), 2, 5


def published() -> dict[str, torch.Tensor]:
    """A state dict as FCGF's code saves it, written by its names and shapes alone."""
    generator, state = torch.Generator().manual_seed(0), {}

    def conv(name, size, inputs, outputs):
        volume = size**AXES
        shape = (inputs, outputs) if volume == 1 else (volume, inputs, outputs)
        value = torch.randn(shape, generator=generator) * (volume * inputs) ** -0.5
        state[f"{name}.kernel"] = value

    def norm(name, channels):
        for key, value in (("weight", 1.0), ("bias", 0.0), ("running_mean", 0.0)):
            state[f"{name}.bn.{key}"] = value + 0.1 * torch.randn(channels, generator=generator)
        state[f"{name}.bn.running_var"] = 0.5 + torch.rand(channels, generator=generator)
        state[f"{name}.bn.num_batches_tracked"] = torch.tensor(3)

    def stage(number, size, inputs, outputs, ending=""):
        conv(f"conv{number}{ending}", size, inputs, outputs)
        norm(f"norm{number}{ending}", outputs)
        for part in (1, 2):
            conv(f"block{number}{ending}.conv{part}", 3, outputs, outputs)
            norm(f"block{number}{ending}.norm{part}", outputs)

    for level, (inputs, outputs) in enumerate(zip((1, *DOWN), DOWN, strict=False), 1):
        stage(level, STEM if level == 1 else 3, inputs, outputs)
    below = DOWN[3]
    for level in (4, 3, 2):
        stage(level, 3, below, UP[level - 1], "_tr")
        below = UP[level - 1] + DOWN[level - 2]
    conv("conv1_tr", 1, below, UP[0])
    conv("final", 1, UP[0], 8)
    state["final.bias"] = torch.randn((1, 8), generator=generator)
    return state


def test_a_published_file_gives_its_descriptors(tmp_path):
    state = published()
    torch.save({"state_dict": state, "epoch": 100}, tmp_path / "fcgf.pth")
    model = FCGF(DOWN, UP, outputs=8, stem=STEM, space=SparseSpace(AXES))
    load_fcgf(model, tmp_path / "fcgf.pth")
    x = from_dense(grid(2, 1, 16, 16), mask(0.4, 2, 16, 16))
    ours = model.double().eval()(x)
    arrays = {name: value.double().numpy() for name, value in state.items()}
    at = dict(zip(places_of(x), x.values.numpy(), strict=True))
    wanted = oracle.fcgf(at, arrays, AXES, STEM)
    found = dict(zip(places_of(ours), ours.values.detach().numpy(), strict=True))
    assert set(found) == set(wanted)
    for place, value in wanted.items():
        np.testing.assert_allclose(found[place], value, rtol=1e-9, atol=1e-9)
    assert np.std(np.stack(list(wanted.values())), 0).min() > 1e-3  # they differ between places


def test_another_size_is_refused(tmp_path):
    torch.save(published(), tmp_path / "fcgf.pth")
    wider = FCGF((4, 5, 6, 8), UP, outputs=8, stem=STEM, space=SparseSpace(AXES))
    with pytest.raises(InputError, match="does not fit FCGF"):
        load_fcgf(wider, tmp_path / "fcgf.pth")
