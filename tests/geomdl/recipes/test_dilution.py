import json

import pytest
import torch

from geomdl.recipes.dilution import (
    Config,
    Timing,
    active_sites,
    crossing,
    curve,
    figures,
    main,
    scattered,
    surface,
    timed,
)

SMALL = Config(extent=20, layers=3, channels=4, grid=8, shares=(0.1, 1.0), surfaces=(8, 12))


@pytest.mark.parametrize("codimension", [1, 2, 3])
def test_flat_things_swell_by_the_known_law(codimension):
    """A plane, a line and a point through the middle: (1 + 2 l)^codimension times as many."""
    active = torch.zeros(15, 15, 15, dtype=torch.bool)
    active[(7,) * codimension] = True
    start = 15 ** (3 - codimension)
    plain = [start * (1 + 2 * layer) ** codimension for layer in range(4)]
    assert active_sites(active, 3, plain=True) == plain
    assert active_sites(active, 3, plain=False) == [start] * 4


def test_shapes_are_thin():
    """A curve's cells grow with the resolution, a surface's with its square."""
    for shape, power in ((curve, 1), (surface, 2)):
        ratio = float(shape(64).sum() / shape(32).sum())
        assert 0.85 * 2**power < ratio < 1.15 * 2**power
    assert int(scattered(10, 0.25).sum()) == 250
    assert torch.equal(scattered(10, 0.1, 3), scattered(10, 0.1, 3))


def test_where_lines_cross():
    assert crossing([0.1, 0.4], [0.5, 2.0]) == pytest.approx(0.2)
    assert crossing([0.1, 0.4], [0.5, 0.9]) == 0.4
    assert crossing([0.1, 0.4], [1.5, 3.0]) == 0.1


def test_figures_of_known_timings():
    slow = Timing(8, 0.5, 1.0, 2.0, 4.0, 8.0, 1.0, 100.0, 200.0)
    fast = Timing(8, 0.125, 1.0, 2.0, 0.25, 0.5, 0.1, 100.0, 50.0)
    found = figures([fast, slow], [fast])
    assert found["crossover_forward"] == pytest.approx(0.25)
    assert found["crossover_memory"] == pytest.approx(0.25)
    assert found["look_up_share_8"] == pytest.approx(0.4)
    assert found["speedup_training_8"] == pytest.approx(4.0)
    assert found["memory_saved_8"] == pytest.approx(2.0)


def test_memory_is_counted():
    timing = timed(scattered(8, 0.5), 4, 1)
    assert timing.share == 0.5
    assert timing.dense_bytes == 2 * 4 * 4 * 512
    assert timing.sparse_bytes == 256 * (2 * 4 * 4 + 2 * 4 * 27)
    assert min(timing.dense, timing.sparse, timing.look_ups) > 0


def test_recorded_result_and_picture(tmp_path):
    main(["--record", str(tmp_path), "--figure", str(tmp_path / "dilution.png")], SMALL)
    content = json.loads((tmp_path / "dilution.json").read_text())
    assert (
        content["metrics"]["growth_submanifold"]["mean"] == content["expect"]["growth_submanifold"]
    )
    assert content["metrics"]["growth_surface"]["mean"] > 2
    assert len(content["curves"][0]) == 4
    assert content["curves"][0][0]["submanifold"] == content["curves"][0][3]["submanifold"]
    assert (tmp_path / "dilution.png").stat().st_size > 10_000
