"""What a walker has seen of its room so far, as voxels around it that turn with it.

Every picture adds the points that it shows to a map of the room; every observation is that map as
it lies around the walker now. So nothing is known that was not seen or felt, and nothing that was
is forgotten: the semantic map of Chaplot et al. 2020 ("Object goal navigation using goal-oriented
semantic exploration"), with heights, from depth and the walker's own motion. Where the walker has
been stands a pillar that grows with the steps that it spent there, so that it can tell that it
goes round in circles.
"""

import math

import numpy as np
from numpy.typing import NDArray

from scenes.envs.batch_view import Floats, Lens

CELL = 0.2  # metres, along and across
SIDE = 32  # cells ahead and aside, the walker in the middle
EDGES = np.array([0.1, 0.7, 1.4, 2.1])  # metres: tops of the layers; ceilings are above
LAYERS = len(EDGES)
ROOM = 44  # cells per side of the whole map; its rim stays empty
SKIP = 2  # every second pixel of every second row is taken
STAYS = np.array([1, 4, 8, 16])  # steps in a cell at which its pillar grows by a layer
SHAPE = (3, SIDE, SIDE, LAYERS)


class RoomMap:
    """Maps of L lanes. lens, eye, pitch: of the camera, metres above the floor and radians.

    turns: of how many headings, evenly around, the walker has one.
    """

    def __init__(self, lanes: int, lens: Lens, *, eye: float, pitch: float, turns: int) -> None:
        focal, half = float(lens.intrinsics()[0, 0]), lens.size / 2
        line = (np.arange(0, lens.size, SKIP) + 0.5 - half) / focal
        down, right = (x.reshape(-1) for x in np.meshgrid(line, line, indexing="ij"))
        # Of each pixel, per metre of depth: metres ahead on the floor, to the left, and up.
        self.ahead = math.cos(pitch) + math.sin(pitch) * down
        self.left, self.up, self.eye = -right, math.sin(pitch) - math.cos(pitch) * down, eye
        # Each cell is looked up at four places, so that none of the map falls between two.
        line = ((np.arange(2 * SIDE) + 0.5) / 2 - SIDE / 2) * CELL
        four = line.reshape(SIDE, 1, 2, 1), line.reshape(1, SIDE, 1, 2)
        x, y = (v.reshape(-1) for v in np.broadcast_arrays(*four))
        angle = 2 * math.pi * np.arange(turns)[:, None] / turns
        c, s = np.cos(angle), np.sin(angle)
        self.turn = 2 * math.pi / turns
        self.around = np.stack([c * x - s * y, s * x + c * y], -1)  # (turns, 4 SIDE^2, 2)
        # A column is LAYERS bytes of surfaces, then LAYERS of the goal's, read as one number.
        self.column = np.zeros((lanes, ROOM, ROOM), np.uint64)
        self.stayed = np.zeros((lanes, ROOM, ROOM), np.uint8)  # steps, STAYS[-1] at most
        self.seen = self.column.view(np.uint8).reshape(lanes, ROOM, ROOM, 2, LAYERS)

    def forget(self, lane: int) -> None:
        """The lane enters another room."""
        self.column[lane], self.stayed[lane] = 0, 0

    def see(
        self, place: Floats, heading: Floats, depth: NDArray[np.float32], goal: NDArray[np.bool_]
    ) -> None:
        """A step at places (L, 2), headings (L,), with depth (L, H, W), where goal is the goal."""
        lanes = len(place)
        x, y = self._cell(place).clip(1, ROOM - 2).T
        stayed = self.stayed[np.arange(lanes), x, y]
        self.stayed[np.arange(lanes), x, y] = np.minimum(stayed + 1, STAYS[-1])
        far = depth[:, ::SKIP, ::SKIP].reshape(lanes, -1)
        layer = np.searchsorted(EDGES, self.eye + far * self.up)
        lane, pixel = (np.isfinite(far) & (layer < LAYERS)).nonzero()
        metres, layer = far[lane, pixel], layer[lane, pixel]
        ahead, left = metres * self.ahead[pixel], metres * self.left[pixel]
        c, s = np.cos(heading)[lane], np.sin(heading)[lane]
        x = self._cell(place[lane, 0] + c * ahead - s * left)
        y = self._cell(place[lane, 1] + s * ahead + c * left)
        inside = (np.minimum(x, y) > 0) & (np.maximum(x, y) < ROOM - 1)
        lane, pixel, layer, x, y = (v[inside] for v in (lane, pixel, layer, x, y))
        self.seen[lane, x, y, 0, layer] = 1
        of_goal = goal[:, ::SKIP, ::SKIP].reshape(lanes, -1)[lane, pixel]
        lane, layer, x, y = (v[of_goal] for v in (lane, layer, x, y))
        self.seen[lane, x, y, 1, layer] = 1

    def feel(self, lane: int, place: Floats) -> None:
        """Something stands at a place (2,)."""
        x, y = self._cell(place).clip(1, ROOM - 2)
        self.seen[lane, x, y, 0, 1] = 1

    def voxels(self, place: Floats, heading: Floats) -> NDArray[np.int8]:
        """Places (L, 2), headings (L,) -> surfaces, the goal's, pillars (L, *SHAPE)."""
        lanes = len(place)
        turn = np.round(heading / self.turn).astype(np.int64) % len(self.around)
        cell = self._cell(place[:, None] + self.around[turn]).clip(0, ROOM - 1)
        at = np.arange(lanes)[:, None], cell[..., 0], cell[..., 1]
        column = np.bitwise_or.reduce(self.column[at].reshape(lanes, -1, 4), 2)
        stayed = self.stayed[at].reshape(lanes, SIDE, SIDE, 4).max(3)
        voxels = np.empty((lanes, *SHAPE), np.int8)
        seen = column.view(np.int8).reshape(lanes, SIDE, SIDE, 2, LAYERS)
        voxels[:, :2] = seen.transpose(0, 3, 1, 2, 4)
        voxels[:, 2] = stayed[..., None] >= STAYS
        return voxels

    @staticmethod
    def _cell(metres: Floats) -> NDArray[np.int64]:
        return np.asarray(np.floor(metres / CELL).astype(np.int64) + ROOM // 2)
