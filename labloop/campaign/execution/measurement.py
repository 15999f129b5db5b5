"""What a procedure returned, as a measurement that is stored."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from labloop.errors import LabloopError, NoResultError
from labloop.records import (
    ActualValue,
    CurveData,
    Measurement,
    Quality,
    RawValue,
    Reading,
    ScalarValue,
)
from labloop.units import (
    is_quantity,
    same_dimension,
    split_units,
)


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
