"""The verb that finds instruments: the ports of this machine, and who answers on them."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from labloop.cli.terminal import console, table_lines
from labloop.errors import CampaignError, DeviceError

if TYPE_CHECKING:
    from labloop.lab import Asked

_HEADER = ("url", "VID:PID", "serial number", "description")


@dataclass(frozen=True, slots=True)
class _Found:
    """A port, and what its USB chip says of itself."""

    url: str
    usb_id: str = ""
    serial_number: str = ""
    description: str = ""

    @property
    def told(self) -> str:
        """The port in words."""
        more = " ".join(filter(None, (self.usb_id, self.description)))
        return f"{self.url} ({more})" if more else self.url


def scan(
    *,
    ask: Annotated[
        bool, typer.Option("--identify", help="ask each port who is there, after your yes")
    ] = False,
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--port", help="this line instead of the machine's ports; serial:// or another"
        ),
    ] = None,
) -> None:
    """List the serial ports of this machine; none is opened unless --identify is said.

    With it each port is asked the identify question of the drivers that declare it harmless, and
    nothing else is sent. A port whose VID:PID no driver names is asked only after a yes at the
    terminal.
    """
    from serial.tools.list_ports import comports  # noqa: PLC0415 - keeps labloop --help quick

    found = [_Found(_url(each)) for each in only] if only else _found(sorted(comports()))
    for line in _lines(found):
        console().print(line)
    if ask and found:
        for port in found:
            _identify(port)


def _url(port: str) -> str:
    return port if "://" in port else f"serial://{port}"


def port_lines(ports: Iterable[Any]) -> Iterator[str]:
    """Yield what is told of serial ports.

    Args:
        ports: as pyserial lists them (``serial.tools.list_ports_common.ListPortInfo``).
    """
    return _lines(_found(ports))


def _found(ports: Iterable[Any]) -> list[_Found]:
    return [
        _Found(
            f"serial://{port.device}",
            "" if port.vid is None else f"{port.vid:04X}:{port.pid or 0:04X}",
            port.serial_number or "",
            "" if port.description in {None, "n/a"} else port.description,
        )
        for port in ports
    ]


def _lines(found: Sequence[_Found]) -> Iterator[str]:
    if not found:
        yield (
            "this machine has no serial ports; plug the adapter in, and on Linux let your user "
            "belong to the group that owns /dev/ttyUSB* (often dialout)"
        )
        return
    rows = [(each.url, each.usb_id, each.serial_number, each.description) for each in found]
    yield from table_lines(_HEADER, rows)
    yield "the serial number is the adapter's or the instrument's, by who made the USB chip"


def _identify(port: _Found) -> None:
    """Ask a port who is there and tell what came of it."""
    from labloop.lab import drivers_to_ask  # noqa: PLC0415 - keeps labloop --help quick

    every = drivers_to_ask()
    known = [each for each in every if port.usb_id and port.usb_id in each.contact.usb_ids]
    asked = known or every
    out = console()
    if not known and not _is_allowed(port, asked):
        out.print(f"{port.url}: not asked; nothing was sent")
        return
    try:
        answered = _first_answer(port, asked)
    except DeviceError as error:
        out.print(f"{port.url}: {error}")
        return
    out.print(answered or f"{port.url}: nobody answered any of {len(asked)} drivers")


def _is_allowed(port: _Found, asked: Sequence["Asked"]) -> bool:
    """Return whether a person says yes to questions on a port that nobody knows.

    Raises:
        CampaignError: this is no terminal.
    """
    if not sys.stdin.isatty():
        raise CampaignError(
            f"{port.told} may be any instrument, so it is asked only after a yes typed at a "
            "terminal, and this is no terminal; leave --identify out to list the ports"
        )
    names = ", ".join(each.name for each in asked)
    typed = input(
        f"{port.told} may be any instrument. Ask it who it is, in the words of {names}? "
        "Type yes to send these questions: "
    )
    return typed.strip().lower() == "yes"


def _first_answer(port: _Found, asked: Sequence["Asked"]) -> str:
    """Return who answered, in words; empty where nobody did."""
    from labloop.campaign import current_user  # noqa: PLC0415 - keeps labloop --help quick
    from labloop.lab import ask_identity  # noqa: PLC0415 - same

    for url, each in _questions(port, asked):
        identity, _ = ask_identity(each, url, current_user())
        if identity is not None:
            number = f", serial number {identity.serial_number}" if identity.serial_number else ""
            firmware = f", firmware {identity.firmware}" if identity.firmware else ""
            return (
                f'{url}: {identity.model}{number}{firmware}; driver = "{each.name}", url = "{url}"'
            )
    return ""


def _questions(port: _Found, asked: Sequence["Asked"]) -> Iterator[tuple[str, "Asked"]]:
    """Yield url and driver of each question; drivers that accept many answers come last."""
    for each in sorted(asked, key=lambda each: bool(each.contact.recognises)):
        if not port.url.startswith(("serial://", "usb://")) or "?" in port.url:
            yield port.url, each
            continue
        for settings in each.contact.settings:
            yield f"{port.url}?{settings}", each
