"""Bodies of PLY files: lists of all lengths, both byte orders, and what truncation says."""

from pathlib import Path

import numpy as np
import pytest

from geomdl.errors import GeometryError
from geomdl.io.ply_header import read_header
from geomdl.io.ply_tables import Ragged, Table, read_tables
from geomdl.io.source import Source
from tests.oracles.io_oracle import ply_bytes


def tables(data: bytes) -> dict[str, Table]:
    source = Source(Path("x.ply"), data, Path())
    return read_tables(source, read_header(source))


@pytest.mark.parametrize("order", ["<", ">"])
def test_bytes_by_hand(order: str) -> None:
    found = tables(ply_bytes(order))
    vertex, face = found["vertex"], found["face"]
    np.testing.assert_array_equal(vertex["x"], [0.125, 1.125, 2.125, 3.125])
    np.testing.assert_array_equal(vertex["z"], [0, 10, 20, 30])
    np.testing.assert_array_equal(vertex["label"], [0, -7, -14, -21])
    assert isinstance(vertex["seen"], Ragged)
    assert vertex["seen"].lengths.tolist() == [0, 1, 2, 3]
    assert vertex["seen"].values.tolist() == [100, 100, 101, 100, 101, 102]
    assert isinstance(face["vertex_index"], Ragged)
    assert face["vertex_index"].values.tolist() == [0, 1, 2, 3, 2, 1, 0]
    assert face["flag"].tolist() == [7, 9]
    assert found["camera"]["focal"].tolist() == [500.0]


HEAD = b"ply\nformat ascii 1.0\nelement vertex 3\nproperty float x\nproperty list uchar int ids\n"
HEAD += b"property uchar flag\nend_header\n"


def test_ascii_lists_of_equal_and_of_different_lengths() -> None:
    same = tables(HEAD + b"0.5 2 7 8 1\n1.5 2 9 10 2\n2.5 2 11 12 3\n")["vertex"]
    assert same["x"].tolist() == [0.5, 1.5, 2.5]
    assert same["ids"].values.tolist() == [7, 8, 9, 10, 11, 12]
    assert same["flag"].tolist() == [1, 2, 3]
    mixed = tables(HEAD + b"0.5 0 1\n1.5 3 9 10 11 2\n2.5 1 12 3\n")["vertex"]
    assert mixed["ids"].lengths.tolist() == [0, 3, 1]
    assert mixed["ids"].values.tolist() == [9, 10, 11, 12]
    assert mixed["flag"].tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"0.5 0 1\n", "element vertex of 3 rows: claims 18 bytes"),
        (b"0.5 0 1\n0.5 0 1\n0.5 1 5\n", "element vertex, row 2: the file ends"),
        (b"0.5 9 1\n0.5 0 1\n0.5 1 5\n", "element vertex, row 0: the file ends"),
        (b"0.5 0 1\n0.5 -1 1\n0.5 1 5 1\n", "row 1, list ids: length -1"),
        (b"0.5 0 1\n0.5 0 x\n0.5 1 5 1\n", "line 9: expected numbers, got"),
        (b"0.5 0 1\n0.5 0 300\n0.5 0 1\n", "flag, value 1: 300 is no uint8"),
        (b"0.5 0 1\n0.5 0 1\n0.5 1 0.5 1\n", "ids, value 0: 0.5 is no int32"),
    ],
)
def test_broken_ascii_bodies_name_the_place(body: bytes, message: str) -> None:
    with pytest.raises(GeometryError, match=message):
        tables(HEAD + body)


@pytest.mark.parametrize("order", ["<", ">"])
def test_every_truncation_of_a_binary_body_is_refused(order: str) -> None:
    data = ply_bytes(order)
    start = data.index(b"end_header\n") + 11
    for end in range(start, len(data)):
        with pytest.raises(GeometryError, match=r"x\.ply: element"):
            tables(data[:end])


def test_a_header_of_a_trillion_rows_allocates_nothing() -> None:
    for encoding in (b"ascii", b"binary_little_endian"):
        head = b"ply\nformat " + encoding + b" 1.0\nelement vertex 1000000000000\n"
        with pytest.raises(GeometryError, match="element vertex of 1000000000000 rows"):
            tables(head + b"property float x\nend_header\n1 2 3 4")
        with pytest.raises(GeometryError, match="claims 1000000000000 bytes"):
            tables(
                b"ply\nformat binary_little_endian 1.0\nelement vertex 1000000000000\n"
                b"property list uchar int x\nend_header\n\x00\x00\x00"
            )
