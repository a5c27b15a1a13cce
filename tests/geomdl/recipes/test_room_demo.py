import io
import json
from pathlib import Path

import pytest
import torch
from rich.console import Console

from geomdl.errors import GeometryError
from geomdl.io import load
from geomdl.ops import dispatch
from geomdl.recipes.room_demo import Config, _Clock, demo, labelled, labeller, true_kinds
from geomdl.structures import Mesh
from scenes.build.room import Room
from tests.geomdl.recipes.untrained import untrained

# A floor and a wall of one face each.
SMALL = Room(
    Mesh(
        torch.tensor([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 0], [1, 0, 0], [0, 0, 1]]),
        torch.tensor([[0, 1, 2], [3, 4, 5]]),
        attributes={"label": torch.tensor([0, 0, 0, 1, 1, 1])},
    ),
    ("floor", "wall"),
    (1.0, 1.0, 1.0),
    {},
)


@pytest.mark.filterwarnings("ignore::UserWarning")  # so few frames make a thin scan
def test_a_small_demo_from_start_to_report(tmp_path: Path) -> None:
    """Twelve small frames still give a surface within centimetres of the truth.

    The network that labels it is untrained: its scores are poor, but told with all that belongs.
    """
    out, run = tmp_path / "demo", untrained("rooms_sparse_unet", tmp_path / "run")
    size = {"samples": 5000, "detail": 0.5, "panel": (80, 60)}
    config = Config(out, 1, 12, 160, 120, 0.06, labeller=run, **size)
    result = demo(config, Console(file=io.StringIO()))
    told, text = json.loads((out / "report.json").read_text()), (out / "report.md").read_text()
    assert told["comparison"]["chamfer"] == result.comparison.chamfer
    assert told["config"]["voxel"] == 0.06
    assert result.comparison.accuracy < 0.04
    assert result.comparison.visible > 0.03
    assert "F-score at 2 cm" in text
    for name in ("room.ply", "overview.png", "views.png", "labels.png"):
        assert (out / name).stat().st_size > 0
    assert (out / "scan" / "camera-intrinsics.txt").exists()
    assert len(list((out / "scan").glob("*.depth.png"))) == 12
    assert result.labels is not None
    assert 0 <= result.labels.miou < 0.5
    assert told["labels"]["miou"] == result.labels.miou
    assert told["config"]["labeller"] == str(run)
    assert f"| wall | {result.labels.iou['wall']:.3f} |" in text
    found, labels = load(out / "room.ply"), load(out / "labelled.ply").attributes["label"]
    assert len(labels) == len(found.vertices)
    assert (out / "labelled.labels.txt").read_text().startswith("0 wall\n1 floor\n")


def test_which_run_labels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("geomdl.recipes.shipped.SHIPPED", tmp_path)
    monkeypatch.setattr("geomdl.recipes.room_demo.SHIPPED", tmp_path)
    assert labeller(Config(tmp_path)) is None
    untrained("rooms_sparse_unet", tmp_path / "rooms_sparse_unet")
    assert labeller(Config(tmp_path)) == tmp_path / "rooms_sparse_unet"
    assert labeller(Config(tmp_path, labeller=Path("mine"))) == Path("mine")


def test_without_weights_labels_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("geomdl.recipes.shipped.SHIPPED", tmp_path)
    clock = _Clock(Console(file=io.StringIO()))
    assert labelled(Config(tmp_path), SMALL, SMALL.mesh, torch.zeros(0), clock) == (None, "")
    assert clock.seconds == {}
    said = clock.console.file.getvalue()
    assert said == "labels: left out, no weights of rooms_sparse_unet come with geomdl\n"


def test_true_kinds_are_those_of_the_faces() -> None:
    assert true_kinds(SMALL, torch.tensor([1, 0, 1])).tolist() == [1, 0, 1]


def test_without_kernels_it_says_why_not(tmp_path: Path) -> None:
    with dispatch.backend("torch"), pytest.raises(GeometryError, match="native kernels"):
        demo(Config(tmp_path / "demo"))
    with pytest.raises(GeometryError, match="frames"):
        Config(tmp_path, frames=1)
