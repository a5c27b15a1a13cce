"""MTL: the material libraries of OBJ files."""

import re
import warnings

import torch

from geomdl.errors import GeometryError
from geomdl.io.images import Textures
from geomdl.io.numbers import parse_floats
from geomdl.io.source import Source, is_file, read_source
from geomdl.structures import Material

# Options of map_Kd and how many numbers follow them, at most.
_OPTIONS = {"-s": 3, "-o": 3, "-t": 3, "-mm": 2, "-bm": 1, "-boost": 1, "-texres": 1}
_WORDS = {"-blendu": 1, "-blendv": 1, "-clamp": 1, "-cc": 1, "-imfchan": 1, "-type": 1}


def read_libraries(
    source: Source, names: list[tuple[int, str]], used: set[str]
) -> dict[str, Material]:
    """The `used` materials of all `mtllib` lines (number, name) of an OBJ file, by name.

    A library that is missing is a warning, since the shape is there without it; one that is
    broken, or lies outside the folder, raises GeometryError.
    """
    materials: dict[str, Material] = {}
    textures = Textures(source)
    for number, name in {name: (number, name) for number, name in names}.values():
        path = source.reference(name, f"line {number}")
        if not is_file(path):
            warnings.warn(
                f"{source.path}: line {number}: material library {name!r} is missing", stacklevel=2
            )
            continue
        materials |= read_mtl(read_source(path, source.root), textures, used)
    return materials


def read_mtl(
    source: Source, textures: Textures | None = None, used: set[str] | None = None
) -> dict[str, Material]:
    """Every `newmtl` (that is used) as a Material: Kd, d or Tr, map_Kd, Pm and Pr."""
    textures = Textures(source) if textures is None else textures
    blocks: list[tuple[str, dict[str, tuple[int, str]]]] = []
    text = source.data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").decode("utf-8", "replace")
    for number, line in enumerate(text.split("\n"), start=1):
        words = line.split("#", 1)[0].strip().split(None, 1)
        if not words:
            continue
        key, rest = words[0], words[1].strip() if len(words) > 1 else ""
        if key == "newmtl":
            blocks.append((rest, {}))
        elif blocks:
            blocks[-1][1][key.lower()] = (number, rest)
        elif "\x00" in line:
            raise source.error(f"line {number}", "this is no text")
    return {
        name: _material(source, textures, name, lines)
        for name, lines in blocks
        if used is None or name in used
    }


def _material(
    source: Source, textures: Textures, name: str, lines: dict[str, tuple[int, str]]
) -> Material:
    color = _numbers(source, lines, "kd", 3) or [1.0, 1.0, 1.0]
    opacity = _numbers(source, lines, "d", 1)
    through = _numbers(source, lines, "tr", 1)
    if opacity is None and through is not None and through[0] < 1:
        opacity = [1 - through[0]]  # MeshLab writes 'Tr 1' for opaque, so that says nothing
    metallic, roughness = _numbers(source, lines, "pm", 1), _numbers(source, lines, "pr", 1)
    texture = None
    if "map_kd" in lines:
        number, rest = lines["map_kd"]
        texture = textures.file(source, _file_name(rest), f"line {number}")
    return Material(
        name=name,
        color=torch.tensor(color, dtype=torch.float32).clamp(0, 1),
        opacity=_unit(opacity, 1.0),
        texture=texture,
        metallic=_unit(metallic, 0.0),
        roughness=_unit(roughness, 1.0),
    )


def _unit(values: list[float] | None, default: float) -> float:
    return default if values is None else min(max(values[0], 0.0), 1.0)


def _numbers(
    source: Source, lines: dict[str, tuple[int, str]], key: str, count: int
) -> list[float] | None:
    if key not in lines:
        return None
    number, rest = lines[key]
    words = rest.replace("-halo", "").split()[:count]
    try:
        values = parse_floats(" ".join(words).encode()).tolist()
    except ValueError:
        values = []
    if count == 3 and len(values) == 1:
        values = values * 3  # 'Kd r' stands for a grey
    if len(values) != count or not all(abs(v) < 1e30 for v in values):
        raise source.error(f"line {number}", f"expected {count} numbers, got {rest[:60]!r}")
    return values


def _file_name(rest: str) -> str:
    """The file name after the options of a map line; it may hold blanks."""
    words = re.split(r"(\s+)", rest)
    while words and words[0] in {**_OPTIONS, **_WORDS}:
        option = words[0]
        words = words[2:]
        for _ in range(_OPTIONS.get(option, _WORDS.get(option, 0))):
            numeric = bool(words) and re.fullmatch(r"[-+]?[\d.]+(e[-+]?\d+)?", words[0])
            if option in _WORDS or numeric:
                words = words[2:]
    return "".join(words).strip()


def write_mtl(materials: tuple[Material, ...], names: list[str], textures: list[str | None]) -> str:
    """The text of an MTL file."""
    lines = ["# geomdl"]
    for material, name, texture in zip(materials, names, textures, strict=True):
        color = " ".join(f"{c:.9g}" for c in material.color.tolist())
        lines += [f"newmtl {name}", f"Kd {color}", f"d {material.opacity:.9g}"]
        lines += [f"Pm {material.metallic:.9g}", f"Pr {material.roughness:.9g}"]
        lines += [] if texture is None else [f"map_Kd {texture}"]
        lines.append("")
    return "\n".join(lines)


def distinct_names(materials: tuple[Material, ...]) -> list[str]:
    """Names that a text file can hold: one line, no '#', no two alike."""
    names: list[str] = []
    for index, material in enumerate(materials):
        name = " ".join(material.name.replace("#", "_").split()) or f"material_{index}"
        names.append(name if name not in names else f"{name}_{index}")
    if len(set(names)) != len(names):
        raise GeometryError(f"materials: names cannot be told apart: {names[:8]}")
    return names
