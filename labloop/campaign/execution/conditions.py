"""The conditions of one experiment, as a procedure sees them and as a person types them."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from labloop.errors import CampaignError, DefinitionError
from labloop.records import (
    Point,
    PointValue,
    numeral,
)
from labloop.space import Categorical, SearchSpace
from labloop.units import (
    quantity,
)


class Conditions:
    """The point of one experiment as a procedure sees it.

    ``x.temperature`` is a quantity in the unit of its parameter; a parameter of unit
    ``"1"`` is a plain number, a category a text. ``x["temperature"]`` is the same, and
    ``x.numbers`` holds the bare values in the declared units. On a plate ``x.well`` is the name
    of the well, such as ``A1``, else an empty text; of a parameter with that name it is the value.
    """

    __slots__ = ("_units", "_well", "numbers")

    numbers: Point

    def __init__(self, point: Point, units: Mapping[str, str], well: str = "") -> None:
        self.numbers = point
        self._units = units
        self._well = well

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            if name == "well":
                return self._well
            raise AttributeError(
                f"the space has no parameter {name!r}; it has {', '.join(self.numbers)}"
            ) from None

    def __getitem__(self, name: str) -> Any:
        value = self.numbers[name]
        unit = self._units.get(name, "1")
        if isinstance(value, str) or unit == "1":
            return value
        return quantity(value, unit)

    def __reduce__(self) -> tuple[Any, ...]:
        # A process of its own gets a copy; by default it would be asked for its attributes first.
        return Conditions, (dict(self.numbers), dict(self._units), self._well)

    def __iter__(self) -> Iterator[str]:
        return iter(self.numbers)

    def __repr__(self) -> str:
        return f"Conditions({dict(self.numbers)!r})"


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


def condition_from_text(text: str, space: SearchSpace) -> dict[str, Any]:
    """Return a condition of ``name=value`` pairs that commas separate.

    ``solvent=DMF,temperature=40..60``: a value, several as in ``DMF|NMP``, or a range whose ends
    may be left out, as in ``100..``.

    Raises:
        CampaignError: something is no such pair, or a name is given twice.
    """
    names = categorical_names(space)
    condition: dict[str, Any] = {}
    for pair in re.split(r",(?=\s*[^\W\d]\w*=)", text):
        name, equals, value = (part.strip() for part in pair.partition("="))
        if not equals or not name or not value:
            raise CampaignError(
                "a condition is name=value, name=one|another or name=from..to, with commas "
                f"between them, got {text!r}"
            )
        if name in condition:
            raise CampaignError(f"{name!r} is given twice in {text!r}; give it once")
        condition[name] = _wanted(value, name in names)
    return condition


def _wanted(text: str, categorical: bool) -> Any:
    if categorical:
        return text.split("|")
    low, dots, high = text.partition("..")
    if dots:
        return (_number(low), _number(high))
    return [_number(part) for part in text.split("|")]


def _number(text: str) -> PointValue | None:
    try:
        return numeral(text) if text.strip() else None
    except DefinitionError:
        return text
