"""The models of COLMAP in the order of their numbers."""

from geomdl.io.colmap_records import MODELS, PARAMETERS


def test_numbers_and_parameters_as_in_colmap() -> None:
    names = [name for name, _ in MODELS]
    assert names.index("OPENCV") == 4
    assert names.index("FULL_OPENCV") == 6
    assert names.index("THIN_PRISM_FISHEYE") == 10
    assert PARAMETERS["FULL_OPENCV"] == 12
    assert PARAMETERS["FOV"] == 5
