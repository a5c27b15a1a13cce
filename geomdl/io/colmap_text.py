"""COLMAP's text files."""

import numpy as np

from geomdl.io.colmap_records import PARAMETERS, CameraRecord, ImageRecord, PointRecords
from geomdl.io.source import Source


def read_cameras(source: Source) -> list[CameraRecord]:
    """cameras.txt: CAMERA_ID MODEL WIDTH HEIGHT PARAMS[]."""
    records = []
    for place, words in _lines(source):
        try:
            key, model, size = int(words[0]), words[1], (int(words[2]), int(words[3]))
            parameters = tuple(map(float, words[4:]))
        except (ValueError, IndexError):
            raise source.error(place, f"no camera: {' '.join(words)[:60]!r}") from None
        if model not in PARAMETERS:
            raise source.error(place, f"unknown camera model {model[:40]!r}")
        if len(parameters) != PARAMETERS[model]:
            raise source.error(
                place, f"{model} has {PARAMETERS[model]} parameters, got {len(parameters)}"
            )
        records.append(CameraRecord(key, model, *size, parameters))
    return records


def read_images(source: Source) -> list[ImageRecord]:
    """images.txt: a line for the pose and a line, perhaps empty, of 2D points."""
    records, skip = [], False
    text = source.data.decode("utf-8", "replace")
    for number, line in enumerate(text.split("\n"), start=1):
        if line.startswith("#"):
            continue
        if skip:
            skip = False
            continue
        words = line.split(None, 9)
        if not words:
            continue
        try:
            numbers = tuple(map(float, words[1:8]))
            key, camera, name = int(words[0]), int(words[8]), words[9].strip()
        except (ValueError, IndexError):
            raise source.error(f"line {number}", f"no image: {line[:60]!r}") from None
        records.append(ImageRecord(key, numbers[:4], numbers[4:], camera, name))
        skip = True
    return records


def read_points(source: Source) -> PointRecords:
    """points3D.txt: POINT3D_ID X Y Z R G B ERROR TRACK[]."""
    rows = []
    for place, words in _lines(source):
        try:
            row = tuple(map(float, words[1:8]))
            valid = len(row) == 7 and all(0 <= level <= 255 for level in row[3:6])
        except ValueError:
            valid = False
        if not valid or not all(map(np.isfinite, row)):
            raise source.error(place, f"no point: {' '.join(words)[:60]!r}")
        rows.append(row)
    table = np.array(rows, dtype=np.float64).reshape(-1, 7)
    return PointRecords(table[:, :3], table[:, 3:6].astype(np.uint8), table[:, 6])


def _lines(source: Source) -> list[tuple[str, list[str]]]:
    text = source.data.decode("utf-8", "replace")
    lines = [(f"line {n}", line.split()) for n, line in enumerate(text.split("\n"), start=1)]
    return [(place, words) for place, words in lines if words and not words[0].startswith("#")]


def encode_cameras(records: list[CameraRecord]) -> bytes:
    """The text of cameras.txt."""
    lines = ["# CAMERA_ID MODEL WIDTH HEIGHT PARAMS[]"]
    lines += [
        f"{r.key} {r.model} {r.width} {r.height} {' '.join(map(repr, r.parameters))}"
        for r in records
    ]
    return ("\n".join(lines) + "\n").encode()


def encode_images(records: list[ImageRecord]) -> bytes:
    """The text of images.txt, with empty lines for the 2D points."""
    lines = ["# IMAGE_ID QW QX QY QZ TX TY TZ CAMERA_ID NAME", "# POINTS2D[] as (X, Y, POINT3D_ID)"]
    for r in records:
        numbers = " ".join(map(repr, (*r.quaternion, *r.translation)))
        lines += [f"{r.key} {numbers} {r.camera} {r.name}", ""]
    return ("\n".join(lines) + "\n").encode()


def encode_points(points: PointRecords) -> bytes:
    """The text of points3D.txt, without tracks."""
    lines = ["# POINT3D_ID X Y Z R G B ERROR TRACK[] as (IMAGE_ID, POINT2D_IDX)"]
    table = (points.positions.tolist(), points.colors.tolist(), points.errors.tolist())
    for key, (position, color, error) in enumerate(zip(*table, strict=True), start=1):
        numbers = " ".join(map(repr, (*position, *color, error)))
        lines.append(f"{key} {numbers}")
    return ("\n".join(lines) + "\n").encode()
