"""Arguments of actions: numbers with unit and limits, choices, short texts, flags."""

import inspect
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from labloop.errors import DefinitionError, LimitError
from labloop.records import Json
from labloop.units import check_unit, magnitude

LONGEST_TEXT = 200
"""Characters of a text argument at most."""


@dataclass(frozen=True, slots=True)
class Arg:
    """A number, its unit, and the hard limits of the instrument in that unit.

    ``ge`` and ``le`` include the limit, ``gt`` and ``lt`` do not.
    """

    unit: str = "1"
    ge: float | None = None
    le: float | None = None
    gt: float | None = None
    lt: float | None = None

    def __post_init__(self) -> None:
        check_unit(self.unit)

    def check(self, value: float, what: str, whose: str = "the instrument") -> None:
        """Check one value before any byte is sent.

        Args:
            value: in :attr:`unit`.
            what: names the argument in messages.
            whose: names who set the limit in messages.

        Raises:
            LimitError: it lies outside.
        """
        broken = (
            (self.ge is not None and value < self.ge)
            or (self.le is not None and value > self.le)
            or (self.gt is not None and value <= self.gt)
            or (self.lt is not None and value >= self.lt)
        )
        if broken:
            raise LimitError(
                f"{what} = {value:g} {self.unit} is outside of what {whose} allows: {self.bounds}; "
                "nothing was sent"
            )

    @property
    def bounds(self) -> str:
        """The limits in words."""
        parts = {">=": self.ge, ">": self.gt, "<=": self.le, "<": self.lt}
        texts = [
            f"{sign} {limit:g} {self.unit}" for sign, limit in parts.items() if limit is not None
        ]
        return " and ".join(texts) or "any value"


class Choice:
    """One of a few texts, for ``Annotated[str, Choice("left", "right")]``."""

    __slots__ = ("values",)

    def __init__(self, *values: str) -> None:
        if not values or not all(isinstance(value, str) for value in values):
            raise DefinitionError(f"a Choice needs at least one text, got {values!r}")
        self.values = values


@dataclass(frozen=True, slots=True)
class Argument:
    """One declared argument of an action."""

    name: str
    kind: Literal["number", "integer", "choice", "text", "flag"]
    arg: Arg | None = None
    choices: tuple[str, ...] = ()
    default: Any = inspect.Parameter.empty

    @property
    def unit(self) -> str:
        """The unit in which the driver gets it; ``1`` for what is no number."""
        return self.arg.unit if self.arg else "1"

    def convert(self, value: object, what: str) -> float | int | str | bool:
        """Return ``value`` as the driver gets it.

        Raises:
            DefinitionError: it is of another kind, or no choice.
            UnitError: its unit does not fit, or it has none.
        """
        if self.kind == "number":
            return magnitude(value, self.unit, what)
        if self.kind == "integer":
            return _integer(value, self.unit, what)
        if self.kind == "flag":
            if not isinstance(value, bool):
                raise DefinitionError(f"{what} needs True or False, got {value!r}")
            return value
        if not isinstance(value, str):
            raise DefinitionError(f"{what} needs a text, got {value!r}")
        if self.kind == "choice" and value not in self.choices:
            raise DefinitionError(f"{what} must be one of {', '.join(self.choices)}; got {value!r}")
        if self.kind == "text" and (len(value) > LONGEST_TEXT or not value.isprintable()):
            raise DefinitionError(
                f"{what} needs at most {LONGEST_TEXT} printable characters, got {value[:40]!r}"
            )
        return value

    def json(self, value: float | str | bool) -> Json:
        """Return a converted value for the journal, with its unit where it has one."""
        return value if self.unit == "1" else {"value": value, "unit": self.unit}


def _integer(value: object, unit: str, what: str) -> int:
    number = magnitude(value, unit, what)
    if abs(number - round(number)) > 1e-9:
        raise DefinitionError(f"{what} needs a whole number, got {number:g}")
    return round(number)


class ActionSpec:
    """The declaration of an action, read from the signature of the driver's function.

    Args:
        function: the driver's ``async def``.
        idempotent: sending it again does no harm.
        timeout: lab seconds for the whole action; None for no bound.

    Raises:
        DefinitionError: it is no ``async def``.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        *,
        idempotent: bool = False,
        timeout: float | None = 30.0,
    ) -> None:
        if not inspect.iscoroutinefunction(function):
            raise DefinitionError(
                f"action {function.__qualname__} must be written as `async def`, not as `def`"
            )
        self.name = function.__name__
        self.doc = inspect.getdoc(function) or ""
        self.idempotent = idempotent
        self.timeout = timeout
        self.function = function

    @cached_property
    def arguments(self) -> Mapping[str, Argument]:
        """Name -> declared argument, in order; raises DefinitionError for a wrong one."""
        hints = typing.get_type_hints(self.function, include_extras=True)
        names = list(inspect.signature(self.function).parameters.values())[1:]
        return {each.name: _argument(self.function, each, hints.get(each.name)) for each in names}

    def bind(
        self, args: tuple[object, ...], kwargs: Mapping[str, object], device: str
    ) -> dict[str, Any]:
        """Return name -> value in the declared unit.

        Args:
            args: positional arguments.
            kwargs: named arguments.
            device: names the device in messages.

        Raises:
            DefinitionError: an argument is missing, unknown, given twice or of another kind.
            UnitError: a unit does not fit.
        """
        what = f"{device}.{self.name}"
        given = dict(zip(self.arguments, args, strict=False))
        unknown = [name for name in kwargs if name not in self.arguments]
        twice = [name for name in kwargs if name in given]
        if len(args) > len(self.arguments) or unknown or twice:
            came = ", ".join([*map(repr, args), *(f"{k}={v!r}" for k, v in kwargs.items())])
            raise DefinitionError(
                f"{what} takes the arguments ({', '.join(self.arguments)}), got ({came})"
            )
        given |= kwargs
        bound: dict[str, Any] = {}
        for name, argument in self.arguments.items():
            if name in given:
                bound[name] = argument.convert(given[name], f"{what}.{name}")
            elif argument.default is not inspect.Parameter.empty:
                bound[name] = argument.default
            else:
                raise DefinitionError(f"{what} needs the argument {name!r}, which was not given")
        return bound

    def json(self, bound: Mapping[str, Any]) -> dict[str, Json]:
        """Return bound arguments for the journal."""
        return {name: self.arguments[name].json(value) for name, value in bound.items()}


def _argument(function: Callable[..., Any], parameter: inspect.Parameter, hint: Any) -> Argument:
    what = f"argument {parameter.name!r} of action {function.__qualname__}"
    kind: Any = hint
    extras: tuple[Any, ...] = ()
    if typing.get_origin(hint) is typing.Annotated:
        kind, *rest = typing.get_args(hint)
        extras = tuple(rest)
    arg = next((each for each in extras if isinstance(each, Arg)), None)
    choice = next((each for each in extras if isinstance(each, Choice)), None)
    default = parameter.default
    if kind is float and arg is not None:
        return Argument(parameter.name, "number", arg, default=default)
    if kind is int and arg is not None:
        return Argument(parameter.name, "integer", arg, default=default)
    if kind is str and choice is not None:
        return Argument(parameter.name, "choice", choices=choice.values, default=default)
    if kind is str and not extras:
        return Argument(parameter.name, "text", default=default)
    if kind is bool and not extras:
        return Argument(parameter.name, "flag", default=default)
    raise DefinitionError(
        f"{what} must be declared as Annotated[float, Arg(unit)], Annotated[int, Arg(unit)], "
        f"Annotated[str, Choice(...)], str or bool; got {hint!r}"
    )
