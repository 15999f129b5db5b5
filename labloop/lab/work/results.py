"""Results of programs that know nothing of labloop: JSON, as values that can be kept."""

import ast
import json
from collections.abc import Mapping
from typing import Any

from labloop.errors import LabloopError, WorkError
from labloop.records import CurveData, ScalarValue

_SCALAR, _CURVE = {"value", "unit", "sd"}, {"x", "y", "x_unit", "y_unit"}
FORMS = '{"purity": 91.5} or {"purity": {"value": 91.5, "unit": "%", "sd": 0.4}}'


def values_of(found: object, whose: str) -> dict[str, Any]:
    """Return a JSON object as results: numbers, texts, scalars with a unit, curves.

    ``{"value": 5, "unit": "%", "sd": 0.1}`` is a number with its unit, ``{"x": [...], "y": [...],
    "x_unit": "min", "y_unit": "mAU"}`` a curve.

    Raises:
        WorkError: it is no object, or holds something else.
    """
    if not isinstance(found, Mapping) or not found:
        raise WorkError(f"{whose} gave {_short(found)}, and not an object such as {FORMS}")
    return {str(name): _value(str(name), value, whose) for name, value in found.items()}


def _value(name: str, value: object, whose: str) -> Any:
    if name == "actual" and isinstance(value, Mapping):
        return {str(key): _value(str(key), each, whose) for key, each in value.items()}
    try:
        if isinstance(value, Mapping):
            keys = set(value)
            if "value" in keys and keys <= _SCALAR:
                return ScalarValue(value["value"], value.get("unit", "1"), value.get("sd"))
            if {"x", "y"} <= keys <= _CURVE:
                return CurveData(**value)
        elif isinstance(value, (int, float, str)) and not isinstance(value, bool):
            return value
    except (LabloopError, TypeError) as error:
        raise WorkError(f"{whose} gave {name!r} as {_short(value)}: {error}") from error
    raise WorkError(
        f"{whose} gave {name!r} as {_short(value)}, which cannot be kept; give a number, a text, "
        '{"value": 5, "unit": "%"} or {"x": [...], "y": [...], "x_unit": "min", "y_unit": "mAU"}'
    )


def json_of(text: str, whose: str) -> dict[str, Any]:
    """Return the results in a program's output: all of it, or its last line that is an object.

    Raises:
        WorkError: there is none.
    """
    for candidate in (text, *reversed(text.splitlines())):
        try:
            found = json.loads(candidate)
        except ValueError:
            continue
        if isinstance(found, dict):
            return values_of(found, whose)
    last = next((line for line in reversed(text.splitlines()) if line.strip()), "")
    said = f"its last line is {_short(last)}" if last else "there is nothing"
    raise WorkError(
        f"{whose} gave no JSON object ({said}); let its last line be one, such as {FORMS}"
    )


def literal_of(text: str) -> object:
    """Return what the text of a Python value says; None where it is no plain value."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 120 else f"{text[:117]}..."
