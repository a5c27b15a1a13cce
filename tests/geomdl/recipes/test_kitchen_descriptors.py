from functools import partial
from typing import get_args

import pytest
import torch
from torch import Generator, nn

from core2d.errors import InputError
from geomdl.models.fcgf import FCGF
from geomdl.ops.differential import point_normals
from geomdl.ops.fpfh import fpfh
from geomdl.ops.global_registration import match_features
from geomdl.ops.voxelize import voxelize
from geomdl.recipes import kitchen_descriptors as recipe
from geomdl.recipes.registration import moments, sides
from geomdl.registration_metrics import inlier_ratio, true_matches
from scenes.datasets import fragments as module
from scenes.datasets import room_fragments
from scenes.datasets.fragments import Fragments, Pairs
from tests.geomdl.recipes.pairs import fragments


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Fragments:
    return fragments(tmp_path_factory.mktemp("scene"))


def tiny() -> recipe.Describer:
    torch.manual_seed(0)
    return recipe.Describer(FCGF((8, 16, 16, 16), (16, 16, 16, 16), outputs=16, stem=5), 0.1)


def test_sizes() -> None:
    config = partial(recipe.Config, stem=5, inputs="ones", isotropic=False)
    with torch.device("meta"):
        counts = [
            sum(p.numel() for p in recipe.model(config(size=size)).parameters())
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


def test_what_the_network_sees_of_a_voxel() -> None:
    """A network that gives its input back: 1, or 1 and the histograms of the voxel's point."""
    points = torch.rand(60, 3, generator=Generator().manual_seed(0)) + 0.5
    points = points[voxelize(points, 0.1).first]
    offsets = torch.tensor([0, 25, len(points)])
    plain = recipe.Describer(nn.Identity(), 0.1)  # type: ignore[arg-type]
    assert torch.equal(plain(points, offsets), torch.ones(len(points), 1))
    rich = recipe.Describer(nn.Identity(), 0.1, inputs="fpfh")  # type: ignore[arg-type]
    found = rich(points, offsets)
    for start, stop in ((0, 25), (25, len(points))):
        own = points[start:stop]
        wanted = fpfh(own, point_normals(own, 30, torch.zeros(3)), 0.5) / 200
        torch.testing.assert_close(
            found[start:stop], torch.cat([torch.ones(len(own), 1), wanted], 1)
        )
    some = recipe.Describer(nn.Identity(), 0.1, inputs="moments")  # type: ignore[arg-type]
    assert torch.equal(some(points, offsets)[:, 1:], moments(points, 0.1, offsets))
    for inputs in get_args(recipe.Inputs):
        assert recipe.model(recipe.Config(inputs=inputs))(points).shape == (len(points), 32)


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


def test_one_pair_is_learned_by_heart(made: Fragments) -> None:
    """In one position, nothing hidden: nearly every mutual match is right, as in no real test."""
    train = Pairs(made, torch.tensor([[0, 2]]), voxel=0.1)
    batch, generator = train.batch(torch.tensor([0])), Generator().manual_seed(0)
    ((source, target),) = sides(batch)
    model = tiny()
    optimiser = torch.optim.Adam(model.parameters(), 1e-2)
    for step in range(60):
        loss = recipe.loss(model, batch, step, generator)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    counts = torch.tensor([0, len(source.points), len(source.points) + len(target.points)])
    found = model(torch.cat([source.points, target.points]), counts).detach()
    pairs = match_features(found[: counts[1]], found[counts[1] :])
    places = source.places[pairs[:, 0]], target.places[pairs[:, 1]]
    # matches where the two overlap not at all cannot be right
    shown = true_matches(*(s.places for s in (source, target)), torch.eye(4), 0.1)[:, 0]
    known = torch.isin(pairs[:, 0], shown)
    assert int(known.sum()) > 100
    ratio = inlier_ratio(places[0][known], places[1][known], torch.eye(4), 0.2)
    assert ratio > 0.9


def test_the_loss_is_the_one_that_was_asked_for(made: Fragments) -> None:
    batch = Pairs(made, torch.tensor([[0, 1]]), voxel=0.1).batch(torch.tensor([0]))
    losses = []
    for contrast in get_args(recipe.Contrast):
        torch.manual_seed(0)
        model = recipe.Describer(FCGF((4,) * 4, (4,) * 4, outputs=4, stem=3), 0.1, contrast)
        losses.append(float(recipe.loss(model, batch, 0, Generator().manual_seed(0)).detach()))
    assert losses[0] > losses[1]  # log of a thousand candidates, against at most 1.96
    assert losses[1] < 2.0


def test_data_and_what_is_refused(made: Fragments, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "kitchen", lambda: made)
    data = recipe.data(recipe.Config(voxel=0.2, by="time", rooms=0))
    assert (len(data.train), len(data.validation), len(data.test)) == (3, 0, 1)
    assert isinstance(data.train, Pairs)
    assert data.train.voxel == 0.2
    assert data.train.noise == 0.005
    low = recipe.data(recipe.Config(voxel=0.2, by="time", rooms=0, least=0.9)).test
    assert len(low) == 0
    with pytest.raises(InputError, match="examples"):
        recipe.metrics(tiny(), data.validation)


def test_rooms_train_beside_the_kitchen(made: Fragments, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "kitchen", lambda: made)
    asked: list[int] = []
    monkeypatch.setattr(room_fragments, "room_fragments", lambda n, seed: asked.append(n) or made)
    plain, more = (recipe.data(recipe.Config(by="time", rooms=rooms)) for rooms in (0, 2))
    assert asked == [0, 1]
    assert len(more.train) > len(plain.train)
    assert len(more.test) == len(plain.test)
    last = more.train.batch(torch.tensor([len(more.train) - 1]), Generator().manual_seed(0))
    assert len(last["points"]) > 100
    assert "2 procedural rooms" in more.name
