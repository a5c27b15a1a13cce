"""HDF5 files in the layout of PointNet's release."""

from pathlib import Path

import numpy as np
import pytest

from core2d.errors import InputError
from scenes.datasets.h5 import listed, read_h5

h5py = pytest.importorskip("h5py", reason="h5py is not installed (pip install h5py)")


def written(path: Path, **arrays: np.ndarray) -> Path:
    with h5py.File(path, "w") as file:
        for name, value in arrays.items():
            file.create_dataset(name, data=value, compression="gzip")
    return path


def test_arrays_come_as_floats_and_flat_labels(tmp_path: Path) -> None:
    data = np.random.default_rng(0).random((3, 5, 3))
    path = written(tmp_path / "a.h5", data=data, label=np.array([[2], [0], [1]], np.uint8), x=data)
    found = read_h5(path, ("data", "label", "normal"))
    assert set(found) == {"data", "label"}
    assert (found["data"].dtype, found["label"].dtype) == (np.float32, np.int64)
    assert np.allclose(found["data"], data)
    assert found["label"].tolist() == [2, 0, 1]


def test_what_is_wrong_is_told_with_the_file(tmp_path: Path) -> None:
    (tmp_path / "text.h5").write_text("no")
    with pytest.raises(InputError, match=r"text.h5: expected an HDF5 file"):
        read_h5(tmp_path / "text.h5", ("data",))
    path = written(tmp_path / "flat.h5", data=np.zeros((3, 5)), label=np.zeros(3))
    with pytest.raises(InputError, match=r"flat.h5: expected data \(N, P, 3\).*\(3, 5\)"):
        read_h5(path, ("data", "label"))
    path = written(tmp_path / "short.h5", data=np.zeros((3, 5, 3)), label=np.zeros(2))
    with pytest.raises(InputError, match=r"short.h5: expected 3 rows of label, got 2"):
        read_h5(path, ("data", "label"))


def test_lists_name_files_wherever_they_were(tmp_path: Path) -> None:
    for name in ("b1.h5", "b0.h5"):
        (tmp_path / name).touch()
    assert [f.name for f in listed(tmp_path, ["no.txt"], "b*.h5")] == ["b0.h5", "b1.h5"]
    (tmp_path / "list.txt").write_text("data/x/b1.h5\ndata/x/b0.h5")
    assert [f.name for f in listed(tmp_path, ["list.txt"], "b*.h5")] == ["b1.h5", "b0.h5"]
    (tmp_path / "list.txt").write_text("data/x/b2.h5")
    with pytest.raises(InputError, match=r"list.txt: expected b2.h5 beside it"):
        listed(tmp_path, ["list.txt"], "b*.h5")
    with pytest.raises(InputError, match=r"expected c\*.h5 or a list list2.txt"):
        listed(tmp_path, ["list2.txt"], "c*.h5")


def test_real_files_of_the_release_s_layout(data: Path) -> None:
    folder = data / "modelnet40_ply_hdf5_layout"
    if not folder.is_dir():
        pytest.skip(f"no real data: {folder}")
    for name, shapes in (("box", 1), ("test_model", 6), ("ycb_objects_train", 60)):
        found = read_h5(folder / f"{name}.h5", ("data", "label", "normal"))
        assert found["data"].shape == (shapes, 2048, 3)
        assert found["label"].shape == (shapes,)
        assert np.isfinite(found["data"]).all()
    with pytest.raises(InputError, match=r"expected predict_without_label.h5 beside it"):
        listed(folder, ["train_files.txt"], "*.h5")
