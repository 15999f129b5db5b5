"""Verbs that look at instruments: identify, read, watch."""

from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from labloop.cli.contact.session import (
    DeviceName,
    LabToml,
    RealLab,
    driver_of,
    host_of,
    print_safe,
    print_values,
    read_lab_file,
    read_values,
    reads_of,
    seconds_of,
    tell_mode,
)
from labloop.cli.terminal import console, table_lines
from labloop.errors import DeviceError

if TYPE_CHECKING:
    from labloop.lab import LabHost

WantedRead = Annotated[
    str | None, typer.Argument(metavar="[READ]", help="one value; all where none is named")
]


def identify(
    lab: LabToml,
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="one device; all where none is named")
    ] = None,
    *,
    real: RealLab = False,
) -> None:
    """Ask the devices of a lab file who they are, one after the other."""
    lab_file = read_lab_file(lab)
    names = list(lab_file.devices) if name is None else [name]
    parts = {each: lab_file.part(each) for each in names}
    rows: list[tuple[str, str, str, str]] = []
    failed: list[str] = []
    hosts = {each: host_of(part, "identify", real) for each, part in parts.items()}
    tell_mode(lab_file, real)
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


def read(
    lab: LabToml, name: DeviceName, wanted: WantedRead = None, *, real: RealLab = False
) -> None:
    """Read values of a device, with their units."""
    lab_file = read_lab_file(lab)
    part = lab_file.part(name)
    reads = reads_of(driver_of(part, name), name, wanted)
    host = host_of(part, "read", real)
    tell_mode(lab_file, real)
    with host:
        failed = print_values(host.call(lambda lab: read_values(lab, name, reads)))
    print_safe(host)
    if failed:
        raise DeviceError(f"{failed} of {len(reads)} values of {name} could not be read; see above")


def watch(
    lab: LabToml,
    name: DeviceName,
    wanted: WantedRead = None,
    *,
    every: Annotated[str, typer.Option("--every", help="how often")] = "1 s",
    real: RealLab = False,
) -> None:
    """Read values of a device again and again until Ctrl-C; then it is made safe."""
    lab_file = read_lab_file(lab)
    part = lab_file.part(name)
    reads = reads_of(driver_of(part, name), name, wanted)
    seconds = seconds_of(every, "--every")
    host = host_of(part, "watch", real, speed="real")
    tell_mode(lab_file, real)
    with host:
        try:
            _watch(host, name, reads, seconds)
        except KeyboardInterrupt:
            console().print("ended     by Ctrl-C")
    print_safe(host)


def _watch(host: "LabHost", name: str, reads: tuple[str, ...], seconds: float) -> None:
    """Print values until a person ends it; one that cannot be read is told and asked again."""
    work = partial(read_values, name=name, reads=reads)
    while True:
        values = host.call(work)
        console().print(f"after     {host.now():.1f} s")
        print_values(values)
        work = partial(read_values, name=name, reads=reads, after=seconds)
