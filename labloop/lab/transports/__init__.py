"""Bytes to and from a device, named by a url: serial ports, sockets, emulators, transcripts."""

from labloop.lab.transports.base import (
    RECORDER,
    Complete,
    Recorder,
    Resync,
    Transport,
    recognised,
    until,
    until_etx,
)
from labloop.lab.transports.blocking_port import BlockingPort
from labloop.lab.transports.emulated import Truth
from labloop.lab.transports.opening import open_transport
from labloop.lab.transports.port_url import line_key, line_mistakes

__all__ = [
    "RECORDER",
    "BlockingPort",
    "Complete",
    "Recorder",
    "Resync",
    "Transport",
    "Truth",
    "line_key",
    "line_mistakes",
    "open_transport",
    "recognised",
    "until",
    "until_etx",
]
