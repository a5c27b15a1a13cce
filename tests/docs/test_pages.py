"""The pages of docs that teach core2d: their code runs, and gives what stands behind it."""

import ast
import importlib
import io
import re
import tokenize
from pathlib import Path

import pytest
import torch

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = ("networks.md", "training.md", "doctor.md")


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


NUMBERED = [(page, i) for page in PAGES for i in range(len(blocks(page, "python")))]


@pytest.mark.parametrize(("page", "index"), NUMBERED)
def test_the_python_of_a_page_runs_and_gives_what_it_says(
    page: str, index: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(0)
    assert run(blocks(page, "python")[index]) == []


def table_of_networks() -> list[tuple[str, str, str]]:
    """Module, call and number of parameters of each row in networks.md."""
    text = (DOCS / "networks.md").read_text()
    rows = re.findall(r"^\| (?:`(\w*)`)? ?\| `([^`]+)` \| ([\d,]+)", text, re.MULTILINE)
    found, module = [], ""
    for name, call, count in rows:
        module = name or module
        found.append((module, call, count))
    return found


def test_the_table_of_networks_is_whole_and_its_counts_are_right() -> None:
    rows = table_of_networks()
    assert {module for module, _, _ in rows} == modules("models")
    for module, call, count in rows:
        names = vars(importlib.import_module(f"core2d.models.{module}"))
        with torch.device("cpu" if module == "lenet" else "meta"):  # no weights are made
            net = eval(call, dict(names))
        assert f"{sum(p.numel() for p in net.parameters()):,}" == count, call


def modules(folder: str) -> set[str]:
    """The modules of a folder of core2d."""
    found = {path.stem for path in (DOCS.parent / "core2d" / folder).glob("*.py")}
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
