"""Values that instruments, procedures and analyses yield, and the declaration of outputs."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from labloop.errors import DefinitionError, UnitError
from labloop.records._numbers import finite
from labloop.records._states import Quality
from labloop.units import check_unit

FloatArray: TypeAlias = npt.NDArray[np.float64]
PointValue: TypeAlias = float | int | str
Point: TypeAlias = Mapping[str, PointValue]
"""One value per parameter, each in the unit that its author declared."""


def freeze(mapping: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a read-only copy of ``mapping``."""
    return MappingProxyType(dict(mapping))


@dataclass(frozen=True, slots=True)
class Reading:
    """One value that a device was asked for.

    A value that cannot be trusted is a reading with another quality than OK; where there is
    none at all its value is None, never NaN.
    """

    value: float | None
    unit: str
    time: float
    """Lab time in seconds since the lab was opened."""
    quality: Quality = Quality.OK
    source: str = ""
    """``device.read``, for example ``thermostat.bath_temperature``."""

    def __post_init__(self) -> None:
        value = self.value
        if type(value) is float and math.isfinite(value):
            # The usual case, thousands of times a second in simulation.
            return
        if value is not None:
            finite(value, f"reading {self.source!r}")
        elif self.quality is Quality.OK:
            raise DefinitionError(f"reading {self.source!r} of quality ok has no value")


@dataclass(frozen=True, slots=True)
class CurveData:
    """Values over an axis, with units: a chromatogram, a spectrum, a time course.

    Both arrays are one-dimensional float64 of the same length, finite and read-only.

    Raises:
        DefinitionError: they cannot be made so.
    """

    x: FloatArray
    y: FloatArray
    x_unit: str = "1"
    y_unit: str = "1"

    def __post_init__(self) -> None:
        for name in ("x", "y"):
            try:
                array = np.array(getattr(self, name), dtype=np.float64, copy=True)
            except (TypeError, ValueError, OverflowError) as error:
                raise DefinitionError(f"a curve's {name} must be numbers: {error}") from error
            if array.ndim != 1 or not np.isfinite(array).all():
                raise DefinitionError(
                    f"a curve's {name} must be one-dimensional and finite, got shape {array.shape}"
                    f" with {int((~np.isfinite(array)).sum())} values not finite"
                )
            array.flags.writeable = False
            object.__setattr__(self, name, array)
        if len(self.x) != len(self.y):
            raise DefinitionError(
                f"a curve needs as many x as y values, got {len(self.x)} and {len(self.y)}"
            )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, CurveData):
            return NotImplemented
        return (
            (self.x_unit, self.y_unit) == (other.x_unit, other.y_unit)
            and np.array_equal(self.x, other.x)
            and np.array_equal(self.y, other.y)
        )

    def __hash__(self) -> int:
        # Adding 0.0 turns -0.0 into 0.0: the two are equal and must have one hash.
        x, y = (self.x + 0.0).tobytes(), (self.y + 0.0).tobytes()
        return hash((x, y, self.x_unit, self.y_unit))


@dataclass(frozen=True, slots=True)
class ScalarValue:
    """One number with its unit, and its standard deviation where it is known."""

    value: float
    unit: str = "1"
    sd: float | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "value", finite(self.value, "a scalar"))
        if self.sd is not None and finite(self.sd, "a standard deviation") < 0:
            raise DefinitionError(f"a standard deviation cannot be negative, got {self.sd}")


OutputValue: TypeAlias = ScalarValue | CurveData
RawValue: TypeAlias = ScalarValue | CurveData | str
ActualValue: TypeAlias = ScalarValue | str
"""A condition that was reached: a number with its unit, or a category."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """What a procedure returned for one experiment, stored as it is."""

    raw: Mapping[str, RawValue]
    actual: Mapping[str, ActualValue] = field(default_factory=dict)
    """The conditions that were reached, beside those that were asked for."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "raw", freeze(self.raw))
        object.__setattr__(self, "actual", freeze(self.actual))


@dataclass(frozen=True, slots=True)
class Scalar:
    """Declaration of an output that is one number.

    Attributes:
        name: the key of what the procedure, or the analysis, returns.
        unit: the unit of its numbers.
        bounds: what it can be at all, in ``unit``: a yield is from 0 to 100 %. What is expected
            is shown within them; a result outside is kept and learned from like any other.
    """

    name: str
    unit: str = "1"
    bounds: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        _check_output(self.name, self.unit)
        if self.bounds is None:
            return
        try:
            low, high = (finite(value, "a bound") for value in self.bounds)
        except (TypeError, ValueError) as error:
            raise DefinitionError(
                f"output {self.name!r}: bounds are two numbers such as (0, 100), "
                f"got {self.bounds!r}"
            ) from error
        if low >= high:
            raise DefinitionError(
                f"output {self.name!r}: the lower bound comes first, got {self.bounds!r}"
            )
        object.__setattr__(self, "bounds", (low, high))


@dataclass(frozen=True, slots=True)
class Curve:
    """Declaration of an output that is a curve: units of its axis and of its values."""

    name: str
    x: str = "1"
    y: str = "1"

    def __post_init__(self) -> None:
        _check_output(self.name, self.x, self.y)


def _check_output(name: str, *units: str) -> None:
    if not isinstance(name, str) or not name.strip():
        raise DefinitionError(f"an output needs a name, got {name!r}")
    for unit in units:
        try:
            check_unit(unit)
        except UnitError as error:
            raise UnitError(f"output {name!r}: {error}") from error


Output: TypeAlias = Scalar | Curve
