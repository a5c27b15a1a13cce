"""Pictures of trained networks for docs/inspect.md.

    python tools/inspect_gallery.py RUNS [NAME ...]

RUNS holds the folders of `geomdl fit` (fashion_lenet, cifar_resnet20). Every picture is made by
the command that stands above it on the page; those whose run is not there stay as they are.
"""

import argparse
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from geomdl import cli

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "inspect.md"
FOLDER = ROOT / "docs" / "inspect"
HEAD = """# What networks see

Made from networks that were trained here, each by the command above it
(`python tools/inspect_gallery.py runs` makes them all; `geomdl inspect --help` lists the views).
Every view is a function of `core2d.inspect` as well, on any model of core2d. Shapes and scans have
[a gallery of their own](gallery.md).
"""


@dataclass(frozen=True)
class Scene:
    """A picture: its file's name, title, view, run, options, and what it shows."""

    name: str
    title: str
    view: str
    run: str
    options: str
    words: str

    def command(self) -> str:
        """As a reader types it."""
        return " ".join(
            filter(None, ("geomdl inspect", self.view, f"runs/{self.run}", self.options))
        )

    def arguments(self, runs: Path, folder: Path) -> list[str]:
        """For the command line of geomdl."""
        picture = str(folder / f"{self.name}.jpg")
        run = str(runs / self.run)
        options = [*shlex.split(self.options), "-o", picture, "--overwrite"]
        return ["inspect", self.view, run, *options]


SCENES = (
    Scene(
        "filters", "Learned filters", "filters", "cifar_resnet20", "",
        "The first layer of ResNet-20 on CIFAR-10: edges and opposed colours.",
    ),
    Scene(
        "maps", "What the first layer makes of an image", "maps", "cifar_resnet20", "",
        "One grey picture per channel.",
    ),
    Scene(
        "patches", "Maximally activating patches", "patches", "cifar_resnet20",
        "--layer layer1 --channels 0 3 5 8 11 14",
        "Of 2,000 test images the pieces that excite a channel most, cut to the 15 x 15 pixels "
        "that one site of the layer sees. The receptive field is computed from the network.",
    ),
    Scene(
        "patches_deep", "The same, deep in the network", "patches", "cifar_resnet20",
        "--layer layer3 --channels 0 1 4 5 9 12",
        "The last layer sees the whole image, and its channels have come near to classes.",
    ),
    Scene(
        "deconvnet", "DeconvNet", "deconvnet", "fashion_lenet", "--layer conv2 --channels 0 4 9",
        "The strongest activation alone runs backwards through LeNet: unpooled by the switches, "
        "rectified, convolved with the transposed filters (Zeiler and Fergus 2014).",
    ),
    Scene(
        "guided", "Guided backpropagation", "deconvnet", "cifar_resnet20",
        "--layer layer2 --channels 0 7 12 --rule guided",
        "A network that shrinks by strides has no switches. This rule needs none.",
    ),
    Scene(
        "gradients", "Three rules for the same image", "gradients", "fashion_lenet", "",
        "The derivative of the class score, guided backpropagation and DeconvNet.",
    ),
    Scene(
        "occlusion", "Occlusion", "occlusion", "cifar_resnet20", "",
        "A grey block hides one part after the other. Red: without this part the class loses "
        "probability; right: what is left of it, and which class takes over at the worst place.",
    ),
    Scene(
        "ascent", "Class scores raised by gradient ascent", "ascent", "cifar_resnet20", "",
        "From faint noise up the score of a class, less an L2 penalty, blurred and clipped on "
        "the way.",
    ),
    Scene(
        "ascent_layer2", "Channels raised by gradient ascent", "ascent", "cifar_resnet20",
        "--layer layer2 --noise 0.5", "The same for the channels of a layer half-way.",
    ),
    Scene(
        "dream", "DeepDream", "dream", "cifar_resnet20", "",
        "What a layer sees in an image is strengthened, over three octaves: shallow layers draw "
        "lines, deep ones parts of objects.",
    ),
    Scene(
        "tsne", "t-SNE", "tsne", "fashion_lenet", "",
        "1,500 test images by the last hidden layer. Neighbours are kept; distances between "
        "clusters and their sizes mean nothing.",
    ),
    Scene(
        "latent", "Latent scatter", "latent", "fashion_lenet", "",
        "The same layer on its two principal axes, where distances do mean something.",
    ),
    Scene(
        "neighbors", "Nearest neighbours", "neighbors", "cifar_resnet20", "",
        "Test images and the training images nearest to them in the last layer's features.",
    ),
    Scene(
        "curves", "Loss curves", "curves", "fashion_lenet", "",
        "Train and validation in one plot. At first the training loss lies above the other: it is "
        "the mean of an epoch in which the weights still move. Later it falls on alone, and the "
        "gap is what the network knows by heart.",
    ),
)  # fmt: skip


def page(scenes: Sequence[Scene], folder: Path) -> str:
    """The page: of the scenes whose pictures lie in the folder."""
    drawn = [scene for scene in scenes if (folder / f"{scene.name}.jpg").exists()]
    parts = [
        f"## {scene.title}\n\n```\n{scene.command()}\n```\n\n{scene.words}\n\n"
        f"![{scene.title}](inspect/{scene.name}.jpg)\n"
        for scene in drawn
    ]
    return "\n".join([HEAD, *parts])


def main(arguments: Sequence[str]) -> int:
    """Draw the named scenes, or all; write the page. 1 where one failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", type=Path)
    parser.add_argument("names", nargs="*", metavar="NAME")
    given = parser.parse_args(arguments)
    if unknown := set(given.names) - {scene.name for scene in SCENES}:
        parser.error(f"no scene {', '.join(sorted(unknown))}")
    FOLDER.mkdir(exist_ok=True)
    failed = False
    for scene in SCENES:
        if given.names and scene.name not in given.names:
            continue
        if not (given.runs / scene.run / "model.safetensors").exists():
            print(f"{scene.name}: no run {scene.run} in {given.runs}", file=sys.stderr)
            continue
        failed |= cli.run(scene.arguments(given.runs, FOLDER)) != 0
    PAGE.write_text(page(SCENES, FOLDER))
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
