"""Legends as HTML: limits, the ends of the ramp, escaped names."""

from geomdl.viewer.drawing import Legend
from geomdl.viewer.page.legend import hex_of, number, to_html


def test_a_ramp_shows_its_limits_and_its_first_and_last_colour():
    html = to_html([Legend("height", "viridis", (-1.5, 2.5))])
    assert "height" in html
    assert "#440154" in html
    assert "#fde725" in html
    for text in ("−1.5", "0.5", "2.5"):
        assert f">{text}<" in html


def test_names_are_escaped_and_the_rest_counted():
    html = to_html(
        [
            Legend(
                "<b>",
                entries={3: ("<script>x</script>", (1.0, 0.0, 0.0)), 4: ("", (0, 0, 0))},
                more=1234,
            )
        ]
    )
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert "&lt;b&gt;" in html
    assert "#ff0000" in html
    assert ">4<" in html
    assert "1,234 more" in html


def test_nothing_is_nothing():
    assert to_html([]) == ""


def test_colours_are_linear():
    assert hex_of((0.2158605, 0.0, 1.0)) == "#8000ff"
    assert number(123456.0) == "1.235e+05"
