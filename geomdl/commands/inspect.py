"""`geomdl inspect VIEW RUN`: see into a network that `geomdl fit` trained."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from tyro.conf import OmitArgPrefixes, Positional, arg

from core2d.errors import InputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from geomdl.commands.opened import Opened

HELP = """usage: geomdl inspect VIEW RUN [options]

See into a network that `geomdl fit` trained. RUN is its folder; the picture goes to
RUN/inspect/VIEW.png or to -o FILE (png, jpg, svg, pdf).

views:
{views}

examples:
  geomdl inspect layers runs/fashion_lenet                  names, shapes, receptive fields
  geomdl inspect occlusion runs/cifar_resnet20 --examples 3 10 --size 8
  geomdl inspect patches runs/cifar_resnet20 --layer layer2 --channels 0 5 9
  geomdl inspect tsne runs/fashion_lenet -o plane.png
  geomdl inspect curves runs/plain20 --beside runs/residual20
  geomdl inspect VIEW --help                                arguments of a view"""

Run = Annotated[Positional[Path], arg(metavar="RUN")]


@dataclass(frozen=True)
class Picture:
    """Where the picture goes."""

    output: Annotated[Path | None, arg(aliases=["-o"], metavar="FILE")] = None
    """file of the picture; without it RUN/inspect/VIEW.png, made anew each time"""
    overwrite: bool = False
    """replace a file that is there"""

    def __post_init__(self) -> None:
        if self.output is not None and self.output.exists() and not self.overwrite:
            raise InputError(f"{self.output}: it is there already; another -o, or --overwrite")


BESIDE = Picture()
Into = Annotated[Picture, OmitArgPrefixes]
Split = Literal["train", "validation", "test"]


def layers(run: Run, /) -> int:
    """Every layer in the order in which it runs: name, kind, shape, what one site sees."""
    from geomdl.commands.opened import open_trained, table_of

    print(table_of(open_trained(run)))
    return 0


def filters(run: Run, /, *, layer: str = "", into: Into = BESIDE) -> int:
    """The learned filters of a convolution (default: the first). Grey is zero."""
    from core2d.inspect.views import view_filters
    from geomdl.commands.opened import open_trained

    opened = open_trained(run)
    return _save(view_filters(opened.model, layer or opened.first()), "filters", run, into)


def maps(
    run: Run, /, *, layer: str = "", examples: tuple[int, ...] = (), into: Into = BESIDE
) -> int:
    """What the channels of a layer (default: the first convolution) hold for some images."""
    from core2d.inspect.views import view_maps
    from geomdl.commands.opened import open_trained

    opened = open_trained(run)
    images, _ = opened.picked(examples, 2)
    return _save(view_maps(opened.model, images, layer or opened.first()), "maps", run, into)


def patches(
    run: Run,
    /,
    *,
    layer: str = "",
    channels: tuple[int, ...] = (),
    count: int = 9,
    images: int = 2000,
    split: Split = "test",
    into: Into = BESIDE,
) -> int:
    """The pieces of images that excite channels of a layer (default: the deepest) most."""
    from core2d.inspect.views import view_patches

    opened, layer, chosen = _channels(run, layer, channels, 6)
    many, _ = opened.first_images(split, images)
    figure = view_patches(opened.model, many, layer, channels=chosen, count=count)
    return _save(figure, "patches", run, into)


def deconvnet(
    run: Run,
    /,
    *,
    layer: str = "",
    channels: tuple[int, ...] = (),
    count: int = 9,
    images: int = 2000,
    rule: Literal["deconvnet", "guided", "gradient"] = "deconvnet",
    split: Split = "test",
    into: Into = BESIDE,
) -> int:
    """The patches, and under each what DeconvNet finds in it that excited the channel.

    DeconvNet leans on the switches of max pooling. Networks that shrink by strides have none, and
    it draws their grid; there --rule guided sees more (Springenberg et al. 2015).
    """
    from core2d.inspect.views import view_patches

    opened, layer, chosen = _channels(run, layer, channels, 3)
    many, _ = opened.first_images(split, images)
    figure = view_patches(opened.model, many, layer, channels=chosen, count=count, rule=rule)
    return _save(figure, "deconvnet", run, into)


def occlusion(
    run: Run,
    /,
    *,
    examples: tuple[int, ...] = (),
    size: int = 0,
    stride: int = 0,
    label: int | None = None,
    into: Into = BESIDE,
) -> int:
    """Which parts of an image a decision rests on: hide them block by block.

    Args:
        run: folder of the run.
        examples: numbers of images in the test set.
        size: side of the block in cells; 0 for a quarter of the image.
        stride: cells from block to block; 0 for half a block.
        label: the class that is looked at; by default the one that the network names.
    """
    from core2d.inspect.views import view_occlusion
    from geomdl.commands.opened import open_trained

    opened = open_trained(run)
    images, truth = opened.picked(examples, 4)
    figure = view_occlusion(
        opened.model,
        images,
        size=size or max(1, min(images.shape[2:]) // 4),
        stride=stride or None,
        names=opened.names,
        truth=truth.tolist(),
        label=label,
    )
    return _save(figure, "occlusion", run, into)


def gradients(run: Run, /, *, examples: tuple[int, ...] = (), into: Into = BESIDE) -> int:
    """What in an image raises the class that the network names: three rules for the ReLUs."""
    from core2d.inspect.gradient import Rule
    from core2d.inspect.views import judged, view_gradients
    from core2d.inspect.watch import Unit
    from core2d.train.recipe import class_name
    from geomdl.commands.opened import open_trained

    opened = open_trained(run)
    images, _ = opened.picked(examples, 4)
    classes = judged(opened.model, images)[0].tolist()
    units = [Unit(label) for label in classes]
    titles = [class_name(label, opened.names) for label in classes]
    rules: tuple[Rule, ...] = ("gradient", "guided", "deconvnet")
    return _save(view_gradients(opened.model, images, units, rules, titles), "gradients", run, into)


def ascent(
    run: Run,
    /,
    *,
    layer: str = "",
    channels: tuple[int, ...] = (),
    steps: int = 200,
    rate: float = 0.1,
    l2: float = 0.01,
    blur: float = 0.5,
    clip: float = 3.0,
    noise: float = 0.01,
    seed: int = 0,
    into: Into = BESIDE,
) -> int:
    """The images that classes (or channels of a layer) like best, climbed from noise.

    Args:
        run: folder of the run.
        layer: whose channels; by default the classes.
        channels: which ones; by default the first ten.
        steps: of the climb.
        rate: size of a step, in standard deviations of the data.
        l2: weight of the penalty on the image's squared norm.
        blur: sigma of a Gaussian in cells, put on after every fourth step.
        clip: largest absolute value of the image.
        noise: standard deviation of the start; more where a channel does not react to less.
        seed: of the noise.
    """
    import torch

    from core2d.inspect.ascent import Climb
    from core2d.inspect.views import view_ascent
    from core2d.inspect.watch import Unit
    from geomdl.commands.opened import open_trained

    opened = open_trained(run)
    like = opened.picked((), 1)[0]
    start = noise * torch.randn(like.shape, generator=torch.Generator().manual_seed(seed))
    units = [Unit(c, layer) for c in channels or range(min(10, opened.channels(layer)))]
    climb = Climb(steps=steps, rate=rate, l2=l2, blur=blur, clip=clip)
    return _save(view_ascent(opened.model, start, units, climb, opened.names), "ascent", run, into)


def dream(
    run: Run,
    /,
    *,
    layer: tuple[str, ...] = (),
    examples: tuple[int, ...] = (),
    octaves: int = 3,
    steps: int = 10,
    rate: float = 0.03,
    enlarge: int = 4,
    seed: int = 0,
    into: Into = BESIDE,
) -> int:
    """DeepDream: images that show more of what layers see in them, `enlarge` times as large."""
    import torch

    from core2d.inspect.deepdream import Dream
    from core2d.inspect.views import view_dream
    from core2d.inspect.watch import space_of
    from geomdl.commands.opened import open_trained

    opened = open_trained(run)
    images, _ = opened.picked(examples, 3)
    large = space_of(opened.model, images).resize(images, scale=enlarge, mode="cubic")
    wanted = Dream(octaves=octaves, steps=steps, rate=rate, clip=3.0)
    names = layer or opened.fields()[-3:]
    generator = torch.Generator().manual_seed(seed)
    return _save(view_dream(opened.model, large, names, wanted, generator), "dream", run, into)


def tsne(
    run: Run,
    /,
    *,
    layer: str = "",
    images: int = 1500,
    perplexity: float = 30.0,
    steps: int = 1000,
    seed: int = 0,
    split: Split = "test",
    into: Into = BESIDE,
) -> int:
    """Images on a plane, alike ones close: t-SNE of a layer (default: before the classes)."""
    import torch

    from core2d.inspect.features import features
    from core2d.inspect.figure import scatter
    from core2d.inspect.tsne import Layout
    from core2d.inspect.tsne import tsne as laid_out
    from geomdl.commands.opened import open_trained

    opened = open_trained(run)
    layer = layer or opened.last()
    many, label = opened.first_images(split, images, most=8000)  # memory grows with N^2, 3 GB here
    generator = torch.Generator().manual_seed(seed)
    layout = Layout(perplexity=perplexity, steps=steps)
    plane = laid_out(features(opened.model, many.split(256), layer), layout, generator=generator)
    title = f"t-SNE of {layer}: {len(many)} images of the {split} set"
    return _save(scatter(plane, label, opened.names, title), "tsne", run, into)


def latent(
    run: Run,
    /,
    *,
    layer: str = "",
    images: int = 2000,
    split: Split = "test",
    into: Into = BESIDE,
) -> int:
    """Images on the two principal axes of a layer's features (default: before the classes)."""
    from core2d.inspect.features import features, principal
    from core2d.inspect.figure import scatter
    from geomdl.commands.opened import open_trained

    opened = open_trained(run)
    layer = layer or opened.last()
    many, label = opened.first_images(split, images)
    plane, shares = principal(features(opened.model, many.split(256), layer))
    title = f"{layer}: two axes with {float(shares.sum()):.0%} of the variance"
    return _save(scatter(plane, label, opened.names, title), "latent", run, into)


def neighbors(
    run: Run,
    /,
    *,
    layer: str = "",
    examples: tuple[int, ...] = (),
    count: int = 8,
    images: int = 10_000,
    into: Into = BESIDE,
) -> int:
    """The images of the training set that a layer holds for most alike to some test images."""
    from core2d.inspect.features import features, nearest
    from core2d.inspect.views import view_neighbors
    from geomdl.commands.opened import open_trained

    opened = open_trained(run)
    layer = layer or opened.last()
    queries, truth = opened.picked(examples, 6)
    bank, labels = opened.first_images("train", images)
    held = features(opened.model, bank.split(256), layer)
    _, rows = nearest(features(opened.model, [queries], layer), held, count)
    figure = view_neighbors(
        queries, bank.__getitem__, rows, labels=labels[rows], truth=truth, names=opened.names
    )
    return _save(figure, "neighbors", run, into)


def curves(run: Run, /, *, beside: tuple[Path, ...] = (), into: Into = BESIDE) -> int:
    """Losses and metrics of a run over its epochs, and of other runs beside it."""
    from core2d.inspect.curves import curves as curves_of
    from core2d.inspect.figure import draw_curves
    from core2d.train.log import read_log
    from core2d.train.runs import read_run

    paths = (run, *beside)
    alike = len({path.name for path in paths}) < len(paths)  # a/seed0 beside b/seed0
    drawn = {}
    for path in paths:
        read_run(path)  # a folder that holds no run is named
        drawn[str(path) if alike else path.name] = curves_of(read_log(path / "log.jsonl"))
    return _save(draw_curves(drawn, run.name if not beside else ""), "curves", run, into)


VIEWS: tuple[Callable[..., int], ...] = (
    layers, filters, maps, patches, deconvnet, occlusion, gradients, ascent, dream, tsne, latent,
    neighbors, curves,
)  # fmt: skip


def run(arguments: Sequence[str]) -> int:
    """`geomdl inspect` with its arguments -> exit code."""
    import tyro

    from core2d.errors import expect_choice

    if not arguments or arguments[0] in ("-h", "--help"):
        lines = [f"  {v.__name__:<10} {(v.__doc__ or '').splitlines()[0]}" for v in VIEWS]
        print(HELP.format(views="\n".join(lines)))
        return 0 if arguments else 2
    views = {view.__name__: view for view in VIEWS}
    try:
        name = expect_choice("VIEW", arguments[0], list(views))
    except InputError as error:
        print(f"geomdl: {error}", file=sys.stderr)
        return 2
    config = (tyro.conf.FlagCreatePairsOff,)
    args = list(arguments[1:])
    return tyro.cli(views[name], prog=f"geomdl inspect {name}", args=args, config=config)


def _channels(
    run: Path, layer: str, channels: tuple[int, ...], count: int
) -> "tuple[Opened, str, tuple[int, ...]]":
    """The run, the layer or its deepest field, and the channels or its first few."""
    from geomdl.commands.opened import open_trained

    opened = open_trained(run)
    layer = layer or opened.fields()[-1]
    return opened, layer, channels or tuple(range(min(count, opened.channels(layer))))


def _save(figure: "Figure", view: str, run: Path, into: Picture) -> int:
    from core2d.inspect.figure import save_figure

    path = into.output or run / "inspect" / f"{view}.png"
    if into.output is None:
        path.parent.mkdir(exist_ok=True)
    save_figure(path, figure)
    print(path)
    return 0
