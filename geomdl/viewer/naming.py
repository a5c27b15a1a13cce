"""Names: of items by their paths, of sequences by their frames, of labels by a text file."""

import itertools
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from geomdl.errors import GeometryError
from geomdl.io.source import read_source

_LINE = re.compile(r"(-?\d+)\s*(?:[:,;=\t]|\s)\s*(\S.*)")
_NAMELESS = ("transforms", "0", "sparse", "colmap")


def natural(path: Path | str) -> tuple[tuple[bool, int, str], ...]:
    """A key for sorting that counts: frame2 before frame10."""
    words = re.split(r"(\d+)", str(path))
    return tuple((word.isdigit(), int(word) if word.isdigit() else 0, word) for word in words)


def item_names(paths: Sequence[Path]) -> list[str]:
    """Different names for different paths: the stem, with endings or folders where those clash.

    >>> item_names([Path("a/cow.obj"), Path("b/cow.obj"), Path("b/spot.obj"), Path("b/spot.ply")])
    ['a:cow', 'b:cow', 'spot.obj', 'spot.ply']
    """
    whole = [Path(path).absolute() for path in paths]
    names = [_stem(path) for path in whole]
    for again in [*(_with_ending(p) for p in whole)], *_with_folders(whole):
        twice = {name for name, count in Counter(names).items() if count > 1}
        if not twice:
            break
        names = [new if name in twice else name for name, new in zip(names, again, strict=True)]
    return _numbered(names)


def sequence_names(sequences: Sequence[Sequence[Path]]) -> list[str]:
    """Different names for sequences of frames: what the names of the frames have in common.

    Where that is nothing but a number, the folder; where two are alike, both.

    >>> sequence_names([[Path("a/run_01.ply"), Path("a/run_02.ply")], [Path("b/room.ply")]])
    ['run', 'room']
    """
    names = [_shared(paths) for paths in sequences]
    alike = {name for name, count in Counter(names).items() if count > 1}
    folders = [Path(paths[0]).absolute().parent.name for paths in sequences]
    names = [
        f"{folder}:{name}" if name in alike else name
        for name, folder in zip(names, folders, strict=True)
    ]
    return _numbered(names)


def _shared(paths: Sequence[Path]) -> str:
    stems = [_stem(Path(path).absolute()) for path in paths]
    if len(stems) == 1:
        return stems[0]
    alike = sum(itertools.takewhile(bool, (len(set(c)) == 1 for c in zip(*stems, strict=False))))
    start, rests = stems[0][:alike], [stem[alike:] for stem in stems]
    if any(rest[:1].isalpha() for rest in rests):
        start = re.sub(r"[^\W\d_]+$", "", start)  # half a word says nothing
    start = re.sub(r"[\W\d_]+$", "", start)
    return start or Path(paths[0]).absolute().parent.name or stems[0]


def _numbered(names: Sequence[str]) -> list[str]:
    """The second 'cow' becomes 'cow 2'."""
    taken: Counter[str] = Counter()
    fresh = []
    for name in names:
        taken[name] += 1
        fresh.append(name if taken[name] == 1 else f"{name} {taken[name]}")
    return fresh


def read_label_names(path: str | Path) -> dict[int, str]:
    """A list of labels -> names by number.

    Text: lines '0 wall', '0: wall' or '0,wall' (a first line without a number is a title), or
    only names, counted from 0; '#' starts a comment. json: a list of names, {"0": "wall"},
    {"wall": 0}, or a list of {"id": 0, "name": "wall"}. Raises GeometryError.
    """
    source = read_source(path)
    try:
        text = source.data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise GeometryError(f"{path}: expected text, got bytes that are no UTF-8") from error
    pairs = _from_json(path, text) if Path(path).suffix == ".json" else _from_lines(text)
    names: dict[int, str] = {}
    for number, name in pairs:
        if names.setdefault(number, name) != name:
            raise GeometryError(
                f"{path}: label {number}: expected one name, got {names[number]!r} and {name!r}"
            )
    if not names:
        raise GeometryError(f"{path}: expected names of labels, got none")
    return names


def label_names_beside(path: Path | None) -> dict[int, str]:
    """Names from scan.labels.txt beside scan.ply, as `geomdl predict` writes them; else none."""
    beside = None if path is None else path.with_suffix(".labels.txt")
    return read_label_names(beside) if beside is not None and beside.is_file() else {}


def _from_lines(text: str) -> list[tuple[int, str]]:
    lines = [line.split("#", 1)[0].strip() for line in text.splitlines()]
    lines = [line for line in lines if line]
    found = [_LINE.fullmatch(line) for line in lines]
    titled = len(found) > 1 and found[0] is None and all(found[1:])
    if titled or all(found):
        return [(int(line[1]), line[2].strip().strip('"')) for line in found if line]
    return list(enumerate(lines))


def _from_json(path: str | Path, text: str) -> list[tuple[int, str]]:
    try:
        content: Any = json.loads(text)
        if isinstance(content, Mapping):
            named = all(isinstance(value, str) for value in content.values())
            if named:
                return [(int(key), value) for key, value in content.items()]
            return [(_whole(value), key) for key, value in content.items()]
        if all(isinstance(value, str) for value in content):
            return list(enumerate(content))
        return [(_whole(value["id"]), str(value["name"])) for value in content]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise GeometryError(
            f'{path}: expected names, {{"0": "wall"}} or {{"wall": 0}}, got {text[:40]!r}'
        ) from error


def _whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError
    return value


def _stem(path: Path) -> str:
    """'scan.ply' -> 'scan', 'chair.npy.gz' -> 'chair', 'fox/transforms.json' -> 'fox'."""
    if path.is_dir():
        return next((part for part in reversed(path.parts[1:]) if part not in _NAMELESS), "files")
    stem = path.name.removesuffix(".gz")
    stem = Path(stem).stem
    if path.suffix.lower() == ".json" and stem.startswith("transforms"):
        rest = stem.removeprefix("transforms").strip("_-. ")
        return f"{_stem(path.parent)} {rest}".strip()
    return stem or path.name


def _with_ending(path: Path) -> str:
    return path.name if not path.is_dir() else _stem(path)


def _with_folders(paths: Sequence[Path]) -> list[list[str]]:
    """Longer and longer names: one folder above, two folders ..."""
    deepest = max((len(path.parts) for path in paths), default=0)
    longer = []
    for depth in range(1, deepest):
        above = [path.parent.parts[1:][-depth:] for path in paths]
        longer.append(
            [":".join([*folders, _stem(p)]) for folders, p in zip(above, paths, strict=True)]
        )
    return longer
