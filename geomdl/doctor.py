"""What runs here, on what, and what to do about what does not: `geomdl doctor`."""

import importlib
import importlib.metadata
import importlib.util
import os
import pkgutil
import platform
from pathlib import Path
from typing import Any

import numpy as np
import torch

import geomdl
from geomdl.ops import dispatch
from geomdl.viewer import programs

# Optional peers: the import name, and the distributions that may carry it.
PEERS = {
    "open3d": ("open3d", "open3d-cpu"),
    "trimesh": ("trimesh",),
    "triton": ("triton", "pytorch-triton"),
    "spconv": ("spconv", "spconv-cu120", "spconv-cu118"),
    "torch_geometric": ("torch-geometric",),
    "pytorch3d": ("pytorch3d",),
}
# What pyproject.toml asks for: an installation by hand may lack some.
NEEDED = (
    *("trimesh", "scipy", "scikit-image", "pillow", "safetensors", "pooch", "tyro", "rich"),
    *("matplotlib", "viser", "imageio-ffmpeg", "tensorboard", "gymnasium", "lightning-fabric"),
)
BAD_FABRIC = ("2.6.2", "2.6.3")


def report() -> dict[str, Any]:
    """Versions, processor, kernels, the backend of every op, peers, data folder and warnings."""
    unread = load_ops()
    ops = [backends(record) for _, record in sorted(dispatch.OPS.items())]
    found: dict[str, Any] = {
        "versions": {
            "geomdl": geomdl.__version__,
            "python": platform.python_version(),
            "torch": torch.__version__,
            "numpy": np.__version__,
        },
        "cpu": {
            "machine": platform.machine(),
            "cores": os.cpu_count(),
            "torch sees": torch.backends.cpu.get_cpu_capability(),
            "kernels for": dispatch.best_isa(),
            "threads": dispatch.threads(),
            "openmp": openmp_libraries(),
        },
        "gpu": gpus(),
        "kernels": {"built": dispatch.built(), "broken": dict(dispatch.BROKEN)},
        "ops": ops,
        "peers": {name: version_of(name) for name in PEERS},
        "packages": {name: distribution_version(name) for name in NEEDED},
        "viewer": programs.found(),
        "memory": memory(),
        "data": data_folder(),
        "process": {"forked": dispatch._in_fork},
    }
    found["warnings"] = [*unread, *warnings_of(found)]
    found["advice"] = programs.advice_of(found["viewer"])
    return found


def load_ops() -> list[str]:
    """Import every file of geomdl.ops, which registers its ops; what failed, one line each."""
    package = importlib.import_module("geomdl.ops")
    failed = []
    for module in pkgutil.iter_modules(package.__path__):
        try:
            importlib.import_module(f"geomdl.ops.{module.name}")
        except ImportError as error:
            failed.append(f"geomdl.ops.{module.name} does not import: {error}")
    return failed


def backends(record: dispatch.Op) -> dict[str, Any]:
    """Where one op runs: 'avx2 kernel', 'torch' ..., on the CPU and on a GPU, for which floats."""
    native, gpu = dispatch.native(record.family), dispatch.gpu(record.family)
    kernel = hasattr(native, record.name)
    isa = native.__name__.rpartition("_")[2] if native is not None and kernel else ""
    return {
        "name": record.name,
        "family": record.family,
        "cpu": f"{isa} kernel" if kernel else "torch",
        "gpu": "triton kernel" if hasattr(gpu, record.name) else "torch",
        "dtypes": [str(d).removeprefix("torch.") for d in record.dtypes] if kernel else [],
    }


def version_of(name: str) -> str | None:
    """The installed version of a peer, without importing it; None when it is not there."""
    if importlib.util.find_spec(name) is None:
        return None
    return next(filter(None, map(distribution_version, PEERS[name])), "unknown version")


def distribution_version(name: str) -> str | None:
    """The version of an installed distribution, or None."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def gpus() -> list[str]:
    """Names of the CUDA devices that torch can use."""
    if not torch.cuda.is_available():
        return []
    return [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]


def openmp_libraries() -> list[str]:
    """File names of the OpenMP runtimes in this process (Linux); one pool of threads each."""
    maps = Path("/proc/self/maps")
    if not maps.exists():
        return []
    paths = {line.split()[-1] for line in maps.read_text().splitlines() if "/" in line}
    runtimes = ("libgomp", "libiomp", "libomp")
    return sorted(p for p in paths if Path(p).name.startswith(runtimes))


def memory() -> dict[str, int | None]:
    """Bytes of memory that there are and that are free (Linux); None where that is not known."""
    facts = Path("/proc/meminfo")
    if not facts.exists():
        return {"total": None, "free": None}
    lines = dict(line.split(":", 1) for line in facts.read_text().splitlines() if ":" in line)
    names = {"total": "MemTotal", "free": "MemAvailable"}
    return {
        ours: int(lines[name].split()[0]) * 1024 if name in lines else None
        for ours, name in names.items()
    }


def data_folder() -> dict[str, Any]:
    """Where downloads go: GEOMDL_DATA, else the user's cache folder."""
    named = os.environ.get("GEOMDL_DATA")
    folder = Path(named) if named else Path(importlib.import_module("pooch").os_cache("geomdl"))
    return {"folder": str(folder), "named": bool(named), "exists": folder.is_dir()}


def warnings_of(found: dict[str, Any]) -> list[str]:
    """What is wrong with this installation, each with its remedy."""
    said = list(kernel_warnings(found))
    cores, threads = found["cpu"]["cores"] or 1, found["cpu"]["threads"]
    if threads == 1 and cores > 1:
        said.append(
            f"kernels run on 1 of {cores} cores: torch.set_num_threads, OMP_NUM_THREADS or a fork "
            "set that"
        )
    if found["gpu"] and found["peers"]["triton"] is None:
        said.append("a GPU but no triton: pip install triton")
    if found["data"]["named"] and not found["data"]["exists"]:
        said.append(f"GEOMDL_DATA names {found['data']['folder']}, which is not a folder")
    lacking = [name for name, version in found["packages"].items() if version is None]
    if lacking:
        said.append(f"packages are missing: pip install {' '.join(lacking)}")
    said += programs.warnings_of(found["viewer"])
    said += distribution_warnings()
    return said


def kernel_warnings(found: dict[str, Any]) -> list[str]:
    """Kernels that are missing, do not load, or are older than their sources."""
    folder = Path(importlib.import_module("geomdl.native").__file__ or "").parent
    files = [p for p in folder.glob("*") if p.suffix in (".so", ".pyd")]
    said = [
        f"kernels {name} do not load: {why}" for name, why in found["kernels"]["broken"].items()
    ]
    if files and not found["kernels"]["built"]:
        said.append(f"the kernels in {folder} are for another Python; build again (make native)")
    elif not files:
        said.append(
            "no native kernels: install a wheel, or install a C++ compiler and build again "
            "(make native in a checkout; pip install --force-reinstall --no-deps geomdl-torch)"
        )
    sources = [*folder.parent.glob("csrc/*.cpp"), *folder.parent.glob("csrc/*.h")]
    if files and sources:
        newest = max(sources, key=lambda p: p.stat().st_mtime)
        if newest.stat().st_mtime > max(p.stat().st_mtime for p in files):
            said.append(f"kernels are older than csrc/{newest.name}: make native")
    return said


def distribution_warnings() -> list[str]:
    """Other distributions that get in the way."""
    said = []
    if (nurbs := distribution_version("geomdl")) is not None:
        said.append(
            f"NURBS-Python (distribution geomdl {nurbs}) uses the same import name: "
            "pip uninstall geomdl, then pip install --force-reinstall --no-deps geomdl-torch"
        )
    if (fabric := distribution_version("lightning-fabric")) in BAD_FABRIC:
        said.append(f"lightning-fabric {fabric} is not to be used: pip install another version")
    return said


def text(found: dict[str, Any]) -> str:
    """The report as a page of text."""
    cpu, gpu, viewer = found["cpu"], found["gpu"], found["viewer"]
    kernels = sum(op["cpu"] != "torch" for op in found["ops"])
    peers = (f"{name} {version or '-'}" for name, version in found["peers"].items())
    lines = [
        "  ".join(f"{name} {version}" for name, version in found["versions"].items()),
        f"cpu     {cpu['machine']}, {cpu['cores']} cores, {cpu['threads']} threads; "
        f"torch sees {cpu['torch sees']}, kernels for {cpu['kernels for']}",
        f"openmp  {', '.join(cpu['openmp']) or 'unknown'}",
        f"gpu     {', '.join(gpu) or 'none'}",
        f"peers   {'  '.join(peers)}",
        f"viewer  viser {viewer['viser'] or '-'}, display {'yes' if viewer['display'] else 'no'}, "
        f"browser {viewer['browser'] or '-'}",
        f"ffmpeg  {viewer['ffmpeg'] or '-'}",
        f"memory  {gigabytes(found['memory']['free'])} free of "
        f"{gigabytes(found['memory']['total'])}",
        f"data    {found['data']['folder']}" + ("" if found["data"]["exists"] else " (not there)"),
        "",
        f"{'op':<28} {'on the CPU':<18} {'on a GPU':<15} kernels take",
    ]
    lines += [
        f"{op['name']:<28} {op['cpu']:<18} {op['gpu']:<15} {', '.join(op['dtypes'])}"
        for op in found["ops"]
    ]
    lines += ["", f"{kernels} of {len(found['ops'])} ops have a native kernel here."]
    lines += [
        f"{'tried' if trial['ok'] else 'FAILED'} {trial['name']} in {trial['seconds']:.2f} s: "
        f"{trial['said']}"
        for trial in found.get("trials", ())
    ]
    lines += [f"note: {line}" for line in found["advice"]]
    lines += [f"warning: {line}" for line in found["warnings"]] or ["No warnings."]
    return "\n".join(lines)


def gigabytes(size: int | None) -> str:
    """Bytes as '7.8 GB'."""
    return "unknown" if size is None else f"{size / 1e9:.1f} GB"


if __name__ == "__main__":
    print(text(report()))
