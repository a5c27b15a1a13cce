import pytest

from geomdl.io import open_rgbd


def test_both_surfaces_of_real_frames_agree(data) -> None:
    pytest.importorskip("open3d")
    from tools.compare_open3d import compare

    result = compare(open_rgbd(data / "rgbd_redkitchen")[0:40:8], 0.02)
    assert result["frames"] == 5
    assert result["chamfer"] < 0.5 * result["voxel"]
    assert min(result["within_a_voxel"]) > 0.97
