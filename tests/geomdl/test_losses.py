import math

import pytest
import torch

from geomdl.errors import GeometryError
from geomdl.losses import hardest_contrastive, info_nce


def written_out(features, places, pairs, pools, safe):
    """The formula in loops over lists of floats."""
    near, far, back = [], [], []
    for i, j in pairs:
        near.append(max(math.dist(features[0][i], features[1][j]) - 0.1, 0) ** 2)
        for mine, side, other, found in ((i, 0, 1, far), (j, 1, 0, back)):
            gaps = [
                math.dist(features[side][mine], features[other][k])
                for k in pools[other]
                if math.dist(places[side][mine], places[other][k]) > safe
            ]
            if gaps:
                found.append(max(1.4 - min(gaps), 0) ** 2)
    means = [sum(values) / len(values) for values in (near, far, back)]
    return means[0] + 0.5 * (means[1] + means[2])


def nce_written_out(features, places, pairs, pools, safe, temperature):
    total = []
    for side, other in ((0, 1), (1, 0)):
        for match in pairs:
            i, j = match[side], match[other]

            def likeness(k, i=i, side=side, other=other):
                dot = sum(a * b for a, b in zip(features[side][i], features[other][k], strict=True))
                return math.exp(dot / temperature)

            wrong = [
                likeness(k)
                for k in pools[other]
                if math.dist(places[side][i], places[other][k]) > safe
            ]
            total.append(-math.log(likeness(j) / (likeness(j) + sum(wrong))))
    return sum(total) / len(total)


def scans(seed=0):
    generator = torch.Generator().manual_seed(seed)
    features = [torch.randn(n, 4, generator=generator, dtype=torch.float64) for n in (12, 15)]
    features = tuple(torch.nn.functional.normalize(f, dim=1) for f in features)
    places = tuple(torch.rand(n, 3, generator=generator, dtype=torch.float64) for n in (12, 15))
    pairs = torch.tensor([[0, 3], [5, 5], [11, 14], [0, 4]])
    pools = (torch.tensor([0, 2, 5, 7, 9]), torch.tensor([1, 3, 4, 8, 13, 14]))
    return features, places, pairs, pools


def test_it_is_the_formula():
    features, places, pairs, pools = scans()
    for safe in (0.0, 0.4):
        found = hardest_contrastive(features, places, pairs, pools, safe=safe)
        lists = [[part.tolist() for part in both] for both in (features, places, pools)]
        wanted = written_out(lists[0], lists[1], pairs.tolist(), lists[2], safe)
        assert float(found) == pytest.approx(wanted)


def test_info_nce_is_the_formula():
    features, places, pairs, pools = scans()
    lists = [[part.tolist() for part in both] for both in (features, places, pools)]
    for safe, temperature in ((0.0, 0.3), (0.4, 0.07), (9.0, 1.0)):
        found = info_nce(features, places, pairs, pools, safe=safe, temperature=temperature)
        wanted = nce_written_out(*lists[:2], pairs.tolist(), lists[2], safe, temperature)
        assert float(found) == pytest.approx(wanted)
    assert float(found) == 0.0  # nothing lies 9 m away


@pytest.mark.parametrize("loss", [hardest_contrastive, info_nce])
def test_gradients(loss):
    features, places, pairs, pools = scans()
    watched = [f.requires_grad_() for f in features]
    assert torch.autograd.gradcheck(
        lambda a, b: loss((a, b), places, pairs, pools, safe=0.3), watched
    )


def test_what_is_near_is_no_negative():
    """The same surface twice: the nearest descriptor is the partner's neighbour, and right."""
    features = torch.eye(3).repeat(2, 1)[:4]  # 0 and 3 look alike
    places = torch.tensor([[0.0, 0, 0], [1, 0, 0], [2, 0, 0], [0.05, 0, 0]])
    pairs, pool = torch.tensor([[0, 0]]), torch.arange(4)
    both = (features, features), (places, places), pairs, (pool, pool)
    assert float(hardest_contrastive(*both, safe=0.1)) == 0.0  # others are sqrt 2 away
    assert float(hardest_contrastive(*both, safe=0.01)) == pytest.approx(1.4**2)


def test_matches_attract_within_their_margin():
    places = torch.tensor([[0.0, 0, 0]])
    pairs, none = torch.tensor([[0, 0]]), torch.zeros(0, dtype=torch.int64)
    for gap, wanted in ((0.05, 0.0), (0.1, 0.0), (0.5, 0.16)):
        features = torch.tensor([[0.0, 1.0]]), torch.tensor([[gap, 1.0]])
        loss = hardest_contrastive(features, (places, places), pairs, (none, none), safe=0.1)
        assert float(loss) == pytest.approx(wanted, abs=1e-6)


def test_equal_descriptors_give_finite_gradients():
    features = torch.ones(3, 2, requires_grad=True)
    places = torch.eye(3)
    pairs, pool = torch.tensor([[0, 0], [1, 1]]), torch.arange(3)
    loss = hardest_contrastive((features, features), (places, places), pairs, (pool, pool), safe=0)
    loss.backward()
    assert float(loss.detach()) == pytest.approx(1.4**2)
    assert bool(torch.isfinite(features.grad).all())


@pytest.mark.parametrize("loss", [hardest_contrastive, info_nce])
def test_no_matches_and_bad_arguments(loss):
    features, places, pairs, pools = scans()
    assert float(loss(features, places, pairs[:0], pools, safe=0.1)) == 0.0
    with pytest.raises(GeometryError, match="features"):
        loss((features[0], features[1][:, :2]), places, pairs, pools, safe=0.1)
    with pytest.raises(GeometryError, match="places"):
        loss(features, (places[0], places[0]), pairs, pools, safe=0.1)
    with pytest.raises(GeometryError, match="pairs"):
        loss(features, places, pairs[:, 0], pools, safe=0.1)
    with pytest.raises(GeometryError, match="safe"):
        loss(features, places, pairs, pools, safe=-1.0)


def test_bad_temperature():
    with pytest.raises(GeometryError, match="temperature"):
        info_nce(*scans(), safe=0.1, temperature=0.0)
