import math

import numpy as np
import pytest
import torch
from torch import Tensor

from geomdl.errors import GeometryError
from geomdl.ops import global_registration
from geomdl.ops.differential import point_normals
from geomdl.ops.fpfh import fpfh
from geomdl.ops.global_registration import (
    agreeing,
    align,
    consensus,
    match_features,
    moved,
    rigid_motions,
)
from geomdl.ops.registration import exponential, kabsch

MOTION = exponential(torch.tensor([1.9, -0.8, 1.1, 0.7, -1.3, 2.0], dtype=torch.float64))


def matched(count: int, share: float, *, noise: float = 0.0) -> tuple[Tensor, Tensor, Tensor]:
    """Matched points (K, 3), (K, 3) of which `share` follow MOTION, and which do."""
    generator = torch.Generator().manual_seed(count)
    source = torch.rand(count, 3, generator=generator, dtype=torch.float64) * 3
    target = moved(MOTION[None], source)[0]
    target = target + noise * torch.randn(count, 3, generator=generator, dtype=torch.float64)
    right = torch.rand(count, generator=generator) < share
    wrong = torch.rand(count, 3, generator=generator, dtype=torch.float64) * 3
    return source, torch.where(right[:, None], target, wrong), right


def landscape(count: int, seed: int) -> Tensor:
    """Points (N, 3) float32 of bumps of many sizes, without symmetry: 2 m x 2 m."""
    generator = torch.Generator().manual_seed(seed)
    x, y = 2 * torch.rand(2, count, generator=generator)
    z = 0.2 * torch.sin(5 * x + 2) * torch.cos(4 * y) + 0.1 * torch.sin(9 * x * y) + 0.2 * x
    return torch.stack([x, y, z], 1)


def test_matches_are_those_of_all_distances() -> None:
    generator = torch.Generator().manual_seed(0)
    source, target = (torch.rand(n, 33, generator=generator) + 5 for n in (70, 90))
    distances = np.linalg.norm(source.numpy()[:, None] - target.numpy()[None], axis=2)
    forth, back = distances.argmin(1), distances.argmin(0)
    wanted = [(i, j) for i, j in enumerate(forth) if back[j] == i]
    assert 5 < len(wanted) < 60
    assert match_features(source, target).tolist() == [list(pair) for pair in wanted]
    one_way = match_features(source, target, mutual=False)
    assert one_way.tolist() == [[i, int(j)] for i, j in enumerate(forth)]


def test_matches_in_chunks_and_of_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = torch.Generator().manual_seed(0)
    source, target = (torch.rand(n, 8, generator=generator) for n in (50, 40))
    whole = match_features(source, target)
    monkeypatch.setattr(global_registration, "CHUNK", 170)
    assert torch.equal(match_features(source, target), whole)
    assert match_features(source, target[:0]).shape == (0, 2)
    assert match_features(source[:0], target).shape == (0, 2)
    same = match_features(source[:1].expand(3, 8), source[:1].expand(4, 8), mutual=False)
    assert same[:, 1].tolist() == [0, 0, 0]


def test_motions_of_many_samples_are_those_of_kabsch() -> None:
    generator = torch.Generator().manual_seed(2)
    source, target = torch.rand(2, 40, 3, 3, generator=generator, dtype=torch.float64)
    found = rigid_motions(source, target)
    wanted = torch.stack([kabsch(a, b) for a, b in zip(source, target, strict=True)])
    torch.testing.assert_close(found, wanted)
    torch.testing.assert_close(torch.linalg.det(found), torch.ones(40, dtype=torch.float64))


@pytest.mark.parametrize("share", [0.9, 0.3, 0.1])
def test_consensus_finds_the_motion_among_wrong_matches(share: float) -> None:
    source, target, right = matched(600, share, noise=0.003)
    found = consensus(source, target, 0.02)
    torch.testing.assert_close(found.transform, MOTION, atol=5e-3, rtol=0)
    assert bool(found.inliers[right].all())
    assert float(found.inliers[~right].double().mean()) < 0.01
    again = consensus(source, target, 0.02)
    assert torch.equal(again.transform, found.transform)
    assert again.draws == found.draws


def test_it_ends_early_where_most_agree() -> None:
    easy, hard = matched(600, 0.9), matched(600, 0.08)
    first = global_registration.FIRST
    assert consensus(easy[0], easy[1], 0.02).draws == first
    found = consensus(hard[0], hard[1], 0.02)
    share = float(found.inliers.double().mean())
    needed = math.log(0.001) / math.log(1 - share**3)
    assert needed <= found.draws < needed + global_registration.BLOCK
    assert consensus(hard[0], hard[1], 0.02, draws=10).draws == first


def test_nothing_to_agree_on() -> None:
    generator = torch.Generator().manual_seed(0)
    source = torch.rand(40, 3, generator=generator)
    stretched = source * torch.tensor([1.0, 2.0, 4.0]) * 3  # no edges keep their lengths
    for rows in (slice(0, 40), slice(0, 2), slice(0, 0)):
        found = consensus(source[rows], stretched[rows], 0.001, edge=0.999, draws=20_000)
        assert torch.equal(found.transform, torch.eye(4, dtype=torch.float64))
        assert not bool(found.inliers.any())


def test_samples_whose_edges_differ_are_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    source, target, _ = matched(300, 0.2)
    seen = []
    plain = rigid_motions
    monkeypatch.setattr(
        global_registration, "rigid_motions", lambda a, b: seen.append((a, b)) or plain(a, b)
    )
    consensus(source, target, 0.02)
    a, b = seen[0]
    before, after = ((x - x.roll(1, 1)).norm(dim=2) for x in (a, b))
    assert 0 < len(a) < global_registration.FIRST // 5
    assert float((before / after).min()) >= 0.9
    assert float((after / before).min()) >= 0.9


def test_agreement_is_a_distance() -> None:
    source = torch.tensor([[0.0, 0.0, 0.0], [1.0, 0.0, 0.0]], dtype=torch.float64)
    target = source + torch.tensor([[0.0, 0.0, 0.1], [0.0, 0.3, 0.0]], dtype=torch.float64)
    found = agreeing(torch.eye(4, dtype=torch.float64)[None], source, target, 0.2)
    assert found.tolist() == [[True, False]]


def test_two_scans_of_a_surface_are_aligned(backend: str) -> None:
    target, source = landscape(2500, 0), landscape(2500, 1)
    source = source[source[:, 0] > 0.6]
    target = target[target[:, 0] < 1.5]
    above = torch.tensor([1.0, 1.0, 5.0])
    clouds = []
    for points in (source, target):
        normals = point_normals(points, 12, above)
        clouds.append((points, normals, fpfh(points, normals, 0.2)))
    turned = moved(torch.linalg.inv(MOTION)[None], clouds[0][0].double())[0].float()
    found = align(turned, clouds[1][0], clouds[0][2], clouds[1][2], 0.05, normals=clouds[1][1])
    torch.testing.assert_close(found.transform, MOTION, atol=0.02, rtol=0)
    assert found.fitness > 0.5


def test_bad_arguments() -> None:
    points = torch.rand(10, 3)
    with pytest.raises(GeometryError, match="target"):
        consensus(points, points[:4], 0.1)
    with pytest.raises(GeometryError, match="edge: expected a share"):
        consensus(points, points, 0.1, edge=1.0)
    with pytest.raises(GeometryError, match="confidence"):
        consensus(points, points, 0.1, confidence=-0.5)
    with pytest.raises(GeometryError, match="max_distance"):
        consensus(points, points, 0.0)
    with pytest.raises(GeometryError, match="target"):
        match_features(torch.rand(4, 8), torch.rand(4, 9))
    with pytest.raises(GeometryError, match="source_features"):
        align(points, points, torch.rand(3, 8), torch.rand(10, 8), 0.1)
