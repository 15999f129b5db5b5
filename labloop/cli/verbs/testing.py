"""The group ``test``: the contracts of what people add to labloop; so far drivers."""

import os
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from labloop.cli.running import confirm_instruments
from labloop.cli.terminal import console, parse_pairs
from labloop.errors import DefinitionError, DeviceError

if TYPE_CHECKING:
    from labloop.lab import Device
    from labloop.testing.drivers import DriverCase, Unreached, Verdict

group = typer.Typer(
    help="Hold what you have written to its contract.",
    no_args_is_help=True,
    add_completion=False,
)
_LONGEST = 200
"""Characters of a sentence that are shown."""


@group.callback()
def _group() -> None:
    """Hold what you have written to its contract."""


@group.command("driver")
def driver(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="an installed driver, or module:Class")
    ],
    *,
    case: Annotated[
        str, typer.Option("--case", metavar="MODULE:NAME", help="the DriverCase to use")
    ] = "",
    world: Annotated[
        str, typer.Option("--world", help="a world of one emulator: its name, or module:function")
    ] = "",
    option: Annotated[
        list[str] | None,
        typer.Option("--option", metavar="key=value", help="of the driver, as in the lab file"),
    ] = None,
    url: Annotated[
        str, typer.Option("--url", help="a port, or somebody's simulator, in place of the emulator")
    ] = "",
    serial_number: Annotated[
        str, typer.Option("--serial-number", help="what the instrument at the url has on its label")
    ] = "",
    actions: Annotated[
        bool, typer.Option("--actions", help="at a url: also the case's action, and the safe state")
    ] = False,
    lines: Annotated[
        bool, typer.Option("--lines/--no-lines", help="list the driver's lines no check reached")
    ] = True,
) -> None:
    """Run the contract of a driver: against its emulator, or what answers at a url."""
    # A driver beside the current folder is found, as python -m finds it.
    sys.path.insert(0, str(Path.cwd()))
    from labloop.lab import find_driver  # noqa: PLC0415 - keeps labloop --help quick
    from labloop.testing.drivers import cases_of, lines_reached  # noqa: PLC0415 - same

    options = {key: _value(text) for key, text in parse_pairs(option or ()).items()}
    kind = find_driver(name)
    cases: tuple[DriverCase, ...]
    if url:
        cases = (_on_the_line(name, kind, case, options, url, serial_number, actions),)
        confirm_instruments(name, "driver")
    else:
        cases = cases_of(name, case=case, world=world, options=options)
    with lines_reached(kind) as reached:
        failed = _show(cases, actions)
    if lines:
        _show_lines(reached.unreached(), reached.count)
    if failed:
        raise DeviceError(f"{failed} checks failed: {name} does not keep the contract of a driver")


def _show(cases: "tuple[DriverCase, ...]", actions: bool) -> int:
    """Print a line for each check as it ends; return how many failed."""
    from labloop.testing.drivers import run_checks  # noqa: PLC0415 - keeps labloop --help quick

    ended: Counter[str] = Counter()
    for each in cases:
        title = f" ({each.title})" if each.title else ""
        where = each.table.get("url") or "its emulator, in simulated time"
        console().print(f"{each.driver}{title} against {where}")
        with _silenced(not each.real):
            for verdict in run_checks([each], actions=actions):
                ended[verdict.state] += 1
                console().print(_line(verdict))
    console().print(f"{ended['pass']} passed, {ended['FAIL']} failed, {ended['left out']} left out")
    return ended["FAIL"]


def _line(verdict: "Verdict") -> str:
    sentence = " ".join(verdict.sentence.split())
    if len(sentence) > _LONGEST:
        sentence = f"{sentence[:_LONGEST]}..."
    return f"{verdict.state:<9} {verdict.check.name:<33} {sentence}"


def _show_lines(unreached: "list[Unreached]", count: int) -> None:
    """Print which of the driver's statements no check reached."""
    console().print(f"{count - len(unreached)} of {count} statements of the driver were reached")
    for each in unreached:
        console().print(f"not reached: {each.file.name}:{each.line}: {each.text}")


def _on_the_line(
    name: str,
    kind: "type[Device]",
    case: str,
    options: Mapping[str, Any],
    url: str,
    serial_number: str,
    actions: bool,
) -> "DriverCase":
    """Return the case of a driver at a url: nothing is emulated.

    Raises:
        DefinitionError: the serial number is missing, or nobody has said which action is harmless.
    """
    from labloop.lab import installed  # noqa: PLC0415 - keeps labloop --help quick
    from labloop.testing.drivers import cases_of  # noqa: PLC0415 - same

    if kind.serial_on_wire and not serial_number:
        raise DefinitionError(
            f"{name} asks the instrument for its serial number: say which one is meant, "
            "--serial-number with what stands on its label"
        )
    declared = case or name in installed("labloop.cases")
    if actions and not declared:
        raise DefinitionError(
            f"which action of {name} does no harm, nobody has said: declare a DriverCase and name "
            "it (--case module:NAME), or leave out --actions"
        )
    found = cases_of(name, case=case, world="no_wires" if not declared else "")[0]
    table: dict[str, Any] = {"url": url, "serial_number": serial_number or "not on the wire"}
    limits = _own_limits(kind)
    if limits:
        table["limits"] = limits
    return replace(found, table=table, options={**found.options, **options})


def _own_limits(kind: "type[Device]") -> dict[str, dict[str, str]]:
    """Return the driver's own limits as a lab file writes them: a real lab must have some."""
    limits: dict[str, dict[str, str]] = {}
    for action, spec in kind.actions.items():
        for argument, declared in spec.arguments.items():
            arg = declared.arg
            if arg is None:
                continue
            low = arg.ge if arg.ge is not None else arg.gt
            high = arg.le if arg.le is not None else arg.lt
            told = {"min": low, "max": high}
            limits[f"{action}.{argument}"] = {
                key: f"{value:g} {arg.unit}".removesuffix(" 1")
                for key, value in told.items()
                if value is not None
            }
    return limits


def _value(text: str) -> Any:
    """Return the value of an option: a whole number, true or false, else the text."""
    if text in {"true", "false"}:
        return text == "true"
    return int(text) if text.lstrip("-").isdigit() else text


@contextmanager
def _silenced(silent: bool) -> Iterator[None]:
    """Keep what a lab says of planned faults from the terminal: unplugged cables are not safe.

    Of a real line everything is told.
    """
    if not silent:
        yield
        return
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        sys.stderr.flush()
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
