"""Curves that physics predicts, and the scalars that are calculated from them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import torch
from torch import Tensor

from labloop.errors import PhysicsError
from labloop.physics.language.units import si_conversion
from labloop.records import finite, list_of
from labloop.units import convert, same_dimension

_MOST_POINTS = 10_000


@dataclass(frozen=True, slots=True)
class CurveAxis:
    """Where the points of a predicted curve lie.

    Args:
        values: at least two rising numbers in ``unit``.
        unit: the unit of the axis, such as ``nm``.
        y_unit: the unit of the curve's values.

    Raises:
        PhysicsError: values that are no axis.
        UnitError: an unknown unit.
    """

    values: tuple[float, ...]
    unit: str = "1"
    y_unit: str = "1"

    def __post_init__(self) -> None:
        si_conversion(self.unit)
        si_conversion(self.y_unit)
        like = "(400.0, 500.0, 600.0)"
        given = list_of(self.values, "the axis of a curve", like, PhysicsError)
        numbers = tuple(finite(v, "a value of the axis of a curve", PhysicsError) for v in given)
        object.__setattr__(self, "values", numbers)
        rising = all(b > a for a, b in zip(self.values, self.values[1:], strict=False))
        if not 2 <= len(self.values) <= _MOST_POINTS or not rising or not self._finite():
            raise PhysicsError(
                f"the axis of a curve needs 2 to {_MOST_POINTS} finite rising values, "
                f"got {len(self.values)}: {self.values[:3]}..."
            )

    def _finite(self) -> bool:
        return all(math.isfinite(v) for v in self.values)

    @classmethod
    def even(
        cls, low: float, high: float, points: int, unit: str = "1", y_unit: str = "1"
    ) -> "CurveAxis":
        """Return ``points`` evenly spread values from ``low`` to ``high``, both included."""
        if not isinstance(points, int) or not 2 <= points <= _MOST_POINTS:
            raise PhysicsError(f"a curve needs 2 to {_MOST_POINTS} points, got {points!r}")
        low = finite(low, "the begin of the axis of a curve", PhysicsError)
        high = finite(high, "the end of the axis of a curve", PhysicsError)
        step = (high - low) / (points - 1)
        return cls(tuple(low + i * step for i in range(points)), unit, y_unit)

    @property
    def is_time(self) -> bool:
        """Whether the axis counts time."""
        return same_dimension(self.unit, "s")

    def si(self) -> Tensor:
        """Return the values in SI, ``n``."""
        factor, offset = si_conversion(self.unit)
        return factor * torch.tensor(self.values, dtype=torch.float64) + offset

    def between(self, low: float, high: float, unit: str) -> tuple[int, int]:
        """Return the first and one past the last point within; raises PhysicsError."""
        first, last = (self._own(v, unit) for v in (low, high))
        inside = [i for i, v in enumerate(self.values) if first <= v <= last]
        if not inside:
            raise PhysicsError(
                f"no point of the curve lies between {low:g} and {high:g} {unit}; the axis goes "
                f"from {self.values[0]:g} to {self.values[-1]:g} {self.unit}"
            )
        return inside[0], inside[-1] + 1

    def weight(self, at: float, unit: str) -> tuple[int, float]:
        """Return point i and share s with value(at) = (1 - s) y_i + s y_(i + 1)."""
        place = self._own(at, unit)
        if not self.values[0] <= place <= self.values[-1]:
            raise PhysicsError(
                f"{at:g} {unit} is not on the axis of the curve, which goes from "
                f"{self.values[0]:g} to {self.values[-1]:g} {self.unit}"
            )
        index = min(sum(v <= place for v in self.values), len(self.values) - 1) - 1
        low, high = self.values[index], self.values[index + 1]
        return index, (place - low) / (high - low)

    def _own(self, value: float, unit: str) -> float:
        if not same_dimension(unit, self.unit):
            raise PhysicsError(
                f"a place in {unit!r} was asked for on an axis in {self.unit!r}; give it in that"
            )
        return convert(value, unit, self.unit)


@dataclass(frozen=True, slots=True)
class At:
    """The value of a curve at one place, interpolated along straight lines."""

    curve: str
    place: float
    unit: str = "1"

    def check(self, axis: CurveAxis) -> str:
        """Return the unit of the scalar; raises PhysicsError where the curve has none such."""
        axis.weight(self.place, self.unit)
        return axis.y_unit

    def of(self, axis: CurveAxis, y: Tensor) -> Tensor:
        """Return the scalar ``[...]`` of the curve's values ``[..., n]``."""
        index, share = axis.weight(self.place, self.unit)
        return (1.0 - share) * y[..., index] + share * y[..., index + 1]


@dataclass(frozen=True, slots=True)
class Mean:
    """The mean of the curve's points, between two places where they are given."""

    curve: str
    low: float | None = None
    high: float | None = None
    unit: str = "1"

    def _range(self, axis: CurveAxis) -> tuple[int, int]:
        if self.low is None or self.high is None:
            if self.low is not self.high:
                raise PhysicsError("Mean needs both low= and high=, or neither")
            return 0, len(axis.values)
        return axis.between(self.low, self.high, self.unit)

    def check(self, axis: CurveAxis) -> str:
        """Return the unit of the scalar; raises PhysicsError."""
        self._range(axis)
        return axis.y_unit

    def of(self, axis: CurveAxis, y: Tensor) -> Tensor:
        """Return the scalar ``[...]`` of the curve's values ``[..., n]``."""
        first, end = self._range(axis)
        return y[..., first:end].mean(-1)


@dataclass(frozen=True, slots=True)
class Peak:
    """The greatest value of the curve (the least with ``low=True``)."""

    curve: str
    low: bool = False

    def check(self, axis: CurveAxis) -> str:
        """Return the unit of the scalar."""
        return axis.y_unit

    def of(self, axis: CurveAxis, y: Tensor) -> Tensor:  # noqa: ARG002 - one way for all
        """Return the scalar ``[...]`` of the curve's values ``[..., n]``."""
        return y.amin(-1) if self.low else y.amax(-1)


@dataclass(frozen=True, slots=True)
class PeakAt:
    """Where the curve is greatest: the vertex of the parabola through the three top points."""

    curve: str

    def check(self, axis: CurveAxis) -> str:
        """Return the unit of the scalar: the axis' own."""
        return axis.unit

    def of(self, axis: CurveAxis, y: Tensor) -> Tensor:
        """Return the scalar ``[...]`` of the curve's values ``[..., n]``."""
        x = torch.tensor(axis.values, dtype=torch.float64)
        if len(x) < 3:
            return x[y.detach().argmax(-1)] + 0.0 * y.sum(-1)
        top = y.detach().argmax(-1).clamp(1, len(x) - 2)
        near = [torch.gather(y, -1, (top + i).unsqueeze(-1)).squeeze(-1) for i in (-1, 0, 1)]
        left, right = x[top - 1] - x[top], x[top + 1] - x[top]
        # Divided differences of y(x) = y1 + b x + a x^2 with x counted from the middle point.
        slope_l, slope_r = (near[0] - near[1]) / left, (near[2] - near[1]) / right
        a = (slope_r - slope_l) / (right - left)
        b = slope_l - a * left
        vertex = -b / (2.0 * torch.where(a < 0, a, -torch.ones_like(a)))
        # Where the greatest value is at an end there is no vertex within: the end is returned.
        ends = torch.where(near[0] > near[2], left, right)
        inside = (a < 0) & (vertex > left) & (vertex < right)
        return x[top] + torch.where(inside, vertex, ends)


@dataclass(frozen=True, slots=True)
class Rms:
    """The root of the mean squared distance from a target curve with a value a point."""

    curve: str
    target: Sequence[float] = field(default=())

    def check(self, axis: CurveAxis) -> str:
        """Return the unit of the scalar; raises PhysicsError where the lengths differ."""
        if len(self.target) != len(axis.values):
            raise PhysicsError(
                f"the target of curve {self.curve!r} has {len(self.target)} values, expected one "
                f"for each of its {len(axis.values)} points"
            )
        return axis.y_unit

    def of(self, axis: CurveAxis, y: Tensor) -> Tensor:  # noqa: ARG002 - one way for all
        """Return the scalar ``[...]`` of the curve's values ``[..., n]``."""
        target = torch.tensor([float(v) for v in self.target], dtype=torch.float64)
        # The root has no derivative at zero; a floor far below any noise keeps it finite.
        return ((y - target).square().mean(-1) + 1e-300).sqrt()


@dataclass(frozen=True, slots=True)
class Course:
    """A curve over time: arithmetic of what a model solves for, in the axis' ``y_unit``.

    After the end of an experiment it stays as it was at the end.
    """

    value: str
    axis: CurveAxis


CurveScalar: TypeAlias = At | Mean | Peak | PeakAt | Rms
CURVE_SCALARS = (At, Mean, Peak, PeakAt, Rms)


def curves_of(model: object) -> Mapping[str, CurveAxis]:
    """Return the curves that a model predicts after its scalars; empty where it has none."""
    found: Mapping[str, CurveAxis] = getattr(model, "curves", {})
    return found
