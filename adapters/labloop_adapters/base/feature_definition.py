"""What a SiLA 2 feature offers: reads of its properties, and calls of its commands."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any
from xml.etree import ElementTree as ET

from labloop.errors import DefinitionError, UnitError
from labloop.lab import Arg, Choice
from labloop.units import check_unit
from labloop_adapters.base.command_action import command_action
from labloop_adapters.base.signals import Signal

_NAMESPACE = "{http://www.sila-standard.org}"
_SECONDS = 600.0
"""The time-out of a command: what it does may take long, and the server says when it is done."""
_UNITS = {"\N{DEGREE SIGN}C": "degC", "Celsius": "degC", "\N{MICRO SIGN}L": "uL", "%": "%"}


@dataclass(frozen=True, slots=True)
class Command:
    """One command of a feature."""

    name: str
    identifier: str
    doc: str
    arguments: Mapping[str, tuple[str, Any]]
    """Name in Python -> its identifier, and what it may be."""
    observable: bool

    def member(self) -> Any:
        """Return the action of a device that it makes."""
        hints = {name: hint for name, (_, hint) in self.arguments.items()}
        doc = self.doc or self.identifier
        return command_action(self, self.name, hints, doc=doc, seconds=_SECONDS)

    def given(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return the parameters as the server names them."""
        return {self.arguments[name][0]: value for name, value in arguments.items()}

    def noted(self, **given: Any) -> None:
        """Stand for the command in simulation: it is noted, and nothing happens."""


@dataclass(slots=True)
class Feature:
    """What one feature offers."""

    identifier: str
    reads: dict[str, Signal] = field(default_factory=dict)
    commands: dict[str, Command] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    """Property or command -> why it is not offered."""


class _Unusable(Exception):  # noqa: N818 - why something is left out
    """Why a property or a command is not offered."""


def feature_of(
    text: str, units: Mapping[str, str], limits: Mapping[str, tuple[float, float]]
) -> Feature:
    """Return what a feature definition (XML) offers.

    Args:
        text: the definition.
        units: property, or ``command.parameter`` -> unit, where the definition names none.
        limits: ``command.parameter`` -> bounds, in its unit.

    Raises:
        DefinitionError: it is no feature definition.
    """
    try:
        root = ET.fromstring(text)  # noqa: S314 - a file of the driver's own
    except ET.ParseError as error:
        raise DefinitionError(f"a SiLA feature definition is XML: {error}") from error
    if root.tag != f"{_NAMESPACE}Feature":
        raise DefinitionError(f"a SiLA feature definition begins with Feature, got {root.tag}")
    found = Feature(_text(root, "Identifier"))
    for node in root.findall(f"{_NAMESPACE}Property"):
        _attempt(found, node, lambda name, node: _read(found, name, node, units))
    for node in root.findall(f"{_NAMESPACE}Command"):
        _attempt(found, node, lambda name, node: _command(found, name, node, units, limits))
    return found


def _attempt(found: Feature, node: Any, add: Any) -> None:
    name = _name(_text(node, "Identifier"))
    try:
        add(name, node)
    except _Unusable as error:
        found.left_out[name] = str(error)


def _read(found: Feature, name: str, node: Any, units: Mapping[str, str]) -> None:
    basic, constraints = _data_type(node)
    identifier = _text(node, "Identifier")
    if basic == "Boolean":
        found.reads[name] = Signal(get=identifier, kind="flag", doc=_text(node, "Description"))
    elif basic in {"Real", "Integer"}:
        unit = _unit(name, constraints, units)
        found.reads[name] = Signal(unit, get=identifier, doc=_text(node, "Description"))
    else:
        raise _Unusable(f"is {basic}, no number and no on and off")


def _command(
    found: Feature,
    name: str,
    node: Any,
    units: Mapping[str, str],
    limits: Mapping[str, tuple[float, float]],
) -> None:
    arguments = {
        _name(_text(part, "Identifier")): (
            _text(part, "Identifier"),
            _hint(f"{name}.{_name(_text(part, 'Identifier'))}", part, units, limits),
        )
        for part in node.findall(f"{_NAMESPACE}Parameter")
    }
    observable = _text(node, "Observable") == "Yes"
    doc = _text(node, "Description")
    found.commands[name] = Command(name, _text(node, "Identifier"), doc, arguments, observable)


def _hint(
    name: str, node: Any, units: Mapping[str, str], limits: Mapping[str, tuple[float, float]]
) -> Any:
    basic, constraints = _data_type(node)
    words = [each.text or "" for each in constraints.findall(f"{_NAMESPACE}Set/{_NAMESPACE}Value")]
    if basic == "String" and words:
        return Annotated[str, Choice(*words)]
    if basic == "Boolean":
        return bool
    if basic not in {"Real", "Integer"}:
        raise _Unusable(f"takes {name.partition('.')[2]!r}, which is {basic}")
    low, high = limits.get(name, (None, None))
    bounds = {"ge": low, "le": high}
    if name not in limits:
        bounds = dict(_bounds(constraints))
    if all(value is None for value in bounds.values()):
        raise _Unusable(f"takes any number as {name.partition('.')[2]!r}; say limits = {{...}}")
    arg = Arg(_unit(name, constraints, units), **bounds)
    return Annotated[int, arg] if basic == "Integer" else Annotated[float, arg]


def _bounds(constraints: Any) -> Iterator[tuple[str, float]]:
    for tag, key in (
        ("MinimalInclusive", "ge"),
        ("MaximalInclusive", "le"),
        ("MinimalExclusive", "gt"),
        ("MaximalExclusive", "lt"),
    ):
        told = _text(constraints, tag)
        if told:
            yield key, float(told)


def _unit(name: str, constraints: Any, units: Mapping[str, str]) -> str:
    """Return the unit of a number.

    Raises:
        _Unusable: the definition names one that is not known, so that its size is not either.
    """
    if name in units:
        check_unit(units[name])
        return units[name]
    unit = constraints.find(f"{_NAMESPACE}Unit")
    if unit is None:
        return "1"
    label = _text(unit, "Label")
    told = _UNITS.get(label, label)
    try:
        check_unit(told)
    except UnitError:
        raise _Unusable(f"is in {label!r}, a unit that is not known; say units = {{...}}") from None
    return told


def _data_type(node: Any) -> tuple[str, Any]:
    """Return the basic type of a property or parameter, and its constraints."""
    kind = node.find(f"{_NAMESPACE}DataType")
    empty = ET.Element("none")
    if kind is None:
        return "nothing", empty
    constrained = kind.find(f"{_NAMESPACE}Constrained")
    if constrained is not None:
        basic, _ = _data_type(constrained)
        found = constrained.find(f"{_NAMESPACE}Constraints")
        return basic, empty if found is None else found
    basic = kind.find(f"{_NAMESPACE}Basic")
    return ("a structure" if basic is None else (basic.text or "").strip()), empty


def _text(node: Any, tag: str) -> str:
    found = node.find(f"{_NAMESPACE}{tag}")
    return "" if found is None else " ".join((found.text or "").split())


def _name(identifier: str) -> str:
    """Return an identifier of SiLA (``FlowRate``) as a name of Python (``flow_rate``)."""
    made = "".join(f"_{c.lower()}" if c.isupper() else c for c in identifier).lstrip("_")
    return made.replace("__", "_")
