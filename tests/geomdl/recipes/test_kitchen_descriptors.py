import pytest
import torch
from torch import Generator

from core2d.errors import InputError
from geomdl.models.fcgf import FCGF
from geomdl.recipes import kitchen_descriptors as recipe
from scenes.datasets import fragments as module
from scenes.datasets.fragments import Fragments, Pairs
from tests.geomdl.recipes.pairs import fragments


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Fragments:
    return fragments(tmp_path_factory.mktemp("scene"))


def tiny() -> recipe.Describer:
    torch.manual_seed(0)
    return recipe.Describer(FCGF((8, 16, 16, 16), (16, 16, 16, 16), outputs=16, stem=5), 0.1)


def test_sizes() -> None:
    with torch.device("meta"):
        counts = [
            sum(p.numel() for p in recipe.model(recipe.Config(size=size)).parameters())
            for size in ("small", "BN2C")
        ]
    assert counts == [2_190_992, 8_753_408]


def test_points_of_a_voxel_share_a_descriptor() -> None:
    points = torch.tensor([[0.01, 0.01, 0.01], [0.02, 0.03, 0.04], [0.55, 0.0, 0.0]])
    model = tiny().eval()
    found = model(torch.cat([points, points]), torch.tensor([0, 3, 6]))
    assert torch.equal(found[0], found[1])
    torch.testing.assert_close(found[:3], found[3:])
    torch.testing.assert_close(found.detach().norm(dim=1), torch.ones(6))
    torch.testing.assert_close(recipe.predict(model, points), found[:3].detach())


def test_it_learns_what_matches(made: Fragments) -> None:
    """Two pairs, again and again in one position: the loss falls, more matches are right."""
    train = Pairs(made, torch.tensor([[0, 1], [3, 5]]), voxel=0.1)
    model, generator = tiny(), Generator().manual_seed(0)
    before = recipe.metrics(model, train)  # with the batch's own statistics, as in training
    optimiser = torch.optim.Adam(model.parameters(), 1e-2)
    losses = []
    for step in range(20):
        loss = recipe.loss(model, train.batch(torch.tensor([0, 1])), step, generator)
        optimiser.zero_grad()
        loss.backward()
        if step == 1:
            assert all(bool(p.grad.any()) for p in model.parameters())
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.75 * losses[0]
    after = recipe.metrics(model, train)
    assert after["inlier_ratio"] > before["inlier_ratio"] + 0.05


def test_data_and_what_is_refused(made: Fragments, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "kitchen", lambda: made)
    data = recipe.data(recipe.Config(voxel=0.2))
    assert (len(data.train), len(data.validation), len(data.test)) == (3, 0, 1)
    assert isinstance(data.train, Pairs)
    assert data.train.voxel == 0.2
    assert data.train.noise == 0.005
    with pytest.raises(InputError, match="examples"):
        recipe.metrics(tiny(), data.validation)
