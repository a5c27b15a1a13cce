"""COLMAP models, text and binary: cameras, images (posed) and points3D.

COLMAP's conventions are ours: OpenCV axes, world to camera, the first pixel centred at
(0.5, 0.5). 2D observations and tracks are passed over when read and written empty.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from geomdl.errors import GeometryError
from geomdl.io import colmap_binary, colmap_text
from geomdl.io.colmap_records import CameraRecord, ImageRecord, PointRecords
from geomdl.io.posed import PosedImage, PosedImages, distortion_tensor, expect_plain, pinhole
from geomdl.io.source import Source, is_file, read_source, write_files
from geomdl.structures import Camera, PointCloud, Pose
from geomdl.structures.srgb import from_srgb, to_srgb

_PLACES = ("", "sparse/0", "sparse", "colmap/sparse/0")


@dataclass(frozen=True)
class _Lens:
    """Intrinsics, image size and distortion of a COLMAP camera."""

    intrinsics: torch.Tensor
    width: int
    height: int
    distortion: torch.Tensor | None


def load_colmap(folder: str | Path, *, images: str | Path | None = None) -> PosedImages:
    """A COLMAP folder (or one with sparse/0 in it) -> images by name, and the sparse points.

    `images` is the folder of the pictures, by default images/ beside the model or above it.
    Raises GeometryError naming file and record.
    """
    folder = Path(folder)
    model = next((folder / p for p in _PLACES if _has_model(folder / p)), None)
    if model is None:
        raise GeometryError(f"{folder}: no cameras and images, neither .bin nor .txt (COLMAP)")
    reader = colmap_binary if is_file(model / "images.bin") else colmap_text
    ending = "bin" if reader is colmap_binary else "txt"
    camera_source = read_source(model / f"cameras.{ending}")
    lenses = {c.key: _lens(camera_source, c) for c in reader.read_cameras(camera_source)}
    pictures = _picture_folder(folder, model) if images is None else Path(images)
    source = read_source(model / f"images.{ending}")
    posed = [
        _posed(source, record, lenses, pictures)
        for record in sorted(reader.read_images(source), key=lambda record: record.name)
    ]
    points = None
    if is_file(model / f"points3D.{ending}"):
        source = read_source(model / f"points3D.{ending}")
        points = _cloud(source, reader.read_points(source))
    return PosedImages(tuple(posed), points)


def _has_model(folder: Path) -> bool:
    return any(
        is_file(folder / f"cameras.{e}") and is_file(folder / f"images.{e}") for e in ("bin", "txt")
    )


def _picture_folder(folder: Path, model: Path) -> Path:
    choices = [folder / "images", model / "images", model.parent / "images"]
    choices.append(model.parent.parent / "images")
    return next((choice for choice in choices if choice.is_dir()), choices[0])


def _lens(source: Source, record: CameraRecord) -> _Lens:
    """A camera record as a lens. Raises GeometryError for models beyond Brown's."""
    p, place = record.parameters, f"camera {record.key}"
    brown = [0.0] * 5
    if not all(np.isfinite(p)):
        raise source.error(place, f"parameters are NaN or infinite: {p}")
    match record.model:
        case "SIMPLE_PINHOLE" | "SIMPLE_RADIAL" | "RADIAL":
            fx = fy = p[0]
            cx, cy = p[1:3]
            brown[: len(p) - 3] = p[3:]
        case "PINHOLE" | "OPENCV" | "FULL_OPENCV":
            fx, fy, cx, cy = p[:4]
            brown[: len(p[4:9])] = p[4:9]
        case _:
            fx = fy = cx = cy = 0.0
    if fx == 0.0 or any(p[9:]):
        raise source.error(
            place,
            f"camera model {record.model} is not supported; undistort the pictures "
            "(colmap image_undistorter) or use OPENCV",
        )
    if not (fx > 0 and fy > 0 and 0 < record.width < 1 << 20 and 0 < record.height < 1 << 20):
        raise source.error(place, f"no camera: {record.width}x{record.height}, {p[:4]}")
    return _Lens(pinhole(fx, fy, cx, cy), record.width, record.height, distortion_tensor(brown))


def _posed(
    source: Source, record: ImageRecord, lenses: Mapping[int, _Lens], pictures: Path
) -> PosedImage:
    place = f"image {record.key}"
    numbers = (*record.quaternion, *record.translation)
    length = sum(q * q for q in record.quaternion)
    if not all(np.isfinite(numbers)) or not 1e-12 < length < 1e12:
        raise source.error(place, f"no pose: {numbers}")
    if record.camera not in lenses:
        raise source.error(place, f"camera {record.camera} is not in the file of cameras")
    lens = lenses[record.camera]
    inside = Source(pictures / "list", b"", pictures)
    pose = Pose.from_quaternion(
        torch.tensor(record.quaternion, dtype=torch.float64),
        torch.tensor(record.translation, dtype=torch.float64),
    )
    try:
        pose = Pose(pose.rotation.float(), pose.translation.float())
        camera = Camera(lens.intrinsics, pose, lens.width, lens.height, lens.distortion)
    except GeometryError as error:
        raise source.error(place, str(error)) from error
    return PosedImage(inside.reference(record.name, f"{source.path.name}, {place}"), camera)


def _cloud(source: Source, points: PointRecords) -> PointCloud | None:
    if not len(points.positions):
        return None
    far = np.flatnonzero((np.abs(points.positions) > 1e30).any(axis=1))
    if len(far):
        raise source.error(f"point {far[0]}", f"no position: {points.positions[far[0]]}")
    return PointCloud(
        torch.from_numpy(points.positions.astype(np.float32)),
        colors=from_srgb(torch.from_numpy(points.colors.astype(np.float32) / 255)),
        attributes={"error": torch.from_numpy(points.errors.astype(np.float32))},
    )


def save_colmap(
    folder: str | Path, posed: PosedImages, *, binary: bool = True, overwrite: bool = False
) -> None:
    """Write cameras, images and points3D. Equal lenses share one camera; names keep no folders."""
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise GeometryError(f"{folder}: cannot be made: {error.strerror}") from error
    cameras, images = _records(posed.images)
    points = _point_records(posed.points)
    writer = colmap_binary if binary else colmap_text
    ending = "bin" if binary else "txt"
    files = {
        folder / f"points3D.{ending}": writer.encode_points(points),
        folder / f"images.{ending}": writer.encode_images(images),
        folder / f"cameras.{ending}": writer.encode_cameras(cameras),
    }
    write_files(files, overwrite)


def _records(images: Sequence[PosedImage]) -> tuple[list[CameraRecord], list[ImageRecord]]:
    lenses: dict[tuple, CameraRecord] = {}
    records = []
    names = [image.path.name for image in images]
    if len(set(names)) != len(names):
        raise GeometryError("images: two pictures have one name")
    for index, image in enumerate(images):
        camera = image.camera
        plain = expect_plain(camera, f"image {index}")
        bent = [] if camera.distortion is None else camera.distortion.tolist()
        model = "PINHOLE" if not any(bent) else ("FULL_OPENCV" if bent[4] else "OPENCV")
        extra = {"PINHOLE": [], "OPENCV": bent[:4], "FULL_OPENCV": [*bent, 0.0, 0.0, 0.0]}[model]
        lens = (model, camera.width, camera.height, (*plain, *extra))
        record = lenses.setdefault(lens, CameraRecord(len(lenses) + 1, *lens))
        pose = camera.world_to_camera.to(device="cpu", dtype=torch.float64)
        q, t = pose.quaternion().tolist(), pose.translation.tolist()
        records.append(ImageRecord(index + 1, tuple(q), tuple(t), record.key, names[index]))
    return list(lenses.values()), records


def _point_records(cloud: PointCloud | None) -> PointRecords:
    if cloud is None:
        return PointRecords(np.zeros((0, 3)), np.zeros((0, 3), np.uint8), np.zeros(0))
    count = len(cloud.points)
    colors = np.full((count, 3), 255, np.uint8)
    if cloud.colors is not None:
        levels = to_srgb(cloud.colors.detach().cpu().double()) * 255
        colors = levels.round().numpy().astype(np.uint8)
    errors = np.zeros(count)
    if "error" in cloud.attributes:
        errors = cloud.attributes["error"].detach().cpu().double().numpy().reshape(count)
    return PointRecords(cloud.points.detach().cpu().double().numpy(), colors, errors)
