"""The group ``devices``: the first contact with an instrument, before there is a campaign."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from labloop.cli.running import confirm_instruments
from labloop.cli.terminal import console, mode_of, parse_pairs, table_lines
from labloop.errors import DefinitionError, DeviceError, UnitError
from labloop.records import JournalEntry, Quality, Reading

if TYPE_CHECKING:
    from labloop.lab import ActionSpec, Argument, Device, Lab, LabFile, LabHost, Speed

group = typer.Typer(
    help="Meet an instrument: find its port, ask who it is, read it, command it once.",
    no_args_is_help=True,
    add_completion=False,
)

LabToml = Annotated[Path, typer.Argument(metavar="LAB.toml", help="the lab file")]
DeviceName = Annotated[str, typer.Argument(metavar="NAME", help="a device of the lab file")]
RealLab = Annotated[
    bool, typer.Option("--real", help="the real instrument instead of the simulated one")
]
_FLAGS = {"true": True, "false": False}


@group.callback()
def _group() -> None:
    """Meet an instrument: find its port, ask who it is, read it, command it once."""


@group.command("scan")
def scan() -> None:
    """List the serial ports of this machine; none is opened, and nothing is sent."""
    from serial.tools.list_ports import comports  # noqa: PLC0415 - keeps labloop --help quick

    for line in port_lines(sorted(comports())):
        console().print(line)


def port_lines(ports: Iterable[Any]) -> Iterator[str]:
    """Yield what is told of serial ports.

    Args:
        ports: as pyserial lists them (``serial.tools.list_ports_common.ListPortInfo``).
    """
    rows = []
    for port in ports:
        usb = "" if port.vid is None else f"{port.vid:04X}:{port.pid or 0:04X}"
        text = "" if port.description in {None, "n/a"} else port.description
        rows.append((f"serial://{port.device}", usb, port.serial_number or "", text))
    if not rows:
        yield (
            "this machine has no serial ports; plug the adapter in, and on Linux let your user "
            "belong to the group that owns /dev/ttyUSB* (often dialout)"
        )
        return
    yield from table_lines(("url", "VID:PID", "serial number", "description"), rows)
    yield "the serial number is the adapter's or the instrument's, by who made the USB chip"


@group.command("identify")
def identify(
    lab: LabToml,
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="one device; all where none is named")
    ] = None,
    *,
    real: RealLab = False,
) -> None:
    """Ask the devices of a lab file who they are, one after the other."""
    lab_file = _read_lab_file(lab)
    names = list(lab_file.devices) if name is None else [name]
    parts = {each: lab_file.part(each) for each in names}
    rows: list[tuple[str, str, str, str]] = []
    failed: list[str] = []
    hosts = {each: _host(part, "identify", real) for each, part in parts.items()}
    _tell_mode(lab_file, real)
    for each, host in hosts.items():
        try:
            with host:
                found = host.identities[each]
        except DeviceError as error:
            failed.append(f"{each}: {error}")
            continue
        rows.append((each, found.model, found.serial_number or "-", found.firmware or "-"))
    if rows:
        for line in table_lines(("device", "model", "serial number", "firmware"), rows):
            console().print(line)
        console().print(f"safe      {', '.join(row[0] for row in rows)}")
    if failed:
        raise DeviceError("\n".join(failed))


@group.command("read")
def read(
    lab: LabToml,
    name: DeviceName,
    wanted: Annotated[
        str | None, typer.Argument(metavar="[READ]", help="one value; all where none is named")
    ] = None,
    *,
    watch: Annotated[bool, typer.Option("--watch", help="every second, until Ctrl-C")] = False,
    real: RealLab = False,
) -> None:
    """Read values of a device, with their units."""
    lab_file = _read_lab_file(lab)
    part = lab_file.part(name)
    reads = _reads(_driver(part, name), name, wanted)
    host = _host(part, "read", real, speed="real" if watch else "max")
    _tell_mode(lab_file, real)
    with host:
        failed = _print_values(host.call(lambda lab: _values(lab, name, reads)))
        try:
            while watch:
                _print_values(host.call(lambda lab: _values(lab, name, reads, after=1.0)))
        except KeyboardInterrupt:
            console().print("ended     by Ctrl-C")
    _print_safe(host)
    if failed:
        raise DeviceError(f"{failed} of {len(reads)} values of {name} could not be read; see above")


@group.command("run")
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
    lab_file = _read_lab_file(lab)
    part = lab_file.part(name, [action])
    driver = _driver(part, name)
    spec = driver.actions.get(action)
    if spec is None:
        known = "; ".join(_signature(each) for each in driver.actions.values())
        raise DefinitionError(f"{name} has no action {action!r}; it has: {known or 'none'}")
    given = _arguments(spec, parse_pairs(arguments or ()), name)
    seconds = _seconds(hold)
    host = _host(part, f"run {name}.{action}", real)
    _tell_mode(lab_file, real)
    with host:
        try:
            result = host.call(lambda lab: getattr(getattr(lab, name), action)(**given))
        finally:
            _print_journal(host.journal.entries(_CAMPAIGN))
        if result is not None:
            console().print(f"result    {_text(result) if isinstance(result, Reading) else result}")
        _print_values(host.call(lambda lab: _values(lab, name, driver.reads, after=seconds)))
    _print_safe(host)


_CAMPAIGN = "devices"
"""On whose behalf the journal in memory has its entries."""


def _read_lab_file(path: Path) -> "LabFile":
    from labloop.lab import load_lab_file  # noqa: PLC0415 - keeps labloop --help quick

    return load_lab_file(path)


def _driver(part: "LabFile", name: str) -> "type[Device]":
    from labloop.lab import find_driver  # noqa: PLC0415 - same

    return find_driver(part.devices[name].driver, part.folder)


def _host(part: "LabFile", verb: str, real: bool, speed: "Speed" = "max") -> "LabHost":
    """Return the host of a part of a lab, not opened yet."""
    from labloop.lab import LabHost, MemoryJournal  # noqa: PLC0415 - same

    return LabHost(
        part,
        mode=mode_of(real),
        journal=MemoryJournal(),
        campaign_id=_CAMPAIGN,
        speed="real" if real else speed,
        purpose=f"labloop devices {verb}",
    )


def _tell_mode(lab_file: "LabFile", real: bool) -> None:
    """Say that the lab is simulated; a real one needs a person's yes."""
    if real:
        confirm_instruments(lab_file.lab.name, "lab")
    else:
        console().print("simulated: no byte goes to an instrument; --real asks the real one")


def _print_safe(host: "LabHost") -> None:
    """Say what was made safe at the end; what was not has raised NotSafeError before."""
    console().print(f"safe      {', '.join(host.report.safe)}")


def _reads(driver: "type[Device]", name: str, wanted: str | None) -> tuple[str, ...]:
    if wanted is None and driver.reads:
        return driver.reads
    if wanted not in driver.reads:
        asked = "nothing that can be read" if wanted is None else f"no read {wanted!r}"
        known = ", ".join(driver.reads) or "none; its actions are: " + ", ".join(driver.actions)
        raise DefinitionError(f"{name} has {asked}; its reads are: {known}")
    return (wanted,)


async def _values(
    lab: "Lab", name: str, reads: tuple[str, ...], after: float = 0.0
) -> dict[str, Reading | DeviceError]:
    """Return read -> what was read, or why it was not, after so many lab seconds."""
    from labloop.units import quantity  # noqa: PLC0415 - keeps labloop --help quick

    found: dict[str, Reading | DeviceError] = {}
    await lab.wait(quantity(after, "s"))
    for each in reads:
        try:
            found[f"{name}.{each}"] = await getattr(getattr(lab, name), each)()
        except DeviceError as error:
            found[f"{name}.{each}"] = error
    return found


def _print_values(values: Mapping[str, Reading | DeviceError]) -> int:
    """Print what was read; return how many could not be."""
    for what, value in values.items():
        text = _text(value) if isinstance(value, Reading) else f"not read: {value}"
        console().print(f"read      {what} = {text}")
    return sum(isinstance(value, DeviceError) for value in values.values())


def _text(reading: Reading) -> str:
    if reading.value is None:
        return f"no value ({reading.quality.value})"
    unit = "" if reading.unit == "1" else f" {reading.unit}"
    doubt = "" if reading.quality is Quality.OK else f" ({reading.quality.value})"
    return f"{reading.value:.6g}{unit}{doubt}"


def _print_journal(entries: Iterable[JournalEntry]) -> None:
    """Print what was intended, how it ended, and the frames of it."""
    for entry in entries:
        console().print(f"action    {entry.intent.name}: {entry.state.value}")
        if entry.outcome is not None:
            for way, frames in (("sent", entry.outcome.sent), ("received", entry.outcome.received)):
                for frame in frames:
                    console().print(f"{way:<10}{frame!r}")


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


def _seconds(text: str) -> float:
    """Return ``--hold`` in seconds; raises UnitError."""
    from labloop.units import convert, split_quantity  # noqa: PLC0415 - keeps --help quick

    try:
        seconds = convert(*split_quantity(text), "s")
    except UnitError as error:
        raise UnitError(f"--hold: {error}") from error
    if seconds < 0:
        raise UnitError(f"--hold is a time from 0 s, such as '30 s'; got {text!r}")
    return seconds
