"""The verb that checks devices: do they answer, and does an emulator answer as they did?"""

import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from labloop.cli.contact.session import (
    LabToml,
    RealLab,
    driver_of,
    host_of,
    print_safe,
    read_lab_file,
    read_values,
    tell_mode,
    text_of,
)
from labloop.cli.contact.transcripts import Number, session_in
from labloop.cli.terminal import console
from labloop.errors import DefinitionError, DeviceError
from labloop.records import Mode, Quality, Reading

if TYPE_CHECKING:
    from labloop.lab import LabFile, LabHost


def check(
    lab: LabToml,
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="one device; all where none is named")
    ] = None,
    *,
    transcript: Annotated[
        Path | None,
        typer.Option("--transcript", help="hold the lab's emulator of NAME against this one"),
    ] = None,
    session: Number = None,
    real: RealLab = False,
) -> None:
    """Check that devices are who they should be and that every value can be read.

    With --transcript the emulator is asked what the instrument was asked, and the answers are
    compared: that is what makes a driver transcript-checked.
    """
    lab_file = read_lab_file(lab)
    if transcript is not None:
        if name is None:
            raise DefinitionError("--transcript is of one device; name it before the option")
        _compare(lab_file.part(name), name, transcript, session)
        return
    names = list(lab_file.devices) if name is None else [name]
    hosts = {each: host_of(lab_file.part(each), "check", real) for each in names}
    tell_mode(lab_file, real)
    mistakes: list[str] = []
    for each, host in hosts.items():
        try:
            with host:
                mistakes += _check(host, each, driver_of(lab_file, each).reads)
            print_safe(host)
        except DeviceError as error:
            mistakes.append(f"{each}: {error}")
    if mistakes:
        raise DeviceError("\n".join(mistakes))


def _check(host: "LabHost", name: str, reads: tuple[str, ...]) -> list[str]:
    """Print who answers and how long each value takes; return what is wrong."""
    found = host.identities[name]
    number = found.serial_number or "no serial number on the wire"
    console().print(f"device    {name}: {found.model}, {number}")
    mistakes: list[str] = []
    for read in reads:
        begun = time.perf_counter()
        [(what, value)] = host.call(partial(read_values, name=name, reads=(read,))).items()
        took = time.perf_counter() - begun
        if not isinstance(value, Reading):
            mistakes.append(f"{what} was not read: {value}")
        elif value.quality is not Quality.OK:
            mistakes.append(f"{what} is {text_of(value)}")
        else:
            console().print(f"ok        {what} = {text_of(value)} in {1000 * took:.0f} ms")
    return mistakes


def _compare(part: "LabFile", name: str, file: Path, session: int | None) -> None:
    """Ask the emulator of a device what a transcript asked the instrument; print differences."""
    from labloop.lab import differences, make_world, plan_lab  # noqa: PLC0415 - keeps --help quick

    if driver_of(part, name).schemes:
        raise DefinitionError(
            f"{name} speaks through a library, so it has no emulator of bytes to compare with; "
            "use: labloop devices replay"
        )
    emulator = make_world(part, plan_lab(part, Mode.SIMULATED), 0).emulators[name]
    if part.devices[name].serial_number and hasattr(emulator, "serial_number"):
        emulator.serial_number = part.devices[name].serial_number
    count, found = differences(session_in(file, session), emulator)
    for each in found:
        console().print(
            f"{'numbers' if each.numbers_only else 'DIFFERS'}   sent {each.sent!r}: recorded was "
            f"{each.recorded!r}, the emulator says {each.emulated!r}"
        )
    wrong = sum(not each.numbers_only for each in found)
    if wrong:
        raise DeviceError(
            f"the emulator of {name} answers {wrong} of {count} frames in another way"
        )
    console().print(f"alike     {count} frames, {len(found)} of them with other numbers")
