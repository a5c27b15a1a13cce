"""Where real data lies, and its official download, which happens only when asked for.

    python -m scenes.datasets.download fashion_mnist

Data lies under GEOMDL_DATA, else in the user's cache folder, one folder per set. A download is
checked against the checksum that its publisher or torchvision names before it is used.
"""

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from core2d.errors import InputError, expect_choice


@dataclass(frozen=True)
class Source:
    """Files of one set: (name, address, checksum as pooch reads it), and under which terms."""

    files: tuple[tuple[str, str, str], ...]
    size: str
    terms: str


def _idx(base: str, sums: Sequence[str]) -> tuple[tuple[str, str, str], ...]:
    names = ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")
    files = [f"{name}-ubyte.gz" for name in names]
    return tuple((f, base + f, f"md5:{s}") for f, s in zip(files, sums, strict=True))


OFFICIAL = {
    "mnist": Source(
        _idx(
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            (
                "f68b3c2dcbeaaa9fbdd348bbdeb94873",
                "d53e105ee54ea40749a09fcbcd1e9432",
                "9fb629c4189551a2d022fa330f9573f3",
                "ec29112dd5afa0611ce80d1b7f02629c",
            ),
        ),
        "12 MB",
        "LeCun, Cortes, Burges",
    ),
    "fashion_mnist": Source(
        _idx(
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
            (
                "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
                "25c81989df183df01b3e8a0aad5dffbe",
                "bef4ecab320f06d8554ea6380940ec79",
                "bb300cfdad3c16e7a12a480ee83cd310",
            ),
        ),
        "30 MB",
        "Zalando Research, MIT",
    ),
    "cifar10": Source(
        (
            (
                "cifar-10-binary.tar.gz",
                "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
                "sha256:c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
            ),
        ),
        "162 MB",
        "Krizhevsky",
    ),
}


def data_folder() -> Path:
    """GEOMDL_DATA, else the user's cache folder. Raises InputError where it names no folder."""
    named = os.environ.get("GEOMDL_DATA")
    if named:
        if not Path(named).is_dir():
            raise InputError(f"GEOMDL_DATA: expected a folder, got {named!r}")
        return Path(named)
    return cache_folder() / "data"


def cache_folder() -> Path:
    """The user's cache folder, where decoded copies are kept; GEOMDL_CACHE names another."""
    import pooch

    return Path(os.environ.get("GEOMDL_CACHE") or pooch.os_cache("geomdl"))


def find(name: str, choices: Sequence[Sequence[str]]) -> list[Path]:
    """The files of set `name`: the first of `choices` that is there wholly.

    Raises InputError with the folder that was searched and the command that downloads.
    """
    folder = data_folder() / name
    for files in choices:
        paths = [folder / file for file in files]
        if all(path.exists() for path in paths):
            return paths
    remedy = "set GEOMDL_DATA to the folder that holds it"
    if name in OFFICIAL:
        command = f"python -m scenes.datasets.download {name}"
        remedy += f", or download it ({OFFICIAL[name].size}): {command}"
    wanted = " or ".join(" + ".join(files) for files in choices)
    raise InputError(f"{name}: expected {wanted} in {folder}; {remedy}")


def download(name: str) -> list[Path]:
    """Fetch the official files of set `name` into its folder, checked. Existing ones are kept."""
    import pooch

    source = OFFICIAL[expect_choice("name", name, list(OFFICIAL))]
    folder = data_folder() / name
    return [
        Path(pooch.retrieve(url, known_hash=checksum, fname=file, path=folder, progressbar=False))
        for file, url, checksum in source.files
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line: download the named sets."""
    parser = argparse.ArgumentParser(description="Download data sets, checked by checksum.")
    parser.add_argument("names", nargs="+", choices=list(OFFICIAL))
    for name in parser.parse_args(arguments).names:
        print(f"{name}: {OFFICIAL[name].size} ({OFFICIAL[name].terms})")
        for path in download(name):
            print(f"  {path}")


if __name__ == "__main__":
    main()
