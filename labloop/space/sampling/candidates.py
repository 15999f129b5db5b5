"""Every legal point of a space that has finitely many."""

import math
from collections.abc import Callable
from functools import cached_property

import numpy as np

from labloop.errors import SpaceError
from labloop.records import FloatArray, Point
from labloop.space.parameters import index_of_rows
from labloop.space.sampling.structure import Frame

MOST = 1_000_000
"""More points are not listed: the list alone takes 8 bytes for each column of each."""
_RAW = MOST


def raw_count(frame: Frame) -> int | None:
    """Return how many combinations there are before linear constraints; None if infinite."""
    if not frame.discrete:
        return None
    counts = [frame.parameters[c].count or 1 for c in frame.free]
    counts += [simplex.count or 0 for simplex, _ in frame.simplexes]
    return math.prod(counts) * len(frame.proof.rows)


def enumerated(frame: Frame) -> FloatArray | None:
    """Return the codes of all legal points, ``n x p``; None where they are too many."""
    raw = raw_count(frame)
    if raw is None or raw > max(_RAW, len(frame.proof.rows)):
        return None
    blocks: list[tuple[tuple[int, ...], FloatArray]] = []
    if frame.pool is not None:
        blocks.append((frame.pool_columns, frame.row_codes(frame.proof.rows)))
    blocks += [((c,), frame.parameters[c].all_codes()[:, None]) for c in frame.free]
    blocks += [(columns, simplex.every()) for simplex, columns in frame.simplexes]
    codes = np.empty((raw, len(frame.parameters)))
    repeats = raw
    for columns, values in blocks:
        repeats //= len(values)
        index = (np.arange(raw) // repeats) % len(values)
        codes[:, list(columns)] = values[index]
    if len(frame.system):
        codes = codes[frame.system.legal(codes)]
    return codes


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
