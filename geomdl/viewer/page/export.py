"""One HTML file that shows a scene without a server: viser's page with what it would be sent."""

from dataclasses import replace
from pathlib import Path

import torch
import viser

from geomdl.errors import GeometryError
from geomdl.io.source import write_files
from geomdl.structures.srgb import to_srgb
from geomdl.viewer.compose import compose
from geomdl.viewer.drawing import Dots
from geomdl.viewer.look import Look
from geomdl.viewer.page import guard, script
from geomdl.viewer.page.aim import aim
from geomdl.viewer.page.nodes import Files, Nodes
from geomdl.viewer.scene import Scene
from geomdl.viewer.viewpoint import initial

MOST_POINTS = 2_000_000
ENDINGS = (".html", ".htm")


def export_page(
    scene: Scene, look: Look, path: str | Path, *, overwrite: bool = False, dark: bool = False
) -> None:
    """Write the page of a scene to one HTML file, which needs no network either.

    It has no controls. Clouds of more than two million points are thinned. Raises GeometryError
    for another ending than .html, for a file that is there, and for what cannot be drawn.
    """
    path = Path(path)
    if path.suffix.lower() not in ENDINGS:
        raise GeometryError(f"export: expected a name that ends in .html, got {str(path)!r}")
    if path.exists() and not overwrite:
        raise GeometryError(f"{path}: is there already; overwrite replaces it")
    drawing = compose(scene, look)
    with guard.quiet(), guard.guarded("127.0.0.1", {}):
        server = viser.ViserServer(host="127.0.0.1", port=0, verbose=False)
    try:
        server.scene.configure_default_lights(False, cast_shadow=False)
        server.scene.configure_environment_map(None)
        script.prepare(server, ", ".join(scene.names[:3]))
        script.call(server, "background", None if drawing.background == "none" else look.background)
        script.call(server, "overlay.show", False)
        aim(server, initial(drawing, look), drawing)
        nodes = Nodes(server, Files(), scene.cache, lambda *_: None)
        solid = tuple(part for part in drawing.parts if not isinstance(part, Dots))
        nodes.update(replace(drawing, parts=solid))
        for part in drawing.parts:
            if isinstance(part, Dots):
                _add(server, part)
        page = server.get_scene_serializer().as_html(dark_mode=dark)
    finally:
        with guard.quiet():
            server.stop()
    write_files({path: page.encode()}, overwrite)


def _add(server: viser.ViserServer, part: Dots) -> None:
    points, colors = part.points.float().cpu(), part.colors.float().cpu()
    if part.keep is not None:
        points, colors = points[part.keep.cpu()], colors[part.keep.cpu()]
    if len(points) > MOST_POINTS:
        some = torch.randperm(len(points), generator=torch.Generator().manual_seed(0))
        points, colors = points[some[:MOST_POINTS]], colors[some[:MOST_POINTS]]
    middle = points.mean(0)
    server.scene.add_point_cloud(
        f"/{part.name}",
        (points - middle).numpy(),
        to_srgb(colors).mul(255).round().byte().numpy(),
        point_size=2 * part.radius,
        point_shape="circle",
        point_shading="flat",
        precision="float32",
        position=middle.numpy(),
    )
