"""The columns of a space, sorted by how they are drawn."""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Protocol

import numpy as np
import numpy.typing as npt

from labloop.records import FloatArray
from labloop.space.constraints import BoolArray, LinearSystem
from labloop.space.parameters import Parameter, Pool, index_of_rows
from labloop.space.sampling.branch_and_bound import FeasibilitySearch
from labloop.space.sampling.rules import SpaceRules


class Block(Protocol):
    """Columns that are drawn together: the parts of a mixture, or of a subset."""

    @property
    def width(self) -> int:
        """How many numbers of the unit cube one point takes."""
        ...

    @property
    def count(self) -> int | None:
        """How many points there are; None for a continuum."""
        ...

    def spread(self, unit: FloatArray) -> FloatArray:
        """Return ``n x k`` values for ``n x width`` points of the unit cube."""
        ...

    def project(self, target: FloatArray) -> FloatArray:
        """Return the values that are nearest to ``n x k`` others."""
        ...

    def exact(self, values: FloatArray) -> FloatArray:
        """Return values without rounding errors."""
        ...

    def all_points(self) -> FloatArray:
        """Return all values; only where they are finite in number."""
        ...


@dataclass(frozen=True)
class SpaceColumns:
    """The parts of a space, by columns of the codes.

    Attributes:
        parameters: all of them, ``p``, in the order of the columns.
        pool: the pool, if there is one.
        pool_columns: its columns.
        blocks: what is drawn together, with its columns.
        free: columns of the remaining parameters.
        system: all linear constraints.
        rules: all other constraints.
    """

    parameters: tuple[Parameter, ...]
    pool: Pool | None
    pool_columns: tuple[int, ...]
    blocks: tuple[tuple[Block, tuple[int, ...]], ...]
    free: tuple[int, ...]
    system: LinearSystem
    rules: SpaceRules

    @cached_property
    def slices(self) -> tuple[slice, ...]:
        """The encoded columns of each parameter."""
        ends = np.cumsum([0, *(p.width for p in self.parameters)]).tolist()
        return tuple(slice(a, b) for a, b in pairwise(ends))

    @cached_property
    def search(self) -> FeasibilitySearch:
        """Finds points near others that keep the linear constraints."""
        still = {*self.pool_columns, *(column for column, _ in self.rules.fixed)}
        return FeasibilitySearch(self.parameters, self.system, frozenset(still))

    def search_at(self, codes: FloatArray) -> FeasibilitySearch:
        """Return the search that leaves alone what one point (``p``) does not use."""
        idle = self.rules.idle_columns(codes)
        if not idle:
            return self.search
        return FeasibilitySearch(self.parameters, self.system, self.search.fixed | idle)

    @cached_property
    def middle(self) -> FloatArray:
        """Codes (``p``) in the middle of each parameter, legal or not."""
        return np.array([p.quantiles(np.array([0.5]))[0] for p in self.parameters])

    @cached_property
    def width(self) -> int:
        """How many numbers of the unit cube one point takes, beside its row of the pool."""
        return len(self.free) + sum(block.width for block, _ in self.blocks)

    def spread(self, codes: FloatArray, unit: FloatArray) -> None:
        """Fill all columns but a pool's from ``n x width`` points of the unit cube, in place."""
        for i, column in enumerate(self.free):
            codes[:, column] = self.parameters[column].quantiles(unit[:, i])
        start = len(self.free)
        for block, columns in self.blocks:
            stop = start + block.width
            codes[:, list(columns)] = block.spread(unit[:, start:stop])
            start = stop
        self.rules.settle(codes)

    def legal(self, codes: FloatArray) -> BoolArray:
        """Return for each of ``n x p`` codes whether all constraints are kept."""
        kept = self.system.legal(codes)
        if self.rules:
            kept[kept] = self.rules.legal(codes[kept])
        return kept

    def encode(self, codes: FloatArray) -> FloatArray:
        """Return ``n x d`` encoded columns."""
        shown = self.rules.shown(codes)
        return np.hstack([p.encode(shown[:, i]) for i, p in enumerate(self.parameters)])

    def row_codes(self, rows: npt.NDArray[np.int64]) -> FloatArray:
        """Return the codes of pool rows."""
        if self.pool is None:
            return np.zeros((len(rows), 0))
        return self.pool.codes[rows]

    @cached_property
    def row_index(self) -> dict[bytes, int]:
        """The codes of a pool row -> its index."""
        if self.pool is None:
            return {}
        return index_of_rows(self.pool.codes)

    def row_of(self, codes: FloatArray) -> int | None:
        """Return the pool row that one point's codes (``p``) stand in."""
        return self.row_index.get(np.ascontiguousarray(codes[list(self.pool_columns)]).tobytes())

    @property
    def discrete(self) -> bool:
        """Whether no column is a continuum."""
        fixed = {column for column, _ in self.rules.fixed}
        return all(p.count is not None or i in fixed for i, p in enumerate(self.parameters))
