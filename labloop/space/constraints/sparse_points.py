"""Points of which only some amounts differ from 0: parts of a mixture, or amounts by themselves.

A choice of amounts is drawn, or taken near a target (``Patterns``); given the choice, a point is
sampled and projected as any other, within the bounds of its own row.
"""

import itertools
import math
from collections.abc import Mapping, Sequence

import numpy as np

from labloop.errors import SpaceError
from labloop.records import FloatArray
from labloop.space.constraints.conditions import BoolArray
from labloop.space.constraints.declarations import Mixture
from labloop.space.constraints.simplex_points import (
    apportioned,
    compositions,
    shifted,
    values_of_steps,
    with_exact_sum,
)
from labloop.space.constraints.subset import Patterns, SubsetRule
from labloop.space.parameters import TOLERANCE, Numeric

_TRIED, _KEPT = 4096, 512
"""Choices that are drawn to find such as can be filled, and kept of these."""
_LISTED_PARTS, _LISTED = 16, 3000
"""All choices are listed for at most so many parts and choices."""
TOO_MANY = 10**15
"""The number of points where nobody counts them."""


class SparseSimplex:
    """A mixture of which only some parts are present, as arrays ``n x k``.

    Raises:
        SpaceError: no choice of parts fills the total.
    """

    def __init__(
        self,
        mixture: Mixture,
        rules: Sequence[SubsetRule],
        fixed: Mapping[int, float] | None = None,
    ) -> None:
        self._parameters = mixture.parameters
        self._fixed = dict(fixed or {})
        self.total, self.step = mixture.total, mixture.step
        self._low = np.array([p.low for p in mixture.parameters])
        self._high = np.array([p.high for p in mixture.parameters])
        self._rounding = 8 * np.finfo(float).eps * float(np.abs(self._high).max())
        self._patterns = Patterns(rules, self._high)
        self._rules = tuple(rules)
        self._known = self._fillable()
        if not len(self._known):
            labels = " and ".join(f"'{rule.label}'" for rule in rules)
            raise SpaceError(
                f"no choice of parts was found that keeps {labels} and fills the {mixture}; raise "
                "high bounds, allow more parts, or lower the least amount"
            )

    @property
    def width(self) -> int:
        """How many numbers of the unit cube one point takes."""
        return self._patterns.width + len(self._low) - 1

    def _fillable(self) -> BoolArray:
        """Return choices that can be filled, ``m x k``, without repetition."""
        listed = self._listed
        if listed is None:
            rng = np.random.Generator(np.random.PCG64(20261130))
            listed = self._patterns.draw(rng.random((_TRIED, self._patterns.width)))
        listed = np.unique(self._with_fixed(listed), axis=0)
        low, high = self._bounds(listed)
        slack = TOLERANCE * float(self._high.sum())
        fills = (low.sum(axis=1) <= self.total + slack) & (high.sum(axis=1) >= self.total - slack)
        kept = ~np.logical_or.reduce([rule.broken(high) for rule in self._rules])
        found = listed[fills & kept]
        # Evenly over the list, whose order is that of the parts.
        return np.asarray(found[:: max(1, len(found) // _KEPT)] if self._listed is None else found)

    @property
    def _listed(self) -> BoolArray | None:
        """All choices, None where they are too many."""
        optional = np.flatnonzero(self._patterns.optional)
        if len(optional) > _LISTED_PARTS:
            return None
        every = np.ones((2 ** len(optional), len(self._low)), dtype=bool)
        every[:, optional] = list(itertools.product((False, True), repeat=len(optional)))
        shown = np.where(every, self._high, 0.0)
        kept = every[~np.logical_or.reduce([rule.broken(shown) for rule in self._rules])]
        return kept if len(kept) <= _LISTED else None

    def _with_fixed(self, present: BoolArray) -> BoolArray:
        present = present.copy()
        for part, value in self._fixed.items():
            present[:, part] = value > 0.0 or not self._patterns.optional[part]
        return present

    def _bounds(self, present: BoolArray) -> tuple[FloatArray, FloatArray]:
        """Return the bounds ``n x k`` of the parts of each choice."""
        low = np.where(present, np.maximum(self._low, self._patterns.floors), 0.0)
        high = np.where(present, self._high, 0.0)
        for part, value in self._fixed.items():
            low[:, part] = high[:, part] = value
        return low, high

    @property
    def count(self) -> int | None:
        """How many points there are; None without steps."""
        if self.step is None:
            return None
        if self._listed is None:
            return TOO_MANY
        return sum(_count(*bounds) for bounds in self._step_bounds())

    def _step_bounds(self) -> list[tuple[list[int], int]]:
        """Return the most steps of each part above its least, and their sum, for each choice."""
        low, high = self._bounds(self._known)
        step = self.step or 1.0
        room = np.rint((high - low) / step).astype(int)
        left = np.rint((self.total - low.sum(axis=1)) / step).astype(int)
        return [(r.tolist(), int(s)) for r, s in zip(room, left, strict=True)]

    def all_points(self) -> FloatArray:
        """Return all points; only with steps."""
        low, _ = self._bounds(self._known)
        blocks = []
        for first, (room, left) in zip(low, self._step_bounds(), strict=True):
            steps = np.array(list(compositions(room, left)), dtype=np.float64)
            counts = np.rint((first - self._low) / (self.step or 1.0)) + steps.reshape(
                -1, len(room)
            )
            blocks.append(self._values(counts))
        return np.unique(np.vstack(blocks), axis=0)

    def spread(self, unit: FloatArray) -> FloatArray:
        """Return ``n x k`` points for ``n x width`` points of the unit cube.

        Some may miss the total, where the choice that was drawn cannot fill it.
        """
        split = self._patterns.width
        present = self._with_fixed(self._patterns.draw(unit[:, :split]))
        low, high = self._bounds(present)
        return self._finished(_spread_within(low, high, self.total, unit[:, split:]), low, high)

    def project(self, target: FloatArray) -> FloatArray:
        """Return points near ``target`` (``n x k``); the greatest parts stay."""
        present = self._with_fixed(self._patterns.near(target))
        low, high = self._bounds(present)
        slack = TOLERANCE * float(self._high.sum())
        missed = (low.sum(axis=1) > self.total + slack) | (high.sum(axis=1) < self.total - slack)
        if missed.any():
            shares = np.clip(target[missed] / self._high, 0.0, 1.0)
            away = ((self._known[None, :, :] - shares[:, None, :]) ** 2).sum(axis=2)
            present[missed] = self._known[away.argmin(axis=1)]
            low, high = self._bounds(present)
        return self._finished(shifted(target, low, high, self.total), low, high)

    def exact(self, values: FloatArray) -> FloatArray:
        """Return ``values`` with the rounding error of their sum moved into one part."""
        present = ~self._patterns.optional | (values > TOLERANCE * self._high)
        return self._finished(values, *self._bounds(self._with_fixed(present)))

    def _finished(self, values: FloatArray, low: FloatArray, high: FloatArray) -> FloatArray:
        if self.step is None:
            return with_exact_sum(values, low, high, self.total, self._rounding)
        ideal, fewest, most = ((v - self._low) / self.step for v in (values, low, high))
        steps = round((self.total - math.fsum(self._low)) / self.step)
        return self._values(apportioned(ideal, np.rint(fewest), np.rint(most), steps))

    def _values(self, counts: FloatArray) -> FloatArray:
        return values_of_steps(counts, self._parameters, self._fixed)


def _count(room: list[int], steps: int) -> int:
    """Return how many ways there are to give ``steps`` to parts that take at most ``room``."""
    ways = [1] + [0] * steps
    for most in room:
        sums = [0, *itertools.accumulate(ways)]
        ways = [sums[s + 1] - sums[max(0, s - most)] for s in range(steps + 1)]
    return ways[steps]


def _spread_within(low: FloatArray, high: FloatArray, total: float, unit: FloatArray) -> FloatArray:
    """Return ``n x k`` points within bounds of their own that sum to ``total``, spread evenly.

    As ``Simplex.spread``: one part after the other by its conditional distribution.
    """
    room = high - low
    left = np.maximum(0.0, total - low.sum(axis=1))
    amounts = np.zeros_like(low)
    for i in range(low.shape[1] - 1):
        rest = room[:, i + 1 :]
        least = np.maximum(0.0, left - rest.sum(axis=1))
        most = np.maximum(np.minimum(room[:, i], left), least)
        power = np.maximum((rest > 0.0).sum(axis=1), 1)
        whole = np.where(left > 0.0, left, 1.0)
        far = (1.0 - np.clip(least / whole, 0, 1)) ** power
        near = (1.0 - np.clip(most / whole, 0, 1)) ** power
        share = 1.0 - (far - unit[:, i] * (far - near)) ** (1.0 / power)
        amounts[:, i] = np.minimum(np.clip(share * left, least, most), room[:, i])
        left = left - amounts[:, i]
    amounts[:, -1] = np.clip(left, 0.0, room[:, -1])
    return low + amounts


class SparseBox:
    """Amounts by themselves of which only some are present, as arrays ``n x k``."""

    def __init__(self, parameters: Sequence[Numeric], rules: Sequence[SubsetRule]) -> None:
        self._parameters = tuple(parameters)
        self._high = np.array([p.bounds[1] for p in parameters])
        self._patterns = Patterns(rules, self._high)
        self._rules = tuple(rules)
        self._levels = [
            None if p.count is None else _from(p.all_codes(), floor)
            for p, floor in zip(parameters, self._patterns.floors, strict=True)
        ]

    @property
    def width(self) -> int:
        """How many numbers of the unit cube one point takes."""
        return self._patterns.width + len(self._high)

    @property
    def count(self) -> int | None:
        """How many combinations there are before the choice; None for a continuum."""
        if any(levels is None for levels in self._levels):
            return None
        return math.prod(len(p.all_codes()) for p in self._parameters)

    def all_points(self) -> FloatArray:
        """Return all combinations that keep the rules; only where all amounts are on grids."""
        grids = np.meshgrid(*[p.all_codes() for p in self._parameters], indexing="ij")
        every = np.stack([grid.ravel() for grid in grids], axis=1)
        return np.asarray(every[~np.logical_or.reduce([r.broken(every) for r in self._rules])])

    def spread(self, unit: FloatArray) -> FloatArray:
        """Return ``n x k`` points for ``n x width`` points of the unit cube."""
        split = self._patterns.width
        present = self._patterns.draw(unit[:, :split])
        columns = []
        for i, levels in enumerate(self._levels):
            share = unit[:, split + i]
            if levels is None:
                floor = self._patterns.floors[i]
                columns.append(floor + share * (self._high[i] - floor))
            else:
                index = np.minimum(np.floor(share * len(levels)), len(levels) - 1)
                columns.append(levels[index.astype(np.int64)])
        return np.where(present, np.stack(columns, axis=1), 0.0)

    def project(self, target: FloatArray) -> FloatArray:
        """Return points near ``target`` (``n x k``); the greatest amounts stay."""
        present = self._patterns.near(target)
        raised = np.clip(target, self._patterns.floors, self._high)
        columns = []
        for i, (parameter, levels) in enumerate(zip(self._parameters, self._levels, strict=True)):
            snapped = parameter.snap(raised[:, i])
            columns.append(snapped if levels is None else np.maximum(snapped, levels[0]))
        return np.where(present, np.stack(columns, axis=1), 0.0)

    def exact(self, values: FloatArray) -> FloatArray:
        """Return ``values`` as they are: nothing sums to anything."""
        return values


def _from(levels: FloatArray, floor: float) -> FloatArray:
    return levels[levels >= floor * (1 - TOLERANCE)]
