"""Ours and the peer do the same step."""

import pytest
import torch

from geomdl.bench.train import points


def test_both_learn_the_same() -> None:
    work = points.prepared(2, 520)
    assert work.peer is not None
    assert work.same is not None
    ours = work.ours()
    work.same(ours, work.peer())
    after = work.ours()
    assert not torch.equal(ours, after)
    with pytest.raises(AssertionError):
        work.same(after, ours)


def test_clouds_fill_the_unit_sphere() -> None:
    made = points.clouds(4, 200)
    torch.testing.assert_close(made.norm(dim=2).amax(1), torch.ones(4))
    assert torch.equal(made, points.clouds(4, 200))


def test_the_row_holds_itself_to_four() -> None:
    (row,) = points.rows()
    assert (row.name, row.target) == ("pointnet2_step", 4)
    assert row.floor.flops > 1e9
