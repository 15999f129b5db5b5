"""Holds an emulator against a transcript: does it answer as the instrument did?"""

import re
from dataclasses import dataclass

from labloop.lab.transports.emulated import EmulatedDevice
from labloop.lab.transports.transcripts.transcript import Session

_NUMBER = re.compile(rb"[-+]?\d+(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class Difference:
    """One question that the emulator answered in another way."""

    sent: bytes
    recorded: bytes
    emulated: bytes
    numbers_only: bool
    """Whether the two answers are alike but for the numbers in them."""


def differences(session: Session, emulator: EmulatedDevice) -> tuple[int, list[Difference]]:
    """Return how many frames were compared, and those whose answers differ.

    The emulator hears each frame at the lab second at which it was recorded.

    Args:
        session: of bytes.
        emulator: of the same instrument, as it is after being switched on.
    """
    exchanges: list[tuple[float, bytes, bytes]] = []
    for direction, data, second in session.frames:
        if direction == ">":
            exchanges.append((second, data, b""))
        elif exchanges:
            begun, sent, before = exchanges[-1]
            exchanges[-1] = (begun, sent, before + data)
    found: list[Difference] = []
    for second, sent, recorded in exchanges:
        emulated = b"".join(answer for _, answer in emulator.receive(sent, second))
        if emulated != recorded:
            alike = _NUMBER.sub(b"0", emulated) == _NUMBER.sub(b"0", recorded)
            found.append(Difference(sent, recorded, emulated, alike))
    return len(exchanges), found
