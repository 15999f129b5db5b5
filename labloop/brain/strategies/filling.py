"""Fills places with points one after another, so that the rules between them are kept.

What is worth taking next is a ``Picker``'s to say; this file knows neither models nor results.
"""

from collections.abc import Callable, Sequence
from typing import Protocol, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from labloop.brain.strategies.supply import Allowed, Supply
from labloop.records import FloatArray
from labloop.space import Layout

_TRIED, _AHEAD = 4, 48
"""Values of what a whole plate shares that are tried out, with so many points each."""
IntArray: TypeAlias = NDArray[np.int64]
BoolArray: TypeAlias = NDArray[np.bool_]


class Picker(Protocol):
    """Says what each point is worth, beside those already taken."""

    def gains(self, open_: BoolArray) -> FloatArray:
        """Return what ``N`` points would add; only those that are open count."""
        ...

    def take(self, row: int) -> None:
        """Take a point."""
        ...

    def copy(self) -> Self:
        """Return a picker that goes on by itself."""
        ...


class Farthest:
    """Takes the point that is farthest from all others (maximin).

    Args:
        rows: ``N x d``.
        nearest: squared distance of each to what is known, infinite where nothing is.
        lots: ``N`` random numbers; the first point is drawn, and equal ones are told apart.
    """

    def __init__(self, rows: FloatArray, nearest: FloatArray, lots: FloatArray) -> None:
        self._rows, self._nearest, self._lots = rows, nearest, lots

    def gains(self, open_: BoolArray) -> FloatArray:
        """Return squared distances."""
        if np.isinf(self._nearest[open_]).all():
            return self._lots
        return self._nearest + 1e-9 * self._lots

    def take(self, row: int) -> None:
        """Measure distances from a point as well."""
        away = ((self._rows - self._rows[row]) ** 2).sum(1)
        self._nearest = np.minimum(self._nearest, away)

    def copy(self) -> "Farthest":
        """Return a picker that goes on by itself."""
        return Farthest(self._rows, self._nearest, self._lots)


class Drawn:
    """Takes points by lot."""

    def __init__(self, lots: FloatArray) -> None:
        self._lots = lots

    def gains(self, open_: BoolArray) -> FloatArray:  # noqa: ARG002 - a lot hangs on nothing
        """Return the lots."""
        return self._lots

    def take(self, row: int) -> None:
        """Do nothing: a lot hangs on no other."""

    def copy(self) -> "Drawn":
        """Return itself."""
        return self


Offer: TypeAlias = Callable[[Allowed], tuple[Supply, Picker]]
"""Returns points with certain values, and what they are worth."""


def chosen(
    offer: Offer, layout: Layout, held: Callable[[str], FloatArray]
) -> tuple[Supply, list[tuple[int, int]]]:
    """Return a supply, and which of its rows stand in which place.

    Args:
        offer: the points to choose from.
        layout: the places and their rules.
        held: returns the codes of a parameter that the controls of the plate hold already.

    Returns:
        Pairs of place and row, best row first; a place for which no point is left is missing.
    """
    supply, picker = offer({})
    shared = [group for group in layout.groups if len(layout.places) and not any(group.of)]
    if shared or layout.at_most:
        allowed = _narrowed(picker, supply, layout, held)
        supply, picker = offer(allowed)
    return supply, _filled(picker, supply, layout)


def _greedy(picker: Picker, open_: BoolArray, n: int) -> tuple[list[int], list[float]]:
    """Return up to ``n`` rows and what each added."""
    picker, open_ = picker.copy(), open_.copy()
    rows: list[int] = []
    added: list[float] = []
    for _ in range(min(n, int(open_.sum()))):
        gains = np.where(open_, picker.gains(open_), -np.inf)
        best = int(gains.argmax())
        rows.append(best)
        added.append(float(gains[best]))
        picker.take(best)
        open_[best] = False
    return rows, added


def _narrowed(
    picker: Picker, supply: Supply, layout: Layout, held: Callable[[str], FloatArray]
) -> dict[int, FloatArray]:
    """Return the values that the plate as a whole takes of what it shares or has few of."""
    open_ = np.ones(len(supply), dtype=bool)
    n = len(layout.places)
    allowed: dict[int, FloatArray] = {}
    for group in layout.groups:
        if not any(group.of):
            level = supply.levels(group.parameters)
            open_ &= level == _best_level(picker, open_, level, n)
    for name, most in layout.at_most.items():
        column = supply.names.index(name)
        codes, level = np.unique(supply.codes[:, column], return_inverse=True)
        before = np.isin(codes, held(name))
        rows, added = _greedy(picker, open_, n)
        counts = np.bincount(level[rows], minlength=len(codes))
        worth = np.bincount(level[rows], np.maximum(added, 0.0), len(codes)) + 1e-12 * counts
        worth[before] = np.inf
        best = np.argsort(-worth, kind="stable")[:most]
        allowed[column] = np.asarray(codes[best], dtype=np.float64)
        open_ &= np.isin(level, best)
    for group in layout.groups:
        if not any(group.of):
            for name in group.parameters:
                column = supply.names.index(name)
                allowed[column] = np.unique(supply.codes[open_, column])
    return allowed


def _best_level(picker: Picker, open_: BoolArray, level: IntArray, n: int) -> int:
    """Return the value with which ``n`` points are worth most, of those that have so many."""
    stock = np.bincount(level[open_])
    open_ = open_ & (stock[level] >= min(n, int(stock.max())))
    n = min(n, _AHEAD)
    rows, added = _greedy(picker, open_, n)
    worth = np.bincount(level[rows], np.maximum(added, 0.0), minlength=int(level.max()) + 1)
    worth[level[rows[0]]] = max(float(worth.max()), 1e-300)
    tried = np.argsort(-worth, kind="stable")[:_TRIED]
    totals = [_total(picker, open_ & (level == one), n) for one in tried]
    return int(tried[int(np.argmax(totals))])


def _total(picker: Picker, open_: BoolArray, n: int) -> float:
    _, added = _greedy(picker, open_, n)
    return float(np.sum(np.minimum(added, 1e300))) if added else -np.inf


def _filled(picker: Picker, supply: Supply, layout: Layout) -> list[tuple[int, int]]:
    """Return pairs of place and row, best row first."""
    n = len(layout.places)
    have = np.zeros(len(supply), dtype=np.int64)
    need = np.zeros(n, dtype=np.int64)
    open_ = np.ones(len(supply), dtype=bool)
    for group in layout.groups:
        level = supply.levels(group.parameters)
        values = _allotted(picker, open_, level, np.array(group.of), n)
        open_ &= np.isin(level, values)
        size = int(level.max()) + 1
        have, need = have * size + level, need * size + values[np.array(group.of)]
    left = {int(key): int((need == key).sum()) for key in np.unique(need)}
    open_ &= np.isin(have, need)
    taken: list[int] = []
    picker = picker.copy()
    while sum(left.values()) and open_.any():
        gains = np.where(open_, picker.gains(open_), -np.inf)
        best = int(gains.argmax())
        picker.take(best)
        taken.append(best)
        open_[best] = False
        key = int(have[best])
        left[key] -= 1
        if not left[key]:
            open_ &= have != key
    return _placed(supply, taken, have, need, in_order=bool(layout.groups or layout.places[0]))


def _allotted(picker: Picker, open_: BoolArray, level: IntArray, of: IntArray, n: int) -> IntArray:
    """Return a value for each group, in proportion to the points that would be taken freely.

    Groups go by greatest remainders in turn (D'Hondt); the values ascend from group to group, so
    that neighbours differ little.
    """
    groups = int(of.max()) + 1
    rows, _ = _greedy(picker, open_, n)
    wanted = np.bincount(level[rows], minlength=int(level.max()) + 1).astype(np.float64)
    stock = np.bincount(level[open_], minlength=len(wanted)).astype(np.float64)
    size = max(1.0, len(of) / groups)
    given = np.zeros(len(wanted))
    for _ in range(groups):
        share = wanted / (given + 1.0)
        # Groups that can be filled come first, then those for which a point is left.
        whole = np.where(stock >= (given + 1.0) * size, share + 1e-9 * (stock > 0), -1.0)
        some = np.where(stock > given * size, share, -1.0)
        worth = whole if whole.max() > 0 else some
        best = int(worth.argmax()) if worth.max() > 0 else int((stock / (given + 1.0)).argmax())
        given[best] += 1.0
    return np.repeat(np.arange(len(wanted)), given.astype(np.int64))


def _placed(
    supply: Supply, taken: Sequence[int], have: IntArray, need: IntArray, *, in_order: bool
) -> list[tuple[int, int]]:
    """Return pairs of place and row; on a plate neighbouring places get points alike."""
    rank = {row: i for i, row in enumerate(taken)}
    pairs: list[tuple[int, int]] = []
    for key in np.unique(need):
        rows = [row for row in taken if have[row] == key]
        places = np.flatnonzero(need == key)
        if in_order:
            rows = [rows[i] for i in short_path(supply.rows[rows])]
        pairs += [(int(place), row) for place, row in zip(places, rows, strict=False)]
    return sorted(pairs, key=lambda pair: rank[pair[1]])


def short_path(rows: FloatArray) -> list[int]:
    """Return an order of ``n x d`` rows in which each is followed by the nearest that is left."""
    if not len(rows):
        return []
    now = int(np.lexsort(rows.T[::-1])[0])
    order, left = [now], np.ones(len(rows), dtype=bool)
    left[now] = False
    while left.any():
        away = np.where(left, ((rows - rows[now]) ** 2).sum(1), np.inf)
        now = int(away.argmin())
        order.append(now)
        left[now] = False
    return order
