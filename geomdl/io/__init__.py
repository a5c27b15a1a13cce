"""Files to shapes and back: load(path), save(path, shape), and folders of pictures."""

from geomdl.io.files import load, save
from geomdl.io.images import read_image

__all__ = ["load", "read_image", "save"]
