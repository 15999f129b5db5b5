"""Values that repeat although all settings changed, and curves that stand still."""

import math
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence

import numpy as np

from labloop.records import CurveData, FloatArray

_CHANCE = math.log(1e-4)
"""A row of equal values is told where chance makes it rarer than this."""
_LEAST = 4
"""So many equal values in a row are the fewest that are told."""
_PRECISE = 5
"""A value of so many significant digits hardly comes twice by chance."""
_SELDOM = 1e-3
_STANDS = 8
"""So many equal points in a row are the fewest of a curve that stands still."""
_LONGER = 4
"""A curve stands still for so many times longer than any before."""
_NOISY = 0.2
"""Share of the points at which a noisy curve turns."""


def equal_rows(
    values: Sequence[Hashable], settings: Sequence[tuple[float | str, ...]]
) -> Iterator[tuple[int, ...]]:
    """Yield rows of experiments that gave the same, bit for bit, at settings that all differ.

    That two results agree by chance has the probability ``(c + 1) / (n + 2)`` (Laplace's rule),
    where ``c`` of the ``n`` results outside of the row are equal to it; so a plateau that is often
    met, and a coarse scale, are told of later than a fine one.

    Args:
        values: what each experiment gave, by number.
        settings: its conditions; numbers, or where there are none, texts.
    """
    counts = Counter(values)
    start = 0
    for end in range(1, len(values) + 1):
        if end < len(values) and values[end] == values[start]:
            continue
        row = _all_changed(range(start, end), settings)
        outside = len(values) - (end - start)
        agree = (counts[values[start]] - (end - start) + 1) / (outside + 2)
        if counts[values[start]] == end - start and _digits(values[start]) >= _PRECISE:
            agree = min(agree, _SELDOM)
        if len(row) >= _LEAST and (len(row) - 1) * math.log(agree) < _CHANCE:
            yield tuple(range(start, end))
        start = end


def _all_changed(row: range, settings: Sequence[tuple[float | str, ...]]) -> list[int]:
    """Return those of a row of which each setting differs from that of the one before."""
    kept = [row[0]]
    for index in row[1:]:
        before, now = settings[kept[-1]], settings[index]
        numbers = [(a, b) for a, b in zip(before, now, strict=True) if isinstance(b, float)]
        changed = all(a != b for a, b in numbers) if numbers else before != now
        if changed:
            kept.append(index)
    return kept


def _digits(value: Hashable) -> int:
    """Return how many significant digits a number has; those of a curve are many."""
    if not isinstance(value, float):
        return 17
    return len(f"{value:.17g}".partition("e")[0].replace(".", "").lstrip("-0").rstrip("0"))


def stands_still(curve: CurveData, before: Sequence[CurveData]) -> int:
    """Return for how many points in a row a curve has one value; 0 where that is no wonder.

    It is none where earlier curves did so as well, or have no noise to be missed.
    """
    if len(before) < 3 or len(curve.y) < _STANDS:
        return 0
    if float(np.median([_turns(one.y) for one in before])) < _NOISY:
        return 0
    longest = _longest(curve.y)
    usual = max(_longest(one.y) for one in before)
    return longest if longest >= max(_STANDS, _LONGER * usual) else 0


def _turns(y: FloatArray) -> float:
    steps = np.sign(np.diff(y))
    return float(np.mean(steps[1:] * steps[:-1] < 0)) if len(steps) > 1 else 0.0


def _longest(y: FloatArray) -> int:
    """Return the length of the longest row of equal values."""
    ends = np.flatnonzero(np.diff(y) != 0)
    edges = np.concatenate([[-1], ends, [len(y) - 1]])
    return int(np.diff(edges).max()) if len(y) else 0
