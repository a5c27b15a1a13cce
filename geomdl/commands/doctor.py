"""`geomdl doctor`: what runs here, on what; `geomdl doctor fit RECIPE`: what is wrong with it."""

import json as encoder
from collections.abc import Sequence
from typing import Annotated

from tyro.conf import arg


def run(arguments: Sequence[str]) -> int:
    """`geomdl doctor` and `geomdl doctor fit` with their arguments -> exit code."""
    if arguments and arguments[0] == "fit":
        from geomdl.commands import doctor_fit

        return doctor_fit.run(arguments[1:])
    import tyro

    return tyro.cli(
        command,
        prog="geomdl doctor",
        args=list(arguments),
        config=(tyro.conf.FlagCreatePairsOff,),
    )


def command(
    *,
    trials: Annotated[bool, arg(name="try")] = False,
    strict: bool = False,
    json: bool = False,
) -> int:
    """Which ops run on what here, versions, peers, the viewer; what to do about what is missing.

    Ends with 0 whatever it finds, but with 1 where a trial fails, or with --strict on warnings.

    examples:
      geomdl doctor
      geomdl doctor --try                  reads, writes, draws, serves a page
      geomdl doctor --strict > /dev/null && make
      geomdl doctor --json | jq .viewer
      geomdl doctor fit fashion_lenet      the training doctor on a recipe (geomdl doctor fit -h)
      GEOMDL_ISA=baseline geomdl doctor

    Args:
        trials: compare kernels with torch, write and read files, draw, serve the page.
        strict: end with 1 where there are warnings.
        json: print the report as JSON.
    """
    from geomdl.doctor import report, text

    found = report()
    if trials:
        from geomdl.commands.trials import run

        found["trials"] = run()
    print(encoder.dumps(found, indent=1) if json else text(found))
    failed = any(not trial["ok"] for trial in found.get("trials", ()))
    return int(failed or (strict and bool(found["warnings"])))
