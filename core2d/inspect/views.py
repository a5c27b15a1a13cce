"""Each way of looking into a network as one figure: models and images in, a figure out.

Images are as a recipe's batches hold them (normalised); they are drawn stretched, per channel over
all that are shown. Classes without a name are drawn by their number.
"""

from collections.abc import Callable, Sequence

import torch
from matplotlib.figure import Figure
from torch import Generator, Tensor, nn

from core2d.errors import InputError
from core2d.inspect.ascent import Climb, ascend
from core2d.inspect.deepdream import Dream, deepdream
from core2d.inspect.figure import Panel, grid
from core2d.inspect.gradient import Rule, gradient
from core2d.inspect.occlusion import occlusion
from core2d.inspect.patches import cut, top_patches
from core2d.inspect.picture import Picture, filters, flat, overlay, pictures, sheet, stretched
from core2d.inspect.watch import Unit, frozen, layer_of, outputs, space_of, summary
from core2d.space import Size
from core2d.train.recipe import class_name


def drawn(x: Tensor, *, each: bool = False, zero: bool = False) -> list[Picture]:
    """Images (N, C, *S) of any range -> N pictures; of other than 1 or 3 channels the mean."""
    shown = x if x.shape[1] in (1, 3) else x.mean(1, keepdim=True)
    return pictures(stretched(shown, each=each, zero=zero))


def judged(model: nn.Module, x: Tensor) -> tuple[Tensor, Tensor]:
    """Images (B, C, *S) -> the class of each (B,), and its probability (B,)."""
    scores = summary(space_of(model, x), outputs(model, x)).softmax(1)
    return scores.argmax(1), scores.amax(1)


def view_filters(model: nn.Module, layer: str) -> Figure:
    """The weights of a convolution: one picture each, or outputs x inputs for many channels."""
    weight = getattr(layer_of(model, layer), "weight", None)
    if not isinstance(weight, Tensor) or weight.ndim < 3:
        raise InputError(f"layer: {layer!r} has no filters; choose a convolution")
    values, columns = filters(weight)
    outputs_, inputs, *sizes = weight.shape
    size = "x".join(map(str, sizes))
    title = f"{layer}: {outputs_} filters of {inputs} x {size}, grey is zero"
    return grid([[Panel(sheet(values, columns))]], title, size=5)


def view_maps(model: nn.Module, x: Tensor, layer: str, most: int = 64) -> Figure:
    """What the channels of a layer hold for the images (B, C, *S): a row per image."""
    field = outputs(model, x, layer)
    space_of(model, x).extent(field)
    shown = drawn(x)
    rows = []
    for image, maps in zip(shown, field, strict=False):
        values = stretched(maps[:most, None], each=True)
        rows.append([Panel(image, "input"), Panel(sheet(values), f"{len(maps)} channels")])
    return grid(rows, layer, size=3)


def view_patches(
    model: nn.Module,
    images: Tensor,
    layer: str,
    *,
    channels: Sequence[int],
    count: int = 9,
    rule: Rule | None = None,
) -> Figure:
    """A row per channel: the `count` patches of the images (N, C, *S) that excite it most.

    rule: under each patch what of it reached the channel, as in figure 2 of Zeiler and Fergus.
    """
    found = top_patches(model, images.split(256), layer, channels=channels, count=count)
    patches = found.cut(lambda index: images[index])  # (K, R, C, *box)
    shown = drawn(patches.flatten(0, 1))
    rows = []
    for row, channel in enumerate(found.channels):
        titles = [f"{value:.2f}" for value in found.value[row].tolist()]
        titles[0] = f"channel {channel}: {titles[0]}"
        cut_out = shown[row * len(titles) : (row + 1) * len(titles)]
        rows.append([Panel(image, title) for image, title in zip(cut_out, titles, strict=True)])
        if rule is not None:
            chosen = images[found.image[row]]
            back = gradient(model, chosen, Unit(channel, layer, "max"), rule)
            boxes = zip(back, found.boxes()[row], strict=True)
            pieces = torch.stack([cut(piece, box) for piece, box in boxes])
            rows.append([Panel(picture) for picture in drawn(pieces, each=True, zero=True)])
    whole = all(line.size >= n for line, n in zip(found.lines, found.extent, strict=True))
    seen = "the whole image" if whole else "x".join(map(str, patches.shape[3:]))
    traced = "" if rule is None else f"; below: {rule}"
    return grid(rows, f"{layer}: a site sees {seen}{traced}", size=1.1)


def view_occlusion(
    model: nn.Module,
    x: Tensor,
    *,
    size: Size,
    stride: Size | None = None,
    names: Sequence[str] = (),
    truth: Sequence[int] = (),
    label: int | None = None,
) -> Figure:
    """A row per image (B, C, *S): image, where hiding costs probability, what remains of it.

    label: the class that is looked at (default: the one that the network names). truth: the
    classes that are right, for the titles.
    """
    classes, _ = judged(model, x)
    rows = []
    for number, image in enumerate(drawn(x)):
        one, unit = x[number : number + 1], Unit(int(classes[number]) if label is None else label)
        seen = occlusion(model, one, unit, size=size, stride=stride, probability=True)
        asked, drop = class_name(unit.index, names), flat(seen.drop)[0, 0]
        right = f" (is {class_name(truth[number], names)})" if len(truth) else ""
        left = flat(seen.grid()[:, None])[0, 0].cpu().numpy()
        taken = class_name(int(seen.labels[seen.scores[:, 0].argmin(), 0]), names)
        rows.append(
            [
                Panel(image, f"{asked} {float(seen.whole):.2f}{right}"),
                Panel(overlay(image, drop), "red: hiding it costs"),
                Panel(left, f"least {left.min():.2f}, then {taken}", (0.0, 1.0)),
            ]
        )
    return grid(rows, "occlusion", size=2)


def view_gradients(
    model: nn.Module, x: Tensor, units: Sequence[Unit], rules: Sequence[Rule], titles: Sequence[str]
) -> Figure:
    """A row per image (B, C, *S): image, then what reaches its unit by each rule; grey is none."""
    shown = drawn(x)
    rows = []
    for number, unit in enumerate(units):
        row = [Panel(shown[number], titles[number])]
        for rule in rules:
            slope = gradient(model, x[number : number + 1], unit, rule)
            row.append(Panel(drawn(slope, each=True, zero=True)[0], rule))
        rows.append(row)
    return grid(rows, size=1.6)


def view_ascent(
    model: nn.Module, start: Tensor, units: Sequence[Unit], climb: Climb, names: Sequence[str] = ()
) -> Figure:
    """The image that each unit likes best, from `start` (1, C, *S), and the score it reaches."""
    panels = []
    for unit in units:
        image = ascend(model, unit, start, climb)
        with frozen(model), torch.no_grad():
            score = float(unit.of(model, image)[0])
        title = class_name(unit.index, names) if not unit.layer else f"channel {unit.index}"
        panels.append(Panel(drawn(image, each=True)[0], f"{title}: {score:.1f}"))
    rows = [panels[first : first + 5] for first in range(0, len(panels), 5)]
    return grid(rows, f"raised: {units[0].layer or 'class scores'}", size=1.6)


def view_dream(
    model: nn.Module, x: Tensor, layers: Sequence[str], dream: Dream, generator: Generator
) -> Figure:
    """A row per image (B, C, *S): the image, and what each layer dreams into it."""
    columns = [x, *(deepdream(model, x, layer, dream, generator=generator) for layer in layers)]
    shown = [drawn(column) for column in columns]
    titles = ["input", *layers]
    rows = [
        [Panel(p, t) for p, t in zip(row, titles, strict=True)] for row in zip(*shown, strict=True)
    ]
    return grid(rows, "DeepDream", size=2)


def view_neighbors(
    queries: Tensor,
    found: Callable[[Tensor], Tensor],
    rows: Tensor,
    *,
    labels: Tensor,
    truth: Tensor,
    names: Sequence[str] = (),
) -> Figure:
    """A row per query image (M, C, *S): it, then its neighbours, framed green where alike.

    found: rows of the bank (N,) -> images (N, C, *S). rows (M, K): the neighbours. labels (M, K):
    their classes. truth (M,): those of the queries.
    """
    panels = []
    near = found(rows.flatten()).unflatten(0, rows.shape)  # (M, K, C, *S)
    shown = drawn(torch.cat([queries[:, None], near], 1).flatten(0, 1))
    for place in range(len(queries)):
        first, *others = shown[place * (1 + rows.shape[1]) :][: 1 + rows.shape[1]]
        row = [Panel(first, class_name(int(truth[place]), names))]
        for picture, label in zip(others, labels[place].tolist(), strict=True):
            row.append(Panel(picture, class_name(label, names), right=label == int(truth[place])))
        panels.append(row)
    return grid(panels, "nearest in the features of a layer", size=1.1)
