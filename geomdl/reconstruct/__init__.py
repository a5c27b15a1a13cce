"""From a folder of RGB-D frames to a coloured mesh, its report and its pictures."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from geomdl.reconstruct.report import Report
    from geomdl.reconstruct.run import reconstruct
    from geomdl.reconstruct.settings import Settings
    from geomdl.reconstruct.tracker import Tracked, Tracker
    from geomdl.reconstruct.trajectory import TrajectoryError, trajectory_error

# Where each name is. `geomdl info` takes the progress bar and waits for none of them.
_NAMES = {
    "Report": "report",
    "Settings": "settings",
    "Tracked": "tracker",
    "Tracker": "tracker",
    "TrajectoryError": "trajectory",
    "reconstruct": "run",
    "trajectory_error": "trajectory",
}

__all__ = [
    "Report",
    "Settings",
    "Tracked",
    "Tracker",
    "TrajectoryError",
    "reconstruct",
    "trajectory_error",
]


def __getattr__(name: str) -> Any:
    if name in _NAMES:
        return getattr(importlib.import_module(f"geomdl.reconstruct.{_NAMES[name]}"), name)
    raise AttributeError(f"module 'geomdl.reconstruct' has no attribute {name!r}")
