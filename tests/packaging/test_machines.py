"""Other processors, emulated: x86 without AVX, and arm64."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from geomdl.ops import dispatch

ROOT = Path(__file__).resolve().parents[2]
# A family with vector code, one with a tree, one with threads; the nightly run takes them all.
FAMILIES = os.environ.get("GEOMDL_QEMU_FAMILIES", "neighbors keys rasterize").split()
pytestmark = pytest.mark.xdist_group("packaging")


def emulated(*code: str, **env: str) -> subprocess.CompletedProcess[str]:
    """This Python on a processor of 2008, which knows SSE 4.2 and no AVX."""
    qemu = shutil.which("qemu-x86_64")
    if qemu is None or not dispatch.built():
        pytest.skip("qemu-x86_64 (Debian's qemu-user) or the native kernels are not there")
    environment = {k: v for k, v in os.environ.items() if k != "GEOMDL_ISA"} | env
    return subprocess.run(
        [qemu, "-cpu", "Nehalem", sys.executable, *code],
        cwd=ROOT,
        env={**environment, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def test_kernels_run_without_avx() -> None:
    """Dispatch must choose the baseline by itself, and that must hold no wider instruction."""
    done = emulated("tools/selfcheck.py", *FAMILIES)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "kernels for baseline" in done.stdout


@pytest.mark.slow
def test_the_emulation_is_strict() -> None:
    """An AVX2 module dies there, so the test above would see a wrong instruction."""
    if "neighbors_avx2" not in dispatch.built():
        pytest.skip("no AVX2 kernels were built")
    code = (
        "import torch; from geomdl.ops import dispatch; "
        "dispatch.best_isa = lambda: 'avx2'; from geomdl.ops.neighbors import knn_index; "
        "p = torch.rand(5000, 3); knn_index(p, p, 8)"
    )
    assert emulated("-c", code).returncode < 0


@pytest.mark.slow
def test_kernels_run_on_arm64() -> None:
    if shutil.which("qemu-aarch64") is None or shutil.which("aarch64-linux-gnu-g++") is None:
        pytest.skip("qemu-aarch64 or the arm64 cross compiler is not there")
    done = subprocess.run(
        [ROOT / "tools" / "arm64.sh"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "kernels for baseline" in done.stdout
