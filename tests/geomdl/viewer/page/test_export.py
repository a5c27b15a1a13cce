from pathlib import Path

import pytest
import torch

from geomdl.errors import GeometryError
from geomdl.structures import Mesh, PointCloud
from geomdl.viewer.look import Look
from geomdl.viewer.page import export
from geomdl.viewer.page.export import export_page
from geomdl.viewer.scene import Item, Scene


def scene(points: int = 50) -> Scene:
    mesh = Mesh(torch.rand(3, 3), torch.tensor([[0, 1, 2]]))
    return Scene([Item("m", (mesh,)), Item("c", (PointCloud(torch.rand(points, 3)),))])


def test_the_page_holds_the_scene(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    export_page(scene(), Look(axes=True), path)
    text = path.read_text()
    assert text.lstrip().lower().startswith("<!doctype html>")
    assert "__VISER_EMBED_DATA__" in text


def test_large_clouds_are_thinned(tmp_path: Path, monkeypatch) -> None:
    sizes: list[int] = []
    real = export.viser.SceneApi.add_point_cloud

    def noted(self, name, points, *rest, **fields):
        sizes.append(len(points))
        return real(self, name, points, *rest, **fields)

    monkeypatch.setattr(export.viser.SceneApi, "add_point_cloud", noted)
    monkeypatch.setattr(export, "MOST_POINTS", 20)
    export_page(scene(50), Look(), tmp_path / "page.html")
    assert sizes == [20]


def test_nothing_is_overwritten_unasked(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text("mine")
    with pytest.raises(GeometryError, match="there already"):
        export_page(scene(), Look(), path)
    assert path.read_text() == "mine"
    export_page(scene(), Look(), path, overwrite=True)
    assert path.read_text() != "mine"


def test_only_html(tmp_path: Path) -> None:
    with pytest.raises(GeometryError, match="html"):
        export_page(scene(), Look(), tmp_path / "page.png")
