"""Bytes of Huber thermostats (PB commands): pure functions, no port.

Huber, data communication PB, V1.2.0, chapters 3 to 6. Every frame has ten characters:
``{``, ``M`` (master) or ``S`` (slave), two hex digits of an address, four hex digits of a value
or ``****`` where it is asked for, CR LF. The answer bears the address and the present value.
"""

import re

from labloop.errors import ProtocolError

SETPOINT, INTERNAL, RETURN, PRESSURE, POWER = 0x00, 0x01, 0x02, 0x03, 0x04
ERROR, WARNING, PROCESS, STATUS = 0x05, 0x06, 0x07, 0x0A
CONTROL, CIRCULATION = 0x14, 0x16
SERIAL_LOW, SERIAL_HIGH = 0x1B, 0x1C
LOWEST, HIGHEST = 0x30, 0x31

LENGTH = 10
NO_SENSOR = -151.0
"""Degrees Celsius that stand for a sensor which is not there."""
_ANSWER = re.compile(rb"\{S([0-9A-F]{2})([0-9A-F]{4})\r\n")


def question(address: int) -> bytes:
    """Return the frame that asks for the value at ``address``."""
    return b"{M%02X****\r\n" % address


def command(address: int, value: int) -> bytes:
    """Return the frame that sets ``address`` to a 16-bit value, which may be negative."""
    if not -0x8000 <= value <= 0xFFFF:
        raise ProtocolError(f"a Huber value has 16 bits, got {value}")
    return b"{M%02X%04X\r\n" % (address, value & 0xFFFF)


def set_temperature(celsius: float) -> bytes:
    """Return the frame for a setpoint, in hundredths of a degree."""
    return command(SETPOINT, round(celsius * 100))


def frame_length(buffer: bytes) -> int:
    """Return how many bytes of ``buffer`` make one answer, 0 while none is complete.

    What stands before the first ``{`` counts along, so that a cut answer swallows no other one.
    """
    end = buffer.find(b"\n") + 1
    if end:
        return end
    return len(buffer) if len(buffer) > 4 * LENGTH else 0


def parse(reply: bytes, address: int) -> int:
    """Return the value (0 to 65535) of the answer for ``address``; raises ProtocolError."""
    match = _ANSWER.fullmatch(reply)
    if match is None:
        raise ProtocolError(f"the thermostat answered {reply!r}, which is no PB answer")
    if int(match[1], 16) != address:
        raise ProtocolError(
            f"the thermostat answered {reply!r} for address {match[1].decode()}, "
            f"asked was {address:02X}"
        )
    return int(match[2], 16)


def signed(value: int) -> int:
    """Return 16 bits as a signed number."""
    return value - 0x10000 if value & 0x8000 else value


def celsius(value: int) -> float | None:
    """Return a temperature in degC; None where there is no sensor."""
    told = signed(value) / 100.0
    return None if told == NO_SENSOR else told
