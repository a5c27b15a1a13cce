"""The marching cubes table: sound by its rule, for all 256 patterns."""

import itertools

import pytest

from geomdl.ops.cubes import CORNERS, EDGES, FACES, cube_table


def triangles(pattern: int) -> list[tuple[int, int, int]]:
    edges = [e for e in cube_table()[pattern].tolist() if e >= 0]
    return [(edges[i], edges[i + 1], edges[i + 2]) for i in range(0, len(edges), 3)]


def in_face(a: int, b: int) -> bool:
    return any({*EDGES[a], *EDGES[b]} <= set(face) for face in FACES)


def test_corners_edges_and_faces_are_those_of_a_cube():
    assert len(set(CORNERS)) == 8
    assert len(set(EDGES)) == 12
    assert all(
        sum(abs(x - y) for x, y in zip(CORNERS[a], CORNERS[b], strict=True)) == 1 for a, b in EDGES
    )
    assert all(len({CORNERS[c][axis] for c in face}) >= 1 for face in FACES for axis in range(3))
    assert sorted(c for face in FACES for c in face) == sorted(list(range(8)) * 3)


@pytest.mark.parametrize("pattern", range(256))
def test_a_pattern_uses_its_crossed_edges_and_closes_within_the_cell(pattern):
    crossed = {e for e, (a, b) in enumerate(EDGES) if (pattern >> a & 1) != (pattern >> b & 1)}
    found = triangles(pattern)
    assert {e for t in found for e in t} == crossed
    directed = [(t[i], t[(i + 1) % 3]) for t in found for i in range(3)]
    assert len(set(directed)) == len(directed)
    for a, b in directed:
        # An edge of one triangle alone lies in a face, where the neighbouring cell goes on.
        assert in_face(a, b) == ((b, a) not in directed)


def test_neighbours_cut_the_face_they_share_alike():
    for axis in range(3):
        lower = [c for c in range(8) if CORNERS[c][axis] == 0]
        bit = {0: 2, 1: 1, 2: 4}[axis]
        for signs in itertools.product((0, 1), repeat=4):
            cuts = []
            for side in (0, 1):
                pattern = sum(s << (c | bit * side) for s, c in zip(signs, lower, strict=True))
                face = {c | bit * side for c in lower}
                on_face = {e for e, (a, b) in enumerate(EDGES) if {a, b} <= face}
                pairs = [
                    (t[i], t[(i + 1) % 3])
                    for t in triangles(pattern)
                    for i in range(3)
                    if {t[i], t[(i + 1) % 3]} <= on_face
                ]
                names = {e: tuple(sorted(c & ~bit for c in EDGES[e])) for e in on_face}
                cuts.append({(names[a], names[b]) for a, b in pairs})
            assert cuts[0] == {(b, a) for a, b in cuts[1]}
