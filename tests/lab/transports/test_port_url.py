"""Promise: a URL says how a port is opened; a wrong one is refused with what is known."""

import pytest

from labloop.errors import (
    LabFileError,
)
from labloop.lab import Clock, open_transport
from labloop.lab.process.platform import serial_options
from labloop.lab.time.lab_loop import LabLoop
from labloop.lab.transports.port_url import parse_port


@pytest.mark.parametrize(
    ("url", "match"),
    [
        ("COM3", "names no transport; write one of emulator://"),
        ("gpib://5", "names no transport"),
        ("socket://", "names no transport"),
        ("serial://COM3?speed=9600", r"speed is not known; serial:// knows: baud, mode, rtscts"),
        ("serial://COM3?mode=8X1", r"needs baud=<number> and a mode such as 8N1 or 7E1 \("),
        ("serial://COM3?mode=7e1", r"parity as one capital of NEOMS.*got mode='7e1'"),
        ("serial://COM3?baud=", r"got baud=''"),
        ("serial://COM3?dtr=low", r"dtr \(the line DTR\) is 0 or 1, got 'low'"),
        ("serial://COM3?rtscts=1&rts=0", r"the handshake moves RTS; leave rts out"),
        ("serial://COM3?baud=fast", r"needs baud=<number> and a mode"),
        ("serial://COM3?mode=9X9", r"needs baud=<number> and a mode"),
        ("socket://host:1?baud=9600", r"socket:// knows: nothing"),
        ("replay://nowhere.jsonl", r"nowhere\.jsonl cannot be read"),
        ("emulator://x", "no emulator of that name; there are: none"),
    ],
)
def test_urls_that_cannot_be_used(url, match):
    """Promise: one sentence each, before anything is opened."""
    loop = LabLoop()
    try:
        with pytest.raises(LabFileError, match=match):
            open_transport(url, Clock(loop))
    finally:
        loop.close()


def test_what_pyserial_is_asked_for(monkeypatch):
    """Promise: COM3 and device files, baud and mode; exclusive where the system knows it."""
    exclusive = serial_options()
    settings = {"baudrate": 19200, "bytesize": 7, "parity": "E", "stopbits": 1}
    assert parse_port("serial://COM3?baud=19200&mode=7E1") == ("COM3", settings | exclusive)
    assert parse_port("serial:///dev/ttyUSB0")[0] == "/dev/ttyUSB0"
    place, asked = parse_port("serial:///dev/by-id/usb-A5#XK3-if00?baud=4800&rtscts=1&dtr=0")
    assert place == "/dev/by-id/usb-A5#XK3-if00"
    assert (asked["baudrate"], asked["rtscts"], asked["dtr"]) == (4800, True, False)
    assert parse_port("rfc2217://pc:2217?baud=19200&mode=7E1") == ("rfc2217://pc:2217", settings)
    monkeypatch.setattr("os.name", "nt")
    assert serial_options() == {}
