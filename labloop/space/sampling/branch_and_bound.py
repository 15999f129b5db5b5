"""Finds legal points under linear constraints, or proves that there is none.

A mixed-integer linear program: continuous columns are solved by linear programming, columns on a
grid by branch and bound (A. H. Land, A. G. Doig, Econometrica 28, 1960, 497). It is exact: a
branch is cut only where its linear relaxation is infeasible.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from labloop.errors import SpaceError
from labloop.records import FloatArray
from labloop.space.constraints import LinearSystem, minimise
from labloop.space.parameters import Numeric, Parameter

_MAX_NODES = 3000
"""The search is given up after so many linear programs."""
_ON_GRID = 1e-9
"""A column counts as on its grid if it is off by less than this share of its range."""

_Box: TypeAlias = tuple[FloatArray, FloatArray]


@dataclass(frozen=True, slots=True)
class FeasibilitySearch:
    """Finds legal values of the columns that occur in constraints; all others stay as they are.

    ``fixed`` columns (those of a pool) keep the values of the target.
    """

    parameters: tuple[Parameter, ...]
    system: LinearSystem
    fixed: frozenset[int]

    @property
    def columns(self) -> list[int]:
        """The columns that may move."""
        touched = np.flatnonzero(np.abs(self.system.weights).sum(axis=0) > 0)
        return [int(c) for c in touched if int(c) not in self.fixed]

    def nearest(self, target: FloatArray) -> FloatArray | None:
        """Return legal codes (``p``) near ``target`` (``p``), or None where there are none.

        The distance is the sum over columns of the difference as a share of the range (L1).
        Without columns on a grid the point is the nearest one, with them a near one.

        Raises:
            SpaceError: the search was given up after 3000 linear programs.
        """
        return _BranchAndBound(self, target).run()


class _BranchAndBound:
    """One depth-first search: columns scaled to [0, 1], boxes still to be searched on a stack."""

    def __init__(self, search: FeasibilitySearch, target: FloatArray) -> None:
        self._columns = search.columns
        self._target = target
        self._labels = search.system.labels
        self._numbers = [_numeric(search.parameters[c]) for c in self._columns]
        self._low = np.array([p.span[0] for p in self._numbers])
        self._range = np.array([p.span[1] - p.span[0] for p in self._numbers])
        rest = target.copy()
        rest[self._columns] = 0.0
        system = search.system
        moving = system.weights[:, self._columns]
        bound = system.bounds - system.weights @ rest - moving @ self._low
        equal = system.equal
        scaled = moving * self._range
        self._upper = (scaled[~equal], bound[~equal])
        self._equal = (scaled[equal], bound[equal])
        tops = [
            (p.bounds[1] - p.bounds[0]) / r for p, r in zip(self._numbers, self._range, strict=True)
        ]
        self._box = (np.zeros(len(tops)), np.array(tops))
        self._grid = [i for i, p in enumerate(self._numbers) if p.count is not None]

    def run(self) -> FloatArray | None:
        goal = (self._target[self._columns] - self._low) / self._range
        stack = [self._box]
        for _ in range(_MAX_NODES):
            if not stack:
                return None
            box = stack.pop()
            found = self._solve(box, goal)
            if found is None:
                continue
            split = self._fractional(found)
            if split is None:
                whole = self._rounded(box, found)
                if whole is not None:
                    return self._codes(whole)
                split = self._widest_grid_column(box)
                if split is None:
                    continue
            # The child nearer to the relaxed solution is searched first.
            stack.extend(self._children(box, found, split))
        raise SpaceError(
            f"it could not be decided in {_MAX_NODES} trials whether these can hold together on "
            f"their steps: {'; '.join(self._labels)}; loosen one or take coarser steps"
        )

    def _solve(self, box: _Box, goal: FloatArray) -> FloatArray | None:
        """Return the point of the relaxation in the box nearest to ``goal`` (L1), or None."""
        low, high = box
        start = np.clip(goal, low, high)
        upper, equal = self._upper, self._equal
        size = len(start)
        moved = minimise(
            np.ones(2 * size),
            (np.hstack([upper[0], -upper[0]]), upper[1] - upper[0] @ start),
            (np.hstack([equal[0], -equal[0]]), equal[1] - equal[0] @ start),
            np.concatenate([high - start, start - low]),
        )
        return None if moved is None else start + moved[:size] - moved[size:]

    def _levels(self, index: int, share: float) -> tuple[float, FloatArray]:
        """Return the grid index below a share, and the shares of it and of the next one."""
        p = self._numbers[index]
        last = (p.count or 1) - 1
        value = np.array([self._low[index] + share * self._range[index]])
        below = float(np.clip(p.index_below(value), 0, last)[0])
        return below, self._shares(index, below)

    def _shares(self, index: int, below: float) -> FloatArray:
        p = self._numbers[index]
        pair = p.level(np.array([below, min(below + 1, (p.count or 1) - 1)]))
        return np.asarray((pair - self._low[index]) / self._range[index])

    def _fractional(self, found: FloatArray) -> int | None:
        """Return the grid column that is farthest from its grid."""
        worst, off = None, _ON_GRID
        for i in self._grid:
            _, (below, above) = self._levels(i, found[i])
            distance = min(abs(found[i] - below), abs(above - found[i]))
            if distance > off:
                worst, off = i, distance
        return worst

    def _rounded(self, box: _Box, found: FloatArray) -> FloatArray | None:
        """Return the solution with every grid column rounded to its grid, or None."""
        if not self._grid:
            return found
        low, high = box[0].copy(), box[1].copy()
        for i in self._grid:
            _, (below, above) = self._levels(i, found[i])
            share = below if found[i] - below <= above - found[i] else above
            low[i] = high[i] = share
        return self._solve((low, high), found)

    def _widest_grid_column(self, box: _Box) -> int | None:
        widths = {i: box[1][i] - box[0][i] for i in self._grid}
        best = max(widths, key=lambda i: widths[i], default=None)
        return best if best is not None and widths[best] > 0 else None

    def _children(self, box: _Box, found: FloatArray, split: int) -> list[_Box]:
        low, high = box
        at = float(np.clip(found[split], low[split], high[split]))
        index, (below, above) = self._levels(split, at)
        if below >= high[split]:
            below, above = self._shares(split, index - 1)
        lower, upper = high.copy(), low.copy()
        lower[split], upper[split] = below, above
        children = [(low, lower), (upper, high)]
        return children[::-1] if at - below <= above - at else children

    def _codes(self, shares: FloatArray) -> FloatArray:
        codes = self._target.copy()
        for i, column in enumerate(self._columns):
            value = np.array([self._low[i] + shares[i] * self._range[i]])
            codes[column] = self._numbers[i].snap(value)[0]
        return codes


def _numeric(parameter: Parameter) -> Numeric:
    if not isinstance(parameter, Numeric):
        raise SpaceError(f"parameter {parameter.name!r} is no number")
    return parameter


def infeasibility_error(search: FeasibilitySearch, targets: Sequence[FloatArray]) -> SpaceError:
    """Return the error that names an irreducible set of constraints that cannot hold together.

    Found by the deletion filter: J. W. Chinneck, E. W. Dravnieks, ORSA Journal on Computing 3,
    1991, 157.

    Args:
        search: the search that found nothing from any of ``targets``.
        targets: one for each choice of the fixed columns.
    """
    rows = list(range(len(search.system)))
    for row in list(rows):
        fewer = [r for r in rows if r != row]
        part = FeasibilitySearch(search.parameters, search.system.subset(fewer), search.fixed)
        if fewer and not any(part.nearest(t) is not None for t in targets):
            rows = fewer
    names = [f"'{search.system.labels[row]}'" for row in rows]
    if len(names) == 1:
        return SpaceError(
            f"constraint {names[0]} cannot be met anywhere in the ranges of its parameters; "
            f"loosen it or widen the ranges"
        )
    return SpaceError(
        f"no point can meet the constraints {' and '.join(names)} together; loosen one of them"
    )
