"""Opens the transport that a URL names."""

from collections.abc import Mapping
from pathlib import Path

from labloop.errors import LabFileError
from labloop.lab.time import Clock
from labloop.lab.transports.base import Transport
from labloop.lab.transports.blocking_port import BlockingPort
from labloop.lab.transports.emulated import EmulatedDevice, EmulatedTransport
from labloop.lab.transports.port import PortTransport
from labloop.lab.transports.port_url import PORTS, line_key
from labloop.lab.transports.transcripts import RecordingTransport, ReplayTransport, Transcript

SCHEMES = ("emulator", *PORTS, "replay")
"""What carries bytes; the url of a driver that speaks through a library is its own."""


def open_transport(
    url: str,
    clock: Clock,
    *,
    emulators: Mapping[str, EmulatedDevice] | None = None,
    record: "Path | str | None" = None,
    ports: "dict[str, BlockingPort] | None" = None,
    device: str = "",
    about: "Mapping[str, str] | None" = None,
) -> Transport:
    """Return the transport that ``url`` names; a port is opened at its first use.

    Args:
        url: ``emulator://<device>``, ``serial://COM3?baud=19200``, ``usb://0403:6001``, ``socket://host:port``,
            ``rfc2217://host:port`` or ``replay://<file>``.
        clock: lab time.
        emulators: name -> the emulator that answers to ``emulator://<name>``.
        record: a transcript to which every frame is appended, for ``replay://``.
        ports: the ports in use, by :func:`line_key`. A url of the same line shares its port
            (multi-drop); a new port is added.
        device: its name, for messages.
        about: what the transcript is of, beside the device's name and the url.

    Raises:
        LabFileError: there is no transport of that scheme, or not in simulated time.
    """
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in SCHEMES or not rest:
        raise LabFileError(
            f"{url!r} names no transport; write one of "
            + ", ".join(f"{each}://..." for each in SCHEMES)
        )
    if scheme in PORTS:
        transport = _port(url, clock, {} if ports is None else ports, device)
    else:
        transport = _no_port(scheme, rest, url, clock, emulators or {})
    if record is None:
        return transport
    told = {"device": device, "url": url, **(about or {})}
    return RecordingTransport(transport, Transcript(Path(record), clock, told))


def _no_port(
    scheme: str, rest: str, url: str, clock: Clock, emulators: Mapping[str, EmulatedDevice]
) -> Transport:
    if scheme == "replay":
        return ReplayTransport(url, clock)
    if rest not in emulators:
        raise LabFileError(
            f"{url!r}: no emulator of that name; there are: {', '.join(emulators) or 'none'}"
        )
    return EmulatedTransport(emulators[rest], clock)


def _port(url: str, clock: Clock, ports: "dict[str, BlockingPort]", device: str) -> Transport:
    if clock.loop.simulated:
        raise LabFileError(
            f"{url!r} waits for a real line, which simulated time cannot do; use "
            "speed='real', or an emulator"
        )
    line = line_key(url)
    if line not in ports:
        ports[line] = BlockingPort(url, clock.now)
    return PortTransport(url, clock, port=ports[line], device=device)
