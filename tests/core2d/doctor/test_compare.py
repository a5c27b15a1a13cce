import copy

from core2d.doctor.compare import flat, one_change

RUN = {
    "recipe": "squares",
    "config": {"train": {"rate": 0.1, "batch": 32, "milestones": [0.5, 0.75]}, "width": 8},
    "options": {"seed": 0, "output": "a", "progress": True},
    "versions": {"torch": "2.13"},
}


def changed(**places):
    other = copy.deepcopy(RUN)
    for place, value in places.items():
        inner = other
        *path, name = place.split("__")
        for step in path:
            inner = inner[step]
        inner[name] = value
    return other


def test_one_change_is_fine_and_two_are_not():
    one = one_change(changed(config__train__rate=0.2), RUN)
    assert one.status == "fine"
    assert one.said == "1 setting differs: train.rate 0.1 -> 0.2"
    two = one_change(changed(config__train__rate=0.2, config__width=16), RUN)
    assert two.status == "warning"
    assert "train.rate 0.1 -> 0.2, width 8 -> 16" in two.said
    assert two.numbers["changes"] == 2


def test_what_cannot_change_a_result_does_not_count():
    same = one_change(changed(options__output="b", options__progress=False), RUN)
    assert (same.status, same.numbers["changes"]) == ("note", 0)


def test_seeds_versions_recipes_and_new_settings_count():
    assert "size of chance" in one_change(changed(options__seed=1), RUN).said
    for places in ({"recipe": "discs"}, {"versions__torch": "2.14"}, {"config__depth": 3}):
        assert one_change(changed(**places), RUN).numbers["changes"] == 1
        assert one_change(changed(**places, options__seed=1), RUN).status == "warning"


def test_results_stand_beside_the_change():
    logs = (
        [{"validation/accuracy": 0.5}, {"validation/accuracy": 0.91}],
        [{"validation/accuracy": 0.9, "train/loss": 1.0}],
    )
    found = one_change(changed(config__width=16), RUN, logs)
    assert found.said.endswith("; validation/accuracy 0.9 -> 0.91")


def test_flat():
    assert flat({"a": {"b": {"c": 1}, "d": []}, "e": None}) == {"a.b.c": 1, "a.d": [], "e": None}
