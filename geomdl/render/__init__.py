"""Shapes to pictures, on our own rasteriser.

picture(shape)               several labelled views on one sheet, with good defaults
render(shape, camera)        one view -> linear RGBA (H, W, 4)
look_at, frame_shape         cameras; VIEWS names directions
turntable(shape, path)       an animated GIF
save_image(path, image)      PNG, JPEG, WebP in sRGB
"""

from geomdl.render.draw import Style, render
from geomdl.render.image import save_image
from geomdl.render.sheet import picture, sheet, turntable
from geomdl.render.viewpoint import VIEWS, frame_shape, look_at, orbit
from geomdl.structures.srgb import from_srgb, to_srgb

__all__ = [
    "VIEWS",
    "Style",
    "frame_shape",
    "from_srgb",
    "look_at",
    "orbit",
    "picture",
    "render",
    "save_image",
    "sheet",
    "to_srgb",
    "turntable",
]
