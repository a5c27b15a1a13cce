"""One change at a time: which settings of two runs differ, and what came of it."""

from collections.abc import Mapping, Sequence
from typing import Any

from core2d.doctor.finding import Finding
from core2d.doctor.limits import Limits

CHECK = "one change"


def settings(run: Mapping[str, Any]) -> dict[str, Any]:
    """What may change a result, of a run's config.json: {"train.rate": 0.1, "seed": 0, ...}."""
    versions = {f"version of {k}": v for k, v in run.get("versions", {}).items()}
    own = {"recipe": run["recipe"], "seed": run.get("options", {}).get("seed")}
    return own | flat(run["config"]) | versions


def flat(content: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested dicts -> one, with names joined by points."""
    found: dict[str, Any] = {}
    for name, value in content.items():
        nested = isinstance(value, Mapping)
        found |= flat(value, f"{prefix}{name}.") if nested else {prefix + name: value}
    return found


def one_change(
    ours: Mapping[str, Any],
    theirs: Mapping[str, Any],
    logs: tuple[Sequence[Mapping[str, float]], Sequence[Mapping[str, float]]] = ((), ()),
    limits: Limits | None = None,
) -> Finding:
    """Settings of a run, and of the earlier one it is compared with -> what differs.

    logs: their lines, ours first; the last ones tell what the change did.
    """
    a, b = settings(theirs), settings(ours)
    absent = "none"
    names = [n for n in {**a, **b} if a.get(n, absent) != b.get(n, absent)]
    told = [f"{n} {a.get(n, absent)} -> {b.get(n, absent)}" for n in names]
    result = _results(*logs)
    numbers = {"changes": float(len(names))}
    if not names:
        said = f"the runs have the same settings{result}"
        return Finding(CHECK, "note", said, "other results would be chance", numbers)
    said = f"{len(names)} {'setting differs' if len(names) == 1 else 'settings differ'}: "
    said += ", ".join(told) + result
    if len(names) > (limits or Limits()).changes:
        advice = "nobody can say which change did it: make one at a time, from the better run"
        return Finding(CHECK, "warning", said, advice, numbers)
    if names == ["seed"]:
        said += ": the size of chance, which a change must exceed"
    return Finding(CHECK, "fine", said, numbers=numbers)


def _results(ours: Sequence[Mapping[str, float]], theirs: Sequence[Mapping[str, float]]) -> str:
    if not ours or not theirs:
        return ""
    new, old = ours[-1], theirs[-1]
    names = [n for n in new if n in old and n.startswith("validation/")]
    return "".join(f"; {n} {old[n]:.4g} -> {new[n]:.4g}" for n in names)
