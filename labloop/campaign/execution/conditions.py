"""What crosses the border to a person's code: conditions in, raw data and outputs out."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from labloop.errors import AnalysisError, DefinitionError, LabloopError, NoResultError, UnitError
from labloop.records import (
    ActualValue,
    CurveData,
    Measurement,
    Output,
    OutputValue,
    Point,
    PointValue,
    Quality,
    RawValue,
    Reading,
    Scalar,
    ScalarValue,
    numeral,
)
from labloop.space import Categorical, SearchSpace
from labloop.units import (
    convert,
    is_quantity,
    magnitude,
    quantity,
    same_dimension,
    split_units,
)


class Conditions:
    """The point of one experiment as a procedure sees it.

    ``x.temperature`` is a quantity in the unit of its parameter; a parameter of unit
    ``"1"`` is a plain number, a category a text. ``x["temperature"]`` is the same, and
    ``x.numbers`` holds the bare values in the declared units.
    """

    __slots__ = ("_units", "numbers")

    numbers: Point

    def __init__(self, point: Point, units: Mapping[str, str]) -> None:
        self.numbers = point
        self._units = units

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(
                f"the space has no parameter {name!r}; it has {', '.join(self.numbers)}"
            ) from None

    def __getitem__(self, name: str) -> Any:
        value = self.numbers[name]
        unit = self._units.get(name, "1")
        if isinstance(value, str) or unit == "1":
            return value
        return quantity(value, unit)

    def __iter__(self) -> Iterator[str]:
        return iter(self.numbers)

    def __repr__(self) -> str:
        return f"Conditions({dict(self.numbers)!r})"


def to_measurement(
    returned: object, units: Mapping[str, str] = MappingProxyType({})
) -> Measurement:
    """Return what a procedure returned as a measurement.

    A mapping of name to quantity, number, Reading, CurveData or text; the key ``actual``
    may hold a mapping of parameter name to the quantity (or category) that was reached. A
    bare number there is in the parameter's own unit, as it is for outputs.

    Args:
        returned: what came of it.
        units: parameter name -> declared unit.

    Raises:
        NoResultError: it is no mapping, is empty, or holds something that cannot be kept, or
            a condition was reached in another dimension than its parameter has.
    """
    if not isinstance(returned, Mapping) or not returned:
        raise NoResultError(
            f"a procedure must return a mapping of names to measured values, got {returned!r}; "
            'end it with for example: return {"chromatogram": curve}'
        )
    raw = {str(k): _raw_value(str(k), v) for k, v in returned.items() if k != "actual"}
    actual = returned.get("actual", {})
    if not isinstance(actual, Mapping):
        raise NoResultError(f"'actual' must be a mapping of quantities, got {actual!r}")
    return Measurement(raw, {str(k): _reached(str(k), v, units) for k, v in actual.items()})


def _reached(name: str, value: object, units: Mapping[str, str]) -> ActualValue:
    if isinstance(value, str):
        return value
    found, unit = _scalar(name, value), units.get(name, "1")
    if found.unit == "1":
        return replace(found, unit=unit)
    if name in units and not same_dimension(found.unit, unit):
        raise NoResultError(
            f"'actual' tells {name!r} in {found.unit!r}, and the parameter is in {unit!r}; "
            "return what was reached in a unit of the same dimension"
        )
    return found


def _raw_value(name: str, value: object) -> RawValue:
    if isinstance(value, (CurveData, str)):
        return value
    return _scalar(name, value)


def _scalar(name: str, value: object) -> ScalarValue:
    if isinstance(value, ScalarValue):
        return value
    if isinstance(value, Reading):
        if value.quality is not Quality.OK or value.value is None:
            raise NoResultError(
                f"{name!r} is a reading of quality {value.quality}; "
                "read it again or leave it out of what is returned"
            )
        return ScalarValue(value.value, value.unit)
    try:
        if is_quantity(value):
            return ScalarValue(*split_units(value))
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return ScalarValue(float(value))
        item = getattr(value, "item", None)
        if item is not None:
            return ScalarValue(float(item()))
    except (LabloopError, TypeError, ValueError) as error:
        raise NoResultError(f"{name!r} cannot be kept: {error}") from error
    raise NoResultError(
        f"{name!r} is {type(value).__name__}, which cannot be kept; "
        "return a quantity, a number, a curve or a text"
    )


def for_analysis(measurement: Measurement) -> dict[str, Any]:
    """Return raw data as ``analyse`` receives it: quantities, numbers, curves, texts."""
    return {
        name: _plain(value) if isinstance(value, ScalarValue) else value
        for name, value in measurement.raw.items()
    }


def _plain(value: ScalarValue) -> Any:
    return value.value if value.unit == "1" else quantity(value.value, value.unit)


def to_outputs(returned: object, declared: Sequence[Output]) -> dict[str, OutputValue]:
    """Return what an analysis returned as declared outputs, in the declared units.

    Raises:
        AnalysisError: an undeclared or missing output, another dimension, not finite.
    """
    names = [output.name for output in declared]
    if not isinstance(returned, Mapping):
        raise AnalysisError(
            f"the analysis must return a mapping of output names to values, got {returned!r}"
        )
    unknown = [str(name) for name in returned if name not in names]
    missing = [name for name in names if name not in returned]
    if unknown or missing:
        raise AnalysisError(
            f"the analysis must return exactly the declared outputs {names}; "
            f"{'missing ' + str(missing) if missing else 'undeclared ' + str(unknown)}"
        )
    return {output.name: _output(output, returned[output.name]) for output in declared}


def _output(declared: Output, value: object) -> OutputValue:
    if isinstance(declared, Scalar):
        return _scalar_output(declared, value)
    if not isinstance(value, CurveData):
        raise AnalysisError(
            f"output {declared.name!r} is declared as a curve, got {type(value).__name__}"
        )
    try:
        x = [convert(v, value.x_unit, declared.x) for v in (0.0, 1.0)]
        y = [convert(v, value.y_unit, declared.y) for v in (0.0, 1.0)]
    except UnitError as error:
        raise AnalysisError(f"output {declared.name!r}: {error}") from error
    return CurveData(
        x[0] + (x[1] - x[0]) * value.x, y[0] + (y[1] - y[0]) * value.y, declared.x, declared.y
    )


def _scalar_output(declared: Scalar, value: object) -> ScalarValue:
    sd: float | None = None
    if isinstance(value, ScalarValue):
        if value.sd is not None and value.unit != "1":
            scale = convert(1.0, value.unit, declared.unit) - convert(
                0.0, value.unit, declared.unit
            )
            sd = value.sd * abs(scale)
        else:
            sd = value.sd
        value = _plain(value)
    try:
        if is_quantity(value):
            number = magnitude(value, declared.unit, f"output {declared.name!r}")
        else:
            number = float(value)  # type: ignore[arg-type]  # whatever float() refuses is told
    except (LabloopError, TypeError, ValueError) as error:
        raise AnalysisError(f"output {declared.name!r} cannot be used: {error}") from error
    if not math.isfinite(number):
        raise AnalysisError(
            f"output {declared.name!r} is {number}; an analysis that finds nothing should "
            "return 0 or raise an error that says why"
        )
    return ScalarValue(number, declared.unit, sd)


def categorical_names(space: SearchSpace) -> frozenset[str]:
    """Return the parameters whose values are names, also where a name looks like a number."""
    return frozenset(p.name for p in space.parameters if isinstance(p, Categorical))


def point_from_text(values: Mapping[str, str], space: SearchSpace) -> dict[str, PointValue]:
    """Return typed values of ``name=value`` pairs: a number where the space wants one."""
    names = categorical_names(space)
    point: dict[str, PointValue] = {}
    for name, text in values.items():
        try:
            point[name] = text if name in names else numeral(text)
        except DefinitionError:
            # What it is not is told by the space, which knows what is wanted.
            point[name] = text
    return point
