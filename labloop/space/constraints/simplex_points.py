"""Points of a mixture: sampled evenly, projected, enumerated.

The parts of a mixture lie on a simplex that their bounds cut. Sampling fixes one part after the
other by its conditional distribution (L. Devroye, Non-Uniform Random Variate Generation, Springer
1986, chapter XI); the projection finds the Lagrange multiplier of the sum by bisection; with
steps, points are compositions of an integer and rounding is by largest remainders.
"""

import itertools
from collections.abc import Iterator

import numpy as np

from labloop.records import FloatArray
from labloop.space.constraints.declarations import Mixture


class Simplex:
    """The legal values of a mixture's parts, as arrays ``n x k``."""

    def __init__(self, mixture: Mixture) -> None:
        self.low = np.array([p.low for p in mixture.parameters])
        self.high = np.array([p.high for p in mixture.parameters])
        self.total = mixture.total
        self.step = mixture.step
        self._parameters = mixture.parameters
        self._rounding = 8 * np.finfo(float).eps * max(map(abs, [*self.low, *self.high]))
        self._room = self.high - self.low
        self._rest = max(0.0, mixture.total - mixture.low_sum)
        if mixture.step is not None:
            self._max_steps = np.array([(p.count or 1) - 1 for p in mixture.parameters])
            self._steps = round(self._rest / mixture.step)
            self._completions = _completions(self._max_steps, self._steps)

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
        below = (self.low - target).min(axis=1)
        above = (self.high - target).max(axis=1)
        for _ in range(60):
            middle = (below + above) / 2
            moved = np.clip(target + middle[:, None], self.low, self.high).sum(axis=1)
            below = np.where(moved < self.total, middle, below)
            above = np.where(moved < self.total, above, middle)
        near = np.clip(target + ((below + above) / 2)[:, None], self.low, self.high)
        return self.exact(near) if self.step is None else self._values(self._apportioned(near))

    def _apportioned(self, near: FloatArray) -> FloatArray:
        """Return numbers of steps: rounded down, the rest given to the largest remainders."""
        ideal = (near - self.low) / (self.step or 1.0)
        counts = np.clip(np.floor(ideal + 1e-9), 0, self._max_steps)
        remainder = ideal - counts
        rows = np.arange(len(near))
        while True:
            missing = self._steps - counts.sum(axis=1)
            if not missing.any():
                return np.asarray(counts)
            grow = np.where(counts < self._max_steps, remainder, -np.inf)
            shrink = np.where(counts > 0, -remainder, -np.inf)
            sign = np.sign(missing)
            chosen = np.where(sign > 0, grow.argmax(axis=1), shrink.argmax(axis=1))
            counts[rows, chosen] += sign
            remainder[rows, chosen] -= sign

    def exact(self, values: FloatArray) -> FloatArray:
        """Return ``values`` with the rounding error of their sum moved into one part."""
        if self.step is not None:
            return self.project(values)
        fixed = np.clip(values, self.low, self.high)
        rows = np.arange(len(fixed))
        for _ in range(3):
            error = self.total - fixed.sum(axis=1)
            # A smaller error is that of the summation itself and cannot be removed.
            error = np.where(np.abs(error) > self._rounding, error, 0.0)
            room = np.where(error[:, None] > 0, self.high - fixed, fixed - self.low)
            chosen = room.argmax(axis=1)
            fixed[rows, chosen] += error
            fixed = np.clip(fixed, self.low, self.high)
        return fixed

    def _values(self, counts: FloatArray) -> FloatArray:
        columns = [p.level(counts[:, i]) for i, p in enumerate(self._parameters)]
        return np.stack(columns, axis=1)

    def all_points(self) -> FloatArray:
        """Return all points; only with steps."""
        counts = np.array(
            list(_compositions(self._max_steps.tolist(), self._steps)), dtype=np.float64
        )
        return self._values(counts.reshape(-1, len(self.low)))


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


def _compositions(max_steps: list[int], steps: int) -> Iterator[tuple[int, ...]]:
    """Yield every way to write ``steps`` as a sum with at most ``max_steps`` of each part."""
    if len(max_steps) == 1:
        if steps <= max_steps[0]:
            yield (steps,)
        return
    room = sum(max_steps[1:])
    for first in range(max(0, steps - room), min(max_steps[0], steps) + 1):
        yield from itertools.starmap(
            lambda *rest, first=first: (first, *rest), _compositions(max_steps[1:], steps - first)
        )
