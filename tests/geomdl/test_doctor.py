"""The doctor tells what runs on what, and every warning comes with a remedy."""

import importlib.metadata
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from geomdl import doctor
from geomdl.ops import dispatch


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    return doctor.report()


def test_the_report_names_versions_and_processor(found: dict[str, Any]) -> None:
    assert found["versions"]["torch"] == torch.__version__
    assert found["cpu"]["threads"] == torch.get_num_threads()
    assert found["cpu"]["kernels for"] == dispatch.best_isa()
    assert found["data"]["folder"]
    assert found["process"] == {"forked": False}


def test_every_registered_op_is_listed_with_where_it_runs(found: dict[str, Any]) -> None:
    assert {op["name"] for op in found["ops"]} == set(dispatch.OPS)
    for op in found["ops"]:
        module = dispatch.native(op["family"])
        assert (op["cpu"] == "torch") == (not hasattr(module, op["name"]))


def test_peers_that_are_not_there_are_none(found: dict[str, Any]) -> None:
    assert found["peers"]["trimesh"] == importlib.metadata.version("trimesh")
    assert set(found["peers"]) == set(doctor.PEERS)


def test_one_openmp_pool_serves_torch_and_kernels() -> None:
    # In a process of its own: peers that other tests import bring their own pools.
    probe = "import json; from geomdl import doctor; print(json.dumps(doctor.report()))"
    run = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    found = json.loads(run.stdout)
    ours = [path for path in found["cpu"]["openmp"] if "gomp" in Path(path).name]
    if not ours or not found["kernels"]["built"]:
        pytest.skip("no GNU OpenMP in this process, or no kernels")
    assert len(ours) == 1, ours


def test_the_page_has_a_line_for_every_op(found: dict[str, Any]) -> None:
    page = doctor.text(found)
    assert all(f"\n{op['name']} " in page for op in found["ops"])
    assert max(len(line) for line in page.splitlines()) < 200


def warned(found: dict[str, Any], **changed: Any) -> str:
    return "\n".join(doctor.warnings_of({**found, **changed}))


def test_one_thread_on_many_cores_is_warned_of(found: dict[str, Any]) -> None:
    assert "1 of 8 cores" in warned(found, cpu={"cores": 8, "threads": 1})
    assert "cores" not in warned(found, cpu={"cores": 8, "threads": 8})


def test_a_gpu_without_triton_is_warned_of(found: dict[str, Any]) -> None:
    peers = {**found["peers"], "triton": None}
    assert "pip install triton" in warned(found, gpu=["H200"], peers=peers)
    assert "triton" not in warned(found, gpu=[], peers=peers)


def test_a_missing_data_folder_is_warned_of(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GEOMDL_DATA", str(tmp_path / "nowhere"))
    assert doctor.data_folder() == {
        "folder": str(tmp_path / "nowhere"),
        "named": True,
        "exists": False,
    }
    assert "nowhere, which is not a folder" in "\n".join(doctor.report()["warnings"])
    monkeypatch.setenv("GEOMDL_DATA", str(tmp_path))
    assert doctor.data_folder()["exists"]


def test_nurbs_python_is_warned_of(found: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    versions = {"geomdl": "5.3.1", "lightning-fabric": "2.6.3"}
    monkeypatch.setattr(doctor, "distribution_version", versions.get)
    page = warned(found)
    assert "NURBS-Python (distribution geomdl 5.3.1)" in page
    assert "lightning-fabric 2.6.3" in page


@pytest.fixture
def native(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that stands for geomdl/native, beside a csrc with one source."""
    import geomdl.native

    folder = tmp_path / "native"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (tmp_path / "csrc").mkdir()
    (tmp_path / "csrc" / "keys.cpp").touch()
    monkeypatch.setattr(geomdl.native, "__file__", str(folder / "__init__.py"))
    return folder


def test_missing_kernels_are_warned_of_with_the_remedy(native: Path) -> None:
    said = doctor.kernel_warnings({"kernels": {"built": [], "broken": {}}})
    assert len(said) == 1
    assert "no native kernels" in said[0]
    assert "C++ compiler" in said[0]


def test_kernels_of_another_python_are_warned_of(native: Path) -> None:
    (native / "keys_avx2.cpython-399-x86_64-linux-gnu.so").touch()
    said = doctor.kernel_warnings({"kernels": {"built": [], "broken": {}}})
    assert "for another Python" in said[0]


def test_kernels_that_do_not_load_are_warned_of(native: Path) -> None:
    (native / "keys_avx2.so").touch()
    broken = {"geomdl.native.keys_avx2": "GLIBC_9.99 not found"}
    said = doctor.kernel_warnings({"kernels": {"built": ["keys_avx2"], "broken": broken}})
    assert "keys_avx2 do not load: GLIBC_9.99" in said[0]


def test_kernels_older_than_their_sources_are_warned_of(native: Path) -> None:
    kernel = native / "keys_avx2.so"
    kernel.touch()
    found = {"kernels": {"built": ["keys_avx2"], "broken": {}}}
    os.utime(kernel, (2e9, 2e9))
    assert doctor.kernel_warnings(found) == []
    os.utime(kernel, (1e9, 1e9))
    assert "older than csrc/keys.cpp: make native" in doctor.kernel_warnings(found)[0]


def test_a_file_of_ops_that_does_not_import_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import geomdl.ops

    (tmp_path / "needs_nothing.py").write_text("import nothing_of_that_name\n")
    monkeypatch.setattr(geomdl.ops, "__path__", [*geomdl.ops.__path__, str(tmp_path)])
    assert "geomdl.ops.needs_nothing does not import" in doctor.load_ops()[0]


def test_missing_packages_are_warned_of(found: dict[str, Any]) -> None:
    assert "packages are missing" not in warned(found)
    packages = {**found["packages"], "rich": None, "pooch": None}
    assert "pip install pooch rich" in warned(found, packages=packages).replace("  ", " ")


def test_the_viewer_is_looked_at(found: dict[str, Any]) -> None:
    lacking = {**found["viewer"], "viser": None, "ffmpeg": None}
    assert "viser>=1.1" in warned(found, viewer=lacking)
    assert "imageio-ffmpeg" in warned(found, viewer=lacking)
    page = doctor.text({**found, "viewer": lacking, "advice": ["open the port"]})
    assert "viewer  viser -" in page
    assert "note: open the port" in page


def test_memory_is_told_in_bytes(found: dict[str, Any]) -> None:
    total, free = found["memory"]["total"], found["memory"]["free"]
    if total is None:
        pytest.skip("no /proc/meminfo on this system")
    assert 0 < free <= total
    assert doctor.gigabytes(7_840_000_000) == "7.8 GB"
    assert doctor.gigabytes(None) == "unknown"
