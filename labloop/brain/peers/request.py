"""A space, an objective and results as a worker reads them, and its points as they come back.

Parameters and outputs are called ``p0``, ``a0``, ``k0`` there: their own names may mean
something else to a peer. Numbers that the space spreads evenly over the logarithm are given as
logarithms, so that both sides know the same of the space.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from labloop.brain.observations import usable
from labloop.objectives import Objectives
from labloop.records import Dataset, FloatArray, Observation, Point, PointValue
from labloop.space import Categorical, Continuous, Numeric, Parameter, Pool, SearchSpace


@dataclass(frozen=True, slots=True)
class Translation:
    """Between one space and what a worker knows of it.

    Args:
        space: where experiments may go.
        options: what the strategy was told beside, handed on as it is.
    """

    space: SearchSpace
    options: Mapping[str, str]

    def request(
        self,
        objective: Objectives,
        data: Dataset,
        pending: Sequence[Point],
        closed: Sequence[Point],
    ) -> dict[str, Any]:
        """Return all that a worker is told but for the number of points and the seed.

        Results outside of the space are left out: peers end at its bounds.
        """
        known = usable(self.space, objective, data)
        failed = [o.point for o in data.observations if o.failed]
        described = self._space()
        return {
            "op": "propose",
            **described,
            "options": dict(self.options),
            "aims": [
                {"name": f"a{i}", "least": aim.reference} for i, aim in enumerate(objective.aims)
            ],
            "limits": [
                {"name": f"k{i}", "low": _or_none(low), "high": _or_none(high)}
                for i, (_, low, high) in enumerate(objective.bounds)
            ],
            "results": [
                _result(self.outward(o.point), objective, o)
                for o in known
                if self.space.contains(o.point)
            ],
            "failed": self._legal(failed),
            "pending": self._legal(pending),
            "closed": self._legal(closed),
        }

    def outward(self, point: Point) -> dict[str, PointValue]:
        """Return a legal point as the worker names it."""
        legal = self.space.validate(point)
        return {
            f"p{i}": math.log(float(legal[p.name])) if _in_logs(p) else legal[p.name]
            for i, p in enumerate(self.space.parameters)
        }

    def inward(self, points: Sequence[Mapping[str, Any]]) -> FloatArray:
        """Return ``n x d`` encoded rows of a worker's points, rounding errors taken away."""
        return np.asarray(self.space.encode([self._inward(point) for point in points]))

    def _inward(self, point: Mapping[str, Any]) -> Point:
        found: dict[str, PointValue] = {}
        for i, parameter in enumerate(self.space.parameters):
            value = point[f"p{i}"]
            if isinstance(parameter, Numeric):
                low, high = parameter.bounds
                number = math.exp(value) if _in_logs(parameter) else float(value)
                value = min(max(number, low), high)
            found[parameter.name] = value
        return found

    def _legal(self, points: Sequence[Point]) -> list[dict[str, PointValue]]:
        return [self.outward(point) for point in points if self.space.contains(point)]

    def _space(self) -> dict[str, Any]:
        parameters = [_parameter(f"p{i}", p) for i, p in enumerate(self.space.parameters)]
        candidates = self.space.candidates()
        bound = any(not isinstance(i, (Parameter, Pool)) for i in self.space.items)
        pool = any(isinstance(i, Pool) for i in self.space.items)
        if candidates is None or not (bound or pool):
            return {"parameters": parameters, "rows": None, "linear": self._linear()}
        rows = [list(self.outward(candidates.point(i)).values()) for i in range(len(candidates))]
        return {"parameters": parameters, "rows": rows, "linear": []}

    def _linear(self) -> list[dict[str, Any]]:
        """Return the constraints over the parameters' own numbers, equalities first.

        Encoded they are ``c @ u >= rhs`` with ``u = (v - low) / (high - low)``.
        """
        features, found = self.space.features, []
        names = {p.name: f"p{i}" for i, p in enumerate(self.space.parameters)}
        for constraint in self.space.constraints_encoded() or ():
            weights, bound = {}, constraint.rhs
            for column, coefficient in zip(
                constraint.columns, constraint.coefficients, strict=True
            ):
                feature = features[column]
                weight = coefficient / (feature.high - feature.low)
                weights[names[feature.parameter]] = weight
                bound += weight * feature.low
            # In units of its largest weight, and "at most" as most libraries write it.
            scale = max(abs(w) for w in weights.values())
            sign = 1.0 if constraint.kind == "==" else -1.0
            found.append(
                {
                    "weights": {name: sign * w / scale for name, w in weights.items()},
                    "sense": "==" if constraint.kind == "==" else "<=",
                    "bound": sign * bound / scale,
                }
            )
        return sorted(found, key=lambda c: str(c["sense"]) != "==")


def _result(
    point: dict[str, PointValue], objective: Objectives, one: Observation
) -> dict[str, Any]:
    scores = objective.score(one.outputs)
    return {
        "point": point,
        "scores": {f"a{i}": score for i, score in enumerate(scores)},
        "limits": {f"k{i}": one.outputs[c.output] for i, c in enumerate(objective.constraints)},
    }


def _parameter(name: str, parameter: Parameter) -> dict[str, Any]:
    if parameter.count is None and isinstance(parameter, Continuous):
        low, high = parameter.bounds
        if _in_logs(parameter):
            low, high = math.log(low), math.log(high)
        return {"name": name, "kind": "range", "low": low, "high": high}
    values = list(parameter.values_of(parameter.all_codes()))
    if isinstance(parameter, Categorical):
        described = parameter.descriptors
        return {"name": name, "kind": "names", "values": values, "descriptors": described}
    return {"name": name, "kind": "numbers", "values": values}


def _in_logs(parameter: Parameter) -> bool:
    return isinstance(parameter, Numeric) and parameter.log and parameter.count is None


def _or_none(bound: float) -> float | None:
    return bound if math.isfinite(bound) else None
