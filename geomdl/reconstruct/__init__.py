"""From a folder of RGB-D frames to a coloured mesh, its report and its pictures."""

from geomdl.reconstruct.report import Report
from geomdl.reconstruct.run import reconstruct
from geomdl.reconstruct.settings import Settings
from geomdl.reconstruct.tracker import Tracked, Tracker
from geomdl.reconstruct.trajectory import TrajectoryError, trajectory_error

__all__ = [
    "Report",
    "Settings",
    "Tracked",
    "Tracker",
    "TrajectoryError",
    "reconstruct",
    "trajectory_error",
]
