"""The columns of a space, sorted by how they are drawn, and the proof that a point is legal."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from labloop.errors import SpaceError
from labloop.records import FloatArray
from labloop.space.constraints import (
    BoolArray,
    Linear,
    LinearSystem,
    Mixture,
    Simplex,
    build_linear_system,
)
from labloop.space.parameters import Numeric, Parameter, Pool, index_of_rows
from labloop.space.sampling.branch_and_bound import FeasibilitySearch, infeasibility_error

Item: TypeAlias = Parameter | Pool | Mixture | Linear


@dataclass(frozen=True)
class SpaceStructure:
    """The parts of a space, by columns of the codes.

    Attributes:
        parameters: all of them, ``p``, in the order of the columns.
        pool: the pool, if there is one.
        pool_columns: its columns.
        simplexes: each mixture with its columns.
        free: columns of the remaining parameters.
        system: all linear constraints.
    """

    parameters: tuple[Parameter, ...]
    pool: Pool | None
    pool_columns: tuple[int, ...]
    simplexes: tuple[tuple[Simplex, tuple[int, ...]], ...]
    free: tuple[int, ...]
    system: LinearSystem

    @cached_property
    def slices(self) -> tuple[slice, ...]:
        """The encoded columns of each parameter."""
        ends = np.cumsum([0, *(p.width for p in self.parameters)]).tolist()
        return tuple(slice(a, b) for a, b in pairwise(ends))

    @cached_property
    def search(self) -> FeasibilitySearch:
        """Finds legal points near others."""
        return FeasibilitySearch(self.parameters, self.system, frozenset(self.pool_columns))

    @cached_property
    def middle(self) -> FloatArray:
        """Codes (``p``) in the middle of each parameter, legal or not."""
        return np.array([p.quantiles(np.array([0.5]))[0] for p in self.parameters])

    @cached_property
    def known_legal(self) -> "LegalPoints":
        """A legal point for every pool row that has one; raises SpaceError where none has."""
        return find_legal_points(self)

    @cached_property
    def pool_encoded(self) -> FloatArray:
        """``rows x columns``: the encoded pool columns of the rows that can be completed."""
        rows = self.row_codes(self.known_legal.rows)
        blocks = [self.parameters[c].encode(rows[:, i]) for i, c in enumerate(self.pool_columns)]
        return np.hstack(blocks)

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

    def legal_points_for(self, codes: FloatArray) -> FloatArray:
        """Return, for each of ``n x p`` codes, the known legal point in the same pool row."""
        if self.pool is None:
            return np.tile(self.known_legal.codes[0], (len(codes), 1))
        index = {row: i for i, row in enumerate(self.known_legal.rows.tolist())}
        chosen = [index[row] for c in codes if (row := self.row_of(c)) is not None]
        return self.known_legal.codes[chosen]

    @property
    def discrete(self) -> bool:
        """Whether no column is a continuum."""
        return all(p.count is not None for p in self.parameters)


@dataclass(frozen=True, slots=True)
class LegalPoints:
    """Legal points: one for each pool row that can be completed, or a single one."""

    rows: npt.NDArray[np.int64]
    """The pool rows that can be completed; ``[0]`` without a pool."""
    codes: FloatArray
    """``rows x p``."""


def build_structure(items: Sequence[Item]) -> SpaceStructure:
    """Sort the items of a space; raises SpaceError."""
    parameters: list[Parameter] = []
    pools: list[tuple[Pool, tuple[int, ...]]] = []
    simplexes: list[tuple[Simplex, tuple[int, ...]]] = []
    free: list[int] = []
    for item in items:
        start = len(parameters)
        if isinstance(item, (Pool, Mixture)):
            parameters.extend(item.parameters)
            columns = tuple(range(start, len(parameters)))
            if isinstance(item, Pool):
                pools.append((item, columns))
            else:
                simplexes.append((Simplex(item), columns))
        elif isinstance(item, Parameter):
            parameters.append(item)
            free.append(start)
        elif not isinstance(item, Linear):
            raise SpaceError(
                f"a space is made of parameters, pools, mixtures and linear constraints, "
                f"got {item!r}"
            )
    _refuse_duplicate_names(parameters)
    if len(pools) > 1:
        raise SpaceError("a space can hold one pool; join the tables into one")
    pool, pool_columns = pools[0] if pools else (None, ())
    system = build_linear_system(
        parameters,
        [i for i in items if isinstance(i, Linear)],
        [i for i in items if isinstance(i, Mixture)],
    )
    return SpaceStructure(
        tuple(parameters), pool, pool_columns, tuple(simplexes), tuple(free), system
    )


def _refuse_duplicate_names(parameters: Sequence[Parameter]) -> None:
    if not parameters:
        raise SpaceError("a space needs at least one parameter")
    seen: set[str] = set()
    for parameter in parameters:
        if parameter.name in seen:
            raise SpaceError(
                f"two parameters are called {parameter.name!r}; give each its own name"
            )
        seen.add(parameter.name)


def find_legal_points(structure: SpaceStructure) -> LegalPoints:
    """Return a legal point for every pool row that has one.

    Raises:
        SpaceError: there is none at all; the message names constraints that exclude each other.
    """
    rows = np.arange(1 if structure.pool is None else len(structure.pool.codes))
    targets = np.tile(structure.middle, (len(rows), 1))
    targets[:, list(structure.pool_columns)] = structure.row_codes(rows)
    if not len(structure.system):
        return LegalPoints(rows, targets)
    open_rows = _reachable(structure, targets)
    done = np.zeros(len(rows), dtype=bool)
    columns = structure.search.columns
    # Rows that contribute the same to every constraint are feasible together or not at all.
    contributions = _pool_contributions(structure, targets)
    for index in np.sort(np.unique(contributions, axis=0, return_index=True)[1]):
        if done[index] or not open_rows[index]:
            continue
        found = structure.search.nearest(targets[index])
        if found is None:
            continue
        # The same values often complete other rows as well.
        trial = targets.copy()
        trial[:, columns] = found[columns]
        fits = open_rows & ~done & structure.system.legal(trial)
        fits[index] = True
        targets[fits] = trial[fits]
        done |= fits
    if not done.any():
        raise infeasibility_error(structure.search, _subsample(targets))
    return LegalPoints(rows[done], targets[done])


def _pool_contributions(structure: SpaceStructure, targets: FloatArray) -> FloatArray:
    """Return what the columns of the pool contribute to every constraint, ``n x m``."""
    columns = list(structure.pool_columns)
    return np.asarray(np.round(targets[:, columns] @ structure.system.weights[:, columns].T, 12))


def _reachable(structure: SpaceStructure, targets: FloatArray) -> BoolArray:
    """Return which pool rows no single constraint excludes, by the bounds of its other terms."""
    columns = structure.search.columns
    numbers = [p for c in columns if isinstance(p := structure.parameters[c], Numeric)]
    weights = structure.system.weights[:, columns]
    low = weights * np.array([p.bounds[0] for p in numbers])
    high = weights * np.array([p.bounds[1] for p in numbers])
    least = np.minimum(low, high).sum(axis=1)
    most = np.maximum(low, high).sum(axis=1)
    left = structure.system.bounds - _pool_contributions(structure, targets)
    misses = (left < least - 1e-9) | (structure.system.equal & (left > most + 1e-9))
    return np.asarray(~misses.any(axis=1))


def _subsample(targets: FloatArray) -> list[FloatArray]:
    """Return at most about 50 of the targets, to name the constraints at fault quickly."""
    return list(targets[:: max(1, len(targets) // 50)])
