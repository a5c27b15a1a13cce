"""Small trials of everything a user leans on: `geomdl doctor --try`."""

import contextlib
import io
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import torch

from geomdl.structures import Mesh


def tetrahedron() -> Mesh:
    """Four red triangles around the origin."""
    vertices = torch.tensor([[1.0, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]])
    faces = torch.tensor([[0, 1, 2], [0, 3, 1], [0, 2, 3], [1, 3, 2]])
    return Mesh(vertices, faces, colors=torch.tensor([[1.0, 0, 0]]).expand(4, 3).contiguous())


def kernels() -> str:
    """Neighbours, rays and rasterised triangles are the same on kernels and torch bodies."""
    from geomdl.ops import dispatch
    from geomdl.ops.neighbors import knn_index
    from geomdl.ops.rasterize import rasterize
    from geomdl.ops.raycast import first_hit

    points = torch.rand(500, 3, generator=torch.Generator().manual_seed(0))
    mesh = tetrahedron()
    lens = torch.tensor([[40.0, 0, 32], [0, 40, 32], [0, 0, 1]])
    found = []
    for name in ("native", "torch"):
        with dispatch.backend(name):
            hits = first_hit(mesh.vertices, mesh.faces, points * 0.1, points - 0.5)
            ahead = mesh.vertices + torch.tensor([0.0, 0, 4])
            seen = rasterize(ahead, mesh.faces, lens, 64, 64)
            found.append((knn_index(points, points, 4), hits[1], seen[0]))
    for ours, body in zip(*found, strict=True):
        if float((ours == body).double().mean()) < 0.999:
            raise RuntimeError("kernels and torch bodies differ")
    return "kernels agree with torch" if dispatch.built() else "torch alone"


def files() -> str:
    """A mesh is written and read in some formats."""
    from geomdl.io import load, save

    mesh = tetrahedron()
    endings = ("ply", "obj", "glb", "npz")
    with tempfile.TemporaryDirectory() as folder:
        for ending in endings:
            path = Path(folder) / f"a.{ending}"
            save(path, mesh)
            again = load(path)
            if not isinstance(again, Mesh) or len(again) != len(mesh):
                raise RuntimeError(f"{ending}: wrote {mesh!r}, read {again!r}")
    return " ".join(endings)


def picture() -> str:
    """A picture of a red mesh has red in it, and something else around."""
    from geomdl.render import picture as drawn

    image = drawn(tetrahedron(), ("front",), (96, 96))
    red = (image[..., 0] > 2 * image[..., 1]) & (image[..., 0] > 0.05)
    share = float(red.double().mean())
    if not 0.02 < share < 0.98:
        raise RuntimeError(f"{share:.0%} of the picture is red")
    return f"{image.shape[1]}x{image.shape[0]} pixels"


def page() -> str:
    """The page is served on loopback, and its first drawing is made."""
    from geomdl.viewer.page.server import Viewer
    from geomdl.viewer.scene import Item, Scene

    viewer = Viewer(Scene([Item("tetrahedron", (tetrahedron(),))]))
    try:
        viewer.ready()
        with urlopen(viewer.url, timeout=10) as answer:
            text = answer.read().decode(errors="replace")
        if "<html" not in text:
            raise RuntimeError("the answer is no page")
        return viewer.url
    finally:
        viewer.stop()


TRIALS: dict[str, Callable[[], str]] = {
    "kernels": kernels,
    "files": files,
    "picture": picture,
    "page": page,
}


def run() -> list[dict[str, Any]]:
    """Every trial: name, ok, seconds, and what it said or what went wrong."""
    results = []
    for name, trial in TRIALS.items():
        start = time.perf_counter()
        try:
            with contextlib.redirect_stdout(io.StringIO()):  # viser tells when it stops
                ok, said = True, trial()
        except Exception as error:  # whatever breaks is what the doctor is to tell
            ok, said = False, f"{type(error).__name__}: {error}"
        seconds = round(time.perf_counter() - start, 3)
        results.append({"name": name, "ok": ok, "seconds": seconds, "said": said})
    return results
