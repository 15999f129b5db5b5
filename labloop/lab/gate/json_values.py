"""Values as plain JSON for the journal, and back."""

import math
from collections.abc import Mapping
from typing import Any

from labloop.errors import DefinitionError
from labloop.records import CurveData, Json, Reading
from labloop.units import is_quantity, quantity, split_units


def to_json(value: object) -> Json:
    """Return an action's result for the journal; a summary of what JSON cannot hold."""
    if isinstance(value, Reading):
        return {"value": value.value, "unit": value.unit, "quality": value.quality.value}
    if isinstance(value, CurveData):
        return {"points": len(value.x), "x_unit": value.x_unit, "y_unit": value.y_unit}
    try:
        return strict_json(value, "")
    except DefinitionError:
        return repr(value)[:200]


def strict_json(value: Any, what: str) -> Json:
    """Return ``value`` as JSON that :func:`from_json` can read.

    Args:
        value: numbers, texts, lists, mappings, quantities and curves.
        what: names it in messages.

    Raises:
        DefinitionError: it holds anything else, or a number that is not finite.
    """
    if value is None or isinstance(value, (bool, str, int)):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    if isinstance(value, Mapping):
        return {str(key): strict_json(each, what) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [strict_json(each, what) for each in value]
    if is_quantity(value):
        number, unit = split_units(value)
        return {"value": strict_json(number, what), "unit": unit}
    if isinstance(value, CurveData):
        return {
            "x": value.x.tolist(),
            "y": value.y.tolist(),
            "x_unit": value.x_unit,
            "y_unit": value.y_unit,
        }
    raise DefinitionError(
        f"{what} can only be kept as JSON: numbers, texts, lists, mappings, quantities and curves; "
        f"got {type(value).__name__}"
    )


def from_json(value: Json) -> Any:
    """Return what :func:`strict_json` was given, with its quantities and curves."""
    if isinstance(value, Mapping):
        if set(value) == {"value", "unit"}:
            pair: Any = value
            return quantity(pair["value"], pair["unit"])
        if set(value) == {"x", "y", "x_unit", "y_unit"}:
            parts: Any = value
            return CurveData(**parts)
        return {key: from_json(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [from_json(each) for each in value]
    return value
