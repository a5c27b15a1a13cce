"""Headers of PLY files."""

from pathlib import Path

import pytest

from geomdl.errors import GeometryError
from geomdl.io.ply_header import read_header
from geomdl.io.source import Source


def header(text: bytes) -> Source:
    return Source(Path("x.ply"), text, Path())


def test_elements_properties_and_textures() -> None:
    text = (
        b"ply\r\nformat ascii 1.0\r\ncomment TextureFile  my map.png \r\nobj_info x\r\n"
        b"element vertex 7\r\nproperty float32 x\r\nproperty list uchar int32 ids\r\n"
        b"element face 0\r\nend_header\r\n1 2"
    )
    found = read_header(header(text))
    assert found.encoding == "ascii"
    assert found.textures == ("my map.png",)
    assert [(e.name, e.count) for e in found.elements] == [("vertex", 7), ("face", 0)]
    assert found.elements[0].properties[0].kind == "f4"
    assert found.elements[0].properties[1].length == "u1"
    assert text[found.start :] == b"1 2"
    assert found.count("vertex") == 7
    assert found.count("edge") == 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"plx\n", "line 1: expected 'ply'"),
        (b"ply\nformat ascii 1.0\n", "no end_header"),
        (b"ply\nelement vertex 3\nproperty float x\nend_header\n", "no format line"),
        (b"ply\nformat ascii 1.0\nelement vertex -3\nend_header\n", "line 3: cannot be understood"),
        (b"ply\nformat ascii 1.0\nproperty float x\nend_header\n", "line 3: cannot be understood"),
        (
            b"ply\nformat ascii 1.0\nelement v 1\nproperty half x\nend_header\n",
            "line 4: expected a",
        ),
        (b"ply\nformat odd 1.0\nelement v 1\nend_header\n", "line 2: cannot be understood"),
        (
            b"ply\nformat ascii 1.0\nelement v 1\nproperty int x\nproperty int x\nend_header\n",
            "two properties of one name",
        ),
    ],
)
def test_broken_headers_name_the_line(text: bytes, message: str) -> None:
    with pytest.raises(GeometryError, match=message):
        read_header(header(text))
