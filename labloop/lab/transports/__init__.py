"""Bytes to and from a device, named by a URL: serial ports, sockets, emulators, transcripts.

Here belong the channels of bytes, the line that keeps each answer with its question, and the
URLs. What the bytes mean belongs to a driver; which device has which URL to ``configuration``.
Read ``base.py`` first (what every transport offers), then ``line.py``.
"""

from labloop.lab.transports.base import (
    Complete,
    Resync,
    Transport,
    recognised,
    until,
    until_etx,
)
from labloop.lab.transports.blocking_port import BlockingPort, load_ports
from labloop.lab.transports.emulated import EmulatedDevice, Truth
from labloop.lab.transports.opening import SCHEMES, open_transport
from labloop.lab.transports.port_url import is_replayed, line_key, line_keys, line_mistakes
from labloop.lab.transports.recorder import RECORDER, Recorder
from labloop.lab.transports.transcripts import (
    Difference,
    Session,
    Transcript,
    differences,
    note_in_transcript,
    read_transcript,
    session_of,
)

__all__ = [
    "RECORDER",
    "SCHEMES",
    "BlockingPort",
    "Complete",
    "Difference",
    "EmulatedDevice",
    "Recorder",
    "Resync",
    "Session",
    "Transcript",
    "Transport",
    "Truth",
    "differences",
    "is_replayed",
    "line_key",
    "line_keys",
    "line_mistakes",
    "load_ports",
    "note_in_transcript",
    "open_transport",
    "read_transcript",
    "recognised",
    "session_of",
    "until",
    "until_etx",
]
