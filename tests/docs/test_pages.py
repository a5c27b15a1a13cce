"""The pages of docs that teach: their code runs, and gives what stands behind it."""

import ast
import contextlib
import importlib
import io
import json
import re
import shlex
import tokenize
from fractions import Fraction
from pathlib import Path

import pytest
import torch

from core2d.doctor.limits import Limits
from geomdl import cli
from tools import manuals

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = ("networks.md", "shapes.md", "training.md", "doctor.md", "rl.md")
ALONE = ("networks.md", "shapes.md", "doctor.md", "rl.md")  # each of their blocks runs by itself


def blocks(page: str, language: str) -> list[str]:
    """What stands between ``` in a page."""
    return re.findall(rf"^```{language}\n(.*?)^```", (DOCS / page).read_text(), re.DOTALL | re.M)


def told(code: str) -> dict[int, str]:
    """Line -> the comment at its end."""
    tokens = tokenize.generate_tokens(io.StringIO(code).readline)
    return {t.start[0]: t.string.lstrip("# ") for t in tokens if t.type == tokenize.COMMENT}


def run(code: str) -> list[str]:
    """Execute a block with torch in it -> every expression whose comment is not its value."""
    names: dict[str, object] = {"torch": torch}
    comments, wrong = told(code), []
    for node in ast.parse(code).body:
        text = ast.unparse(node)
        said = comments.get(node.end_lineno or 0)
        if isinstance(node, ast.Expr) and said and "print(" not in text:
            value = eval(compile(text, "page", "eval"), names)
            if value is not None and said != str(value) and not said.startswith(f"{value}: "):
                wrong.append(f"{text} gives {value}, not {said}")
        else:
            exec(compile(ast.unparse(node), "page", "exec"), names)
    return wrong


NUMBERED = [(page, i) for page in ALONE for i in range(len(blocks(page, "python")))]


@pytest.mark.parametrize(("page", "index"), NUMBERED)
def test_the_python_of_a_page_runs_and_gives_what_it_says(
    page: str, index: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(0)
    assert run(blocks(page, "python")[index]) == []


def table_of_networks(page: str) -> list[tuple[str, str, str]]:
    """Module, call and number of parameters of each row in a page."""
    text = (DOCS / page).read_text()
    rows = re.findall(r"^\| (?:`(\w*)`)? ?\| `([^`]+)` \| ([\d,]+)", text, re.MULTILINE)
    found, module = [], ""
    for name, call, count in rows:
        module = name or module
        found.append((module, call, count))
    return found


@pytest.mark.parametrize(
    ("page", "package", "others"),
    [
        ("networks.md", "core2d", set()),
        (
            "shapes.md",
            "geomdl",
            {"critical_points", "critical_picture", "fcgf_weights", "point_weights", "scn_weights"},
        ),
    ],
)
def test_the_table_of_networks_is_whole_and_its_counts_are_right(
    page: str, package: str, others: set[str]
) -> None:
    rows = table_of_networks(page)
    assert {module for module, _, _ in rows} == modules("models", package) - others
    for module, call, count in rows:
        names = vars(importlib.import_module(f"{package}.models.{module}"))
        with torch.device("cpu" if module == "lenet" else "meta"):  # no weights are made
            net = eval(call, dict(names))
        assert f"{sum(p.numel() for p in net.parameters()):,}" == count, call


def modules(folder: str, package: str = "core2d") -> set[str]:
    """The modules of a folder of a package."""
    found = {path.stem for path in (DOCS.parent / package / folder).glob("*.py")}
    return found - {"__init__"}


def public(module: str) -> set[str]:
    """The functions and classes that a module defines for others."""
    tree = ast.parse((DOCS.parent / "core2d" / f"{module}.py").read_text())
    kinds = (ast.FunctionDef, ast.ClassDef)
    return {n.name for n in tree.body if isinstance(n, kinds) and not n.name.startswith("_")}


def test_nothing_that_stands_beside_the_networks_is_left_out() -> None:
    text = (DOCS / "networks.md").read_text()
    for module in modules("layers"):
        assert f"core2d.layers.{module} import" in text, module
    inner = {
        "losses": {"expect_labels"},
        "metrics": {"hits"},
        "ensemble": {"average", "ends_cycle"},
    }
    inner |= {"decoding": set(), "optim": {"clip_value"}}
    for module, unsaid in inner.items():
        missing = {name for name in public(module) - unsaid if not re.search(rf"\b{name}\b", text)}
        assert not missing, module


def test_the_recipe_of_the_guide_learns_and_its_run_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    recipe, opening = blocks("training.md", "python")
    Path("my_recipe.py").write_text(recipe)
    assert cli.run(["fit", "my_recipe.py", "--no-tensorboard"]) == 0
    assert run(opening) == []
    outcome = json.loads(Path("runs/my_recipe/outcome.json").read_text())
    assert outcome["metrics"]["accuracy"] > 0.9
    files = {path.name for path in Path("runs/my_recipe").iterdir()}
    named = re.findall(r"^\| `([\w.]+)/?` \|", (DOCS / "training.md").read_text(), re.MULTILINE)
    assert files <= set(named)
    capsys.readouterr()


def commands(page: str) -> list[list[str]]:
    """The words of every line of a page that calls geomdl."""
    lines = [line for block in blocks(page, "sh") for line in block.splitlines()]
    words = [shlex.split(line, comments=True) for line in lines]
    return [line[line.index("geomdl") + 1 :] for line in words if "geomdl" in line]


def known_options(words: list[str]) -> set[str]:
    """The options that the help of a command names."""
    ready = words[: 3 if words[0] == "doctor" else 1 if words[0] == "predict" else 2]
    made = [Path(w).write_text(blocks("training.md", "python")[0]) for w in ready if ".py" in w]
    assert len(made) < 2
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        assert cli.run([*ready, "--help"]) == 0
    return set(re.findall(r"--?[a-z][\w.-]*", text.getvalue()))


@pytest.mark.parametrize("page", PAGES)
def test_the_commands_of_a_page_exist_with_their_options(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for words in commands(page):
        assert words[0] in cli.COMMANDS, words
        used = {word for word in words if word.startswith("-")}
        if used or words[0] in ("fit", "search", "doctor", "inspect"):
            assert used <= known_options(words), words


def test_every_check_of_the_doctor_stands_in_its_page_with_its_thresholds() -> None:
    text = (DOCS / "doctor.md").read_text()
    rows = set(re.findall(r"^\| `([a-z_ ]+)` \|", text, re.MULTILINE))
    emitted: set[str] = set()
    for path in (DOCS.parent / "core2d" / "doctor").glob("*.py"):
        source = path.read_text()
        emitted |= set(
            re.findall(r'(?:Finding\(|_told\(|CHECK = |check = )\s*"([a-z_ ]+)"', source)
        )
    assert rows == emitted
    limits, seen = Limits(), 0
    for number, percent, name, part in re.findall(
        r"([\d.e/-]+)( %)?<!-- (\w+)(?:\.(\d))? -->", text
    ):
        value = getattr(limits, name)
        value = value[int(part)] if part else value
        shown = float(Fraction(number)) / (100 if percent else 1)
        assert shown == pytest.approx(value), name
        seen += 1
    assert seen > 25


def test_tables_of_the_manuals_are_up_to_date() -> None:
    assert manuals.main(["--check"]) == 0, "run python tools/manuals.py"


def test_links_lead_somewhere() -> None:
    for page in PAGES:
        text = (DOCS / page).read_text()
        for target in re.findall(r"\]\(([^)\s]+)\)", text):
            file, _, place = target.partition("#")
            assert not file or (DOCS / file).exists(), target
            if place and not file:
                heads = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
                anchors = {re.sub(r"[^\w -]", "", h.lower()).replace(" ", "-") for h in heads}
                assert place in anchors, target
