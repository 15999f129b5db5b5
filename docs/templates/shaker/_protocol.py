"""Bytes of a shaker: lines of ASCII that end with CR; pure functions, no port."""

from labloop.errors import DeviceFaultError, ProtocolError
from labloop.lab import until

END = b"\r"
line = until(END)
"""Says how long the first complete answer is."""

IDENTIFY = b"ID?" + END
ASK_SPEED = b"SPEED?" + END
STOP = b"STOP" + END


def set_speed(rpm: float) -> bytes:
    """Return the command for a speed in rpm."""
    return f"SPEED {rpm:.0f}".encode("ascii") + END


def parse_identity(reply: bytes) -> tuple[str, str]:
    """Return model and serial number; raises ProtocolError."""
    model, comma, serial = reply.decode("ascii", "replace").strip().partition(",")
    if not comma or not serial or not model.isprintable() or not serial.isalnum():
        raise ProtocolError(f"the shaker answered {reply!r} where its identity was due")
    return model, serial


def parse_speed(reply: bytes) -> float:
    """Return the speed in rpm; raises ProtocolError."""
    text = reply.strip()
    if not text.isdigit():
        raise ProtocolError(f"the shaker answered {reply!r} where a speed was due")
    return float(text)


def check(reply: bytes) -> None:
    """Raise DeviceFaultError where a command was refused, ProtocolError where it is nonsense."""
    text = reply.strip()
    if text.startswith(b"ERR"):
        raise DeviceFaultError(f"the shaker refuses: {text.decode('ascii', 'replace')}")
    if text != b"OK":
        raise ProtocolError(f"the shaker answered {reply!r} where OK was due")
