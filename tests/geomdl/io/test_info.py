"""Headers told without bodies."""

from pathlib import Path

import pytest

from geomdl.errors import GeometryError
from geomdl.io import info, save
from tests.geomdl.io.seeds import example_cloud, example_mesh


@pytest.mark.parametrize(
    "ending", ["ply", "obj", "off", "stl", "glb", "gltf", "npz", "safetensors"]
)
def test_meshes(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a.{ending}"
    save(path, example_mesh())
    found = info(path)
    assert found.size == path.stat().st_size
    assert found.format.lower().startswith(ending[:3] if ending[:2] != "gl" else "gltf")
    if ending in ("ply", "obj", "off"):
        assert found.counts == {"vertices": 5, "faces": 6}
    if ending == "stl":
        assert found.counts == {"faces": 6}
    if ending in ("npz", "safetensors"):
        assert any(name.startswith("vertices (5, 3)") for name in found.properties)
    if ending in ("glb", "gltf"):
        assert found.counts["materials"] == 2


@pytest.mark.parametrize("ending", ["ply", "pcd", "xyz"])
def test_clouds(tmp_path: Path, ending: str) -> None:
    save(tmp_path / f"a.{ending}", example_cloud(7))
    assert info(tmp_path / f"a.{ending}").counts["points"] == 7


def test_the_body_is_not_needed(tmp_path: Path) -> None:
    path = tmp_path / "a.ply"
    path.write_bytes(
        b"ply\nformat binary_little_endian 1.0\nelement vertex 9999999999\nproperty float x\n"
        b"end_header\n"
    )
    found = info(path)
    assert found.counts == {"points": 9999999999}
    assert found.properties == ("vertex.x",)


def test_what_cannot_be_described(tmp_path: Path) -> None:
    (tmp_path / "a.npz").write_bytes(b"PK\x03\x04")
    (tmp_path / "a.safetensors").write_bytes(b"\xff" * 9)
    (tmp_path / "a.ply").write_bytes(b"")
    cases = {
        "a.npz": "archive: broken",
        "a.safetensors": "header: claims",
        "a.ply": "the file is empty",
    }
    cases |= {"b.ply": "there is no such file", "a.xyw": "unknown ending"}
    for name, message in cases.items():
        with pytest.raises(GeometryError, match=f"{name}: {message}"):
            info(tmp_path / name)
