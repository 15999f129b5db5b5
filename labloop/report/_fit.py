"""What the newest model says about itself, read from the JSON of its round.

The keys that are read::

    slices      [{parameter, unit, x: [...], mean: [...], low: [...], high: [...], output}]
    parameters  [{name, unit, mean, low, high, prior_low, prior_high}]
    weights     {member: weight}

``low`` and ``high`` bound the 90 % interval; ``x`` is in the unit of the parameter, and may
hold texts for a category.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from labloop.records import Json


@dataclass(frozen=True, slots=True)
class Slice:
    """The model's expectation along one parameter, the others at the best point."""

    parameter: str
    unit: str
    output: str
    x: tuple[float | str, ...]
    mean: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Learned:
    """One constant of the physics: what was believed before, what the data say."""

    name: str
    unit: str
    mean: float
    low: float
    high: float
    prior_low: float | None
    prior_high: float | None


def slices(report: Mapping[str, Json]) -> tuple[Slice, ...] | None:
    """Return the slices of a fit report; None where they are not of the agreed form."""
    try:
        return tuple(_slice(item) for item in _items(report, "slices"))
    except (KeyError, TypeError, ValueError):
        return None


def learned(report: Mapping[str, Json]) -> tuple[Learned, ...] | None:
    """Return the learned constants; None where they are not of the agreed form."""
    try:
        return tuple(_learned(item) for item in _items(report, "parameters"))
    except (KeyError, TypeError, ValueError):
        return None


def weights(report: Mapping[str, Json]) -> dict[str, float]:
    """Return member -> weight of a mixture of models, heaviest first."""
    found = report.get("weights")
    if not isinstance(found, Mapping):
        return {}
    known = {str(k): float(v) for k, v in found.items() if isinstance(v, int | float)}
    return dict(sorted(known.items(), key=lambda item: -item[1]))


def _items(report: Mapping[str, Json], key: str) -> Sequence[Any]:
    found: Any = report.get(key) or ()
    return tuple(found)


def _slice(item: Any) -> Slice:
    curves = [tuple(float(v) for v in item[key]) for key in ("mean", "low", "high")]
    x = tuple(v if isinstance(v, str) else float(v) for v in item["x"])
    if not x or any(len(curve) != len(x) for curve in curves):
        raise ValueError("a slice needs as many values as places")
    return Slice(
        str(item["parameter"]), str(item.get("unit", "1")), str(item["output"]), x, *curves
    )


def _learned(item: Any) -> Learned:
    return Learned(
        str(item["name"]),
        str(item.get("unit", "1")),
        float(item["mean"]),
        float(item["low"]),
        float(item["high"]),
        _maybe(item.get("prior_low")),
        _maybe(item.get("prior_high")),
    )


def _maybe(value: Any) -> float | None:
    return None if value is None else float(value)
