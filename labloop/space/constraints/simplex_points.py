"""Points of a mixture: sampled evenly, projected, enumerated.

The parts of a mixture lie on a simplex that their bounds cut. Sampling fixes one part after the
other by its conditional distribution (L. Devroye, Non-Uniform Random Variate Generation, Springer
1986, chapter XI); the projection finds the Lagrange multiplier of the sum by bisection; with
steps, points are compositions of an integer and rounding is by largest remainders.
"""

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from labloop.errors import SpaceError
from labloop.records import FloatArray
from labloop.space.constraints.declarations import Mixture
from labloop.space.parameters import TOLERANCE, Numeric


class Simplex:
    """The legal values of a mixture's parts, as arrays ``n x k``.

    Args:
        mixture: what a person declared.
        fixed: part, counted from 0 -> the only value that it may have.

    Raises:
        SpaceError: the parts that are not fixed cannot fill what is left of the total.
    """

    def __init__(self, mixture: Mixture, fixed: Mapping[int, float] | None = None) -> None:
        self.low = np.array([p.low for p in mixture.parameters])
        self.high = np.array([p.high for p in mixture.parameters])
        self.total = mixture.total
        self.step = mixture.step
        self._parameters = mixture.parameters
        self._rounding = 8 * np.finfo(float).eps * max(map(abs, [*self.low, *self.high]))
        self._fixed = dict(fixed or {})
        for part, value in self._fixed.items():
            self.low[part] = self.high[part] = value
        self._refuse_unreachable(mixture)
        self._room = self.high - self.low
        self._rest = max(0.0, mixture.total - math.fsum(self.low))
        if mixture.step is not None:
            counts = [(p.count or 1) - 1 for p in mixture.parameters]
            free = [0 if i in self._fixed else n for i, n in enumerate(counts)]
            self._max_steps = np.array(free)
            self._steps = round(self._rest / mixture.step)
            self._completions = _completions(self._max_steps, self._steps)

    def _refuse_unreachable(self, mixture: Mixture) -> None:
        least, most = math.fsum(self.low), math.fsum(self.high)
        slack = TOLERANCE * max(abs(least), abs(most), abs(self.total))
        if not least - slack <= self.total <= most + slack:
            raise SpaceError(
                f"the {mixture} cannot be kept with these values held fixed: its parts reach "
                f"{least:g} to {most:g} then"
            )

    @property
    def width(self) -> int:
        """How many numbers of the unit cube one point takes."""
        return len(self.low) - 1

    @property
    def count(self) -> int | None:
        """How many points there are; None without steps. Exact up to 2**53."""
        if self.step is None:
            return None
        return int(self._completions[0][self._steps])

    def spread(self, unit: FloatArray) -> FloatArray:
        """Return ``n x k`` points of the simplex for ``n x (k - 1)`` points of the unit cube.

        Uniform in the cube gives uniform on the simplex: exactly with steps, and without steps
        where no high bound cuts the simplex.
        """
        if self.step is not None:
            return self._values(self._spread_steps(unit))
        parts = len(self.low)
        left = np.full(len(unit), self._rest)
        amounts = np.zeros((len(unit), parts))
        for i in range(parts - 1):
            least = np.maximum(0.0, left - self._room[i + 1 :].sum())
            most = np.maximum(np.minimum(self._room[i], left), least)
            # Of m uniform parts the first one's share v has the survival function (1-v)^(m-1).
            power = parts - 1 - i
            whole = np.where(left > 0, left, 1.0)
            far = (1.0 - np.clip(least / whole, 0, 1)) ** power
            near = (1.0 - np.clip(most / whole, 0, 1)) ** power
            share = 1.0 - (far - unit[:, i] * (far - near)) ** (1.0 / power)
            amounts[:, i] = np.clip(share * left, least, most)
            left = left - amounts[:, i]
        amounts[:, -1] = np.clip(left, 0.0, self._room[-1])
        return self.exact(self.low + amounts)

    def _spread_steps(self, unit: FloatArray) -> FloatArray:
        parts = len(self.low)
        left = np.full(len(unit), self._steps, dtype=np.int64)
        counts = np.zeros((len(unit), parts), dtype=np.int64)
        for i in range(parts - 1):
            least = np.maximum(0, left - int(self._max_steps[i + 1 :].sum()))
            most = np.minimum(self._max_steps[i], left)
            # The number of completions of what is left is the weight of each choice.
            sums = np.concatenate([[0.0], np.cumsum(self._completions[i + 1])])
            bottom, top = sums[left - most], sums[left - least + 1]
            goal = top - unit[:, i] * (top - bottom)
            remaining = np.searchsorted(sums, goal, side="left") - 1
            counts[:, i] = np.clip(left - remaining, least, most)
            left = left - counts[:, i]
        counts[:, -1] = left
        return counts.astype(np.float64)

    def project(self, target: FloatArray) -> FloatArray:
        """Return the points nearest to ``target`` (``n x k``), rounded to the grid if there is one.

        Nearest in Euclidean distance without steps.
        """
        near = shifted(target, self.low, self.high, self.total)
        if self.step is None:
            return self.exact(near)
        ideal = (near - self.low) / self.step
        zero = np.zeros(len(self.low))
        return self._values(apportioned(ideal, zero, self._max_steps, self._steps))

    def exact(self, values: FloatArray) -> FloatArray:
        """Return ``values`` with the rounding error of their sum moved into one part."""
        if self.step is not None:
            return self.project(values)
        return with_exact_sum(values, self.low, self.high, self.total, self._rounding)

    def _values(self, counts: FloatArray) -> FloatArray:
        return values_of_steps(counts, self._parameters, self._fixed)

    def all_points(self) -> FloatArray:
        """Return all points; only with steps."""
        counts = np.array(
            list(compositions(self._max_steps.tolist(), self._steps)), dtype=np.float64
        )
        return self._values(counts.reshape(-1, len(self.low)))


def values_of_steps(
    counts: FloatArray, parameters: Sequence[Numeric], fixed: Mapping[int, float]
) -> FloatArray:
    """Return ``n x k`` values of numbers of steps; a part that is fixed has its exact value."""
    columns = [
        np.full(len(counts), fixed[i]) if i in fixed else p.level(counts[:, i])
        for i, p in enumerate(parameters)
    ]
    return np.stack(columns, axis=1)


def shifted(target: FloatArray, low: FloatArray, high: FloatArray, total: float) -> FloatArray:
    """Return ``n x k`` values within bounds, nearest to ``target``, whose sum is nearly ``total``.

    Bounds are ``k``, or ``n x k`` where each point has its own.
    """
    below = (low - target).min(axis=1)
    above = (high - target).max(axis=1)
    for _ in range(60):
        middle = (below + above) / 2
        moved = np.clip(target + middle[:, None], low, high).sum(axis=1)
        below = np.where(moved < total, middle, below)
        above = np.where(moved < total, above, middle)
    return np.asarray(np.clip(target + ((below + above) / 2)[:, None], low, high))


def apportioned(ideal: FloatArray, fewest: FloatArray, most: FloatArray, steps: int) -> FloatArray:
    """Return numbers of steps: rounded down, the rest given to the largest remainders.

    ``fewest`` and ``most`` (``k``, or ``n x k``) bound the steps of each part, ``steps`` is
    their sum; where it cannot be reached, the numbers stay at what is next.
    """
    counts = np.clip(np.floor(ideal + 1e-9), fewest, most)
    remainder = ideal - counts
    rows = np.arange(len(ideal))
    while True:
        missing = steps - counts.sum(axis=1)
        grow = np.where(counts < most, remainder, -np.inf)
        shrink = np.where(counts > fewest, -remainder, -np.inf)
        sign = np.sign(missing)
        best = np.where(sign > 0, grow.max(axis=1), shrink.max(axis=1))
        sign = np.where(np.isfinite(best), sign, 0.0)
        if not sign.any():
            return np.asarray(counts)
        chosen = np.where(sign > 0, grow.argmax(axis=1), shrink.argmax(axis=1))
        counts[rows, chosen] += sign
        remainder[rows, chosen] -= sign


def with_exact_sum(
    values: FloatArray, low: FloatArray, high: FloatArray, total: float, rounding: float
) -> FloatArray:
    """Return ``n x k`` values with the rounding error of their sum moved into one part.

    What lies at a bound but for a rounding error lies there: nobody weighs 5e-17 g.
    """
    fixed, near = np.clip(values, low, high), TOLERANCE * 1e-3 * (high - low)
    fixed = np.where(fixed - low <= near, low, np.where(high - fixed <= near, high, fixed))
    for _ in range(3):
        error = total - fixed.sum(axis=1)
        moved = _into_one(fixed, low, high, np.where(np.abs(error) > rounding, error, 0.0))
        fixed = np.clip(moved, low, high)
    for _ in range(3):
        # A smaller error is often that of the summation itself, and cannot be removed.
        error = total - fixed.sum(axis=1)
        moved = np.clip(_into_one(fixed, low, high, error), low, high)
        better = np.abs(total - moved.sum(axis=1)) < np.abs(error)
        fixed = np.where(better[:, None], moved, fixed)
    return fixed


def _into_one(
    values: FloatArray, low: FloatArray, high: FloatArray, error: FloatArray
) -> FloatArray:
    """Return values with the error of each point (``n``) moved into one part.

    Into the one that is farthest from both bounds, so that what lies at a bound stays there;
    where that has no room, into the one that has most.
    """
    moved = values.copy()
    room = np.where(error[:, None] > 0, high - values, values - low)
    inner = np.minimum(high - values, values - low)
    chosen = np.where(inner.max(axis=1) >= np.abs(error), inner.argmax(axis=1), room.argmax(axis=1))
    moved[np.arange(len(values)), chosen] += error
    return moved


def _completions(max_steps: FloatArray, steps: int) -> list[FloatArray]:
    """Return for each part an array over s: how many ways it and the later parts sum to s steps.

    ``max_steps`` (k) are the most steps of each part, ``steps`` is their sum. Counted by prefix
    sums from the last part to the first.
    """
    after = np.zeros(steps + 1)
    after[0] = 1.0
    ways = []
    for top in max_steps[::-1]:
        sums = np.concatenate([[0.0], np.cumsum(after)])
        ends = np.arange(1, steps + 2)
        after = sums[ends] - sums[np.maximum(0, ends - 1 - int(top))]
        ways.append(after)
    return ways[::-1]


def compositions(max_steps: list[int], steps: int) -> Iterator[tuple[int, ...]]:
    """Yield every way to write ``steps`` as a sum with at most ``max_steps`` of each part."""
    if len(max_steps) == 1:
        if steps <= max_steps[0]:
            yield (steps,)
        return
    room = sum(max_steps[1:])
    for first in range(max(0, steps - room), min(max_steps[0], steps) + 1):
        yield from itertools.starmap(
            lambda *rest, first=first: (first, *rest), compositions(max_steps[1:], steps - first)
        )
