"""What a space consists of, sorted by how its columns are drawn, and its proof."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from labloop.errors import SpaceError
from labloop.records import FloatArray
from labloop.space.constraints import BoolArray, Linear, Mixture, Simplex, System, build_system
from labloop.space.parameters import Numeric, Parameter, Pool, index_of_rows
from labloop.space.sampling.search import Search, name_culprits

Item: TypeAlias = Parameter | Pool | Mixture | Linear


@dataclass(frozen=True)
class Frame:
    """The parts of a space: free columns, a pool's columns, mixtures, and the rows over all."""

    parameters: tuple[Parameter, ...]
    pool: Pool | None
    pool_columns: tuple[int, ...]
    simplexes: tuple[tuple[Simplex, tuple[int, ...]], ...]
    free: tuple[int, ...]
    system: System

    @cached_property
    def slices(self) -> tuple[slice, ...]:
        """The encoded columns of each parameter."""
        ends = np.cumsum([0, *(p.width for p in self.parameters)]).tolist()
        return tuple(slice(a, b) for a, b in pairwise(ends))

    @cached_property
    def search(self) -> Search:
        """The search for legal points near others."""
        return Search(self.parameters, self.system, frozenset(self.pool_columns))

    @cached_property
    def middle(self) -> FloatArray:
        """Codes (``p``) in the middle of each parameter, legal or not."""
        return np.array([p.at(np.array([0.5]))[0] for p in self.parameters])

    @cached_property
    def proof(self) -> "Proof":
        """A legal point for every pool row that has one; raises SpaceError if none has."""
        return prove(self)

    @cached_property
    def pool_encoded(self) -> FloatArray:
        """``rows x columns``: the encoded pool columns of the rows that can be completed."""
        rows = self.row_codes(self.proof.rows)
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

    def witnesses(self, codes: FloatArray) -> FloatArray:
        """Return the proof's legal point in the pool row of each of ``n x p`` codes."""
        if self.pool is None:
            return np.tile(self.proof.witnesses[0], (len(codes), 1))
        places = {row: place for place, row in enumerate(self.proof.rows.tolist())}
        chosen = [places[row] for c in codes if (row := self.row_of(c)) is not None]
        return self.proof.witnesses[chosen]

    @property
    def discrete(self) -> bool:
        """Whether no column is a continuum."""
        return all(p.count is not None for p in self.parameters)


@dataclass(frozen=True, slots=True)
class Proof:
    """Legal points: one for each pool row that can be completed, or a single one."""

    rows: npt.NDArray[np.int64]
    """The pool rows that can be completed; ``[0]`` without a pool."""
    witnesses: FloatArray
    """``rows x p``."""


def build_frame(items: Sequence[Item]) -> Frame:
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
    _refuse_twins(parameters)
    if len(pools) > 1:
        raise SpaceError("a space can hold one pool; join the tables into one")
    pool, pool_columns = pools[0] if pools else (None, ())
    system = build_system(
        parameters,
        [i for i in items if isinstance(i, Linear)],
        [i for i in items if isinstance(i, Mixture)],
    )
    return Frame(tuple(parameters), pool, pool_columns, tuple(simplexes), tuple(free), system)


def _refuse_twins(parameters: Sequence[Parameter]) -> None:
    if not parameters:
        raise SpaceError("a space needs at least one parameter")
    seen: set[str] = set()
    for parameter in parameters:
        if parameter.name in seen:
            raise SpaceError(
                f"two parameters are called {parameter.name!r}; give each its own name"
            )
        seen.add(parameter.name)


def prove(frame: Frame) -> Proof:
    """Return a legal point for every choice of the pool, or raise what stands in the way."""
    rows = np.arange(1 if frame.pool is None else len(frame.pool.codes))
    targets = np.tile(frame.middle, (len(rows), 1))
    targets[:, list(frame.pool_columns)] = frame.row_codes(rows)
    if not len(frame.system):
        return Proof(rows, targets)
    open_rows = _reachable(frame, targets)
    done = np.zeros(len(rows), dtype=bool)
    columns = frame.search.columns
    # Rows that contribute the same to every constraint stand or fall together.
    for index in np.sort(np.unique(_shares(frame, targets), axis=0, return_index=True)[1]):
        if done[index] or not open_rows[index]:
            continue
        found = frame.search.nearest(targets[index])
        if found is None:
            continue
        # What completes one row completes many others as well.
        trial = targets.copy()
        trial[:, columns] = found[columns]
        fits = open_rows & ~done & frame.system.legal(trial)
        fits[index] = True
        targets[fits] = trial[fits]
        done |= fits
    if not done.any():
        raise name_culprits(frame.search, _few(targets))
    return Proof(rows[done], targets[done])


def _shares(frame: Frame, targets: FloatArray) -> FloatArray:
    """Return what the pool's columns contribute to every row of the system."""
    columns = list(frame.pool_columns)
    return np.asarray(np.round(targets[:, columns] @ frame.system.weights[:, columns].T, 12))


def _reachable(frame: Frame, targets: FloatArray) -> BoolArray:
    """Return where the ranges of the moving columns leave every single row of the system open."""
    columns = frame.search.columns
    numbers = [p for c in columns if isinstance(p := frame.parameters[c], Numeric)]
    weights = frame.system.weights[:, columns]
    low = weights * np.array([p.bounds[0] for p in numbers])
    high = weights * np.array([p.bounds[1] for p in numbers])
    least = np.minimum(low, high).sum(axis=1)
    most = np.maximum(low, high).sum(axis=1)
    left = frame.system.bounds - _shares(frame, targets)
    misses = (left < least - 1e-9) | (frame.system.equal & (left > most + 1e-9))
    return np.asarray(~misses.any(axis=1))


def _few(targets: FloatArray) -> list[FloatArray]:
    """Return at most 50 of the targets: enough to find a name, few enough to be quick."""
    return list(targets[:: max(1, len(targets) // 50)])
