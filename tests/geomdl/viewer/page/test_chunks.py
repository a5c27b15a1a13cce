"""Chunks as viser nodes: what is sent, what stays, and that it says where the points are."""

import numpy as np
import pytest
import torch

from geomdl.structures.srgb import to_srgb
from geomdl.viewer.detail import View
from geomdl.viewer.drawing import Dots
from geomdl.viewer.levels import build_levels
from geomdl.viewer.page import chunks as module
from geomdl.viewer.page.chunks import Chunks, srgb_of
from tests.geomdl.viewer.page.recorder import Recorder

COUNT = 40_000


def dots(**changes) -> Dots:
    """A sheet of points far from the origin."""
    uv = torch.rand(COUNT, 2, generator=torch.Generator().manual_seed(0)) * 4
    points = torch.cat([uv, torch.sin(uv[:, :1])], 1) + torch.tensor([100.0, 200.0, 0.0])
    fields = {
        "name": "a/points",
        "item": "a",
        "key": 0,
        "points": points,
        "colors": torch.rand(COUNT, 3, generator=torch.Generator().manual_seed(1)),
        "radius": 0.01,
        "place": "here",
    }
    return Dots(**(fields | changes))


CLOUD = dots()
LEVELS = build_levels(CLOUD.points, first=3000, most=2000)


def sent(client: Recorder) -> tuple[np.ndarray, np.ndarray]:
    """World points and colours of all nodes that are visible."""
    nodes = [n for n in client.nodes.values() if n.kind == "points" and n.visible]
    points = [n.points.astype(float) * n.scale + np.array(n.position) for n in nodes]
    return np.concatenate(points), np.concatenate([n.colors for n in nodes])


def fill(chunks: Chunks, cloud: Dots, view: View | None = None, budget: int = COUNT) -> list[int]:
    missing = chunks.arrange(LEVELS, cloud, view, budget)
    for chunk in missing:
        chunks.put(chunk, chunks.pack(chunk))
    return missing


def rounded(points: np.ndarray) -> np.ndarray:
    return points[np.lexsort(points.T)]


def test_all_points_arrive_where_they_are():
    client = Recorder()
    chunks = Chunks(client, CLOUD, 1, True)
    assert len(fill(chunks, CLOUD)) == len(LEVELS)
    points, _ = sent(client)
    assert chunks.points == COUNT == len(points)
    order = np.concatenate([LEVELS.rows(c).numpy() for c in range(len(LEVELS))])
    nodes = [client.nodes[f"/points/a/points/1/{c}"] for c in range(len(LEVELS))]
    got = np.concatenate([n.points.astype(float) * n.scale + n.position for n in nodes])
    off = np.abs(got - CLOUD.points.double().numpy()[order])
    assert off.max() < float(LEVELS.spacing[-1]) / 8
    expected = (to_srgb(CLOUD.colors) * 255).numpy()[order]
    assert np.abs(np.concatenate([n.colors for n in nodes]) - expected).max() <= 1.01
    assert {n.points.dtype for n in nodes} == {np.dtype("float16")}
    assert fill(chunks, CLOUD) == [], "nothing is sent twice"


def test_large_chunks_keep_their_digits(monkeypatch):
    monkeypatch.setattr(module, "SHARP", 1 / 30)
    client = Recorder()
    chunks = Chunks(client, CLOUD, 1, True)
    fill(chunks, CLOUD)
    nodes = [client.nodes[f"/points/a/points/1/{c}"] for c in range(len(LEVELS))]
    assert {n.points.dtype for n in nodes} == {np.dtype("float16"), np.dtype("float32")}
    for chunk, node in enumerate(nodes):
        got = node.points.astype(float) * node.scale + node.position
        off = np.abs(got - CLOUD.points[LEVELS.rows(chunk)].numpy()).max()
        assert off < float(LEVELS.spacing[-1]) / 30


def test_radius_in_metres_where_all_is_shown_and_wider_before():
    client = Recorder()
    chunks = Chunks(client, CLOUD, 1, True)
    missing = chunks.arrange(LEVELS, CLOUD, None, COUNT)
    chunks.put(missing[0], chunks.pack(missing[0]))
    node = client.nodes[f"/points/a/points/1/{missing[0]}"]
    assert node.point_size * node.scale == pytest.approx(module.CLOSED * float(LEVELS.spacing[0]))
    for chunk in missing[1:]:
        chunks.put(chunk, chunks.pack(chunk))
    nodes = [n for n in client.nodes.values() if n.kind == "points"]
    assert [n.point_size * n.scale for n in nodes] == pytest.approx([CLOUD.radius] * len(nodes))


def test_new_colours_leave_the_points_alone():
    client = Recorder()
    chunks = Chunks(client, CLOUD, 1, True)
    fill(chunks, CLOUD)
    made = client.made
    other = dots(points=CLOUD.points, colors=1 - CLOUD.colors, key=1)
    assert len(fill(chunks, other)) == len(LEVELS)
    assert client.made == made, "no node was made anew"
    _, colors = sent(client)
    assert colors.mean() == pytest.approx(to_srgb(1 - CLOUD.colors).mean().item() * 255, abs=1)
    again = dots(points=CLOUD.points, colors=other.colors.detach(), key=2)
    assert fill(chunks, again) == [], "the same memory is the same paint"


def test_a_clip_sends_only_the_chunks_it_crosses():
    client = Recorder()
    chunks = Chunks(client, CLOUD, 1, True)
    fill(chunks, CLOUD)
    made = client.made
    keep = CLOUD.points[:, 0] < 102
    clipped = dots(points=CLOUD.points, colors=CLOUD.colors, keep=keep)
    fill(chunks, clipped)
    points, _ = sent(client)
    assert len(points) == int(keep.sum()) == chunks.points
    assert points[:, 0].max() < 102.001
    crossed = (LEVELS.low[:, 0] < 102) & (LEVELS.high[:, 0] >= 102)
    whole = LEVELS.high[:, 0] < 102
    # Chunks that are wholly kept carry a mask now, but of ones: they are not sent again.
    assert client.made - made <= int(crossed.sum())
    assert int(whole.sum()) > 5
    fill(chunks, CLOUD)
    assert len(sent(client)[0]) == COUNT


def test_hidden_chunks_come_back_without_being_sent():
    client = Recorder()
    chunks = Chunks(client, CLOUD, 1, True)
    near = View((101.0, 201.0, 0.9), (0.0, 0.0, -1.0), 1.0, 1.5, 900)
    far = View((101.0, 201.0, 500.0), (0.0, 0.0, -1.0), 1.0, 1.5, 900)
    fill(chunks, CLOUD, near, 20_000)
    there = chunks.points
    made = client.made
    assert fill(chunks, CLOUD, far, 20_000) == []
    assert chunks.points < there
    fill(chunks, CLOUD, near, 20_000)
    assert client.made == made
    assert chunks.points == there


def test_what_is_hidden_long_is_removed():
    client = Recorder()
    chunks = Chunks(client, CLOUD, 1, True)
    for x in (100.5, 101.5, 102.5, 103.5):
        view = View((x, 201.0, 0.3), (0.0, 0.0, -1.0), 1.0, 1.5, 900)
        fill(chunks, CLOUD, view, 4000)
        in_browser = sum(len(n.points) for n in client.nodes.values() if n.kind == "points")
        assert in_browser <= 4000 + module.SPARE * 4000 + 3000


def test_preview_goes_when_the_first_chunk_comes():
    client = Recorder()
    chunks = Chunks(client, CLOUD, 1, True)
    chunks.preview(CLOUD)
    preview = client.nodes["/points/a/points/1/preview"]
    world = preview.points.astype(float) + np.array(preview.position)
    assert len(rounded(world)) == COUNT
    assert np.abs(world - CLOUD.points.numpy()).max() < 1e-4
    missing = chunks.arrange(LEVELS, CLOUD, None, COUNT)
    chunks.put(missing[0], chunks.pack(missing[0]))
    assert "/points/a/points/1/preview" not in client.nodes
    chunks.remove()
    assert not client.nodes


def test_light_from_either_side_of_a_normal():
    normals = torch.zeros(COUNT, 3)
    normals[:, 2] = 1.0
    rows = torch.arange(100)
    lit, other = (dots(normals=n) for n in (normals, -normals))
    bare = srgb_of(dots(normals=normals, lit=False), rows)
    assert np.array_equal(srgb_of(lit, rows), srgb_of(other, rows))
    assert (srgb_of(lit, rows) <= bare).all()
    assert srgb_of(lit, rows).mean() < bare.mean()
