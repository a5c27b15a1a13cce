"""Clouds in a real browser: discs of the right size, and as many points as the view needs."""

import numpy as np
import pytest
import torch
from playwright.sync_api import Browser

from geomdl.structures import PointCloud
from geomdl.viewer.compose import compose
from geomdl.viewer.look import Look
from geomdl.viewer.page import stream
from geomdl.viewer.scene import Item, Scene
from geomdl.viewer.viewpoint import initial
from tests.geomdl.viewer.page.conftest import Serving
from tools.browser import ink, settled, visit

pytestmark = pytest.mark.xdist_group("browser")
FROM_ABOVE = Look(eye=(0.0, -0.01, 10.0), target=(0.0, 0.0, 0.0), legend=False)


def test_a_disc_is_as_wide_as_asked_and_where_it_is(chromium: Browser, serve: Serving) -> None:
    spots = torch.tensor([[-2.0, 0.0, 0.0], [1.0, 1.0, 0.0], [1.5, -1.0, 2.0]])
    scene = Scene([Item("c", (PointCloud(spots, colors=torch.zeros(3, 3)),))])
    look = FROM_ABOVE.replace(point_size=0.5)
    page = visit(chromium, serve(scene, look).url)
    picture = settled(page)
    height, width = picture.shape[:2]
    camera = initial(compose(scene, look), look).camera(width, height)
    pixels, depth = camera.project(spots)
    focal = float(camera.intrinsics[1, 1])
    rows, columns = np.nonzero(picture.max(-1) < 40)
    assert len(rows) > 0
    for (x, y), z in zip(pixels.tolist(), depth.tolist(), strict=True):
        radius = 0.25 * focal / z
        near = np.hypot(columns + 0.5 - x, rows + 0.5 - y) < 1.5 * radius
        assert near.sum() == pytest.approx(np.pi * radius**2, rel=0.08)
        assert abs(columns[near].mean() + 0.5 - x) < 1
        assert abs(rows[near].mean() + 0.5 - y) < 1


def test_a_part_of_the_points_closes_the_surface(
    chromium: Browser, serve: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = 600_000
    points = torch.rand(count, 3, generator=torch.Generator().manual_seed(0)) * 4 - 2
    points[:, 2] = 0.0
    scene = Scene([Item("c", (PointCloud(points, colors=torch.zeros(count, 3)),))])
    sent = []
    put = stream.Chunks.put

    def counted(self: stream.Chunks, chunk: int, packet: object) -> None:
        sent.append(len(packet.points))  # type: ignore[attr-defined]
        put(self, chunk, packet)  # type: ignore[arg-type]

    monkeypatch.setattr(stream.Chunks, "put", counted)
    monkeypatch.setattr("geomdl.viewer.page.nodes.Budget", lambda: stream.Budget(150_000))
    page = visit(chromium, serve(scene, FROM_ABOVE).url)
    picture = settled(page, lambda seen: bool(ink(seen).mean() > 0.1))
    height = picture.shape[0]
    side = 4 / 10 * height / (2 * np.tan(np.radians(20)))
    dark = picture.max(-1) < 40
    rows, columns = np.nonzero(dark)
    inside = dark[
        int(rows.min()) + 4 : int(rows.max()) - 4, int(columns.min()) + 4 : int(columns.max()) - 4
    ]
    assert rows.max() - rows.min() == pytest.approx(side, abs=8)
    assert inside.mean() > 0.999, "no holes"
    assert 10_000 < sum(sent) <= 200_000
