"""Points on a bounded simplex: spread over it, projected onto it, enumerated."""

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
        self._dust = 8 * np.finfo(float).eps * max(map(abs, [*self.low, *self.high]))
        self._room = self.high - self.low
        self._rest = max(0.0, mixture.total - mixture.low_sum)
        if mixture.step is not None:
            self._tops = np.array([(p.count or 1) - 1 for p in mixture.parameters])
            self._steps = round(self._rest / mixture.step)
            self._ways = _ways(self._tops, self._steps)

    @property
    def count(self) -> int | None:
        """How many points there are; None without steps. Exact up to 2**53."""
        if self.step is None:
            return None
        return int(self._ways[0][self._steps])

    def spread(self, unit: FloatArray) -> FloatArray:
        """Return points spread over the simplex as ``unit`` (``n x (k - 1)``) is over the cube.

        Parts are cut off one after the other, each by the share that it would have among
        evenly spread points: exactly even with steps, and without steps where no part's
        high bound cuts the simplex.
        """
        if self.step is not None:
            return self._values(self._spread_steps(unit))
        parts = len(self.low)
        left = np.full(len(unit), self._rest)
        amounts = np.zeros((len(unit), parts))
        for i in range(parts - 1):
            least = np.maximum(0.0, left - self._room[i + 1 :].sum())
            most = np.maximum(np.minimum(self._room[i], left), least)
            # The share v of the first of m parts has the survival function (1 - v)^(m - 1).
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
            least = np.maximum(0, left - int(self._tops[i + 1 :].sum()))
            most = np.minimum(self._tops[i], left)
            # After taking c, the others fill left - c: so draw what is left by its ways.
            sums = np.concatenate([[0.0], np.cumsum(self._ways[i + 1])])
            bottom, top = sums[left - most], sums[left - least + 1]
            goal = top - unit[:, i] * (top - bottom)
            remaining = np.searchsorted(sums, goal, side="left") - 1
            counts[:, i] = np.clip(left - remaining, least, most)
            left = left - counts[:, i]
        counts[:, -1] = left
        return counts.astype(np.float64)

    def project(self, wish: FloatArray) -> FloatArray:
        """Return the points nearest to ``wish`` (``n x k``), on the grid where there is one."""
        below = (self.low - wish).min(axis=1)
        above = (self.high - wish).max(axis=1)
        for _ in range(60):
            middle = (below + above) / 2
            moved = np.clip(wish + middle[:, None], self.low, self.high).sum(axis=1)
            below = np.where(moved < self.total, middle, below)
            above = np.where(moved < self.total, above, middle)
        near = np.clip(wish + ((below + above) / 2)[:, None], self.low, self.high)
        return self.exact(near) if self.step is None else self._values(self._apportioned(near))

    def _apportioned(self, near: FloatArray) -> FloatArray:
        """Return whole steps: rounded down, the rest to the largest remainders with room."""
        ideal = (near - self.low) / (self.step or 1.0)
        counts = np.clip(np.floor(ideal + 1e-9), 0, self._tops)
        remainder = ideal - counts
        rows = np.arange(len(near))
        while True:
            missing = self._steps - counts.sum(axis=1)
            if not missing.any():
                return np.asarray(counts)
            grow = np.where(counts < self._tops, remainder, -np.inf)
            shrink = np.where(counts > 0, -remainder, -np.inf)
            sign = np.sign(missing)
            chosen = np.where(sign > 0, grow.argmax(axis=1), shrink.argmax(axis=1))
            counts[rows, chosen] += sign
            remainder[rows, chosen] -= sign

    def exact(self, values: FloatArray) -> FloatArray:
        """Return ``values`` with the dust of their sum moved into a part that has room."""
        if self.step is not None:
            return self.project(values)
        fixed = np.clip(values, self.low, self.high)
        rows = np.arange(len(fixed))
        for _ in range(3):
            dust = self.total - fixed.sum(axis=1)
            # Below this a sum is as exact as floats are: moving it would never settle.
            dust = np.where(np.abs(dust) > self._dust, dust, 0.0)
            room = np.where(dust[:, None] > 0, self.high - fixed, fixed - self.low)
            chosen = room.argmax(axis=1)
            fixed[rows, chosen] += dust
            fixed = np.clip(fixed, self.low, self.high)
        return fixed

    def _values(self, counts: FloatArray) -> FloatArray:
        columns = [p.level(counts[:, i]) for i, p in enumerate(self._parameters)]
        return np.stack(columns, axis=1)

    def every(self) -> FloatArray:
        """Return all points; only with steps."""
        counts = np.array(list(_fillings(self._tops.tolist(), self._steps)), dtype=np.float64)
        return self._values(counts.reshape(-1, len(self.low)))


def _ways(tops: FloatArray, steps: int) -> list[FloatArray]:
    """Return, for each part and each rest, in how many ways it and those after it fill it."""
    after = np.zeros(steps + 1)
    after[0] = 1.0
    ways = []
    for top in tops[::-1]:
        sums = np.concatenate([[0.0], np.cumsum(after)])
        ends = np.arange(1, steps + 2)
        after = sums[ends] - sums[np.maximum(0, ends - 1 - int(top))]
        ways.append(after)
    return ways[::-1]


def _fillings(tops: list[int], steps: int) -> Iterator[tuple[int, ...]]:
    if len(tops) == 1:
        if steps <= tops[0]:
            yield (steps,)
        return
    room = sum(tops[1:])
    for first in range(max(0, steps - room), min(tops[0], steps) + 1):
        yield from itertools.starmap(
            lambda *rest, first=first: (first, *rest), _fillings(tops[1:], steps - first)
        )
