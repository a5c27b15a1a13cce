"""What to do next: the basic recipe of machine learning, as far as the findings allow.

1. mend what is broken; 2. train to the end; 3. fit the training set; 4. generalise; 5. push the
limits, and not before. One change at a time.
"""

from collections.abc import Sequence

from core2d.doctor.finding import Finding
from core2d.doctor.verdict import LARGER, REMEDIES

PUSH = (
    "now, and one at a time: a larger or better network, a falling learning rate, classes weighed "
    "anew, a search of the settings (geomdl search)"
)
STAGES = ("mend", "train to the end", "fit the training set", "generalise", "push the limits")


def next_step(found: Sequence[Finding], whole: bool = True) -> Finding:
    """The one stage that comes next. whole: the training that was looked at went to its end."""
    fitting = next((f for f in found if f.check == "fitting"), None)
    bad = sorted((f for f in found if f.bad and f.check != "fitting"), key=lambda f: f.status)
    numbers = {} if fitting is None else fitting.numbers
    if bad:
        names = list(dict.fromkeys(f.check for f in bad))
        said = f"mend what is broken, in this order: {', '.join(names)}"
        return _at(0, said, "change one thing, and examine again")
    if not whole:
        return _at(1, "nothing is broken: train to the end, then --run RUN", "")
    if numbers.get("underfits"):
        return _at(2, "the training set is not fitted yet", LARGER)
    if fitting is None or "overfits" not in numbers:
        said = "there is no score to tell over- from underfitting: compare the losses of both sets"
        return _at(3, said, "")
    if numbers["overfits"]:
        return _at(3, "the training set is fitted, others are not", REMEDIES)
    return _at(4, "it generalises", PUSH)


def _at(stage: int, said: str, advice: str) -> Finding:
    text = f"stage {stage + 1} of {len(STAGES)}, {STAGES[stage]}: {said}"
    return Finding("next step", "note", text, advice, {"stage": stage + 1})
