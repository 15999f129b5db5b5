"""The verb ``labloop emulate``."""

import signal
import sys
import threading
import time
from contextlib import AbstractContextManager
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from labloop.errors import DefinitionError
from labloop_simulators.kit import (
    Emulator,
    Fault,
    make_emulator,
    read_option,
    serve_pty,
    serve_tcp,
    shipped,
)

_GLANCE = 0.1


def emulate(
    name: Annotated[
        str,
        typer.Argument(help="which instrument, or module:Class; without one they are listed"),
    ] = "",
    *,
    port: Annotated[
        int | None, typer.Option(help="serve on this port of 127.0.0.1; 0 takes a free one")
    ] = None,
    pty: Annotated[bool, typer.Option("--pty", help="serve on a pseudo-terminal (POSIX)")] = False,
    link: Annotated[
        Path | None, typer.Option(help="a path that always leads to the pseudo-terminal")
    ] = None,
    fault: Annotated[
        list[str] | None,
        typer.Option(help="kind@frame or kind@seconds, such as drop@3, delay@5:2.5, unplug@30s:5"),
    ] = None,
    option: Annotated[
        list[str] | None, typer.Option(help="of the emulator, such as remote=false")
    ] = None,
    address: Annotated[
        list[int] | None, typer.Option(help="one instrument for each, all on one line")
    ] = None,
    serial_number: Annotated[str, typer.Option(help="what it tells as its own")] = "",
    seconds: Annotated[float, typer.Option(help="end by itself after so long; 0: never")] = 0.0,
    quiet: Annotated[bool, typer.Option("--quiet", help="do not print what is said")] = False,
) -> None:
    """Serve an emulated instrument to any software, with faults at the moments you name."""
    if not name:
        typer.echo("instruments: " + ", ".join(shipped()))
        return
    if (port is None) == (not pty and link is None):
        raise DefinitionError(
            f"where should {name} be served? Say --port 4001 (a socket) or --pty, and one of them"
        )
    # An emulator of one's own lies in this folder, and nothing needs to be installed for it.
    sys.path.insert(0, str(Path.cwd()))
    emulators = _made(name, dict(map(read_option, option or ())), address or [])
    for emulator in emulators:
        emulator.serial_number = serial_number or emulator.serial_number
        for text in fault or ():
            emulator.faults.add(Fault.parse(text))
    serving: AbstractContextManager[str] = (
        serve_tcp(*emulators, port=port) if port is not None else serve_pty(*emulators, link=link)
    )
    with serving as where:
        typer.echo(f"{name} answers at {where}; Ctrl-C ends it")
        _watch(emulators, seconds, quiet)


def _made(name: str, options: dict[str, object], addresses: list[int]) -> list[Emulator]:
    if not addresses:
        return [make_emulator(name, options)]
    return [
        make_emulator(name, options | {"address": each}, f"{name}_{each}") for each in addresses
    ]


def _watch(emulators: list[Emulator], seconds: float, quiet: bool) -> None:
    """Print what is said and done until the end; each instrument keeps its own record."""
    end = threading.Event()
    shown = dict.fromkeys(emulators, 0)

    def ended(_number: int, _frame: FrameType | None) -> None:
        end.set()

    before = {each: signal.signal(each, ended) for each in (signal.SIGINT, signal.SIGTERM)}
    until = time.monotonic() + seconds if seconds else float("inf")
    try:
        while not end.wait(_GLANCE) and time.monotonic() < until:
            for emulator in emulators if not quiet else ():
                shown[emulator] = _show(emulator, shown[emulator])
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    for emulator in emulators:
        if not quiet:
            _show(emulator, shown[emulator])
        typer.echo(f"{emulator.name} heard {emulator.count} frames")


def _show(emulator: Emulator, shown: int) -> int:
    """Print what happened since entry ``shown``; return the latest."""
    truth = emulator.truth
    lines = [
        (each.sequence, f"{each.time:.6f} {each.device} {each.direction} {each.data!r}")
        for each in truth.frames
    ]
    lines += [(each.sequence, each.line()) for each in list(truth.events)]
    for sequence, line in sorted(lines):
        if sequence > shown:
            shown = sequence
            typer.echo(line)
    return shown
