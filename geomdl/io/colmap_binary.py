"""COLMAP's binary files, little endian."""

import struct
from dataclasses import dataclass

import numpy as np

from geomdl.io.colmap_records import MODELS, CameraRecord, ImageRecord, PointRecords
from geomdl.io.source import Source

_NAMES = [name for name, _ in MODELS]


@dataclass
class _Cursor:
    """A place in the file that moves on; every step is held against the end."""

    source: Source
    position: int = 0

    def take(self, layout: str, place: str) -> tuple:
        """The values of a struct layout."""
        size = struct.calcsize("<" + layout)
        self.expect(size, place)
        values = struct.unpack_from("<" + layout, self.source.data, self.position)
        self.position += size
        return values

    def expect(self, size: int, place: str) -> None:
        left = len(self.source.data) - self.position
        self.source.expect_bytes(f"{place} at byte {self.position}", size, left)

    def count(self, least: int, place: str) -> int:
        """A number of records of at least `least` bytes each."""
        count = self.take("Q", place)[0]
        self.expect(count * least, f"{count} {place}")
        return count

    def name(self, place: str) -> str:
        """Text up to a zero byte."""
        end = self.source.data.find(b"\0", self.position)
        if end < 0:
            raise self.source.error(f"{place} at byte {self.position}", "a name without end")
        text = self.source.data[self.position : end].decode("utf-8", "replace")
        self.position = end + 1
        return text


def read_cameras(source: Source) -> list[CameraRecord]:
    """cameras.bin."""
    cursor = _Cursor(source)
    records = []
    for index in range(cursor.count(24, "cameras")):
        place = f"camera {index}"
        key, model, width, height = cursor.take("iiQQ", place)
        if not 0 <= model < len(MODELS):
            raise source.error(place, f"unknown camera model {model}")
        name, size = MODELS[model]
        records.append(CameraRecord(key, name, width, height, cursor.take(f"{size}d", place)))
    return records


def read_images(source: Source) -> list[ImageRecord]:
    """images.bin; the 2D points are passed over."""
    cursor = _Cursor(source)
    records = []
    for index in range(cursor.count(73, "images")):
        place = f"image {index}"
        key, *numbers, camera = cursor.take("i7di", place)
        name = cursor.name(place)
        observations = cursor.count(24, f"2D points of {place}")
        cursor.position += 24 * observations
        records.append(ImageRecord(key, tuple(numbers[:4]), tuple(numbers[4:]), camera, name))
    return records


def read_points(source: Source) -> PointRecords:
    """points3D.bin; the tracks are passed over."""
    cursor = _Cursor(source)
    count = cursor.count(51, "points")
    positions, colors = np.empty((count, 3)), np.empty((count, 3), np.uint8)
    errors = np.empty(count)
    for index in range(count):
        place = f"point {index}"
        _, x, y, z, r, g, b, errors[index] = cursor.take("Q3d3Bd", place)
        positions[index], colors[index] = (x, y, z), (r, g, b)
        track = cursor.count(8, f"track of {place}")
        cursor.position += 8 * track
    if not np.isfinite(positions).all() or not np.isfinite(errors).all():
        row = int(np.flatnonzero(~np.isfinite(positions).all(axis=1) | ~np.isfinite(errors))[0])
        raise source.error(f"point {row}", "NaN or infinite")
    return PointRecords(positions, colors, errors)


def encode_cameras(records: list[CameraRecord]) -> bytes:
    """The bytes of cameras.bin."""
    out = struct.pack("<Q", len(records))
    for r in records:
        out += struct.pack("<iiQQ", r.key, _NAMES.index(r.model), r.width, r.height)
        out += struct.pack(f"<{len(r.parameters)}d", *r.parameters)
    return out


def encode_images(records: list[ImageRecord]) -> bytes:
    """The bytes of images.bin, without 2D points."""
    out = struct.pack("<Q", len(records))
    for r in records:
        out += struct.pack("<i7di", r.key, *r.quaternion, *r.translation, r.camera)
        out += r.name.encode() + b"\0" + struct.pack("<Q", 0)
    return out


def encode_points(points: PointRecords) -> bytes:
    """The bytes of points3D.bin, without tracks."""
    kind = [("id", "<u8"), ("x", "<f8", 3), ("c", "u1", 3), ("e", "<f8"), ("track", "<u8")]
    rows = np.zeros(len(points.positions), kind)
    rows["id"] = np.arange(1, len(rows) + 1)
    rows["x"], rows["c"], rows["e"] = points.positions, points.colors, points.errors
    return struct.pack("<Q", len(rows)) + rows.tobytes()
