"""What an OpenAPI document offers: reads, and calls with their arguments, units and limits."""

import inspect
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from labloop.errors import UnitError
from labloop.lab import Arg, Choice
from labloop.units import check_unit
from labloop_adapters.base.command_action import command_action
from labloop_adapters.base.signals import Signal

_UNIT = re.compile(r"[\[(]([^\[\]()]+)[\])]\s*\.?\s*$")
_SECONDS = 30.0
_DEEP = 8
"""References followed one after another at most."""


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a call."""

    name: str
    place: str
    """``path``, ``query`` or ``body``."""
    hint: Any
    default: Any = inspect.Parameter.empty
    text: bool = False
    """Whether a number is sent as a text with its unit, such as ``"2.5 mL/min"``."""

    def sent(self, value: Any) -> Any:
        """Return what the server is sent."""
        if not self.text:
            return value
        unit = self.hint.__metadata__[0].unit
        return f"{value:.12g}" if unit == "1" else f"{value:.12g} {unit}"


@dataclass(frozen=True, slots=True)
class Call:
    """One operation that changes something."""

    name: str
    method: str
    path: str
    doc: str
    arguments: tuple[Argument, ...]

    def parts(self, given: Mapping[str, Any]) -> tuple[str, dict[str, Any], dict[str, Any] | None]:
        """Return path, query and JSON of a request."""
        of = {each.name: each.place for each in self.arguments}
        given = {each.name: each.sent(given[each.name]) for each in self.arguments}
        path = self.path.format(**{n: v for n, v in given.items() if of[n] == "path"})
        query = {n: v for n, v in given.items() if of[n] == "query"}
        body = {n: v for n, v in given.items() if of[n] == "body"}
        wants = any(each.place == "body" for each in self.arguments)
        return path.lstrip("/"), query, body if wants else None

    def noted(self, **given: Any) -> None:
        """Stand for the request in simulation: it is noted, and nothing happens."""

    def member(self) -> Any:
        """Return the action of a device that it makes."""
        hints = {each.name: each.hint for each in self.arguments}
        defaults = {each.name: each.default for each in self.arguments}
        doc = self.doc or f"{self.method} {self.path}"
        return command_action(self, self.name, hints, doc=doc, seconds=_SECONDS, defaults=defaults)


@dataclass(slots=True)
class Described:
    """What a document offers below one path."""

    reads: dict[str, Signal] = field(default_factory=dict)
    calls: dict[str, Call] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)

    @property
    def names(self) -> set[str]:
        """Every operation, also those that were left out."""
        return {*self.reads, *self.calls, *self.left_out}


class _Unusable(Exception):  # noqa: N818 - why an operation is left out
    """Why an operation is not offered."""


def described(
    document: Mapping[str, Any],
    component: str,
    units: Mapping[str, str],
    limits: Mapping[str, tuple[float, float]],
) -> Described:
    """Return what ``document`` offers below the path ``component``.

    Args:
        document: as the server answers it.
        component: the beginning of the paths that count.
        units: ``operation`` or ``operation.argument`` -> unit.
        limits: ``operation.argument`` -> bounds.
    """
    found, reader = Described(), _Reader(document, units, limits)
    for path, methods in document["paths"].items():
        if not path.startswith(component) or not isinstance(methods, Mapping):
            continue
        rest = path.removeprefix(component)
        for method, operation in methods.items():
            if method not in {"get", "put", "post"} or not isinstance(operation, Mapping):
                continue
            name = _name(rest)
            if method != "get" and name in found.reads:
                name = f"set_{name}"
            try:
                _add(found, reader, name, method.upper(), rest, operation)
            except _Unusable as error:
                found.left_out[name] = str(error)
    return found


def _add(
    found: Described,
    reader: "_Reader",
    name: str,
    method: str,
    path: str,
    operation: Mapping[str, Any],
) -> None:
    if not name.isidentifier():
        raise _Unusable("has a path that is no name")
    arguments = tuple(reader.arguments(name, operation))
    doc = str(operation.get("summary") or operation.get("description") or "")
    if method == "GET":
        if any(each.default is inspect.Parameter.empty for each in arguments):
            raise _Unusable("needs arguments to be read")
        found.reads[name] = reader.read(name, path, doc, operation)
    else:
        found.calls[name] = Call(name, method, path, doc, arguments)


def _name(path: str) -> str:
    """Return the last parts of a path that are no arguments, as a name."""
    parts = [part for part in path.split("/") if part and not part.startswith("{")]
    return re.sub(r"\W", "_", "_".join(parts) or "root")


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads operations of one document."""

    document: Mapping[str, Any]
    units: Mapping[str, str]
    limits: Mapping[str, tuple[float, float]]

    def arguments(self, name: str, operation: Mapping[str, Any]) -> Iterator[Argument]:
        """Yield the arguments of an operation; raises _Unusable."""
        for told in operation.get("parameters", ()):
            parameter = self._resolved(told)
            if parameter.get("in") in {"path", "query"}:
                schema = dict(self._resolved(parameter.get("schema", {})))
                schema.setdefault("description", parameter.get("description", ""))
                needed = bool(parameter.get("required"))
                yield from self._argument(name, parameter["name"], parameter["in"], schema, needed)
        sent = self._json(self._resolved(operation.get("requestBody", {})))
        required = sent.get("required", ())
        for key, part in sent.get("properties", {}).items():
            yield from self._argument(name, key, "body", self._resolved(part), key in required)

    def read(self, name: str, path: str, doc: str, operation: Mapping[str, Any]) -> Signal:
        """Return the signal of a GET; raises _Unusable where no number is answered."""
        answers = operation.get("responses", {})
        schema = self._json(self._resolved(answers.get("200", answers.get("default", {}))))
        properties = schema.get("properties", {})
        if len(properties) == 1:
            schema = self._resolved(next(iter(properties.values())))
        kind = schema.get("type")
        if kind == "boolean":
            return Signal(get=path.lstrip("/"), kind="flag", doc=doc)
        if kind not in {"number", "integer"}:
            raise _Unusable(f"answers {kind or 'something'} that is no number and no on and off")
        unit = self._unit(name, {"description": doc, **schema})
        return Signal(unit, get=path.lstrip("/"), doc=doc)

    def _json(self, part: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the schema of the JSON that is sent or answered."""
        return self._resolved(part.get("content", {}).get("application/json", {}).get("schema", {}))

    def _argument(
        self, operation: str, name: str, place: str, schema: Mapping[str, Any], needed: bool
    ) -> Iterator[Argument]:
        """Yield an argument; none for a text that the server has a default for."""
        if not name.isidentifier():
            raise _Unusable(f"takes {name!r}, which is no name")
        key = f"{operation}.{name}"
        text = schema.get("type") == "string" and not schema.get("enum")
        if text and key not in self.limits:
            if not needed:
                return
            raise _Unusable(
                f"takes the text {name!r}; say its unit and limits where it is a number with a unit"
            )
        default = inspect.Parameter.empty if text else schema.get("default")
        if default is None:
            # What may be left out has no value of its own: it must be given.
            default = inspect.Parameter.empty
        yield Argument(name, place, self._hint(key, schema), default, text)

    def _hint(self, name: str, schema: Mapping[str, Any]) -> Any:
        kind = schema.get("type")
        choices = schema.get("enum")
        if choices and all(isinstance(each, str) for each in choices):
            return Annotated[str, Choice(*choices)]
        if kind == "boolean":
            return bool
        if kind not in {"number", "integer", "string"}:
            raise _Unusable(f"takes {name.partition('.')[2]!r}, which is {kind or 'anything'}")
        low, high = self.limits.get(name, (schema.get("minimum"), schema.get("maximum")))
        above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
        if name in self.limits:
            above = below = None
        if all(each is None for each in (low, high, above, below)):
            raise _Unusable(f"takes any number as {name.partition('.')[2]!r}; say limits = {{...}}")
        arg = Arg(self._unit(name, schema), ge=low, le=high, gt=above, lt=below)
        return Annotated[int, arg] if kind == "integer" else Annotated[float, arg]

    def _unit(self, name: str, schema: Mapping[str, Any]) -> str:
        """Return the unit of a number: a person's, the document's, or 1."""
        match = _UNIT.search(str(schema.get("description", "")))
        for told in (self.units.get(name), schema.get("x-unit"), match and match[1]):
            if told is None:
                continue
            try:
                check_unit(str(told))
            except UnitError:
                if told == self.units.get(name):
                    raise
                continue
            return str(told)
        return "1"

    def _resolved(self, part: Any) -> Mapping[str, Any]:
        """Return a part of the document; references and ``anyOf`` with null are followed."""
        for _ in range(_DEEP):
            if not isinstance(part, Mapping):
                return {}
            if "$ref" in part:
                found: Any = self.document
                for key in str(part["$ref"]).removeprefix("#/").split("/"):
                    found = found.get(key, {}) if isinstance(found, Mapping) else {}
                part = found
                continue
            choices = part.get("anyOf") or part.get("allOf")
            if not isinstance(choices, list):
                return part
            left = [each for each in choices if each != {"type": "null"}]
            if len(left) != 1:
                return part
            part = {**{k: v for k, v in part.items() if k not in {"anyOf", "allOf"}}, **left[0]}
        return {}
