"""Points as people and databases write them, read into codes."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from labloop.errors import SpaceError
from labloop.records import FloatArray
from labloop.space.constraints import ConditionalRule
from labloop.space.parameters import Numeric, Parameter
from labloop.space.sampling import SpaceStructure


def legal_codes(structure: SpaceStructure, point: Mapping[str, Any]) -> FloatArray:
    """Return the codes (``p``) of a point within its bounds and grids.

    A parameter that is not used there may be missing.

    Raises:
        SpaceError: a name that the space does not have, or a value that is not legal.
    """
    refuse_unknown_names(structure, point)
    codes = _codes(structure, [point], lambda p, value: p.code(value), strict=True)
    return np.asarray(codes[0])


def measured_codes(structure: SpaceStructure, points: Sequence[Mapping[str, Any]]) -> FloatArray:
    """Return the codes (``n x p``) of points that were carried out, legal or not.

    Raises:
        SpaceError: a value is missing, or has no place in the space.
    """
    return _codes(structure, points, Parameter.measured_code, strict=False)


def _codes(
    structure: SpaceStructure,
    points: Sequence[Mapping[str, Any]],
    read: Callable[[Parameter, Any], float],
    *,
    strict: bool,
) -> FloatArray:
    conditionals = structure.rules.conditionals
    waiting = {rule.column for rule in conditionals}
    codes = np.zeros((len(points), len(structure.parameters)))
    for column, parameter in enumerate(structure.parameters):
        if column in waiting:
            continue
        values = [value_of(point, parameter.name) for point in points]
        codes[:, column] = (
            [read(parameter, v) for v in values] if strict else parameter.measured_codes(values)
        )
    for rule in conditionals:
        parameter = structure.parameters[rule.column]
        for row, idle in enumerate(rule.idle(codes)):
            given = points[row].get(parameter.name)
            if idle and (given is None or _is_unused(rule, parameter, given)):
                codes[row, rule.column] = rule.unused
            elif idle and strict:
                raise SpaceError(f"{rule.label}: got {parameter.name} {given}; leave it out")
            else:
                codes[row, rule.column] = read(parameter, value_of(points[row], parameter.name))
    return codes


def completed(structure: SpaceStructure, point: Mapping[str, Any]) -> dict[str, Any]:
    """Return a point with the values of the conditional parameters that it has no use for."""
    found = dict(point)
    names = [parameter.name for parameter in structure.parameters]
    for rule in structure.rules.conditionals:
        parameter = structure.parameters[rule.column]
        asked = [names[column] for column in rule.condition.columns]
        if parameter.name in found or any(name not in found for name in asked):
            continue
        codes = np.zeros((1, len(names)))
        try:
            for name in asked:
                column = names.index(name)
                codes[0, column] = _code_of(structure, column, found[name])
        except SpaceError:
            continue  # what is wrong is told where the point is read
        if rule.idle(codes)[0]:
            found[parameter.name] = parameter.values_of(np.array([rule.unused]))[0]
    return found


def always_used(structure: SpaceStructure, point: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a point's parameters that are not conditional."""
    columns = {rule.column for rule in structure.rules.conditionals}
    names = {structure.parameters[column].name for column in columns}
    return {name: value for name, value in point.items() if name not in names}


def _code_of(structure: SpaceStructure, column: int, value: Any) -> float:
    parameter = structure.parameters[column]
    return parameter.number(value) if isinstance(parameter, Numeric) else parameter.code(value)


def _is_unused(rule: ConditionalRule, parameter: Parameter, given: Any) -> bool:
    if isinstance(parameter, Numeric):
        return abs(parameter.number(given) - rule.unused) <= rule.tolerance
    return parameter.code(given) == rule.unused


def refuse_unknown_names(structure: SpaceStructure, point: Mapping[str, Any]) -> None:
    """Raise SpaceError where a point names what the space does not have."""
    check_point(point)
    names = [parameter.name for parameter in structure.parameters]
    unknown = [name for name in point if name not in names]
    if unknown:
        raise SpaceError(
            f"the point names {', '.join(map(repr, unknown))}, which the space does not have; "
            f"it has {', '.join(names)}"
        )


def check_point(point: object) -> None:
    """Raise SpaceError where something is no mapping of names to values."""
    if not isinstance(point, Mapping):
        raise SpaceError(
            f"a point maps each parameter's name to its value, as in {{'temperature': 60}}, "
            f"got {point!r:.200}"
        )


def value_of(point: Mapping[str, Any], name: str) -> Any:
    """Return a value of a point; raises SpaceError where it has none."""
    check_point(point)
    if name not in point:
        raise SpaceError(
            f"the point has no value for {name!r}; it has {', '.join(map(str, point)) or 'none'}"
        )
    return point[name]
