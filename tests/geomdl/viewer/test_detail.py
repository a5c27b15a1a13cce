"""Which chunks are chosen: near ones fine, far ones coarse, within the budget, without flicker."""

import math

import pytest
import torch

from geomdl.viewer.detail import FINE, LEAST, Budget, View, choose, coarseness, gaps
from geomdl.viewer.levels import Levels, build_levels


@pytest.fixture(scope="module")
def levels() -> Levels:
    uv = torch.rand(200_000, 2, generator=torch.Generator().manual_seed(0)) * 10
    return build_levels(torch.cat([uv, 0 * uv[:, :1]], 1), first=4000, most=3000)


def looking_down(x: float, height: float) -> View:
    return View((x, 5.0, height), (0.0, 0.0, -1.0), math.radians(60), 1.5, 900)


def chosen_points(levels: Levels, chosen: list[int]) -> int:
    return int(levels.counts[chosen].sum())


def test_all_where_there_is_room(levels):
    chosen = choose(levels, looking_down(5, 20), 200_000, levels.counts, set())
    assert sorted(chosen) == list(range(len(levels)))
    assert chosen[0] == 0
    assert set(gaps(levels, levels.counts, chosen).values()) == {0.0}


def test_budget_holds_and_level_0_is_there(levels):
    for budget in (10, 5000, 50_000):
        chosen = choose(levels, looking_down(5, 3), budget, levels.counts, set())
        first = set((levels.level == 0).nonzero()[:, 0].tolist())
        assert first <= set(chosen)
        coarse = int(levels.counts[levels.level == 0].sum())
        assert chosen_points(levels, chosen) <= max(budget, coarse)
    assert chosen_points(levels, chosen) > 40_000, "the budget is used"


def test_without_a_view_coarse_chunks_come_first(levels):
    chosen = choose(levels, None, 50_000, levels.counts, set())
    assert bool((levels.level[chosen].diff() >= 0).all())


def test_finer_where_the_camera_is_near(levels):
    chosen = choose(levels, looking_down(1, 1), 60_000, levels.counts, set())
    deep = levels.level[chosen] == int(levels.level.max())
    middle = (levels.low[chosen, 0] + levels.high[chosen, 0])[deep] / 2
    assert len(middle) > 0
    assert float(middle.max()) < 5
    far = choose(levels, looking_down(5, 3000), 60_000, levels.counts, set())
    assert levels.level[far].tolist() == [0] * len(far), "a far cloud needs no more than level 0"


def test_coarseness_is_the_gap_in_pixels(levels):
    view = looking_down(5, 100)
    focal = 450 / math.tan(math.radians(30))
    chunk = int((levels.level == 2).nonzero()[0, 0])
    beyond = (levels.low[chunk] - torch.tensor([5.0, 5.0, 100.0])).clamp(min=0)
    beyond = torch.maximum(beyond, torch.tensor([5.0, 5.0, 100.0]) - levels.high[chunk])
    expected = float(levels.spacing[1]) * focal / float(beyond.clamp(min=0).norm())
    assert float(coarseness(levels, view)[chunk]) == pytest.approx(expected, rel=1e-9)


def test_what_is_behind_counts_less(levels):
    away = View((5.0, 5.0, 2.0), (0.0, 0.0, 1.0), math.radians(60), 1.5, 900)
    ahead, behind = coarseness(levels, looking_down(5, 2)), coarseness(levels, away)
    fine = levels.level > 0
    assert bool((behind[fine] < ahead[fine]).any())
    assert bool((behind[fine] <= ahead[fine]).all())


def test_clipped_chunks_are_left_out_and_make_room(levels):
    kept = levels.counts.clone()
    kept[levels.low[:, 0] > 5] = 0
    view = looking_down(5, 3)
    chosen = choose(levels, view, 60_000, kept, set())
    assert bool((kept[chosen] > 0).all())
    left = [c for c in choose(levels, view, 60_000, levels.counts, set()) if kept[c] > 0]
    assert int(kept[chosen].sum()) > int(kept[left].sum())


def test_hysteresis_keeps_what_is_shown(levels):
    view = looking_down(5, 0.0)
    view = looking_down(5, float(levels.spacing[1]) * view.focal / (0.9 * FINE))
    pixels = coarseness(levels, view)
    near = ((pixels < FINE) & (pixels > 0.8 * FINE)).nonzero()[:, 0].tolist()
    assert near, "the test needs chunks just below the threshold"
    fresh = choose(levels, view, 150_000, levels.counts, set())
    kept = choose(levels, view, 150_000, levels.counts, set(near))
    assert not set(near) & set(fresh)
    assert set(near) <= set(kept)


def test_gaps_fall_as_finer_chunks_come(levels):
    every = list(range(len(levels)))
    depth = len(levels.spacing)
    for level in range(depth - 1):
        shown = [c for c in every if levels.level[c] <= level]
        assert set(gaps(levels, levels.counts, shown).values()) == {float(levels.spacing[level])}
    first = [c for c in every if levels.level[c] == 0]
    one = next(c for c in every if levels.level[c] == 1)
    assert gaps(levels, levels.counts, [*first, one])[0] == float(levels.spacing[0])
    assert gaps(levels, levels.counts, []) == {}


def test_clouds_share_a_budget_by_size():
    budget = Budget(1000)
    assert budget.share("a", 600) == 600
    assert budget.share("b", 1400) == 700
    assert budget.share("a", 600) == 300
    budget.share("b", 0)
    assert budget.share("a", 600) == 600
    budget.share("nobody", 0)
    assert budget.share("a", 5000) == 1000


def test_slow_pages_get_fewer_points_and_fast_ones_more_again():
    budget = Budget(1_000_000)
    budget.paced(20.0)
    assert budget.points == 1_000_000
    budget.paced(9.0)
    assert budget.points == 750_000
    for _ in range(20):
        budget.paced(1.0)
    assert budget.points == LEAST
    assert budget.share("a", 1_000_000) == LEAST
    for _ in range(20):
        budget.paced(60.0)
    assert budget.points == 1_000_000
    small = Budget(1000)
    small.paced(1.0)
    assert small.points == 1000
