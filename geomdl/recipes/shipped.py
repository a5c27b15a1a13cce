"""Trained weights that come with geomdl: folders of model.safetensors, config.json, README.md.

`python tools/ship.py RUN` puts a run there.
"""

from pathlib import Path

from core2d.errors import InputError

SHIPPED = Path(__file__).parent.parent / "weights"


def shipped() -> list[str]:
    """The names of the weights that come along."""
    return sorted(path.parent.name for path in SHIPPED.glob("*/config.json"))


def run_of(run: Path) -> Path:
    """The folder of a run: itself, or what stands for a recipe's name.

    That is the user's own training in runs/NAME, or else the weights that come along. A name of
    neither is given back as it is. Raises InputError for a recipe without weights.
    """
    from geomdl.recipes import find

    name, own = str(run), Path("runs") / run
    if run.exists() or len(run.parts) != 1:
        return run
    if (own / "model.safetensors").exists():
        return own
    if name in shipped():
        return SHIPPED / name
    if own.exists():
        return own
    if name in find.names():
        have = ", ".join(shipped()) or "none yet"
        raise InputError(
            f"{name}: no weights of this recipe come with geomdl (those that do: {have}); "
            f"`geomdl fit {name}` trains it into runs/{name}"
        )
    return run
