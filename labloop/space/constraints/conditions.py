"""Conditions on parameters: one value, one of several, or a range, of each that is named."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from labloop.errors import SpaceError
from labloop.records import FloatArray, Json, PointValue, finite
from labloop.space.parameters import TOLERANCE, Numeric, Parameter, is_list

BoolArray = npt.NDArray[np.bool_]
Condition: TypeAlias = Mapping[str, Any]
"""Parameter -> a value, a list of values, or a range ``(low, high)`` with None for no bound."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What a condition asks of one parameter: one of ``values``, else ``low`` to ``high``."""

    values: tuple[PointValue, ...] = ()
    low: float = -math.inf
    high: float = math.inf

    def __str__(self) -> str:
        if self.values:
            return " or ".join(v if isinstance(v, str) else f"{v:g}" for v in self.values)
        if math.isinf(self.low):
            return f"up to {self.high:g}"
        return f"from {self.low:g}" + ("" if math.isinf(self.high) else f" to {self.high:g}")

    def spec(self) -> Json:
        """Return the choice as plain JSON."""
        if self.values:
            return list(self.values)
        return {
            "low": None if math.isinf(self.low) else self.low,
            "high": None if math.isinf(self.high) else self.high,
        }


def read_condition(condition: object, what: str) -> dict[str, Choice]:
    """Return the choice of each parameter that a condition names; raises SpaceError."""
    if not isinstance(condition, Mapping) or not condition:
        raise SpaceError(
            f"{what} is told by a mapping such as {{'solvent': 'DMF', 'temperature': (100, "
            f"None)}}, got {condition!r:.100}"
        )
    return {str(name): _choice(wanted, f"{what}, {name}") for name, wanted in condition.items()}


def describe(condition: Mapping[str, Choice]) -> str:
    """Return a condition in words: ``solvent DMF and temperature from 100``."""
    return " and ".join(f"{name} {choice}" for name, choice in condition.items())


def describe_condition(condition: Condition) -> str:
    """Return a condition as it was given in words; raises SpaceError where it cannot be read."""
    return describe(read_condition(condition, "a condition"))


def spec_of(condition: Mapping[str, Choice]) -> dict[str, Json]:
    """Return a condition as plain JSON."""
    return {name: choice.spec() for name, choice in condition.items()}


def _choice(wanted: Any, what: str) -> Choice:
    if isinstance(wanted, Choice):
        return wanted
    if isinstance(wanted, Mapping):
        return _range(wanted.get("low"), wanted.get("high"), what)
    names = isinstance(wanted, tuple) and all(isinstance(v, str) for v in wanted)
    if isinstance(wanted, tuple) and len(wanted) == 2 and not names:
        return _range(wanted[0], wanted[1], what)
    if is_list(wanted):
        if not len(wanted):
            raise SpaceError(f"{what}: an empty list holds for nothing; name a value")
        return Choice(tuple(_value(v, what) for v in wanted))
    return Choice((_value(wanted, what),))


def _value(value: Any, what: str) -> PointValue:
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    return finite(value, what, SpaceError)


def _range(low: Any, high: Any, what: str) -> Choice:
    first = -math.inf if low is None else finite(low, what, SpaceError)
    last = math.inf if high is None else finite(high, what, SpaceError)
    if first > last or (math.isinf(first) and math.isinf(last)):
        raise SpaceError(f"{what}: a range needs low <= high and one of both, got {(low, high)}")
    return Choice((), first, last)


@dataclass(frozen=True, slots=True)
class ColumnTest:
    """A choice of one column of the codes."""

    column: int
    values: FloatArray
    low: float
    high: float
    tolerance: float
    """Of values; the ends of a range are exact."""

    def holds(self, codes: FloatArray) -> BoolArray:
        """Return for each of ``n x p`` codes whether it is as was asked."""
        column = codes[:, self.column]
        if len(self.values):
            near = np.abs(column[:, None] - self.values) <= self.tolerance
            return np.asarray(near.any(axis=1))
        return (column >= self.low) & (column <= self.high)

    @property
    def single(self) -> float | None:
        """The only code that is allowed, None where there are several."""
        return float(self.values[0]) if len(self.values) == 1 else None


@dataclass(frozen=True, slots=True)
class CodeCondition:
    """A condition on codes: all of its tests must hold."""

    tests: tuple[ColumnTest, ...]

    def holds(self, codes: FloatArray) -> BoolArray:
        """Return for each of ``n x p`` codes whether the condition holds."""
        return np.asarray(np.logical_and.reduce([test.holds(codes) for test in self.tests]))

    @property
    def columns(self) -> frozenset[int]:
        """The columns that it looks at."""
        return frozenset(test.column for test in self.tests)


def compile_condition(
    condition: Mapping[str, Choice],
    parameters: Sequence[Parameter],
    unused: Mapping[str, PointValue],
    what: str,
) -> CodeCondition:
    """Return a condition as tests of columns.

    Args:
        condition: what is asked of which parameter.
        parameters: of the space, in the order of the columns.
        unused: what conditional parameters are where they are not used; legal beside the rest.
        what: begins the sentence of an error.

    Raises:
        SpaceError: a parameter or a value that the space does not have.
    """
    columns = {parameter.name: index for index, parameter in enumerate(parameters)}
    tests = []
    for name, choice in condition.items():
        if name not in columns:
            raise SpaceError(
                f"{what} names {name!r}, which is no parameter; the space has {', '.join(columns)}"
            )
        tests.append(_test(columns[name], parameters[columns[name]], choice, unused, what))
    return CodeCondition(tuple(tests))


def _test(
    column: int,
    parameter: Parameter,
    choice: Choice,
    unused: Mapping[str, PointValue],
    what: str,
) -> ColumnTest:
    if not isinstance(parameter, Numeric):
        if not choice.values:
            raise SpaceError(
                f"{what} gives a range of {parameter.name!r}, whose values are names; list names"
            )
        codes = [parameter.code(value) for value in choice.values]
        return ColumnTest(column, np.array(codes), -math.inf, math.inf, 0.5)
    low, high = parameter.span
    numbers = [
        parameter.number(v) if v == unused.get(parameter.name) else parameter.code(v)
        for v in choice.values
    ]
    return ColumnTest(column, np.array(numbers), choice.low, choice.high, TOLERANCE * (high - low))
