"""Every legal point of a space that has finitely many."""

from collections.abc import Callable
from functools import cached_property

from labloop.errors import SpaceError
from labloop.records import FloatArray, Point
from labloop.space.parameters import index_of_rows
from labloop.space.sampling.listing import count_combinations, list_points
from labloop.space.sampling.structure import SpaceStructure

MAX_CANDIDATES = 1_000_000
"""Larger spaces are not listed; a list takes 8 bytes for each column of each point."""


def enumerate_points(structure: SpaceStructure) -> FloatArray | None:
    """Return the codes of all legal points, ``n x p``; None for a continuum or too many."""
    if structure.rules.listed is not None:
        return structure.rules.listed
    rows = structure.known_legal.rows
    raw = count_combinations(structure, len(rows))
    if raw is None or raw > max(MAX_CANDIDATES, len(rows)):
        return None
    return list_points(structure, rows, raw)


class Candidates:
    """All legal points of a pool or product space, in a fixed order."""

    def __init__(
        self,
        codes: FloatArray,
        encode: Callable[[FloatArray], FloatArray],
        points: Callable[[FloatArray], list[Point]],
        code: Callable[[Point], FloatArray],
    ) -> None:
        self.codes = codes
        self._encode = encode
        self._points = points
        self._code = code

    @cached_property
    def encoded(self) -> FloatArray:
        """``N x d`` float64, read-only; the same columns as ``SearchSpace.encode``."""
        columns = self._encode(self.codes)
        columns.flags.writeable = False
        return columns

    @cached_property
    def _index(self) -> dict[bytes, int]:
        return index_of_rows(self.codes)

    def __len__(self) -> int:
        return len(self.codes)

    def point(self, index: int) -> Point:
        """Return the point of row ``index`` of ``encoded``."""
        return self._points(self.codes[[index]])[0]

    def index_of(self, point: Point) -> int:
        """Return the row of ``point``; raises SpaceError where it is no candidate."""
        index = self._index.get(self._code(point).tobytes())
        if index is None:
            raise SpaceError(f"{dict(point)} is none of the {len(self)} candidates")
        return index
