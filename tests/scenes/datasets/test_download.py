"""Finding data, and downloads that are checked. No test leaves this machine."""

import hashlib
import subprocess
import zipfile
from pathlib import Path

import pytest

from core2d.errors import InputError
from scenes.datasets import download as d


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GEOMDL_DATA", str(tmp_path))
    return tmp_path


def test_data_lies_where_it_is_said_to_or_in_the_cache(folder: Path, monkeypatch) -> None:
    assert d.data_folder() == folder
    monkeypatch.setenv("GEOMDL_DATA", str(folder / "nowhere"))
    with pytest.raises(InputError, match="GEOMDL_DATA: expected a folder"):
        d.data_folder()
    monkeypatch.delenv("GEOMDL_DATA")
    monkeypatch.setenv("GEOMDL_CACHE", str(folder / "cache"))
    assert d.data_folder() == folder / "cache"


def test_find_takes_the_first_choice_that_is_there_wholly(folder: Path) -> None:
    choices = [["a", "b"], ["c"]]
    (folder / "mnist").mkdir()
    for name in "ca":
        (folder / "mnist" / name).touch()
    assert [path.name for path in d.find("mnist", choices)] == ["c"]
    (folder / "mnist" / "b").touch()
    assert [path.name for path in d.find("mnist", choices)] == ["a", "b"]


def test_what_is_absent_is_told_with_the_remedy(folder: Path) -> None:
    with pytest.raises(InputError) as caught:
        d.find("cifar10", [["x.gz", "y.gz"], ["z.npz"]])
    told = str(caught.value)
    for word in ("x.gz ... or z.npz", str(folder), "162 MB", "geomdl download cifar10"):
        assert word in told


def test_every_set_names_a_checksum() -> None:
    for source in d.OFFICIAL.values():
        if isinstance(source, d.Repository):
            assert len(source.commit) == 40
            continue
        if isinstance(source, d.ByHand):
            assert "http" in source.how
            continue
        for _, checksum in source.sums:
            kind, _, digits = checksum.partition(":")
            assert len(digits) == 2 * hashlib.new(kind).digest_size
            assert int(digits, 16)


def test_files_are_fetched_once_and_refused_where_they_differ(tmp_path: Path, monkeypatch) -> None:
    import pooch

    asked = []

    class Served:
        """Stands for the network: writes what it is told to serve."""

        content = b"right"

        def __call__(self, url, output, source):
            asked.append(url)
            Path(output).write_bytes(self.content)

    served = Served()
    monkeypatch.setattr(pooch.core, "choose_downloader", lambda url, progressbar: served)
    checksum = "sha256:" + hashlib.sha256(b"right").hexdigest()
    source = d.Files("https://example.org/", (("a.gz", checksum),), "5 B", "none")
    served.content = b"wrong"
    with pytest.raises(InputError, match="hash of downloaded file"):
        source.fetch(tmp_path)
    assert not list(tmp_path.glob("*"))
    served.content = b"right"
    source.fetch(tmp_path)
    source.fetch(tmp_path)
    assert asked == ["https://example.org/a.gz"] * 2
    assert (tmp_path / "a.gz").read_bytes() == b"right"


def git(folder: Path, *call: str) -> str:
    who = ["-c", "user.name=a", "-c", "user.email=a@b"]
    done = subprocess.run(
        ["git", "-C", str(folder), *who, *call], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def test_a_repository_is_fetched_at_its_commit_and_only_the_folder(tmp_path: Path) -> None:
    origin = tmp_path / "origin"
    (origin / "data" / "set").mkdir(parents=True)
    (origin / "data" / "set" / "a.png").write_bytes(b"picture")
    (origin / "code.py").write_bytes(b"code")
    git(origin, "init", "-q")
    git(origin, "add", ".")
    git(origin, "commit", "-qm", "one")
    commit = git(origin, "rev-parse", "HEAD")
    source = d.Repository(str(origin), commit, "data/set", "7 B", "none")
    target = tmp_path / "data" / "toy"
    source.fetch(target)
    assert [path.name for path in target.iterdir()] == ["a.png"]
    assert [path.name for path in target.parent.iterdir()] == ["toy"]
    (target / "a.png").write_bytes(b"mine")
    source.fetch(target)
    assert (target / "a.png").read_bytes() == b"mine"
    absent = d.Repository(str(origin), "0" * 40, "data/set", "7 B", "none")
    with pytest.raises(InputError, match="git fetch"):
        absent.fetch(tmp_path / "data" / "other")
    assert [path.name for path in target.parent.iterdir()] == ["toy"]


def test_downloads_go_to_the_data_folder(folder: Path, monkeypatch) -> None:
    seen = []
    monkeypatch.setattr(d.Files, "fetch", lambda self, path: seen.append(path))
    assert d.download("mnist") == folder / "mnist"
    assert seen == [folder / "mnist"]
    with pytest.raises(InputError, match="did you mean 'mnist'"):
        d.download("mnst")


def zipped(path: Path, **members: bytes) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(f"inside/{name}.h5", content)
        archive.writestr("../escaped", b"no")


def test_an_archive_gives_its_members_checked_and_nothing_else(tmp_path: Path, monkeypatch) -> None:
    import pooch

    asked = []

    def serve(url, output, source):
        asked.append(url)
        Path(output).write_bytes((tmp_path / "served.zip").read_bytes())

    monkeypatch.setattr(pooch.core, "choose_downloader", lambda url, progressbar: serve)
    sums = tuple(
        (f"inside/{name}.h5", "md5:" + hashlib.md5(content).hexdigest())
        for name, content in (("a", b"one"), ("b", b"two"))
    )
    source = d.Archive("https://example.org/x.zip", sums, "6 B", "none")
    target = tmp_path / "data" / "toy"
    zipped(tmp_path / "served.zip", a=b"one", b=b"wrong")
    with pytest.raises(InputError, match=r"inside/b.h5 is not what was published"):
        source.fetch(target)
    zipped(tmp_path / "served.zip", a=b"one")
    with pytest.raises(InputError, match=r"expected a zip file with inside/b.h5"):
        source.fetch(target)
    assert not target.exists()
    zipped(tmp_path / "served.zip", a=b"one", b=b"two", c=b"three")
    source.fetch(target)
    source.fetch(target)
    assert len(asked) == 3
    assert {path.name: path.read_bytes() for path in target.iterdir()} == {
        "a.h5": b"one",
        "b.h5": b"two",
    }
    assert [path.name for path in target.parent.iterdir()] == ["toy"]


def test_what_one_must_fetch_oneself_is_told(folder: Path) -> None:
    with pytest.raises(InputError, match=r"scannet: to be fetched by hand; send the signed terms"):
        d.download("scannet")
    with pytest.raises(InputError) as caught:
        d.find_folder("s3dis", [("A", "x/*.txt"), ("B", "*.npy")])
    for word in ("A/x/*.txt or B/*.npy", str(folder), "4.1 GB", "cvg-data"):
        assert word in str(caught.value)
    (folder / "B").mkdir()
    (folder / "B" / "b.npy").touch()
    assert d.find_folder("s3dis", [("A", "x/*.txt"), ("B", "*.npy")]) == folder / "B"
