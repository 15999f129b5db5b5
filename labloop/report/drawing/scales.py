"""Scales: from values to pixels, with ticks at round numbers."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from labloop.report.data import number

_TIME_UNITS = (
    (172800.0, 86400.0, "days"),
    (7200.0, 3600.0, "hours"),
    (180.0, 60.0, "minutes"),
)


def time_unit(length: float) -> tuple[float, str]:
    """Return the seconds of the unit in which so many seconds are told, and its name."""
    return next(((s, unit) for least, s, unit in _TIME_UNITS if length >= least), (1.0, "seconds"))


@dataclass(frozen=True, slots=True)
class Scale:
    """Maps ``low .. high`` to the pixels ``start .. stop``, linearly or by logarithm."""

    low: float
    high: float
    start: float
    stop: float
    log: bool = False

    @classmethod
    def around(
        cls,
        values: Iterable[float],
        start: float,
        stop: float,
        *,
        log: bool = False,
        margin: float = 0.06,
    ) -> Self:
        """Return a scale that shows all ``values`` with a margin; 0 to 1 where there are none."""
        known = [v for v in values if math.isfinite(v) and (v > 0 or not log)]
        if not known:
            return cls(0.1 if log else 0.0, 1.0, start, stop, log)
        low, high = min(known), max(known)
        if log:
            ratio = (high / low) ** margin if high > low else 2.0
            return cls(low / ratio, high * ratio, start, stop, log=True)
        pad = (high - low) * margin if high > low else abs(high) * 0.1 or 1.0
        return cls(low - pad, high + pad, start, stop)

    def __call__(self, value: float) -> float:
        """Return the pixel of ``value``; values outside stay at the edge."""
        if self.log:
            whole = math.log(self.high / self.low)
            part = math.log(max(value, self.low) / self.low) / whole if whole else 0.5
        else:
            whole = self.high - self.low
            part = (value - self.low) / whole if whole else 0.5
        return self.start + min(1.0, max(0.0, part)) * (self.stop - self.start)

    def ticks(self, most: int = 6) -> list[tuple[float, str]]:
        """Return up to about ``most`` values at round numbers with their labels."""
        if self.log and self.high / self.low >= 5:
            return _log_ticks(self.low, self.high, most)
        span = self.high - self.low
        if span <= 0:
            return [(self.low, number(self.low))]
        step = _round_step(span / max(1, most - 1))
        decimals = max(0, -math.floor(math.log10(step) + 1e-9))
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        return [(i * step, _tick_label(i * step, decimals)) for i in range(first, last + 1)]


def whole_ticks(low: float, high: float, most: int) -> list[tuple[float, str]]:
    """Return ticks at whole numbers only: experiment 1, 10, 20."""
    step = max(1, round(_round_step(max(1.0, (high - low) / max(1, most - 1)))))
    first = math.ceil(low / step) * step
    return [(float(i), str(i)) for i in range(first, math.floor(high) + 1, step)]


def _round_step(rough: float) -> float:
    power = 10.0 ** math.floor(math.log10(rough))
    for factor in (1, 2, 5):
        if rough <= factor * power * 1.0001:
            return factor * power
    return 10 * power


def _log_ticks(low: float, high: float, most: int) -> list[tuple[float, str]]:
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for factors in ((1, 2, 5), (1, 3), (1,)):
        values = [f * 10.0**d for d in decades for f in factors if low <= f * 10.0**d <= high]
        if len(values) <= most:
            break
    else:
        values = values[:: math.ceil(len(values) / most)]
    return [(v, number(v, 1)) for v in values]


def _tick_label(value: float, decimals: int) -> str:
    if abs(value) >= 1e6 or (value and abs(value) < 1e-4):
        return number(value, 2)
    text = f"{value + 0.0:.{min(decimals, 6)}f}"
    return text.replace("-", "\N{MINUS SIGN}") if float(text) else text.lstrip("-")
