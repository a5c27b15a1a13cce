"""`geomdl predict` on clouds and meshes: classes of shapes, labels of points in a copy."""

from pathlib import Path

import pytest
import torch

from geomdl.cli import run
from geomdl.commands.predict_shapes import Shapes
from geomdl.io import load, save
from geomdl.structures import Mesh, PointCloud
from geomdl.viewer.opening import open_scene

RECIPE = """
from tests.core2d.train.toy import *

def model(config):
    return nn.Linear(1, 1)

def loss(model, batch, step, generator):
    return model.weight.sum()

def metrics(model, examples):
    return {"accuracy": 1.0}

def read(shape, config):
    cloud = shape.point_cloud() if hasattr(shape, "faces") else shape
    return {"points": cloud.points, "offsets": cloud.offsets}

def predict(model, x):
    high = (x["points"][:, 2:] > 0).float() * 0.8 + 0.1
    return torch.cat([1 - high, high], 1) if EACH else torch.cat([1 - high, high], 1).mean(0)[None]
"""


@pytest.fixture
def trained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)

    def made(each: bool) -> None:
        Path("recipe.py").write_text(RECIPE + f"\nEACH = {each}\n")
        words = ["fit", "recipe.py", "--epochs", "0.1", "--rate", "1e-9", "--output", "run"]
        assert run([*words, "--no-tensorboard", "--no-progress", "--accelerator", "cpu"]) == 0

    points = torch.tensor([[0.0, 0, -1], [1, 0, 2], [0, 1, 3]])
    save("scan.ply", PointCloud(points, colors=torch.full((3, 3), 0.25)))
    save("mesh.obj", Mesh(points, torch.tensor([[0, 1, 2]])))
    return made


def test_points_get_labels_that_the_viewer_names(trained, capsys) -> None:
    trained(each=True)
    capsys.readouterr()
    assert run(["predict", "run", "scan.ply", "-o", "labelled.ply"]) == 0
    assert capsys.readouterr().out == "scan.ply: high 66.7%, low 33.3% -> labelled.ply\n"
    cloud = load("labelled.ply")
    assert cloud.attributes["label"].flatten().tolist() == [0, 1, 1]
    assert cloud.attributes["confidence"].flatten().tolist() == pytest.approx([0.9] * 3)
    assert torch.equal(cloud.points, load("scan.ply").points)
    assert torch.equal(cloud.colors[1], cloud.colors[2])
    assert not torch.allclose(cloud.colors[0], cloud.colors[1], atol=0.1)
    assert open_scene("labelled.ply").items[0].label_names == {0: "low", 1: "high"}
    assert open_scene("scan.ply").items[0].label_names == {}
    assert run(["predict", "run", "scan.ply", "-o", "labelled.ply"]) == 1
    assert run(["predict", "run", "scan.ply", "mesh.obj", "-o", "out"]) == 0
    mesh = load("out/mesh.ply")
    assert isinstance(mesh, Mesh)
    assert mesh.attributes["label"].flatten().tolist() == [0, 1, 1]


def test_a_class_of_the_whole_shape(trained, capsys) -> None:
    trained(each=False)
    capsys.readouterr()
    assert run(["predict", "run", "scan.ply"]) == 0
    assert capsys.readouterr().out == "scan.ply: high 63.3%, low 36.7%\n"


def test_up_and_scale_are_for_the_network_alone(trained, capsys) -> None:
    """Two of the three points are high along z, one is high along y, two are low along -x."""
    trained(each=True)
    capsys.readouterr()
    high = {("--up", "y"): [0, 0, 1], ("--up=-x",): [0, 0, 0], ("--scale", "0.001"): [0, 1, 1]}
    for number, (words, expected) in enumerate(high.items()):
        assert run(["predict", "run", "scan.ply", "-o", f"{number}.ply", *words]) == 0
        cloud = load(f"{number}.ply")
        assert cloud.attributes["label"].flatten().tolist() == expected
        assert torch.equal(cloud.points, load("scan.ply").points)
    points = torch.tensor([[0.0, 0, 0], [1, 0, 0], [0, 1, 0]])
    save("mesh.glb", Mesh(points, torch.tensor([[0, 1, 2]])))
    assert run(["predict", "run", "mesh.glb", "-o", "mesh.ply"]) == 0
    heights = load("mesh.ply").vertices[:, 1]
    labels = load("mesh.ply").attributes["label"].flatten()
    assert torch.equal(labels.long(), (heights > 0).long())
    assert run(["predict", "run", "scan.ply", "-o", "no.ply", "--scale", "0"]) == 1
    assert "--scale: expected more than 0" in capsys.readouterr().err


def test_other_files_are_refused(trained, capsys) -> None:
    trained(each=True)
    Path("text.ply").write_text("no shape")
    assert run(["predict", "run", "text.ply", "-o", "out"]) == 1
    assert "text.ply" in capsys.readouterr().err


@pytest.mark.parametrize(("floor", "told"), [(0.5, False), (0.0, True)])
def test_a_place_without_a_floor_is_asked_for_its_up(
    tmp_path: Path, recwarn: pytest.WarningsRecorder, floor: float, told: bool
) -> None:
    path = tmp_path / "scan.ply"
    save(path, PointCloud(torch.rand(200, 3)))
    label = (torch.arange(200) >= 200 * floor).long()
    chances = torch.nn.functional.one_hot(label, 2).float()
    reader = Shapes(prepare=lambda shape, config: {}, config=None)
    shares = reader.write(path, tmp_path / "out.ply", chances, ("floor", "wall"))
    assert float(shares[0]) == pytest.approx(floor)
    assert any("is z up in it (--up)" in str(one.message) for one in recwarn) == told
