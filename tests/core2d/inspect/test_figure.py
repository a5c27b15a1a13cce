"""Figures: what is drawn where, and that files come out."""

import numpy as np
import pytest
import torch

from core2d.errors import InputError
from core2d.inspect.curves import Curve
from core2d.inspect.figure import FRAME, Panel, draw_curves, grid, save_figure, scatter

PICTURE = np.random.default_rng(0).random((4, 5, 3), np.float32)


def test_a_grid_draws_every_panel_with_its_title_frame_and_scale():
    rows = [
        [Panel(PICTURE, "one"), Panel(PICTURE[..., 0], "map", (-1.0, 1.0))],
        [Panel(PICTURE, "wrong", right=False)],
    ]
    figure = grid(rows, "all")
    places = figure.axes[:4]
    assert [place.get_title() for place in places] == ["one", "map", "wrong", ""]
    assert np.array_equal(places[0].images[0].get_array(), PICTURE)
    assert places[1].images[0].get_clim() == (-1, 1)
    assert places[1].images[0].get_cmap().name == "RdBu_r"  # 0 is white
    assert len(figure.axes) == 5  # the scale beside the map
    assert places[2].spines["left"].get_edgecolor()[:3] == pytest.approx(
        tuple(int(FRAME[False][i : i + 2], 16) / 255 for i in (1, 3, 5))
    )
    assert not places[3].images
    with pytest.raises(InputError, match="at least one panel"):
        grid([[]])


def test_a_scatter_has_one_colour_and_name_per_class():
    points = torch.arange(12.0).view(6, 2)
    label = torch.tensor([0, 1, 1, 2, 0, 2])
    place = scatter(points, label, ("cat", "dog")).axes[0]
    drawn = {c.get_label(): c for c in place.collections}
    assert list(drawn) == ["cat", "dog", "2"]
    assert np.array_equal(drawn["dog"].get_offsets(), points[1:3].numpy())
    colours = {tuple(c.get_facecolor()[0]) for c in drawn.values()}
    assert len(colours) == 3
    with pytest.raises(InputError, match="points"):
        scatter(points * float("nan"), label)


def test_curves_of_train_and_validation_share_a_plot():
    run = {
        "rate": Curve((1, 2), (0.1, 0.01)),
        "train/loss": Curve((1, 2), (2.0, 1.0)),
        "validation/loss": Curve((1, 2), (2.5, 1.5)),
        "validation/accuracy": Curve((2,), (0.9,)),
    }
    places = draw_curves({"mine": run}).axes
    assert [place.get_title() for place in places] == ["loss", "accuracy", "rate"]
    train, validation = places[0].lines
    assert (train.get_linestyle(), validation.get_linestyle()) == ("--", "-")
    assert train.get_ydata().tolist() == [2, 1]
    assert [t.get_text() for t in places[0].get_legend().get_texts()] == ["train", "validation"]
    assert places[1].lines[0].get_marker() == "."  # one point is seen too
    both = draw_curves({"mine": run, "yours": run}).axes[0]
    labels = [t.get_text() for t in both.get_legend().get_texts()]
    assert labels == ["mine train", "mine validation", "yours train", "yours validation"]
    with pytest.raises(InputError, match="at least one curve"):
        draw_curves({"mine": {}})


@pytest.mark.parametrize("ending", ["png", "jpg", "svg", "pdf"])
def test_files(tmp_path, ending):
    path = tmp_path / f"a.{ending}"
    save_figure(path, grid([[Panel(PICTURE)]]), 20)
    assert path.stat().st_size > 200


def test_files_that_cannot_be_written(tmp_path):
    with pytest.raises(InputError, match="ending with png jpg"):
        save_figure(tmp_path / "a.txt", grid([[Panel(PICTURE)]]))
    with pytest.raises(InputError, match="expected a folder"):
        save_figure(tmp_path / "no" / "a.png", grid([[Panel(PICTURE)]]))
