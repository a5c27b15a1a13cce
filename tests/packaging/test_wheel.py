"""The wheel: built where torch is not, with the right names in it, run beside torch.

One wheel is built for the whole file, for the baseline instruction set alone to save time;
`make nightly` sets GEOMDL_WHEEL_ISAS to all of them.
"""

import email
import os
import re
import shutil
import site
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ISAS = os.environ.get("GEOMDL_WHEEL_ISAS", "baseline")
NEEDED = {"libgomp.so.1", "libstdc++.so.6", "libgcc_s.so.1", "libm.so.6", "libc.so.6"}
MEGABYTES = 20
pytestmark = [
    pytest.mark.xdist_group("packaging"),
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="manylinux wheels are Linux's"),
]


def run(*command: object, cwd: Path | None = None, **env: str) -> str:
    """Standard output and error of a command; an index out of reach is a skip."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd or ROOT,
        env={**os.environ, **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
        check=False,
    )
    if done.returncode and re.search(r"NewConnectionError|Could not find a version", done.stdout):
        pytest.skip("the package index is out of reach, so build requirements cannot be installed")
    assert done.returncode == 0, done.stdout
    return done.stdout


def tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of a fresh environment that holds pip alone."""
    folder = tmp_path_factory.mktemp("bare")
    run(sys.executable, "-m", "venv", "--upgrade-deps", folder)  # Debian's pip is too old for -C
    return folder / "bin" / "python"


@pytest.fixture(scope="module")
def wheel(bare: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repaired wheel, built by that Python."""
    tool("c++")
    out = tmp_path_factory.mktemp("wheel")
    run(ROOT / "tools" / "wheel.sh", out, PYTHON=str(bare), ISAS=ISAS)
    return next(out.glob("*.whl"))


@pytest.fixture(scope="module")
def beside(bare: Path, wheel: Path) -> Path:
    """The fresh environment with the wheel in it, and this one's torch and numpy within reach."""
    folder = Path(run(bare, "-c", "import site; print(site.getsitepackages()[0])").strip())
    (folder / "torch_is_here.pth").write_text("\n".join(site.getsitepackages()) + "\n")
    run(bare, "-m", "pip", "install", "--no-deps", "--no-index", wheel)
    return bare


def names(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


def test_torch_is_not_there_when_it_is_built(bare: Path) -> None:
    """`wheel` uses this Python, and pip isolates the build besides."""
    script = "import importlib.util; print(importlib.util.find_spec('torch'))"
    assert run(bare, "-S", "-c", script).strip() == "None"
    requires = (ROOT / "pyproject.toml").read_text().split("[project]")[0]
    assert "torch" not in requires


def test_the_tag_says_manylinux_and_python(wheel: Path) -> None:
    cp = f"cp{sys.version_info.major}{sys.version_info.minor}"
    python = f"{cp}-{cp}" if sys.version_info < (3, 12) else "cp312-abi3"
    machine = sysconfig.get_platform().replace("linux-", "")
    assert re.search(rf"-{python}-manylinux_2_\d+_{machine}\.whl$", wheel.name), wheel.name
    assert f'tag: "{wheel.stem.rsplit("-", 1)[1]}"' in run(
        Path(sys.executable).parent / "auditwheel", "show", wheel
    ).replace("\n", " ")


def test_what_the_wheel_holds(wheel: Path) -> None:
    inside = names(wheel)
    rooms = {name.split("/")[0] for name in inside if ".dist-info" not in name}
    assert rooms == {"core2d", "geomdl", "rl", "scenes"}
    assert not [n for n in inside if n.startswith("geomdl/csrc") or n.endswith((".cpp", ".h"))]
    pages = {f"geomdl/viewer/page/{name}" for name in ("page.js", "beside.html")}
    assert {"geomdl/systems.json", *pages} <= set(inside)
    weights = [path for path in (ROOT / "geomdl" / "weights").rglob("*") if path.is_file()]
    assert {path.relative_to(ROOT).as_posix() for path in weights} <= set(inside)
    assert "geomdl/native/libgomp.so.1" in inside
    families = {path.stem for path in (ROOT / "geomdl" / "csrc").glob("*.cpp")}
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    suffix = suffix if sys.version_info < (3, 12) else ".abi3.so"
    wanted = {f"geomdl/native/{f}_{isa}{suffix}" for f in families for isa in ISAS.split(";")}
    assert {n for n in inside if n.startswith("geomdl/native/") and n.endswith(".so")} == wanted
    assert wheel.stat().st_size < MEGABYTES << 20


def test_the_metadata(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        name = next(n for n in archive.namelist() if n.endswith("METADATA"))
        metadata = email.message_from_bytes(archive.read(name))
    assert metadata["Name"] == "geomdl-torch"
    assert metadata["Requires-Python"] == ">=3.11"
    assert "torch>=2.4" in metadata.get_all("Requires-Dist", [])


def test_kernels_link_neither_torch_nor_python(wheel: Path, tmp_path: Path) -> None:
    readelf = tool("readelf")
    with zipfile.ZipFile(wheel) as archive:
        modules = [n for n in archive.namelist() if n.endswith(".so")]
        archive.extractall(tmp_path, modules)
    assert modules
    for name in modules:
        dynamic = run(readelf, "-d", tmp_path / name)
        linked = set(re.findall(r"NEEDED.*\[(.*)\]", dynamic))
        assert {n for n in linked if not n.startswith("ld-linux")} <= NEEDED, (name, linked)
        assert "[$ORIGIN]" in dynamic, name
        symbols = run(readelf, "-Ws", "--dyn-syms", tmp_path / name)
        assert not re.search(r"\bUND\b.*(c10|_ZN2at|torch)", symbols), name


def test_kernels_run_beside_torch(beside: Path, tmp_path: Path) -> None:
    script = ROOT / "tools" / "selfcheck.py"
    printed = run(beside, script, "keys", "neighbors", "rasterize", "raycast", cwd=tmp_path)
    assert "kernels and bodies agree" in printed
    where = "import geomdl; print(geomdl.__file__)"
    assert str(beside.parent.parent) in run(beside, "-c", where, cwd=tmp_path)


def test_the_installed_doctor_finds_kernels_and_one_openmp(beside: Path, tmp_path: Path) -> None:
    page = run(beside, "-m", "geomdl.doctor", cwd=tmp_path)
    assert re.search(r"knn_index +(baseline|avx2|avx512) kernel", page), page
    openmp = next(line for line in page.splitlines() if line.startswith("openmp"))
    assert openmp.count("libgomp") == 1, openmp


def test_no_compiler_installs_the_torch_bodies_and_says_so(bare: Path, tmp_path: Path) -> None:
    """What pip does on a machine without a compiler, with everything else in place."""
    out = tmp_path / "out"
    none = {"CXX": "/nonexistent/c++", "CC": "/nonexistent/cc"}
    said = run(bare, "-m", "pip", "wheel", ".", "--no-deps", "-v", "-w", out, **none)
    assert said.count("so the torch bodies were installed alone") == 1, said
    built = next(out.glob("*.whl"))
    assert built.name.endswith("-py3-none-any.whl")
    assert not [name for name in names(built) if name.endswith((".so", ".cpp"))]

    target = tmp_path / "target"
    run(bare, "-m", "pip", "install", "--no-deps", "--no-index", "--target", target, built)
    path = os.pathsep.join([str(target), *site.getsitepackages()])
    code = """
import torch
from geomdl.ops import knn_index, radius_index
points = torch.rand(50, 3)
assert (knn_index(points, points, 1)[:, 0] == torch.arange(50)).all()
radius_index(points, points, 0.1, 4)
"""
    env = {"PYTHONPATH": path, "PYTHONWARNINGS": "always"}
    ran = run(bare, "-c", code, cwd=tmp_path, **env)
    assert ran.count("no native kernels run here") == 1, ran
    page = run(bare, "-m", "geomdl.doctor", cwd=tmp_path, PYTHONPATH=path)
    assert re.search(r"knn_index +torch ", page), page
    assert "warning: no native kernels: install a wheel" in page
