"""Groups against plain lists."""

import pytest
import torch

from geomdl.errors import GeometryError
from geomdl.nn.grouping import balls, farthest, grouped, nearest, relative
from tests.geomdl.nn.clouds import batch, items
from tests.oracles import point_layers_oracle as oracle

POINTS, OFFSETS, _ = batch(30, 18)
CENTRES, CENTRE_OFFSETS = POINTS[[3, 7, 40, 31, 47]], torch.tensor([0, 2, 5])


def test_a_table_becomes_lists() -> None:
    table = torch.tensor([[4, 1, -1, -1], [2, 5, 0, 3]])
    groups = grouped(table, torch.float32)
    assert groups.member.tolist() == [4, 1, 2, 5, 0, 3]
    assert groups.offsets.tolist() == [0, 2, 6]
    assert groups.weight.tolist() == [3, 1, 1, 1, 1, 1]
    assert groups.owner().tolist() == [0, 0, 1, 1, 1, 1]
    assert grouped(table, torch.float32, padded=False).weight.tolist() == [1] * 6
    assert int(groups.weight.sum()) == table.numel()


def test_balls_and_nearest_of_each_item() -> None:
    both = {"offsets": OFFSETS, "centre_offsets": CENTRE_OFFSETS}
    found = balls(POINTS, CENTRES, radius=0.9, count=6, **both)
    near = nearest(POINTS, CENTRES, 20, OFFSETS, CENTRE_OFFSETS)
    for item, rows in enumerate(items(OFFSETS)):
        cloud = POINTS[rows].numpy()
        for m in range(*CENTRE_OFFSETS[item : item + 2].tolist()):
            mine = slice(*found.offsets[m : m + 2].tolist())
            slots = found.member[mine].repeat_interleave(found.weight[mine].long()).tolist()
            expected = oracle.ball(cloud, CENTRES[m].numpy(), 0.9, 6)
            assert sorted(slots) == sorted(rows.start + i for i in expected)
            mine = slice(*near.offsets[m : m + 2].tolist())
            expected = oracle.nearest(cloud, CENTRES[m].numpy(), 20)
            assert near.member[mine].tolist() == [rows.start + i for i in expected]
    offset = relative(POINTS, CENTRES, found)
    torch.testing.assert_close(offset, POINTS[found.member] - CENTRES[found.owner()])


def test_farthest_of_equal_and_unequal_counts() -> None:
    for counts in ([5, 5], [4, 7]):
        index, offsets = farthest(POINTS, OFFSETS, torch.tensor(counts))
        truth = [
            rows.start + i
            for rows, count in zip(items(OFFSETS), counts, strict=True)
            for i in oracle.farthest(POINTS[rows].numpy(), count)
        ]
        assert index.tolist() == truth
        assert offsets.tolist() == [0, counts[0], sum(counts)]


def test_an_empty_ball_is_named() -> None:
    with pytest.raises(GeometryError, match=r"radius: no point within 0\.1 of centre 1"):
        balls(
            POINTS, torch.stack([POINTS[0], POINTS[0] + 9]), radius=0.1, count=3,
            offsets=OFFSETS, centre_offsets=torch.tensor([0, 2, 2]),
        )  # fmt: skip
