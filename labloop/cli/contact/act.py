"""The verb that lets an instrument do one thing: run."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from labloop.cli.contact.session import (
    CAMPAIGN,
    DeviceName,
    LabToml,
    RealLab,
    driver_of,
    host_of,
    print_journal,
    print_safe,
    print_values,
    read_lab_file,
    read_values,
    seconds_of,
    tell_mode,
    text_of,
)
from labloop.cli.terminal import console, parse_pairs
from labloop.errors import DefinitionError, UnitError
from labloop.records import Reading

if TYPE_CHECKING:
    from labloop.lab import ActionSpec, Argument

_FLAGS = {"true": True, "false": False}


def run(
    lab: LabToml,
    name: DeviceName,
    action: Annotated[str, typer.Argument(metavar="ACTION", help="what it shall do")],
    arguments: Annotated[
        list[str] | None, typer.Argument(metavar="key=value...", help='such as "speed=600 rpm"')
    ] = None,
    *,
    hold: Annotated[
        str, typer.Option("--hold", help="how long to stay so before it is made safe")
    ] = "0 s",
    real: RealLab = False,
) -> None:
    """Let a device do one thing, within its limits and interlocks; then it is made safe."""
    lab_file = read_lab_file(lab)
    part = lab_file.part(name, [action])
    driver = driver_of(part, name)
    spec = driver.actions.get(action)
    if spec is None:
        known = "; ".join(_signature(each) for each in driver.actions.values())
        raise DefinitionError(f"{name} has no action {action!r}; it has: {known or 'none'}")
    given = _arguments(spec, parse_pairs(arguments or ()), name)
    seconds = seconds_of(hold, "--hold")
    host = host_of(part, f"run {name}.{action}", real)
    tell_mode(lab_file, real)
    with host:
        try:
            result = host.call(lambda lab: getattr(getattr(lab, name), action)(**given))
        finally:
            print_journal(host.journal.entries(CAMPAIGN))
        if result is not None:
            console().print(
                f"result    {text_of(result) if isinstance(result, Reading) else result}"
            )
        print_values(host.call(lambda lab: read_values(lab, name, driver.reads, after=seconds)))
    print_safe(host)


def _signature(spec: "ActionSpec") -> str:
    """Return an action with its arguments, for messages."""
    told = [f"{a.name}{_kind(a)}" for a in spec.arguments.values()]
    return f"{spec.name}({', '.join(told)})"


def _kind(argument: "Argument") -> str:
    if argument.arg is not None:
        return "" if argument.unit == "1" else f" in {argument.unit}"
    return f": {'|'.join(argument.choices)}" if argument.choices else f": {argument.kind}"


def _arguments(spec: "ActionSpec", texts: Mapping[str, str], name: str) -> dict[str, object]:
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
