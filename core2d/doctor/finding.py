"""What a check found, and the report of all of them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Status = Literal["fine", "note", "warning", "alarm", "skipped"]
BAD: tuple[Status, ...] = ("warning", "alarm")
Curve = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Finding:
    """One check's verdict: what was seen, what to do about it, and the numbers behind it.

    status: "alarm" is a fault, "warning" most likely one, "note" only worth knowing.
    curves: name -> points (x, y), for the JSON and TensorBoard.
    """

    check: str
    status: Status
    said: str
    advice: str = ""
    numbers: Mapping[str, float] = field(default_factory=dict)
    curves: Mapping[str, Curve] = field(default_factory=dict)

    @property
    def bad(self) -> bool:
        return self.status in BAD


@dataclass(frozen=True)
class Report:
    """The findings in the order in which the checks should be read."""

    findings: tuple[Finding, ...]

    @property
    def alarms(self) -> tuple[Finding, ...]:
        """Findings that are alarms or warnings, worst first."""
        return tuple(sorted((f for f in self.findings if f.bad), key=lambda f: f.status))

    @property
    def healthy(self) -> bool:
        return not self.alarms

    def of(self, check: str) -> Finding:
        """The worst finding of a check. Raises KeyError where it did not run."""
        order: tuple[Status, ...] = ("alarm", "warning", "note", "fine", "skipped")
        found = [f for f in self.findings if f.check == check]
        if not found:
            raise KeyError(check)
        return min(found, key=lambda f: order.index(f.status))

    def content(self) -> dict[str, Any]:
        """Plain numbers, strings, lists and dicts, for JSON."""
        return {
            "healthy": self.healthy,
            "findings": [
                {
                    "check": f.check,
                    "status": f.status,
                    "said": f.said,
                    "advice": f.advice,
                    "numbers": dict(f.numbers),
                    "curves": {name: [list(p) for p in curve] for name, curve in f.curves.items()},
                }
                for f in self.findings
            ],
        }

    def json(self) -> str:
        return json.dumps(self.content(), indent=1)
