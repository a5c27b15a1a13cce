"""A Drawing as a picture, by our own rasteriser: what `geomdl render` writes."""

import dataclasses

import torch
from torch import Tensor

from geomdl.errors import GeometryError
from geomdl.render.image import color, over, shrink
from geomdl.render.layer import Layer
from geomdl.render.light import Caster, Light, illuminate
from geomdl.render.relief import relieved
from geomdl.render.shade import lit
from geomdl.render.solid import Spots, edge_distance, met, solid_depth, solid_layer
from geomdl.render.splat import disc_layer, discs_depth
from geomdl.render.strokes import strokes
from geomdl.render.viewpoint import frame_of
from geomdl.structures import Camera
from geomdl.structures.srgb import from_srgb, to_srgb
from geomdl.viewer.captions import captioned
from geomdl.viewer.drawing import Drawing, Words
from geomdl.viewer.finish import Finish
from geomdl.viewer.look import Look
from geomdl.viewer.stage import Body, Stage, stage_of

LIMIT = 8192  # samples along a side that the rasteriser can draw
MOST_LAYERS = 24  # translucent faces behind one another
ENOUGH_POINTS = 500_000  # that cast a shadow; of more points fewer and larger ones do
ENOUGH = 0.995  # opacity after which nothing behind is looked for
WIRE = 0.22  # what the edges of faces leave of the colour of the surface below them


def picture_of(
    drawing: Drawing,
    camera: Camera,
    look: Look,
    finish: Finish = Finish(),  # noqa: B008
    stage: Stage | None = None,
) -> Tensor:
    """Drawing, Camera, the Look that it was composed by -> linear RGBA (H, W, 4), straight alpha.

    stage: `stage_of(drawing)`, where several pictures are made of one drawing. The camera's
    distortion is left out: pictures are pinhole. Raises GeometryError.
    """
    if camera.shape:
        raise GeometryError(f"camera: expected one view, got a batch {tuple(camera.shape)}")
    factor = finish.supersample
    if max(camera.width, camera.height) * factor > LIMIT:
        raise GeometryError(
            f"size: expected at most {LIMIT // factor} pixels with {factor} x {factor} samples "
            f"each, got {camera.width} x {camera.height}"
        )
    camera = dataclasses.replace(camera, distortion=None).to("cpu", torch.float32)
    stage = stage_of(drawing) if stage is None else stage
    view = camera.resized(camera.width * factor, camera.height * factor)
    with torch.no_grad():
        image = shrink(_fine_image(stage, view, look, finish, drawing), factor)
        if drawing.background != "none":
            image = over(image, color(drawing.background))
        if finish.captions:
            words = [part for part in drawing.parts if isinstance(part, Words)]
            image = captioned(image, camera, words, drawing.legends)
    return image


def _fine_image(
    stage: Stage, camera: Camera, look: Look, finish: Finish, drawing: Drawing
) -> Tensor:
    layer = _opaque(stage, camera, finish.supersample)
    rooms = any(body.front for body in (*stage.solids, *stage.clear))
    floor = finish.floor if finish.floor is not None else not rooms
    scanned = look.color_by == "own" and stage.varied
    light = Light(
        finish.occlusion,
        finish.shadow / 2 if scanned else finish.shadow,
        frame_of(drawing.up)[2] if floor else None,
    )
    caster = Caster(stage.bounds, lambda lamp: _depth(stage, lamp))
    image = illuminate(layer, camera, light, caster, finish.supersample)
    depth = layer.depth
    if len(stage.segments):
        widths = stage.widths * finish.supersample
        near, ink = strokes(stage.segments, stage.inks, widths, camera)
        drawn = near < depth
        image[drawn] = torch.nn.functional.pad(ink[drawn], (0, 1), value=1.0)
        depth = torch.where(drawn, near, depth)
    for body in stage.clear:
        image = _glazed(image, depth, body, camera, finish.supersample)
    return image


def _opaque(stage: Stage, camera: Camera, factor: int) -> Layer:
    layer = Layer.empty(camera)
    for body in stage.solids:
        found, spots = solid_layer(body.solid, camera, body.front)
        hit = torch.isfinite(found.depth)
        light = torch.zeros_like(hit)
        light[hit] = body.lit[spots.piece]
        if bool(body.wired.any()):
            pixels = camera.pixel_centres()[hit]
            found.albedo[hit] *= _wires(body, camera, spots, pixels, factor)
        layer = layer.nearest(dataclasses.replace(found, lit=light))
    for dots in stage.dots:
        found = disc_layer(dots.points, dots.normals, dots.colors, dots.radius, camera)
        if dots.lit and dots.normals is None:
            found = relieved(found, camera, dots.radius, factor)
        light = torch.full(found.depth.shape, dots.lit)
        layer = layer.nearest(dataclasses.replace(found, lit=light))
    return layer


def _depth(stage: Stage, camera: Camera) -> Tensor:
    """The depth image (H, W) of all that casts shadows."""
    depth = torch.full((camera.height, camera.width), torch.inf)
    for body in stage.solids:
        depth = torch.minimum(depth, solid_depth(body.solid, camera, body.front))
    for dots in stage.dots:
        step = max(len(dots.points) // ENOUGH_POINTS, 1)
        normals = None if dots.normals is None else dots.normals[::step]
        near = discs_depth(dots.points[::step], normals, dots.radius * step**0.5, camera)
        depth = torch.minimum(depth, near)
    return depth


def _wires(body: Body, camera: Camera, spots: Spots, pixels: Tensor, factor: int) -> Tensor:
    """What the edges of faces leave (N, 1) of the colour at spots seen at pixels (N, 2)."""
    distance, height = edge_distance(body.solid, camera, spots, pixels)
    covered = (0.55 * factor + 0.5 - distance).clamp(0, 1)
    faint = (height / (7 * factor)).clamp(0.08, 1)
    dark = covered * faint * body.wired[spots.piece]
    return (1 - (1 - WIRE) * dark)[:, None]


def _glazed(image: Tensor, depth: Tensor, body: Body, camera: Camera, factor: int) -> Tensor:
    """RGBA (H, W, 4) of what is at `depth` (H, W) behind the translucent faces of a body.

    Mixed as sRGB, as WebGL does.
    """
    assert body.bvh is not None
    flat, limit = image.flatten(0, 1), depth.flatten()
    centres = camera.pixel_centres().flatten(0, 1)
    light = torch.zeros(len(flat), 3)
    covered = torch.zeros(len(flat))
    pixel = torch.arange(len(flat))
    start = torch.full((len(flat),), 1e-6)
    for _ in range(MOST_LAYERS):
        pixel, spots = met(body.solid, camera, body.bvh, pixel, start)
        before = spots.depth < limit[pixel]
        alpha = body.opacity[spots.piece] * spots.alpha * before
        if body.front:
            alpha = alpha.masked_fill(spots.away, 0.0)
        albedo = spots.albedo
        if bool(body.wired.any()):
            albedo = albedo * _wires(body, camera, spots, centres[pixel], factor)
        ones = torch.ones(len(pixel), 1)
        shown = lit(albedo, spots.normal, camera.camera_directions(centres[pixel]), ones, ones)
        shown = torch.where(body.lit[spots.piece][:, None], shown, albedo)
        share = alpha * (1 - covered[pixel])
        light[pixel] += share[:, None] * to_srgb(shown)
        covered[pixel] += share
        going = before & (covered[pixel] < ENOUGH)
        pixel, start = pixel[going], spots.depth[going] * (1 + 1e-5)
        if len(pixel) == 0:
            break
    behind = flat[:, 3] * (1 - covered)
    total = covered + behind
    light += to_srgb(flat[:, :3]) * behind[:, None]
    rgb = from_srgb(light / total.clamp(min=1e-6)[:, None])
    return torch.cat([rgb, total[:, None]], 1).view(image.shape)
