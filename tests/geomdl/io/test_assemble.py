"""Parts become structures, or one error that says where."""

from pathlib import Path

import numpy as np
import pytest
import torch

from geomdl.errors import GeometryError
from geomdl.io.assemble import Parts, assemble, join_numbered, stack_named, stored_as, unit_colors
from geomdl.io.source import Source
from geomdl.structures import Mesh, PointCloud

SOURCE = Source(Path("a.ply"), b"x", Path())


def build(parts: Parts, drop: bool = False) -> Mesh | PointCloud:
    return assemble(SOURCE, parts, torch.float32, drop)


def test_byte_order_and_unsigned_types_become_tensors() -> None:
    points = np.arange(6, dtype=">f8").reshape(2, 3)
    named = {"a": np.array([1, 65535], ">u2"), "b": np.array([0, 2**32 - 1], "<u4")}
    cloud = build(Parts(points, attributes=named))
    assert isinstance(cloud, PointCloud)
    assert cloud.points.dtype == torch.float32
    assert cloud.attributes["a"].tolist() == [1, 65535]
    assert cloud.attributes["b"].tolist() == [0, 2**32 - 1]


def test_tensors_own_their_memory() -> None:
    buffer = np.frombuffer(bytes(24), np.float32)
    cloud = build(Parts(buffer.reshape(2, 3)))
    assert isinstance(cloud, PointCloud)
    cloud.points.add_(1)
    assert buffer.sum() == 0


def test_what_is_wrong_is_placed() -> None:
    points, bad = np.zeros((3, 3)), np.zeros((3, 3))
    bad[2, 1] = np.inf
    faces = np.array([[0, 1, 2], [0, 1, 3]])
    cases: list[tuple[Parts, str]] = [
        (Parts(np.zeros((0, 3))), "content: there are no points"),
        (Parts(bad), "row 2 of the coordinates: 1 of 3 rows"),
        (Parts(points, normals=bad), "row 2 of the normals"),
        (Parts(points, colors=bad), "row 2 of the colours"),
        (Parts(points, faces=faces), r"triangle 1: refers to vertices \[0, 1, 3\]"),
        (Parts(points + 1e300), "coordinates: too large for float32"),
    ]
    for parts, message in cases:
        with pytest.raises(GeometryError, match=f"a.ply: {message}"):
            build(parts)
    with pytest.raises(GeometryError, match="all points are NaN"):
        build(Parts(points * np.nan), drop=True)


def test_dropping_keeps_rows_together() -> None:
    points = np.arange(9.0).reshape(3, 3)
    normals = np.ones((3, 3))
    normals[1] = np.nan
    cloud = build(Parts(points, normals=normals, attributes={"id": np.arange(3)}), drop=True)
    assert isinstance(cloud, PointCloud)
    assert cloud.attributes["id"].tolist() == [0, 2]
    assert cloud.points.tolist() == [[0, 1, 2], [6, 7, 8]]


def test_colours_of_all_types() -> None:
    assert unit_colors(np.uint8([[0, 51, 255]])).tolist() == [[0, 0.2, 1]]
    assert unit_colors(np.uint16([[0, 13107, 65535]])).tolist() == [[0, 0.2, 1]]
    assert unit_colors(np.float32([[0, 0.5, 1]])).tolist() == [[0, 0.5, 1]]
    assert unit_colors(np.float32([[0, 51, 255]])).tolist() == [[0, 0.2, 1]]


def test_numbered_columns() -> None:
    one, two = np.zeros(2), np.ones(2)
    found = join_numbered({"a_0": one, "a_1": two, "b_1": one, "c_0": one, "c": two, "d_00": one})
    assert found["a"].tolist() == [[0, 1], [0, 1]]
    assert set(found) == {"a", "b_1", "c_0", "c", "d_00"}
    mixed = join_numbered({"a_0": one, "a_1": two.astype(np.int32)})
    assert set(mixed) == {"a_0", "a_1"}


def test_named_columns_are_taken_whole_or_not_at_all() -> None:
    columns = {"x": np.zeros(2), "y": np.ones(2)}
    assert stack_named(columns, ("x", "y", "z")) is None
    assert stack_named(columns, ("x", "y")).tolist() == [[0, 1], [0, 1]]  # type: ignore[union-attr]
    assert columns == {}


def test_types_of_headers_are_kept_to() -> None:
    assert stored_as(SOURCE, "p", "i2", np.array([1.0, -32768])).dtype == np.int16
    assert stored_as(SOURCE, "p", "f4", np.array([1e300]))[0] == np.inf
    with pytest.raises(GeometryError, match=r"a\.ply: p, value 1: 32768 is no int16"):
        stored_as(SOURCE, "p", "i2", np.array([1.0, 32768]))
