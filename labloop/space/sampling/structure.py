"""The columns of a space, with legal points that are known of it."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from labloop.records import FloatArray
from labloop.space.sampling.columns import SpaceColumns
from labloop.space.sampling.legal_points import (
    LegalPoints,
    draw_legal,
    find_legal_points,
    first_of_each_row,
)

_LIBRARY = 512
"""So many legal points are kept, from which what is not legal is mended."""


@dataclass(frozen=True)
class SpaceStructure(SpaceColumns):
    """The parts of a space, and what is found out about them once."""

    @cached_property
    def known_legal(self) -> LegalPoints:
        """A legal point for every pool row that has one; raises SpaceError where none has."""
        if self.rules.listed is not None:
            return first_of_each_row(self, self.rules.listed)
        return find_legal_points(self)

    @cached_property
    def library(self) -> FloatArray:
        """Legal codes all over a space without a pool, some hundred at most."""
        if self.rules.listed is not None:
            return self.rules.listed
        return draw_legal(self, self.known_legal.codes, _LIBRARY)

    @cached_property
    def pool_encoded(self) -> FloatArray:
        """``rows x columns``: the encoded pool columns of the rows that can be completed."""
        rows = self.row_codes(self.known_legal.rows)
        blocks = [self.parameters[c].encode(rows[:, i]) for i, c in enumerate(self.pool_columns)]
        return np.hstack(blocks)

    def legal_points_for(self, codes: FloatArray) -> FloatArray:
        """Return, for each of ``n x p`` codes, the known legal point in the same pool row."""
        if self.pool is None:
            return np.tile(self.known_legal.codes[0], (len(codes), 1))
        index = {row: i for i, row in enumerate(self.known_legal.rows.tolist())}
        chosen = [index[row] for c in codes if (row := self.row_of(c)) is not None]
        return self.known_legal.codes[chosen]
