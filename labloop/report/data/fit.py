"""What the newest model says about itself, read from the JSON of its round.

The keys that are read::

    slices      [{parameter, unit, x: [...], mean: [...], low: [...], high: [...], output}]
    parameters  [{name, unit, mean, low, high, prior_low, prior_high}]
    weights     {member: weight}
    physics     {physics model: weight of all its members}
    missing     [{parameter, unit, effect, along, along_unit, share, x: [...], value: [...]}]
    uncertainty [{output: {noise, parameters, discrepancy, between}}], one a proposal

``low`` and ``high`` bound the 90 % interval; ``x`` is in the unit of the parameter, and may
hold texts for a category. ``effect`` is in standard deviations of the outputs; the parts of the
uncertainty are standard deviations, whose squares add up.
"""

import math
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
class LearnedConstant:
    """One constant of the physics: what was believed before, what the data say."""

    name: str
    unit: str
    mean: float
    low: float
    high: float
    prior_low: float | None
    prior_high: float | None

    @property
    def left(self) -> float | None:
        """The width of the interval as a share of what was believed; None where nothing was.

        Positive constants are compared by their logarithm, as they are learned.
        """
        if self.prior_low is None or self.prior_high is None:
            return None
        ends = [self.low, self.high, self.prior_low, self.prior_high]
        if min(ends) > 0:
            ends = [math.log(v) for v in ends]
        before = abs(ends[3] - ends[2])
        return abs(ends[1] - ends[0]) / before if before else None

    @property
    def outside(self) -> bool:
        """Whether the mean lies beyond what was believed."""
        if self.prior_low is None or self.prior_high is None:
            return False
        return not self.prior_low <= self.mean <= self.prior_high


@dataclass(frozen=True, slots=True)
class MissingTerm:
    """How a constant of the physics seems to vary along the input that it follows most."""

    parameter: str
    unit: str
    effect: float
    along: str
    along_unit: str
    share: float
    x: tuple[float | str, ...]
    value: tuple[float, ...]

    @property
    def categories(self) -> bool:
        """Whether the input is a choice among names."""
        return any(isinstance(v, str) for v in self.x)


@dataclass(frozen=True, slots=True)
class UncertaintyParts:
    """Where the uncertainty of one output of one proposal comes from, standard deviations."""

    noise: float
    parameters: float
    discrepancy: float
    between: float

    @property
    def sd(self) -> float:
        """The standard deviation of one measurement."""
        return math.hypot(self.noise, self.parameters, self.discrepancy, self.between)

    @property
    def shares(self) -> dict[str, float]:
        """Shares of the variance by where they come from, the greatest first."""
        whole = self.sd**2
        names = ("noise", "parameters", "discrepancy", "between")
        found = {name: getattr(self, name) ** 2 / whole if whole else 0.0 for name in names}
        return dict(sorted(found.items(), key=lambda item: -item[1]))


def model_slices(report: Mapping[str, Json]) -> tuple[Slice, ...] | None:
    """Return the slices of a fit report; None where they are not of the agreed form."""
    try:
        return tuple(_slice(item) for item in _items(report, "slices"))
    except (KeyError, TypeError, ValueError):
        return None


def learned_constants(report: Mapping[str, Json]) -> tuple[LearnedConstant, ...] | None:
    """Return the learned constants; None where they are not of the agreed form."""
    try:
        return tuple(_learned(item) for item in _items(report, "parameters"))
    except (KeyError, TypeError, ValueError):
        return None


def missing_terms(report: Mapping[str, Json]) -> tuple[MissingTerm, ...] | None:
    """Return what the physics is missing, the greatest effect first; None if of another form."""
    try:
        return tuple(_term(item) for item in _items(report, "missing"))
    except (KeyError, TypeError, ValueError):
        return None


def uncertainty_parts(report: Mapping[str, Json]) -> tuple[dict[str, UncertaintyParts], ...]:
    """Return output -> parts for each proposal; nothing where they are not of the agreed form."""
    try:
        return tuple(
            {str(name): _parts(parts) for name, parts in item.items()}
            for item in _items(report, "uncertainty")
        )
    except (AttributeError, KeyError, TypeError, ValueError):
        return ()


def model_weights(report: Mapping[str, Json], key: str = "weights") -> dict[str, float]:
    """Return member (or with ``key="physics"`` physics model) -> weight, heaviest first."""
    found = report.get(key)
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


def _learned(item: Any) -> LearnedConstant:
    return LearnedConstant(
        str(item["name"]),
        str(item.get("unit", "1")),
        float(item["mean"]),
        float(item["low"]),
        float(item["high"]),
        _maybe(item.get("prior_low")),
        _maybe(item.get("prior_high")),
    )


def _term(item: Any) -> MissingTerm:
    x = tuple(v if isinstance(v, str) else float(v) for v in item["x"])
    value = tuple(float(v) for v in item["value"])
    if not x or len(x) != len(value):
        raise ValueError("a missing term needs as many values as places")
    return MissingTerm(
        str(item["parameter"]),
        str(item.get("unit", "1")),
        float(item["effect"]),
        str(item["along"]),
        str(item.get("along_unit", "1")),
        float(item["share"]),
        x,
        value,
    )


def _parts(item: Any) -> UncertaintyParts:
    return UncertaintyParts(
        *(float(item[k]) for k in ("noise", "parameters", "discrepancy", "between"))
    )


def _maybe(value: Any) -> float | None:
    return None if value is None else float(value)
