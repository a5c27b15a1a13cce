"""The command line: `geomdl COMMAND ...`.

Exit codes: 0 done, 1 bad input (a line on stderr says what and where; of many files the others
were done), 2 wrong usage, 130 interrupted. Each command is a function of one file in
geomdl.commands; tyro parses its arguments.
"""

import difflib
import importlib
import os
import sys
import warnings
from collections.abc import Sequence
from typing import TextIO

COMMANDS = {
    "info": "what is in files and folders: counts, size, area, holes, defects, labels, cameras",
    "convert": "meshes, clouds, grids and cameras to other formats, one or many",
    "view": "a page in the browser: meshes, clouds, grids, cameras with their photographs",
    "render": "the same scene as a picture, a sheet of views, a turntable or a video",
    "reconstruct": "a folder of RGB-D frames to a coloured mesh",
    "fit": "train a network: a recipe by its name, or one of yours",
    "rl": "train agents on Gymnasium environments, test, film and compare them",
    "predict": "what a trained network says of pictures",
    "search": "try many settings of a recipe, and rank them",
    "download": "the real data sets that recipes learn from, from their publishers",
    "inspect": "see into a trained network: filters, patches, occlusion, t-SNE, curves",
    "doctor": "which ops run on what here, and what to do about what is missing",
    "list": "the systems of the ledger, the ops, the formats, the recipes",
    "bench": "the speed of the ops on this machine, against the peers that are installed",
    "demo": "build a room, scan it, reconstruct it, compare it with the truth",
}
# Commands that read their arguments themselves, since their options depend on the first one.
OWN = ("fit", "search", "inspect", "doctor", "rl")
HELP = """usage: geomdl COMMAND [arguments]

Shapes in space: scans, meshes and point clouds, from files to pictures.

commands:
{commands}

examples:
  geomdl info bunny.obj                              what is in it
  geomdl view bunny.obj scan.ply                     look at both in the browser
  geomdl render bunny.obj -o bunny.png               four views on one sheet
  geomdl convert "scans/*.obj" -o clouds --to pcd --points 20000
  geomdl reconstruct kitchen/ -o kitchen.ply         RGB-D frames to a coloured mesh
  geomdl fit fashion_lenet                           train a network
  geomdl rl train dqn --env CartPole-v1              train an agent
  geomdl COMMAND --help                              arguments and examples of a command

Patterns in quotes are expanded, ** goes into folders. With --json, info, convert, doctor, list and
bench print JSON on standard output alone; errors, warnings and progress go to standard error.

exit codes: 0 done, 1 bad input (of many files, some), 2 wrong usage, 130 interrupted"""


def main() -> None:
    """The entry point of the `geomdl` program."""
    if sys.stdout is None:  # closed by the caller (>&-)
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115
    code = run(sys.argv[1:])
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(code)


def run(arguments: Sequence[str]) -> int:
    """Arguments without the program's name -> exit code. Errors of the input become one line."""
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        listing = "\n".join(f"  {name:<12} {text}" for name, text in COMMANDS.items())
        print(HELP.format(commands=listing))
        return 0 if arguments else 2
    if arguments[0] in ("-V", "--version"):
        import geomdl

        print(f"geomdl {geomdl.__version__}")
        return 0
    name = arguments[0]
    if name not in COMMANDS:
        close = difflib.get_close_matches(name, COMMANDS, 1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        print(f"geomdl: no command {name!r}{hint} (see 'geomdl --help')", file=sys.stderr)
        return 2
    return _guarded(name, arguments[1:])


def _guarded(name: str, arguments: Sequence[str]) -> int:
    import tyro

    from geomdl.errors import GeometryError

    module = importlib.import_module(f"geomdl.commands.{name}")
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _warn  # undone by catch_warnings
            if name in OWN:
                return int(module.run(arguments))
            code = tyro.cli(
                module.command,
                prog=f"geomdl {name}",
                args=list(arguments),
                config=(tyro.conf.FlagCreatePairsOff,),
            )
        return int(code)
    except SystemExit as done:
        return done.code if isinstance(done.code, int) else int(done.code is not None)
    except GeometryError as error:
        return _fail(str(error))
    except BrokenPipeError:
        return 0
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        return _fail(f"{place}{error.strerror or error}")
    except MemoryError:
        return _fail("there is not enough memory")
    except KeyboardInterrupt:
        print("geomdl: interrupted", file=sys.stderr)
        return 130


def _fail(message: str) -> int:
    print(f"geomdl: error: {' '.join(message.split())}", file=sys.stderr)
    return 1


def _warn(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    print(f"geomdl: warning: {message}", file=sys.stderr)


if __name__ == "__main__":
    main()
