"""URLs of real lines: their port, its options (baud, rtscts, dtr, ...), which are one line."""

import os
import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs

from labloop.errors import LabFileError
from labloop.lab.process import serial_options
from labloop.lab.transports.usb_port import FORM, NoUsbPortError, is_usb_place, usb_port

PORTS = ("serial", "usb", "socket", "rfc2217")
_FLAGS = {"rtscts": "hardware handshake", "xonxoff": "software handshake"}
_LINES = {"dtr": "the line DTR", "rts": "the line RTS"}
_KNOWN = ("baud", "mode", *_FLAGS, *_LINES)
_PARITIES = "NEOMS"
_LOOPBACK = {"localhost", "127.0.0.1", "::1", "[::1]", ""}
_NO_LINE = {"replay", "emulator"}


def parse_port(url: str) -> tuple[str, dict[str, Any]]:
    """Return the target and the settings for pyserial.

    ``serial://``, ``usb://`` and ``rfc2217://`` take ``baud`` (9600), ``mode`` (``8N1``: data
    bits, parity, stop bits), ``rtscts`` and ``xonxoff`` (flow control, 0 or 1), ``dtr`` and
    ``rts`` (state of the line from the opening on, 0 or 1). A path may contain any character but
    ``?``.

    Raises:
        LabFileError: the URL cannot be used.
    """
    scheme, _, rest = url.partition("://")
    place, _, query = rest.partition("?")
    asked = {key: values[-1] for key, values in parse_qs(query, keep_blank_values=True).items()}
    known = () if scheme == "socket" else _KNOWN
    unknown = set(asked) - set(known)
    if unknown:
        raise LabFileError(
            f"{url}: {', '.join(sorted(unknown))} is not known; "
            f"{scheme}:// knows: {', '.join(known) or 'nothing'}"
        )
    if scheme == "socket":
        return f"socket://{place}", {}
    settings = _frame_settings(url, asked.get("baud", "9600"), asked.get("mode", "8N1"))
    settings |= {
        name: _flag(url, name, asked[name]) for name in (*_FLAGS, *_LINES) if name in asked
    }
    if settings.get("rtscts") and "rts" in settings:
        raise LabFileError(f"{url}: with rtscts=1 the handshake moves RTS; leave rts out")
    if scheme == "usb":
        if not is_usb_place(place):
            raise LabFileError(f"{url}: names no USB port; write {FORM}")
        return f"usb://{place}", settings | serial_options()
    if scheme == "rfc2217":
        return f"rfc2217://{place}", settings
    return place, settings | serial_options()


def is_replayed(url: str) -> bool:
    """Return whether a transcript answers at ``url``, also in simulation."""
    return url.startswith("replay://")


def line_key(url: str) -> str:
    r"""Return a key that is the same for every URL of one line; empty for URLs without a line.

    ``COM3`` and ``\\.\com3`` are one port, and so are a link in ``/dev/serial/by-id`` and
    the node that it leads to; host names are compared as they are written.
    """
    scheme, _, rest = url.partition("://")
    place = rest.partition("?")[0]
    if not place or scheme in _NO_LINE:
        return ""
    if scheme == "serial":
        return f"serial {_port(place)}"
    if scheme == "usb":
        return f"usb {place.upper()}"
    if scheme in {"socket", "rfc2217"}:
        host, _, port = place.strip("/").rpartition(":")
        return f"tcp {'localhost' if host.lower() in _LOOPBACK else host.lower()}:{port}"
    return f"{scheme} {place}"


def line_keys(url: str) -> list[str]:
    """Return every key of a line: of one that is found by its USB chip, that of its port now, too.

    Which port that is can change; while it is not there, the line has one key alone.
    """
    scheme, _, rest = url.partition("://")
    keys = [line_key(url)]
    if scheme == "usb":
        with suppress(NoUsbPortError):
            keys.append(line_key(f"serial://{found_port(rest.partition('?')[0])}"))
    return [key for key in keys if key]


def found_port(place: str) -> str:
    """Return the port of this machine that ``usb://place`` means; raises NoUsbPortError."""
    from serial.tools import list_ports  # noqa: PLC0415 - only where there is such a url

    return usb_port(place, list_ports.comports())


def line_mistakes(devices: Mapping[str, tuple[str, Mapping[str, Any]]]) -> list[str]:
    """Return the mistakes in the URLs of a lab file, a sentence each.

    Several devices may share a line (multi-drop) where each has an ``address`` of its own.

    Args:
        devices: name -> URL and options.
    """
    found: list[str] = []
    lines: dict[str, list[str]] = {}
    for name, (url, _) in devices.items():
        try:
            if url.partition("://")[0] in PORTS:
                parse_port(url)
        except LabFileError as error:
            found.append(f"[devices.{name}] {error}")
        if line := line_key(url):
            lines.setdefault(line, []).append(name)
    for names in lines.values():
        urls = dict.fromkeys(devices[name][0] for name in names)
        opened = {repr(_settings(url)) for url in urls}
        addresses = [str(devices[name][1].get("address", "")) for name in names]
        alone = len(opened) == 1 and "" not in addresses and len(set(addresses)) == len(names)
        if len(names) > 1 and not alone:
            found.append(
                f"the devices {', '.join(names)} share the same url {' and '.join(urls)}; on one "
                "line each needs an address of its own (options = { address = 1 }) and the same "
                "settings, else give each a line of its own"
            )
    return found


def _settings(url: str) -> dict[str, Any]:
    try:
        return parse_port(url)[1]
    except LabFileError:
        # Reported already.
        return {}


def _frame_settings(url: str, baud: str, mode: str) -> dict[str, Any]:
    if not (baud.isascii() and baud.isdigit() and 0 < int(baud) <= 10_000_000):
        raise LabFileError(f"{url}: needs baud=<number> and a mode such as 8N1, got baud={baud!r}")
    right = len(mode) == 3 and mode[0] in "5678" and mode[1] in _PARITIES and mode[2] in "12"
    if not right:
        raise LabFileError(
            f"{url}: needs baud=<number> and a mode such as 8N1 or 7E1 (data bits 5 to 8, parity "
            f"as one capital of {_PARITIES}, stop bits 1 or 2), got mode={mode!r}"
        )
    return {
        "baudrate": int(baud),
        "bytesize": int(mode[0]),
        "parity": mode[1],
        "stopbits": int(mode[2]),
    }


def _flag(url: str, name: str, text: str) -> bool:
    if text not in {"0", "1"}:
        what = (_FLAGS | _LINES)[name]
        raise LabFileError(f"{url}: {name} ({what}) is 0 or 1, got {text!r}")
    return text == "1"


def _port(name: str) -> str:
    plain = re.sub(r"^[\\/]{2}[.?][\\/]", "", name)
    if re.fullmatch(r"com\d+", plain, re.IGNORECASE):
        return plain.upper()
    # On macOS one port has two nodes.
    return re.sub(r"^/dev/tty\.", "/dev/cu.", os.path.realpath(name))
