"""Files to shapes and back: load(path), save(path, shape), and folders of pictures."""

from geomdl.io.colmap import load_colmap, save_colmap
from geomdl.io.files import load, save
from geomdl.io.images import read_image
from geomdl.io.info import FileInfo, info
from geomdl.io.interop import from_open3d, from_trimesh, to_open3d, to_trimesh
from geomdl.io.posed import PosedImage, PosedImages
from geomdl.io.rgbd import RGBDFolder, RGBDFrame, RGBDWriter, open_rgbd, write_rgbd_frame
from geomdl.io.transforms import load_transforms, save_transforms

__all__ = [
    "FileInfo",
    "PosedImage",
    "PosedImages",
    "RGBDFolder",
    "RGBDFrame",
    "RGBDWriter",
    "from_open3d",
    "from_trimesh",
    "info",
    "load",
    "load_colmap",
    "load_transforms",
    "open_rgbd",
    "read_image",
    "save",
    "save_colmap",
    "save_transforms",
    "to_open3d",
    "to_trimesh",
    "write_rgbd_frame",
]
