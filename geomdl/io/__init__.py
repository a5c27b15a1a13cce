"""Files to shapes and back: load(path), save(path, shape), and folders of pictures."""

from geomdl.io.files import load, save
from geomdl.io.images import read_image
from geomdl.io.rgbd import RGBDFolder, RGBDFrame, RGBDWriter, open_rgbd, write_rgbd_frame

__all__ = [
    "RGBDFolder",
    "RGBDFrame",
    "RGBDWriter",
    "load",
    "open_rgbd",
    "read_image",
    "save",
    "write_rgbd_frame",
]
