"""Legal points that a large batch may be made of: rows, and the values that points share."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from labloop.brain.observations import exhausted, fresh, labels, open_candidates, small_seed
from labloop.errors import BrainError
from labloop.records import FloatArray, Point
from labloop.space import Candidates, Layout, Parameter, SearchSpace

Allowed: TypeAlias = Mapping[int, FloatArray]
"""Column of codes -> the codes that a point may have there; a column that lacks may have any."""

_LEVELS = 12
"""A number on a continuum that wells share is chosen from so many values."""
_DRAWN, _MOST_DRAWN, _NEAR = 4096, 16_384, 1024
_ALIKE = 1e-9


@dataclass(frozen=True, slots=True)
class Supply:
    """Points to choose from, no one tried before.

    Attributes:
        rows: ``N x d`` encoded.
        codes: ``N x p``, a number a parameter, equal where values are.
        names: of the parameters.
        points: returns the points of some rows.
    """

    rows: FloatArray
    codes: FloatArray
    names: tuple[str, ...]
    points: Callable[[Sequence[int]], list[Point]]

    def __len__(self) -> int:
        return len(self.rows)

    def levels(self, parameters: Sequence[str]) -> NDArray[np.int64]:
        """Return for each of ``N`` points a number that says which values it has of some names.

        The numbers ascend with the values.
        """
        found = np.zeros(len(self.codes), dtype=np.int64)
        for name in parameters:
            values, number = np.unique(self.codes[:, self.names.index(name)], return_inverse=True)
            found = found * len(values) + number
        return np.asarray(np.unique(found, return_inverse=True)[1], dtype=np.int64)

    def taken(self, rows: NDArray[np.int64]) -> "Supply":
        """Return the supply of some rows."""
        return Supply(
            self.rows[rows],
            self.codes[rows],
            self.names,
            lambda some: self.points([int(rows[i]) for i in some]),
        )


def listed(
    space: SearchSpace, candidates: Candidates, seen: Sequence[Point], allowed: Allowed
) -> Supply:
    """Return the open points of a list."""
    mask = np.asarray(open_candidates(candidates, seen, strict=space.nonrepeatable), dtype=bool)
    for column, codes in allowed.items():
        mask &= np.isin(candidates.codes[:, column], codes)
    rows = np.flatnonzero(mask)
    every = len(rows) == len(mask)
    return Supply(
        np.asarray(candidates.encoded) if every else np.asarray(candidates.encoded)[rows],
        candidates.codes if every else candidates.codes[rows],
        space.names,
        lambda some: [candidates.point(int(rows[i])) for i in some],
    )


def drawn(
    space: SearchSpace,
    seen: Sequence[Point],
    leaders: FloatArray,
    layout: Layout,
    allowed: Allowed,
    seed: int,
) -> Supply:
    """Return legal points of a space that cannot be listed: spread out, and near good ones.

    Numbers on a continuum that wells share take a few values, so that points can share them.
    """
    count = min(max(_DRAWN, 6 * len(layout.places)), _MOST_DRAWN)
    rng = np.random.default_rng(small_seed(seed, 5))
    if space.size is not None:
        count = min(count, space.size)
    rows = np.asarray(space.encode(space.sample(count, small_seed(seed, 4))))
    if len(leaders):
        parents = leaders[np.arange(_NEAR) % len(leaders)]
        width = np.where(np.arange(_NEAR) % 2 == 0, 0.1, 0.02)[:, None]
        moved = parents + width * rng.standard_normal(parents.shape)
        rows = np.vstack([rows, np.clip(moved, 0.0, 1.0)])
    held = {**_few_levels(space, layout, leaders, rows), **allowed}
    wanted = _snapped(space, rows, held)
    points = fresh(space, space.decode(wanted), labels(space, seen), len(wanted))
    if not points:
        raise exhausted(space.size or 0)
    codes = np.array([p.measured_codes([q[p.name] for q in points]) for p in space.parameters]).T
    made = Supply(
        np.asarray(space.encode(points)), codes, space.names, lambda some: [points[i] for i in some]
    )
    kept = np.ones(len(made), dtype=bool)
    for column, values in held.items():
        near = np.abs(made.codes[:, [column]] - values[None, :]).min(1)
        kept &= near <= _ALIKE * max(float(np.ptp(values)), abs(float(values[0])), 1e-300)
    if not kept.any():
        names = ", ".join(space.names[column] for column in held)
        raise BrainError(
            f"no legal point was found with the values that the plate shares ({names}): "
            "constraints of the space tie them to other parameters; share something else"
        )
    return made.taken(np.flatnonzero(kept))


def _few_levels(
    space: SearchSpace, layout: Layout, leaders: FloatArray, rows: FloatArray
) -> dict[int, FloatArray]:
    """Return a few codes of each number on a continuum that a rule of the plate is about."""
    ruled = {name for group in layout.groups for name in group.parameters} | set(layout.at_most)
    found: dict[int, FloatArray] = {}
    first = 0
    for i, parameter in enumerate(space.parameters):
        if parameter.name in ruled and (parameter.count is None or parameter.count > _LEVELS):
            spread = np.quantile(rows[:, first], np.linspace(0.0, 1.0, _LEVELS))
            columns = np.unique(np.concatenate([spread, leaders[:, first]]))
            points = space.decode(_with_column(rows[:1], first, columns))
            codes = parameter.measured_codes([point[parameter.name] for point in points])
            found[i] = np.unique(np.asarray(codes, dtype=np.float64))
        first += parameter.width
    return found


def _with_column(row: FloatArray, column: int, values: FloatArray) -> FloatArray:
    made = np.repeat(row, len(values), axis=0)
    made[:, column] = values
    return np.clip(made, 0.0, 1.0)


def _snapped(space: SearchSpace, rows: FloatArray, held: Allowed) -> FloatArray:
    """Return ``N x d`` rows, each with the nearest allowed value where some are allowed only."""
    made = rows.copy()
    first = 0
    for i, parameter in enumerate(space.parameters):
        if i in held:
            made[:, first : first + parameter.width] = _nearest(
                parameter, held[i], rows[:, first : first + parameter.width]
            )
        first += parameter.width
    return made


def _nearest(parameter: Parameter, codes: FloatArray, block: FloatArray) -> FloatArray:
    there = np.asarray(parameter.encode(codes))
    away = ((block[:, None, :] - there[None, :, :]) ** 2).sum(-1)
    return np.asarray(there[away.argmin(1)])


def supply_of(
    space: SearchSpace,
    seen: Sequence[Point],
    leaders: FloatArray,
    layout: Layout,
    allowed: Allowed,
    seed: int,
) -> Supply:
    """Return what a batch may be made of: the list of a space, or a draw where it has none."""
    candidates = space.candidates()
    if candidates is not None:
        return listed(space, candidates, seen, allowed)
    return drawn(space, seen, leaders, layout, allowed, seed)


def held_by_controls(space: SearchSpace, layout: Layout, name: str) -> FloatArray:
    """Return the codes of a parameter that the controls of a plate hold."""
    values = [point[name] for point in layout.controls.values() if name in point]
    parameter = space.parameters[space.names.index(name)]
    return np.asarray(parameter.measured_codes(values), dtype=np.float64).reshape(-1)
