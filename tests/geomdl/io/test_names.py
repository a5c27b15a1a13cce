"""Names of textures beside a mesh."""

from pathlib import Path

from geomdl.io.names import beside


def test_names_are_plain() -> None:
    assert beside(Path("/x/a chair.obj"), "oak / wood", 2) == Path("/x/a_chair_2_oak_wood.png")
    assert beside(Path("a.obj"), "../../etc", 0).name == "a_0_etc.png"
    assert beside(Path("a.obj"), "§", 1).name == "a_1.png"
