import pytest

from core2d.errors import InputError
from geomdl.recipes.dilution import Timing
from geomdl.recipes.dilution_figure import draw

TIMINGS = [Timing(8 * n, 0.1 * n, 1e-3, 2e-3, n * 1e-4, n * 2e-4, 1e-5, 100, 50) for n in (1, 2)]


def test_draws_what_it_is_given(tmp_path):
    sites = {"surface": [10, 30], "submanifold": [10, 10]}
    draw(tmp_path / "a.svg", sites, TIMINGS, TIMINGS)
    text = (tmp_path / "a.svg").read_text()
    assert text.count("<!-- its look-ups -->") + text.count("<!-- submanifold -->") == 2
    assert text.count("<!-- MB until the backward -->") == 2
    with pytest.raises(InputError, match="expected a name ending with"):
        draw(tmp_path / "a.gif", sites, TIMINGS, TIMINGS)
