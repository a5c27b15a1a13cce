import json

from geomdl.reconstruct import Report

REPORT = Report(
    output="room.ply", frames=7, lost=2, invalid=1, seconds=3.25, frames_per_second=8.0,
    vertices=1000, faces=2000, area=1.5, size=(1.0, 2.0, 3.0), pieces=2, dropped_pieces=4,
    holes=3, boundary_edges=30, blocks=12, poses="track", tracking={"fitness": 0.8, "end": 0.01},
    files={"mesh": "room.ply"}, settings={"voxel": 0.01},
)  # fmt: skip


def test_lines_say_what_happened() -> None:
    text = "\n".join(REPORT.lines())
    for part in ("7 fused (2 lost, 1 without", "2,000 triangles", "1.00 x 2.00 x 3.00 m", "0.8000"):
        assert part in text
    assert "0.0100  drift at the last frame" in text
    assert "room.ply" in text


def test_json_holds_every_number() -> None:
    told = json.loads(json.dumps(REPORT.to_dict()))
    assert told["lost"] == 2
    assert told["tracking"]["end"] == 0.01
