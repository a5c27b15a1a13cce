"""The main job: frames in, fused, extracted, measured, drawn; resumable, written atomically."""

import math
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch

from core2d.files import save_json
from geomdl.errors import GeometryError
from geomdl.io import save
from geomdl.io.rgbd import RGBDFolder, open_rgbd
from geomdl.ops.differential import face_areas
from geomdl.ops.fuse import TSDFVolume
from geomdl.reconstruct.ahead import ahead
from geomdl.reconstruct.checkpoint import Checkpoints, partial_folder
from geomdl.reconstruct.job import Job, source_state
from geomdl.reconstruct.pieces import face_pieces, hole_count
from geomdl.reconstruct.progress import progress_bar
from geomdl.reconstruct.report import Report
from geomdl.reconstruct.settings import Settings
from geomdl.reconstruct.surface import draw, extract_mesh
from geomdl.reconstruct.trajectory import trajectory_error, write_tum
from geomdl.structures import Mesh

ENDINGS = (".ply", ".obj", ".off", ".stl", ".glb", ".gltf")


def reconstruct(
    folder: str | Path,
    output: str | Path,
    *,
    voxel: float = 0.01,
    truncation: float | None = None,
    refine: bool = False,
    track: bool = False,
    every: int = 1,
    limit: int | None = None,
    depth_min: float = 0.3,
    depth_max: float = 5.0,
    smallest: float = 0.01,
    min_weight: float = 2.0,
    pictures: bool = True,
    resume: bool = False,
    overwrite: bool = False,
    checkpoint: float = 30.0,
    progress: bool = True,
) -> Report:
    """A folder of RGB-D frames -> a coloured mesh at `output`, a Report; files are written whole.

    Poses come from the folder; `refine` fuses with them first, then aligns each frame with that
    model and fuses anew; `track` aligns each frame with the model so far, as happens by itself
    without poses. Writes room.ply, room.json (the report), room.tum (the path), room.png. Every
    `checkpoint` seconds the work so far goes to room.ply.partial; `resume` continues it after a
    kill and ends with the same mesh. `smallest` is in m2. Raises GeometryError.
    """
    output, source = Path(output), open_rgbd(folder)
    posed = any(pose is not None for pose in source.poses())
    poses = "track" if track or not posed else "refine" if refine else "given"
    settings = Settings(
        voxel,
        truncation or 4 * voxel,
        poses,
        every,
        limit,
        depth_min,
        depth_max,
        smallest,
        min_weight,
    )
    checkpoints = Checkpoints(partial_folder(output), checkpoint)
    _refuse(output, checkpoints, resume, overwrite)
    part = source[::every][:limit]
    names = [entry.name for entry in part.entries]
    identity = source_state(source.folder, names)
    job = _begin(checkpoints, settings, part, identity, resume)
    if settings.poses == "refine":
        job.anchor = _anchor(checkpoints.folder, job, part, progress)
    start, before = time.monotonic(), job.done
    with progress_bar(source.folder.name, len(part), job.done, progress) as step:
        for frame in ahead(part.__getitem__, range(job.done, len(part))):
            step(job.add(frame))
            if job.done < len(part) and checkpoints.due():
                checkpoints.write(job.volume, job.state(identity))
    speed = (job.done - before) / max(time.monotonic() - start, 1e-9)
    report = _finish(job, output, part, names, speed, pictures)
    checkpoints.remove()
    return report


def _refuse(output: Path, checkpoints: Checkpoints, resume: bool, overwrite: bool) -> None:
    if output.suffix.lower() not in ENDINGS:
        raise GeometryError(
            f"{output}: expected a mesh file ({' '.join(e[1:] for e in ENDINGS)}), got "
            f"{output.suffix or 'no ending'}"
        )
    if not output.parent.is_dir():
        raise GeometryError(f"{output.parent}: expected a folder for the output")
    begun = (checkpoints.folder / "state.json").exists()
    if begun and not (resume or overwrite):
        raise GeometryError(
            f"{checkpoints.folder}: an earlier run was interrupted; continue it with --resume, or "
            "start afresh with --overwrite"
        )
    if output.exists() and not overwrite and not (resume and begun):
        raise GeometryError(f"{output}: exists already; replace it with --overwrite")
    if not (begun and resume):
        checkpoints.remove()


def _begin(
    checkpoints: Checkpoints,
    settings: Settings,
    part: RGBDFolder,
    identity: dict[str, Any],
    resume: bool,
) -> Job:
    """A fresh job, or the one that the checkpoint holds."""
    found = checkpoints.read() if resume else None
    if found is not None:
        return Job.resume(*found, settings, identity)
    if len(part) == 0:
        raise GeometryError(f"{part.folder}: no frames")
    checkpoints.folder.mkdir(exist_ok=True)
    return Job.begin(settings, all(entry.color is not None for entry in part.entries))


def _anchor(folder: Path, job: Job, part: RGBDFolder, progress: bool) -> TSDFVolume:
    """All frames fused with the poses they came with, kept beside the checkpoints."""
    path = folder / "anchor.safetensors"
    if job.done > 0 and path.is_file():
        return TSDFVolume.load(path)
    first = Job.begin(replace(job.settings, poses="given"), colored=False)
    with progress_bar("first pass", len(part), 0, progress) as step:
        for frame in ahead(part.__getitem__, range(len(part))):
            step(first.add(frame))
    if first.volume.frames:
        first.volume.save(path)
    return first.volume


def _finish(
    job: Job, output: Path, part: RGBDFolder, names: list[str], speed: float, pictures: bool
) -> Report:
    """Extract, measure, draw, write; the mesh itself is written last."""
    if job.volume.frames == 0:
        raise GeometryError(
            f"{part.folder}: none of {job.done} frames could be fused: {job.invalid} without depth "
            f"between {job.settings.near} and {job.settings.far} m or without a pose"
        )
    mesh, dropped = extract_mesh(job.volume, job.settings.min_weight, job.settings.smallest)
    files = {"mesh": str(output)}
    path = output.with_suffix(".tum")
    kept = [n for n, pose in zip(names, job.poses, strict=False) if pose is not None]
    write_tum(path, torch.linalg.inv(job.path()), kept)
    files["path"] = str(path)
    if pictures:
        files["pictures"] = str(output.with_suffix(".png"))
        draw(mesh, job.path(), part.camera, output.with_suffix(".png"))
    files["report"] = str(output.with_suffix(".json"))
    save(output, mesh, overwrite=True)
    report = replace(_report(job, mesh, dropped, speed), output=str(output), files=files)
    save_json(output.with_suffix(".json"), report.to_dict())
    return report


def _report(job: Job, mesh: Mesh, dropped: int, speed: float) -> Report:
    low, high = mesh.bounds
    holes, edges = hole_count(mesh.faces, len(mesh.vertices))
    tracking: dict[str, float] = {}
    if job.fitness:
        tracking = {"fitness": _mean(job.fitness), "rmse": _mean(job.rmse)}
        found, given = job.compared()
        if len(found) >= 3:
            tracking |= asdict(trajectory_error(found, given))
    x, y, z = (high - low).tolist()
    return Report(
        output="",
        frames=job.volume.frames,
        lost=job.lost,
        invalid=job.invalid,
        seconds=job.spent(),
        frames_per_second=speed,
        vertices=len(mesh.vertices),
        faces=len(mesh.faces),
        area=float(face_areas(mesh.vertices, mesh.faces).double().sum()),
        size=(x, y, z),
        pieces=face_pieces(mesh.faces, len(mesh.vertices))[1],
        dropped_pieces=dropped,
        holes=holes,
        boundary_edges=edges,
        blocks=job.volume.count,
        poses=job.settings.poses,
        tracking=tracking,
        settings=job.settings.to_dict(),
    )


def _mean(values: list[float]) -> float:
    finite = [v for v in values if math.isfinite(v)]
    return sum(finite) / max(1, len(finite))
