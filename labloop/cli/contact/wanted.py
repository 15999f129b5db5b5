"""What a person wants of a device: one action with its arguments, and what is read after it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from labloop.cli.contact.session import (
    driver_of,
    print_journal,
    print_values,
    read_values,
    seconds_of,
    text_of,
)
from labloop.cli.terminal import console, parse_pairs
from labloop.errors import DefinitionError, UnitError
from labloop.records import Reading

if TYPE_CHECKING:
    from labloop.lab import ActionSpec, Argument, LabFile, LabHost

_FLAGS = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Wanted:
    """An action that a person wants, then the values of all reads."""

    device: str
    reads: tuple[str, ...]
    action: str = ""
    """Empty where nothing shall be done but reading."""
    texts: Mapping[str, str] = field(default_factory=dict)
    """The arguments as they were typed."""
    given: Mapping[str, object] = field(default_factory=dict)
    """The arguments as a procedure would give them."""
    hold: str = "0 s"
    seconds: float = 0.0
    """``hold`` in lab seconds."""

    def json(self) -> dict[str, Any]:
        """Return it as a note in a transcript."""
        return {"action": self.action, "arguments": dict(self.texts), "hold": self.hold}


def wanted_of(
    part: "LabFile", name: str, action: str, arguments: Sequence[str], hold: str
) -> Wanted:
    """Return what a person typed; nothing is opened for it.

    Args:
        part: the lab file.
        name: of the device.
        action: empty where nothing shall be done.
        arguments: ``key=value`` each.
        hold: a time, to pass between the action and the reads.

    Raises:
        DefinitionError: no such action, or an argument is missing, unknown or of another kind.
        UnitError: an argument or the time has a wrong unit.
    """
    driver = driver_of(part, name)
    seconds = seconds_of(hold, "--hold")
    if not action:
        return Wanted(name, driver.reads, hold=hold, seconds=seconds)
    spec = driver.actions.get(action)
    if spec is None:
        known = "; ".join(signature(each) for each in driver.actions.values())
        raise DefinitionError(f"{name} has no action {action!r}; it has: {known or 'none'}")
    texts = parse_pairs(arguments)
    given = arguments_of(spec, texts, name)
    return Wanted(name, driver.reads, action, texts, given, hold, seconds)


def carry_out(host: "LabHost", wanted: Wanted, campaign_id: str) -> dict[str, str]:
    """Do in an open lab what is wanted, print what came of it, and return the values as text."""
    found: dict[str, str] = {}
    if wanted.action:
        before = len(host.journal.entries(campaign_id))
        try:
            result = host.call(
                lambda lab: getattr(getattr(lab, wanted.device), wanted.action)(**wanted.given)
            )
        finally:
            print_journal(host.journal.entries(campaign_id)[before:])
        if result is not None:
            found["result"] = text_of(result) if isinstance(result, Reading) else str(result)
            console().print(f"result    {found['result']}")
    values = host.call(
        lambda lab: read_values(lab, wanted.device, wanted.reads, after=wanted.seconds)
    )
    print_values(values)
    for what, value in values.items():
        found[what] = text_of(value) if isinstance(value, Reading) else "not read"
    return found


def signature(spec: "ActionSpec") -> str:
    """Return an action with its arguments, for messages."""
    told = [f"{a.name}{_kind(a)}" for a in spec.arguments.values()]
    return f"{spec.name}({', '.join(told)})"


def _kind(argument: "Argument") -> str:
    if argument.arg is not None:
        return "" if argument.unit == "1" else f" in {argument.unit}"
    return f": {'|'.join(argument.choices)}" if argument.choices else f": {argument.kind}"


def arguments_of(spec: "ActionSpec", texts: Mapping[str, str], name: str) -> dict[str, object]:
    """Return the arguments of an action as a procedure would give them.

    Raises:
        DefinitionError: one is missing, unknown or of another kind.
    """
    from labloop.units import quantity, split_quantity  # noqa: PLC0415 - keeps --help quick

    given: dict[str, object] = {}
    for key, text in texts.items():
        argument = spec.arguments.get(key)
        given[key] = text
        if argument is None:
            continue
        if argument.arg is not None:
            try:
                given[key] = quantity(*split_quantity(text))
            except UnitError as error:
                raise UnitError(f"{name}.{spec.name}.{key}: {error}") from error
        elif argument.kind == "flag":
            given[key] = _FLAGS.get(text.lower(), text)
    spec.bind((), given, name)
    return given
