"""``usb://``: a serial port by what its USB chip says of itself, whatever its name."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

_PLACE = re.compile(r"(?P<id>[0-9A-Fa-f]{4}:[0-9A-Fa-f]{4})(?:/(?P<of>[^/?]+))?|(?P<alone>[^:/?]+)")

FORM = "usb://VID:PID, usb://VID:PID/SERIAL or usb://SERIAL, such as usb://0403:6001/A50285BI"


class NoUsbPortError(Exception):
    """No port, or more than one, is what was asked for; caught in this wing."""


def is_usb_place(place: str) -> bool:
    """Return whether ``place`` can name a USB port."""
    return _PLACE.fullmatch(place) is not None


def usb_port(place: str, ports: Iterable[Any]) -> str:
    """Return the name of the port that ``place`` means.

    Args:
        place: what stands behind ``usb://``: ``VID:PID`` in hex, a serial number, or both.
        ports: as pyserial lists them.

    Raises:
        NoUsbPortError: none is there, or several are.
    """
    every = [port for port in ports if port.vid is not None]
    found = list(_matching(place, every))
    if len(found) == 1:
        return str(found[0].device)
    if not found:
        there = ", ".join(map(_told, every)) or "no USB port at all"
        raise NoUsbPortError(f"no USB port is {place}; there is: {there}")
    raise NoUsbPortError(
        f"{len(found)} USB ports are {place}: {', '.join(map(_told, found))}; add the serial "
        "number, as usb://VID:PID/SERIAL"
    )


def _matching(place: str, ports: Iterable[Any]) -> Iterator[Any]:
    match = _PLACE.fullmatch(place)
    if match is None:
        return
    wanted, number = (match["id"] or "").upper(), match["of"] or match["alone"]
    for port in ports:
        if wanted in {"", _usb_id(port)} and number in {None, port.serial_number}:
            yield port


def _usb_id(port: Any) -> str:
    return f"{port.vid:04X}:{port.pid or 0:04X}"


def _told(port: Any) -> str:
    number = f"/{port.serial_number}" if port.serial_number else ""
    return f"{port.device} (usb://{_usb_id(port)}{number})"
