"""The peer is the same network: equal logits and gradients in double precision."""

import torch

from geomdl.bench.plain_pointnet2 import PlainPointNet2, ball, distances, farthest
from geomdl.bench.train.points import clouds
from geomdl.models.point_weights import translated
from geomdl.models.pointnet2 import PointNet2
from geomdl.ops.ball import ball_index
from geomdl.ops.sampling import farthest_point_index


def test_logits_gradients_and_running_statistics_are_equal() -> None:
    torch.manual_seed(0)
    plain = PlainPointNet2(4).double()
    model = PointNet2(4, dropout=0.0).double()
    model.load_state_dict(translated(plain.state_dict()))
    points = clouds(2, 520).double()
    ours = model(points.reshape(-1, 3), torch.tensor([0, 520, 1040]))
    theirs = plain(points)
    torch.testing.assert_close(ours, theirs, atol=1e-7, rtol=1e-5)
    target = torch.randn(2, 4, dtype=torch.float64)
    (ours * target).sum().backward()
    (theirs * target).sum().backward()
    gradients = {n: p.grad for n, p in plain.named_parameters()}
    expected = translated(gradients)
    for name, parameter in model.named_parameters():
        largest = float(expected[name].abs().max())
        if name.endswith("linears.0.bias") or (".linears." in name and name.endswith("bias")):
            assert largest < 1e-6  # a bias before a norm: nothing but rounding
        torch.testing.assert_close(
            parameter.grad, expected[name], atol=1e-6 * max(1.0, largest), rtol=1e-5
        )
    after, before = translated(plain.state_dict()), model.state_dict()
    for name in before:
        torch.testing.assert_close(before[name], after[name])


def test_its_parts_find_what_ours_find() -> None:
    points = clouds(2, 300)
    index = farthest(points, 20)
    packed, offsets = points.reshape(-1, 3), torch.tensor([0, 300, 600])
    ours = farthest_point_index(packed, 20, offsets)
    assert torch.equal(ours.view(2, 20), index + torch.tensor([[0], [300]]))
    centres = torch.stack([p[i] for p, i in zip(points, index, strict=True)])
    torch.testing.assert_close(distances(points, centres), torch.cdist(points, centres) ** 2)
    near = ball(points.double(), centres.double(), 0.3, 8)
    query = centres.reshape(-1, 3).double()
    mine = ball_index(packed.double(), query, 0.3, 8, offsets, torch.tensor([0, 20, 40]))
    mine = torch.where(mine < 0, mine[:, :1], mine)
    assert torch.equal(mine.view(2, 20, 8) - torch.tensor([0, 300]).view(2, 1, 1), near)
