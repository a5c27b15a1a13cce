"""The stages of the basic recipe, each reached by findings that end the one before."""

import pytest

from core2d.doctor.finding import Finding
from core2d.doctor.plan import PUSH, next_step
from core2d.doctor.verdict import LARGER, REMEDIES


def fitting(status="fine", **numbers):
    return Finding("fitting", status, "", numbers={"overfits": 0, "underfits": 0, **numbers})


BROKEN = [Finding("order", "warning", ""), Finding("logits", "alarm", ""), fitting(overfits=1)]


@pytest.mark.parametrize(
    ("found", "whole", "stage", "advice"),
    [
        (BROKEN, True, 1, "change one thing, and examine again"),
        ([fitting()], False, 2, ""),
        ([fitting("warning", underfits=1)], True, 3, LARGER),
        ([fitting("warning", overfits=1)], True, 4, REMEDIES),
        ([fitting("note", overfits=1)], True, 4, REMEDIES),
        ([Finding("fitting", "skipped", "")], True, 4, ""),
        ([fitting()], True, 5, PUSH),
    ],
)
def test_stages(found, whole, stage, advice):
    step = next_step(found, whole)
    assert (step.numbers["stage"], step.advice, step.status) == (stage, advice, "note")


def test_alarms_are_mended_before_warnings():
    assert "logits, order" in next_step(BROKEN).said


def test_limits_are_pushed_only_by_what_generalises():
    others = [(BROKEN, True), ([fitting()], False), ([fitting("note", overfits=1)], True)]
    assert all("larger" not in next_step(f, w).advice for f, w in others[:2])
    assert all(next_step(f, w).advice != PUSH for f, w in others)
