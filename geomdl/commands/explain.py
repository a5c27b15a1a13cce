"""Settings of a dataclass as options of a command, each with its words of the docstring.

Settings are described in running text, "rate: learning rate. epochs: passes over the data"; tyro
wants a list.
"""

import dataclasses
import inspect
import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Annotated, Any


def options(
    parts: Mapping[str, Any], program: str, arguments: Sequence[str], about: str | None
) -> Any:
    """Several dataclasses' fields as options of one command -> an object with the filled parts.

    `parts` holds the defaults; their fields' names must differ. Wrong options end the program.
    """
    import tyro
    from tyro.conf import OmitArgPrefixes

    for part in parts.values():
        list_fields(type(part))
    kinds = [
        (name, Annotated[type(part), OmitArgPrefixes], dataclasses.field(default=part))
        for name, part in parts.items()
    ]
    return tyro.cli(
        dataclasses.make_dataclass("options", kinds),
        prog=program,
        args=list(arguments),
        description=about,
        config=(tyro.conf.FlagCreatePairsOff,),
    )


def spelled_out(arguments: Sequence[str]) -> list[str]:
    """Arguments with --output for -o, as other commands have it."""
    return ["--output" if word == "-o" else word for word in arguments]


def list_fields(kind: type[Any]) -> None:
    """Give a dataclass, and those in its fields, a docstring with a list that tyro reads."""
    for field in fields(kind):
        if isinstance(field.type, type) and dataclasses.is_dataclass(field.type):
            list_fields(field.type)
    if said := explained(kind):
        listing = "\n".join(f"    {name}: {text}" for name, text in said.items())
        kind.__doc__ = f"{_before_fields(kind)}\n\nArgs:\n{listing}\n"


def _before_fields(kind: type[Any]) -> str:
    first = (inspect.getdoc(kind) or "").partition("\n\n")[0]
    begins = any(first.startswith((f"{f.name}:", f"{f.name},")) for f in fields(kind))
    return "Settings." if begins else first


def explained(kind: type[Any]) -> dict[str, str]:
    """Field -> what the class's docstring says of it after "field:" or "one, other:".

    Nothing where the docstring has a list already.
    """
    said = inspect.getdoc(kind) or ""
    text, names = " ".join(said.split()), "|".join(field.name for field in fields(kind))
    if not names or "\nArgs:\n" in said:
        return {}
    start = re.compile(rf"(?:^|(?<=\. )|(?<=; ))((?:{names})(?:, (?:{names}))*): ")
    found: dict[str, str] = {}
    marks = list(start.finditer(text))
    for mark, following in itertools.zip_longest(marks, marks[1:]):
        said = text[mark.end() : following.start() if following else len(text)].strip(" ;")
        found |= dict.fromkeys(mark.group(1).split(", "), said)
    return found
