"""Transports by URL."""

from collections.abc import Mapping
from pathlib import Path

from labloop.errors import LabFileError
from labloop.lab.time import Clock
from labloop.lab.transports.base import Transport
from labloop.lab.transports.blocking_port import BlockingPort
from labloop.lab.transports.emulated import EmulatedDevice, EmulatedTransport
from labloop.lab.transports.port import PortTransport
from labloop.lab.transports.port_url import PORTS, line_key
from labloop.lab.transports.replay import RecordingTransport, ReplayTransport

SCHEMES = ("emulator", *PORTS, "replay")


def open_transport(
    url: str,
    clock: Clock,
    *,
    emulators: Mapping[str, EmulatedDevice] | None = None,
    record: "Path | str | None" = None,
    wires: "dict[str, BlockingPort] | None" = None,
    whose: str = "",
) -> Transport:
    """Return the transport that ``url`` names; a line is opened by its first use.

    Args:
        url: ``emulator://<device>``, ``serial://COM3?baud=19200``, ``socket://host:port``,
            ``rfc2217://host:port`` or ``replay://<file>``.
        clock: lab time.
        emulators: who answers to ``emulator://``.
        record: a file to which every frame is written, to be replayed.
        wires: lines that other devices are on, which a url of the same line shares; a new one
            is added.
        whose: the device at its end, named in messages.

    Raises:
        LabFileError: no transport of that kind, or not in simulated time.
    """
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in SCHEMES or not rest:
        raise LabFileError(
            f"{url!r} names no transport; write one of "
            + ", ".join(f"{each}://..." for each in SCHEMES)
        )
    if scheme in PORTS:
        transport = _port(url, clock, {} if wires is None else wires, whose)
    else:
        transport = _no_port(scheme, rest, url, clock, emulators or {})
    if record is None:
        return transport
    return RecordingTransport(transport, Path(record), clock)


def _no_port(
    scheme: str, rest: str, url: str, clock: Clock, emulators: Mapping[str, EmulatedDevice]
) -> Transport:
    if scheme == "replay":
        return ReplayTransport(url, Path(rest))
    if rest not in emulators:
        raise LabFileError(
            f"{url!r}: no emulator of that name; there are: {', '.join(emulators) or 'none'}"
        )
    return EmulatedTransport(emulators[rest], clock)


def _port(url: str, clock: Clock, wires: "dict[str, BlockingPort]", whose: str) -> Transport:
    if clock.loop.simulated:
        raise LabFileError(
            f"{url!r} waits for a real line, which simulated time cannot do; use "
            "speed='real', or an emulator"
        )
    line = line_key(url)
    if line not in wires:
        wires[line] = BlockingPort(url, clock.now)
    return PortTransport(url, clock, wire=wires[line], whose=whose)
