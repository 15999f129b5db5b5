"""The nodes and methods of an OPC UA server as a table in a file."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from labloop.errors import DefinitionError, UnitError
from labloop.units import check_unit
from labloop_adapters.base.command_action import command_action
from labloop_adapters.base.signal_table import read_rows
from labloop_adapters.base.signals import Signal

_KINDS = ("i=", "s=", "g=", "b=")
"""A number, a text, a GUID or bytes: OPC UA part 6, 5.3.1.10."""


def _node_id(text: str) -> str:
    first, _, rest = text.partition(";")
    identifier = rest if first.startswith("ns=") and first[3:].isdigit() else text
    usable = identifier.startswith(_KINDS) and len(identifier) > len("i=")
    if not usable or (identifier.startswith("i=") and not identifier[2:].isdigit()):
        raise ValueError("is no id of a node, as ns=2;s=Bath.Temperature or ns=2;i=1001")
    return text


_NodeId = Annotated[str, AfterValidator(_node_id)]


class _Value(BaseModel):
    """What a number, or on and off, may be."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    unit: str = "1"
    kind: Literal["number", "integer", "flag"] = "number"
    ge: float | None = None
    le: float | None = None
    gt: float | None = None
    lt: float | None = None

    def signal(self, **more: Any) -> Signal:
        """Return the signal that it makes with ``get``, ``set`` and ``doc``; raises UnitError."""
        return Signal(
            self.unit, ge=self.ge, le=self.le, gt=self.gt, lt=self.lt, kind=self.kind, **more
        )


class _Argument(_Value):
    """One argument of a method."""

    @model_validator(mode="after")
    def _usable(self) -> Self:
        try:
            check_unit(self.unit)
        except UnitError as error:
            raise ValueError(str(error)) from error
        if self.kind != "flag" and not self.signal().limited:
            raise ValueError("can be any number at all: give ge and le, or kind = 'flag'")
        return self


class _Row(_Value):
    """One table of the file: a value, or a method."""

    node: _NodeId | None = None
    set_node: _NodeId | None = None
    set: bool = False
    method: _NodeId | None = None
    object: _NodeId | None = None
    arguments: dict[str, _Argument] = Field(default_factory=dict)
    seconds: float = Field(default=30.0, gt=0)
    doc: str = ""

    @model_validator(mode="after")
    def _value_or_method(self) -> Self:
        said = self.model_fields_set
        of_value = {"node", "set_node", "set", *_Value.model_fields} & said
        of_method = {"object", "arguments", "seconds"} & said
        if not {"node", "set_node", "method"} & said:
            raise ValueError("needs node (a value that is read), set_node (one set), or method")
        if self.method is not None and of_value:
            raise ValueError(f"is a method, so {min(of_value)} says nothing here")
        if self.method is None and of_method:
            raise ValueError(f"is no method, so {min(of_method)} says nothing here")
        if self.set and (self.node is None or self.set_node is not None):
            raise ValueError("set = true sets the node that is read; leave set_node or set out")
        wrong = next((name for name in self.arguments if not name.isidentifier()), None)
        if wrong is not None:
            raise ValueError(f"argument {wrong!r} is no usable name; use letters, digits and _")
        return self


@dataclass(frozen=True, slots=True)
class Method:
    """A method of an object in a server."""

    name: str
    node: str
    object: str | None
    """The object that has it; None for its parent."""
    arguments: Mapping[str, Signal] = field(default_factory=dict)
    """In the order of the server."""
    seconds: float = 30.0
    doc: str = ""

    def member(self) -> Any:
        """Return the action of a device that it makes."""
        hints = {name: argument.hint for name, argument in self.arguments.items()}
        doc = self.doc or f"Call {self.node}."
        return command_action(self, self.name, hints, doc=doc, seconds=self.seconds)

    def noted(self, **given: Any) -> None:
        """Stand for the method in simulation: it is noted, and nothing happens."""


@dataclass(frozen=True, slots=True)
class Nodes:
    """What a file of nodes describes."""

    signals: Mapping[str, Signal]
    methods: Mapping[str, Method]


def nodes_of(path: Path) -> Nodes:
    """Return the signals and methods that a file of nodes describes.

    Raises:
        DefinitionError: one sentence for what cannot be used, with file, table and key.
    """
    signals, methods = {}, {}
    for name, row in read_rows(path, "nodes", _Row).items():
        if row.method is None:
            settable = row.node if row.set else row.set_node
            signals[name] = row.signal(get=row.node, set=settable, doc=row.doc)
        elif not name.isidentifier() or name.startswith("_"):
            raise DefinitionError(
                f"nodes {path}: method {name!r} is no usable name; use letters, digits and _"
            )
        else:
            arguments = {each: said.signal() for each, said in row.arguments.items()}
            methods[name] = Method(name, row.method, row.object, arguments, row.seconds, row.doc)
    return Nodes(signals, methods)
