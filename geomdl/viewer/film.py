"""Sheets of several views of a scene, and the pictures of a film of it."""

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from geomdl.errors import expect_number
from geomdl.render.sheet import sheet
from geomdl.viewer.compose import compose
from geomdl.viewer.drawing import Drawing
from geomdl.viewer.finish import Finish
from geomdl.viewer.look import Look
from geomdl.viewer.picture import picture_of
from geomdl.viewer.scene import Scene
from geomdl.viewer.stage import Stage, stage_of
from geomdl.viewer.viewpoint import Viewpoint, initial, named, names, orbit

MOST_FITTED = 6  # frames of a sequence that the camera of a film is fitted to


@dataclass(frozen=True)
class Shot:
    """From where a picture is taken, and which frame of the sequences it shows."""

    viewpoint: Viewpoint
    frame: int = 0


class Studio:
    """Makes pictures of one scene, all by one look; what two of them share is made once."""

    def __init__(
        self,
        scene: Scene,
        look: Look,
        size: tuple[int, int],
        finish: Finish = Finish(),  # noqa: B008
    ) -> None:
        self.scene = scene
        self.look = look
        self.size = size
        self.finish = finish
        self._made: tuple[Look, Drawing, Stage] | None = None

    @property
    def aspect(self) -> float:
        """Width over height."""
        return self.size[0] / self.size[1]

    def drawing(self, frame: int | None = None) -> Drawing:
        """What is drawn at a frame, by default that of the look."""
        frame = self.look.frame if frame is None else frame
        return self._staged(self.look.replace(frame=frame))[0]

    def picture(self, shot: Shot, legends: bool = True) -> Tensor:
        """Shot -> linear RGBA (H, W, 4). Depth is measured from where it is taken."""
        look = self.look.replace(frame=shot.frame)
        if look.color_by == "depth":
            look = look.replace(eye=shot.viewpoint.eye, target=shot.viewpoint.target)
        drawing, stage = self._staged(look)
        if not legends:
            drawing = dataclasses.replace(drawing, legends=())
        camera = shot.viewpoint.camera(*self.size)
        return picture_of(drawing, camera, look, self.finish, stage)

    def _staged(self, look: Look) -> tuple[Drawing, Stage]:
        if self._made is None or self._made[0] != look:
            drawing = compose(self.scene, look)
            self._made = (look, drawing, stage_of(drawing))
        return self._made[1:]


def views_of(studio: Studio, views: Sequence[str]) -> tuple[list[str], list[Shot]]:
    """Names of views, or none for good ones -> their titles and the shots.

    Without names and with an eye in the look it is the look's own view. Raises GeometryError.
    """
    look = studio.look
    drawing = studio.drawing()
    if not views and look.eye is not None:
        return [""], [Shot(initial(drawing, look, studio.aspect), look.frame)]
    titles = list(views or names(drawing))
    if len(drawing.parts) == 0:
        return titles[:1], [Shot(named(drawing, look, "corner", studio.aspect), look.frame)]
    seen = [named(drawing, look, name, studio.aspect) for name in titles]
    return titles, [Shot(viewpoint, look.frame) for viewpoint in seen]


def sheet_of(
    studio: Studio, views: Sequence[str] = (), taken: Callable[[str], None] = lambda title: None
) -> Tensor:
    """The views side by side -> linear RGBA; titles where there are several.

    taken is called with the title after each of them. Raises GeometryError.
    """
    titles, shots = views_of(studio, views)
    panels = []
    for number, (title, shot) in enumerate(zip(titles, shots, strict=True)):
        panels.append(studio.picture(shot, legends=number == 0))
        taken(title)
    labelled = studio.finish.captions and len(panels) > 1
    return sheet(panels, titles if labelled else [])


def turntable(studio: Studio, count: int) -> list[Viewpoint]:
    """One full turn around what is drawn, or around the look's target."""
    expect_number("frames", count, low=1)
    return orbit(studio.drawing(), studio.look, count, studio.aspect)


def flown(studio: Studio, along: Sequence[Viewpoint], play: bool) -> list[Shot]:
    """A shot at each viewpoint; with play the sequences run, again and again, meanwhile."""
    count = studio.scene.frame_count if play else 1
    first = 0 if play else studio.look.frame
    return [Shot(view, first + number % count) for number, view in enumerate(along)]


def played(studio: Studio) -> list[Shot]:
    """All frames of the sequences, from where all of them can be seen."""
    count = studio.scene.frame_count
    some = torch.linspace(0, count - 1, min(count, MOST_FITTED)).round().int().tolist()
    drawings = [studio.drawing(frame) for frame in some]
    together = dataclasses.replace(
        drawings[0],
        parts=tuple(part for drawing in drawings for part in drawing.parts),
        low=torch.stack([drawing.low for drawing in drawings]).amin(0),
        high=torch.stack([drawing.high for drawing in drawings]).amax(0),
    )
    view = initial(together, studio.look, studio.aspect)
    return [Shot(view, frame) for frame in range(count)]


def film(
    studio: Studio, shots: Sequence[Shot], taken: Callable[[str], None] = lambda title: None
) -> Iterator[Tensor]:
    """The pictures of the shots, one by one; taken is called after each."""
    for shot in shots:
        yield studio.picture(shot)
        taken("")
