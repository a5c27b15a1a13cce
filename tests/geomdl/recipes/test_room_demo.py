import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from geomdl.errors import GeometryError
from geomdl.ops import dispatch
from geomdl.recipes.room_demo import Config, demo


def test_a_small_demo_from_start_to_report(tmp_path: Path) -> None:
    """Twelve small frames still give a surface within centimetres of the truth."""
    out = tmp_path / "demo"
    config = Config(out, 1, 12, 160, 120, 0.06, samples=5000, detail=0.5, panel=(80, 60))
    console = Console(file=io.StringIO())
    result = demo(config, console)
    told = json.loads((tmp_path / "demo" / "report.json").read_text())
    assert told["comparison"]["chamfer"] == result.comparison.chamfer
    assert told["config"]["voxel"] == 0.06
    assert result.comparison.accuracy < 0.04
    assert result.comparison.visible > 0.03
    assert "F-score at 2 cm" in (tmp_path / "demo" / "report.md").read_text()
    for name in ("room.ply", "overview.png", "views.png", "scan/camera-intrinsics.txt"):
        assert (tmp_path / "demo" / name).stat().st_size > 0
    assert len(list((tmp_path / "demo" / "scan").glob("*.depth.png"))) == 12


def test_without_kernels_it_says_why_not(tmp_path: Path) -> None:
    with dispatch.backend("torch"), pytest.raises(GeometryError, match="native kernels"):
        demo(Config(tmp_path / "demo"))
    with pytest.raises(GeometryError, match="frames"):
        Config(tmp_path, frames=1)
