"""`geomdl doctor`: what runs here, on what."""

import json as encoder


def command(*, json: bool = False) -> int:
    """Which ops run on what here, versions, peers, and what to do about what is missing.

    examples:
      geomdl doctor
      geomdl doctor --json > doctor.json
      GEOMDL_ISA=baseline geomdl doctor

    Args:
        json: print the report as JSON.
    """
    from geomdl.doctor import report, text

    found = report()
    print(encoder.dumps(found, indent=1) if json else text(found))
    return 0
