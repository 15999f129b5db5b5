"""Constraints as a person declares them: linear ones, and mixtures with a constant sum."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from labloop.errors import SpaceError
from labloop.records import Json, finite
from labloop.space.parameters import TOLERANCE, Continuous, check_name, check_space_unit

Sense: TypeAlias = Literal["<=", ">=", "=="]


@dataclass(frozen=True, slots=True)
class Linear:
    """A weighted sum of parameters, each converted to ``unit``, against a bound in ``unit``.

    ``Linear({"acid": 1, "base": 1}, "<=", 0.5, unit="mol/L")`` means the same whatever units
    ``acid`` and ``base`` were declared in. The space refuses parameters of other dimensions.

    Raises:
        SpaceError: no weight that differs from 0, an unknown sense or unit, no finite number.
    """

    weights: Mapping[str, float]
    sense: Sense
    bound: float
    unit: str = "1"

    def __post_init__(self) -> None:
        if not isinstance(self.weights, Mapping) or not self.weights:
            raise SpaceError(
                f"a linear constraint needs weights such as {{'a': 1.0, 'b': 2.0}}, "
                f"got {self.weights!r}"
            )
        if not isinstance(self.sense, str) or self.sense not in {"<=", ">=", "=="}:
            raise SpaceError(f"a linear constraint is '<=', '>=' or '==', got {self.sense!r}")
        weights = {
            str(name): finite(weight, f"the weight of {name!r} in a linear constraint", SpaceError)
            for name, weight in self.weights.items()
        }
        if not any(weights.values()):
            raise SpaceError("a linear constraint needs a weight that is not 0")
        object.__setattr__(self, "weights", weights)
        object.__setattr__(
            self, "bound", finite(self.bound, "the bound of a constraint", SpaceError)
        )
        check_space_unit(self.unit, "a linear constraint")

    def __str__(self) -> str:
        terms = " + ".join(f"{w:g} {name}" for name, w in self.weights.items())
        unit = "" if self.unit == "1" else f" {self.unit}"
        return f"{terms} {self.sense} {self.bound:g}{unit}"

    def spec(self) -> dict[str, Json]:
        """Return the declaration."""
        return {
            "type": "linear",
            "weights": dict(self.weights),
            "sense": self.sense,
            "bound": self.bound,
            "unit": self.unit,
        }


@dataclass(frozen=True, slots=True)
class Mixture:
    """Parameters that always sum to ``total``: fractions, or volumes that fill a vial.

    Args:
        parts: name -> (low, high); each becomes a continuous parameter.
        total: the sum, exact.
        unit: the unit of parts and total.
        step: each part is its low bound plus whole steps.

    Raises:
        SpaceError: fewer than two parts, or no values within the bounds sum to the total.
    """

    parts: Mapping[str, tuple[float, float]]
    total: float = 1.0
    unit: str = "1"
    step: float | None = None
    parameters: tuple[Continuous, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not isinstance(self.parts, Mapping) or len(self.parts) < 2:
            raise SpaceError("a mixture needs at least two parts {name: (low, high), ...}")
        check_space_unit(self.unit, "a mixture")
        object.__setattr__(self, "total", finite(self.total, "the total of a mixture", SpaceError))
        parameters = tuple(
            Continuous(check_name(name), *_pair(name, bounds), self.unit, step=self.step)
            for name, bounds in self.parts.items()
        )
        object.__setattr__(self, "parameters", parameters)
        object.__setattr__(self, "parts", {p.name: (p.low, p.high) for p in parameters})
        self._refuse_unreachable()

    @property
    def low_sum(self) -> float:
        """The sum of all low bounds."""
        return math.fsum(p.low for p in self.parameters)

    def _refuse_unreachable(self) -> None:
        least, most = self.low_sum, math.fsum(p.high for p in self.parameters)
        slack = TOLERANCE * (most - least)
        if not least - slack <= self.total <= most + slack:
            raise SpaceError(
                f"the mixture of {', '.join(self.parts)} cannot sum to {self.total:g}: its parts "
                f"reach {least:g} to {most:g}; change the bounds or the total"
            )
        if self.step is not None:
            steps = (self.total - least) / self.step
            if abs(steps - round(steps)) > 1e-6:
                raise SpaceError(
                    f"the mixture of {', '.join(self.parts)} cannot sum to {self.total:g} in "
                    f"steps of {self.step:g} from its low bounds; choose a step that divides "
                    f"{self.total - least:g}"
                )

    def __str__(self) -> str:
        return f"mixture {' + '.join(self.parts)} == {self.total:g}"

    def spec(self) -> dict[str, Json]:
        """Return the declaration."""
        return {
            "type": "mixture",
            "parts": {name: list(bounds) for name, bounds in self.parts.items()},
            "total": self.total,
            "unit": self.unit,
            "step": self.step,
        }


def _pair(name: str, bounds: object) -> tuple[float, float]:
    if not isinstance(bounds, (tuple, list)) or len(bounds) != 2:
        raise SpaceError(f"part {name!r} of a mixture needs (low, high), got {bounds!r}")
    return bounds[0], bounds[1]
