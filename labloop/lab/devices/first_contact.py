"""What a driver declares for ``labloop devices scan --identify``."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class FirstContact:
    """Says that any serial port may be asked the question of ``identify``.

    With it the author of a driver declares: ``identify`` sends questions and nothing else, also
    without a ``connect`` before it, and no other instrument takes them for a command.
    """

    settings: tuple[str, ...]
    """The settings of the serial line to be tried, as in a url: ``"baud=9600&mode=7E1"``."""
    recognises: str = ""
    """A regular expression that is looked for in model and firmware of the identity; without one
    whatever ``identify`` accepts is this instrument."""
    usb_ids: tuple[str, ...] = ()
    """``VID:PID`` in hex of instruments with a USB chip of their own. A common adapter does not
    belong here: it says nothing of the instrument behind it."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """Options with which the driver is built for the question; none of them is sent."""
