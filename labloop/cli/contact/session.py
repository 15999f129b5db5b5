"""What the verbs of ``labloop devices`` share: the lab file, its host, values as text."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from labloop.cli.contact.kept import KeptJournal
from labloop.cli.running import confirm_instruments
from labloop.cli.terminal import console, mode_of
from labloop.errors import DefinitionError, DeviceError, UnitError
from labloop.records import JournalEntry, Quality, Reading

if TYPE_CHECKING:
    from labloop.lab import Device, Lab, LabFile, LabHost, Speed

LabToml = Annotated[Path, typer.Argument(metavar="LAB.toml", help="the lab file")]
DeviceName = Annotated[str, typer.Argument(metavar="NAME", help="a device of the lab file")]
RealLab = Annotated[
    bool, typer.Option("--real", help="the real instrument instead of the simulated one")
]


def read_lab_file(path: Path) -> "LabFile":
    """Return the lab file at ``path``; raises LabFileError."""
    from labloop.lab import load_lab_file  # noqa: PLC0415 - keeps labloop --help quick

    return load_lab_file(path)


def driver_of(part: "LabFile", name: str) -> "type[Device]":
    """Return the driver of a device; raises LabFileError."""
    from labloop.lab import find_driver  # noqa: PLC0415 - same

    return find_driver(part.devices[name].driver, part.folder)


def host_of(
    part: "LabFile",
    verb: str,
    real: bool,
    *,
    speed: "Speed" = "max",
    kept: KeptJournal | None = None,
    record: Path | None = None,
) -> "LabHost":
    """Return the host of a part of a lab, not opened yet.

    Args:
        part: of the lab file.
        verb: what it is opened for, told to whoever asks for the same instruments.
        real: the real instruments.
        speed: of simulated lab time.
        kept: where actions are committed; in memory if left out.
        record: the folder into which transcripts are written.
    """
    from labloop.lab import LabHost, MemoryJournal  # noqa: PLC0415 - keeps labloop --help quick

    kept = kept or KeptJournal(MemoryJournal())
    return LabHost(
        part,
        mode=mode_of(real),
        journal=kept.journal,
        campaign_id=kept.campaign_id,
        actor=kept.actor,
        on_alarm=kept.on_alarm,
        speed="real" if real else speed,
        record=record,
        purpose=f"labloop devices {verb}",
    )


def tell_mode(lab_file: "LabFile", real: bool) -> None:
    """Say that the lab is simulated; a real one needs a person's yes."""
    if real:
        confirm_instruments(lab_file.lab.name, "lab")
    else:
        console().print("simulated: no byte goes to an instrument; --real asks the real one")


def print_safe(host: "LabHost") -> None:
    """Say what was made safe at the end; what was not has raised NotSafeError before."""
    console().print(f"safe      {', '.join(host.report.safe)}")


def reads_of(driver: "type[Device]", name: str, wanted: str | None) -> tuple[str, ...]:
    """Return the reads that are wanted; raises DefinitionError where there is none such."""
    if wanted is None and driver.reads:
        return driver.reads
    if wanted not in driver.reads:
        asked = "nothing that can be read" if wanted is None else f"no read {wanted!r}"
        known = ", ".join(driver.reads) or "none; its actions are: " + ", ".join(driver.actions)
        raise DefinitionError(f"{name} has {asked}; its reads are: {known}")
    return (wanted,)


async def read_values(
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


def print_values(values: Mapping[str, Reading | DeviceError]) -> int:
    """Print what was read; return how many could not be."""
    for what, value in values.items():
        text = text_of(value) if isinstance(value, Reading) else f"not read: {value}"
        console().print(f"read      {what} = {text}")
    return sum(isinstance(value, DeviceError) for value in values.values())


def text_of(reading: Reading) -> str:
    """Return a reading in words."""
    if reading.value is None:
        return f"no value ({reading.quality.value})"
    unit = "" if reading.unit == "1" else f" {reading.unit}"
    doubt = "" if reading.quality is Quality.OK else f" ({reading.quality.value})"
    return f"{reading.value:.6g}{unit}{doubt}"


def print_journal(entries: Iterable[JournalEntry]) -> None:
    """Print what was intended, how it ended, and the frames of it."""
    for entry in entries:
        console().print(f"action    {entry.intent.name}: {entry.state.value}")
        if entry.outcome is not None:
            for way, frames in (("sent", entry.outcome.sent), ("received", entry.outcome.received)):
                for frame in frames:
                    console().print(f"{way:<10}{frame!r}")


def seconds_of(text: str, option: str) -> float:
    """Return the time that an option says, in seconds; raises UnitError."""
    from labloop.units import convert, split_quantity  # noqa: PLC0415 - keeps --help quick

    try:
        seconds = convert(*split_quantity(text), "s")
    except UnitError as error:
        raise UnitError(f"{option}: {error}") from error
    if seconds < 0:
        raise UnitError(f"{option} is a time from 0 s, such as '30 s'; got {text!r}")
    return seconds
