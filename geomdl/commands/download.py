"""`geomdl download`: the official files of the real data sets."""

from typing import Annotated

from tyro.conf import Positional, arg

Names = Annotated[Positional[tuple[str, ...]], arg(metavar="NAME")]


def command(names: Names = (), /) -> int:
    """Fetch real data sets from their publishers, checked by checksum; without a name, list them.

    They come into GEOMDL_DATA, else the user's cache folder. Files that are there are kept.

    examples:
      geomdl download                              what there is, its size, whether it is here
      geomdl download fashion_mnist cifar10
      GEOMDL_DATA=/data geomdl download camvid

    Args:
        names: data sets.
    """
    from core2d.errors import expect_choice
    from scenes.datasets.download import OFFICIAL, data_folder, download

    folder = data_folder()
    for name in names:
        expect_choice("name", name, list(OFFICIAL))
    for name, source in OFFICIAL.items():
        if not names:
            there = (folder / name).is_dir() and any((folder / name).iterdir())
            place = f"in {folder / name}" if there else "not here"
            print(f"{name:<14} {source.size:>7}  {place}  ({source.terms})")
    for name in dict.fromkeys(names):
        print(f"{name}: {OFFICIAL[name].size} ({OFFICIAL[name].terms})", flush=True)
        print(f"  {download(name)}")
    return 0
