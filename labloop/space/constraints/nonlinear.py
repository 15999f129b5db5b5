"""Constraints that are functions of the parameters, whatever their form."""

import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from textwrap import dedent
from typing import Any

import numpy as np

from labloop.errors import SpaceError
from labloop.records import FloatArray, Json, PointValue, finite
from labloop.space.constraints.conditions import BoolArray
from labloop.space.parameters import Numeric, Parameter

_EXACT = 1e-9
"""A value that is beyond its bound by less than this share, of it or of what values are, keeps
the bound."""


@dataclass(frozen=True, slots=True)
class Nonlinear:
    """A function of parameters that must stay within bounds.

    ``Nonlinear(lambda flow, time: flow * time, at_most=20)``: its arguments are parameters, by
    name. They come as NumPy arrays (numbers in the units declared, names as texts), one element
    a point; the function returns one number a point. Without bounds it returns whether the
    point is allowed. A function of torch gets tensors; one that takes no arrays is called point
    by point, which is slower.

    Args:
        function: pure, the same for the same arguments.
        at_most: greatest value.
        at_least: least value.
        name: what messages and reports call it; the function's own name if left out.

    Raises:
        SpaceError: no function, arguments that name nothing, or bounds that exclude each other.
    """

    function: Callable[..., Any] | None
    at_most: float | None = None
    at_least: float | None = None
    name: str = ""
    parameters: tuple[str, ...] = ()
    source: str = ""
    """The text of the function, so that a change of it is a change of the definition."""
    _text: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for word in ("at_most", "at_least"):
            if (bound := getattr(self, word)) is not None:
                object.__setattr__(self, word, finite(bound, f"{word} of a constraint", SpaceError))
        if self.at_most is not None and self.at_least is not None and self.at_least > self.at_most:
            raise SpaceError(
                f"no value is at least {self.at_least:g} and at most {self.at_most:g}; swap both"
            )
        if self.function is not None:
            self._read_function(self.function)
        object.__setattr__(self, "parameters", tuple(self.parameters))
        object.__setattr__(self, "_text", self._described())

    def _read_function(self, function: Callable[..., Any]) -> None:
        if not callable(function):
            raise SpaceError(
                "a non-linear constraint needs a function of parameters, such as "
                f"lambda flow, time: flow * time, got {function!r:.100}"
            )
        found = inspect.signature(function).parameters.values()
        named = [p.name for p in found if p.kind in {p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY}]
        object.__setattr__(self, "parameters", tuple(self.parameters) or tuple(named))
        if not self.parameters:
            raise SpaceError(
                "the arguments of a constraint's function are parameters of the space, and it "
                "has none; write, say, lambda flow, time: flow * time"
            )
        if not self.name:
            own = getattr(function, "__name__", "")
            object.__setattr__(self, "name", "" if own == "<lambda>" else own)
        if not self.source:
            object.__setattr__(self, "source", _source(function))

    def _described(self) -> str:
        name = self.name or f"function of {', '.join(self.parameters)}"
        if self.at_least is None and self.at_most is None:
            return name
        low = "" if self.at_least is None else f"{self.at_least:g} <= "
        high = "" if self.at_most is None else f" <= {self.at_most:g}"
        return f"{low}{name}{high}"

    def __str__(self) -> str:
        return self._text

    def spec(self) -> dict[str, Json]:
        """Return the declaration, with the function's text: a file holds no function."""
        return {
            "type": "nonlinear",
            "name": self.name,
            "parameters": list(self.parameters),
            "at_most": self.at_most,
            "at_least": self.at_least,
            "source": self.source,
        }

    def rule(
        self, parameters: Sequence[Parameter], _unused: Mapping[str, PointValue]
    ) -> "FunctionRule":
        """Return the rule over codes; raises SpaceError."""
        names = [parameter.name for parameter in parameters]
        for name in self.parameters:
            if name not in names:
                raise SpaceError(
                    f"constraint '{self}' asks for {name!r}, which is no parameter; its arguments "
                    f"are parameters by their names, and the space has {', '.join(names)}"
                )
        columns = [names.index(name) for name in self.parameters]
        return FunctionRule(self, tuple((c, parameters[c]) for c in columns))


def _source(function: Callable[..., Any]) -> str:
    try:
        return dedent(inspect.getsource(function)).strip()
    except (OSError, TypeError):
        return getattr(function, "__qualname__", repr(function))


class FunctionRule:
    """A function over codes; how it wants its arguments is found out at the first call."""

    def __init__(self, declared: Nonlinear, arguments: tuple[tuple[int, Parameter], ...]) -> None:
        self.label = str(declared)
        self._declared = declared
        self._arguments = arguments
        self._way: _Way | None = None
        self._scale = self._typical()

    def _typical(self) -> float:
        """Return how large values are, as a scale for rounding errors; 0 where none is known."""
        width = max((column for column, _ in self._arguments), default=-1) + 1
        codes = np.zeros((33, width))
        for column, parameter in self._arguments:
            codes[:, column] = parameter.quantiles(np.linspace(0.01, 0.99, 33))
        if self._declared.function is None:
            return 0.0
        try:
            values = np.abs(self._values(codes))
        except SpaceError:
            return 0.0  # it may fail where other constraints exclude points
        finite_ones = values[np.isfinite(values)]
        return float(np.median(finite_ones)) if len(finite_ones) else 0.0

    @property
    def columns(self) -> frozenset[int]:
        """The columns that it looks at."""
        return frozenset(column for column, _ in self._arguments)

    def broken(self, codes: FloatArray) -> BoolArray:
        """Return for each of ``n x p`` codes whether it breaks the rule."""
        return np.asarray(self.excess(codes) > 0.0)

    def excess(self, codes: FloatArray) -> FloatArray:
        """Return by how much each point breaks the rule, 0 where it is kept.

        Without its function, as it is read from a file, a rule counts as kept.

        Raises:
            SpaceError: the function fails, or returns something else than a number a point.
        """
        if self._declared.function is None or not len(codes):
            return np.zeros(len(codes))
        values = self._values(codes)
        low, high = self._declared.at_least, self._declared.at_most
        if low is None and high is None:
            return np.where(values > 0.0, 0.0, 1.0)  # NaN is not allowed either
        over = np.zeros(len(codes))
        if high is not None:
            over = np.maximum(over, values - high - _EXACT * max(abs(high), self._scale))
        if low is not None:
            over = np.maximum(over, low - values - _EXACT * max(abs(low), self._scale))
        return np.where(np.isfinite(values), over, np.inf)

    def _values(self, codes: FloatArray) -> FloatArray:
        if self._way is None and len(codes) == 1:
            # What a function of one point does tells nothing of one of many.
            return np.asarray(self._values(np.repeat(codes, 2, axis=0))[:1])
        columns = {p.name: self._argument(p, codes[:, c]) for c, p in self._arguments}
        if self._way is not None:
            try:
                known: FloatArray = self._way(self._declared.function, columns, len(codes))
            except Exception as error:
                raise self._failed(columns, error) from error
            return known
        failed: Exception | None = None
        # A function of torch comes from a module that has loaded torch.
        ways = (_by_arrays, *((_by_tensors,) if "torch" in sys.modules else ()), _by_points)
        for way in ways:
            try:
                values: FloatArray = way(self._declared.function, columns, len(codes))
            except Exception as error:  # noqa: BLE001 - a person's function; the next way is tried
                failed = error
                continue
            self._way = way
            return values
        raise self._failed(columns, failed) from failed

    def _failed(self, columns: Mapping[str, Any], error: Exception | None) -> SpaceError:
        shown = ", ".join(f"{name}={values[0]}" for name, values in columns.items())
        return SpaceError(
            f"the function of constraint '{self.label}' failed, as with {shown}: "
            f"{type(error).__name__}: {error}"
        )

    @staticmethod
    def _argument(parameter: Parameter, codes: FloatArray) -> Any:
        if isinstance(parameter, Numeric):
            return codes.copy()
        return np.array(parameter.values_of(codes), dtype=object)


_Way = Callable[[Any, Mapping[str, Any], int], FloatArray]


def _by_arrays(function: Any, columns: Mapping[str, Any], count: int) -> FloatArray:
    """Return the values of ``count`` points, asked for at once."""
    with np.errstate(all="ignore"):
        return _numbers(function(**columns), count)


def _by_tensors(function: Any, columns: Mapping[str, Any], count: int) -> FloatArray:
    import torch  # noqa: PLC0415 - the base install has none; here it is loaded already

    given = {n: v if v.dtype == object else torch.from_numpy(v) for n, v in columns.items()}
    with torch.no_grad():
        return _numbers(function(**given), count)


def _by_points(function: Any, columns: Mapping[str, Any], count: int) -> FloatArray:
    """Return the values of ``count`` points, asked for one by one."""
    rows = [{n: _plain(v[i]) for n, v in columns.items()} for i in range(count)]
    return np.array([float(_number(function(**row))) for row in rows])


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value


def _number(value: Any) -> float:
    number = _plain(value)
    if not isinstance(number, (bool, int, float)):
        raise TypeError(f"it returned {number!r:.60} where a number is due")
    return float(number)


def _numbers(values: Any, count: int) -> FloatArray:
    found = np.asarray(values)
    if found.shape != (count,) or found.dtype.kind not in "fiub":
        raise TypeError(
            f"it returned {type(values).__name__} of shape {found.shape} where {count} numbers "
            "are due, one a point"
        )
    return np.asarray(found, dtype=np.float64)
