"""An emulator: the shaker from the other end of its cable, and a world that holds one.

Copy to ``simulators/labloop_simulators/instruments/``; the world to
``simulators/labloop_simulators/worlds/``, named under the entry point ``labloop.worlds``. It is
written from the manual, never from the driver: a mistake that both share would not be found.
"""

import math
from collections.abc import Mapping
from typing import Any

from labloop_simulators.kit import Emulator, Reply, TruthLog

SPIN_UP = 2.0
"""Seconds in which the motor makes up 63 % of a change."""


class ShakerEmulator(Emulator):
    """Answers as the manual says; the motor follows its setpoint with a delay."""

    def __init__(self, name: str, truth: TruthLog) -> None:
        super().__init__(name, truth, baud=9600)
        self.serial_number = "S0042"
        self._start, self._goal, self._since = 0.0, 0.0, 0.0

    def split(self, buffer: bytearray) -> bytes | None:
        """Take one line off the front."""
        end = buffer.find(b"\r")
        if end < 0:
            return None
        frame = bytes(buffer[: end + 1])
        del buffer[: end + 1]
        return frame

    def handle(self, frame: bytes, now: float) -> bytes | Reply | None:
        """Answer one line at lab second ``now``."""
        words = frame.decode("ascii", "replace").split()
        if words == ["ID?"]:
            return f"SHAKER,{self.serial_number}\r".encode("ascii")
        if words == ["SPEED?"]:
            return f"{self.rpm(now):.0f}\r".encode("ascii")
        if words == ["STOP"]:
            return self._shake_at(0.0, now)
        if len(words) == 2 and words[0] == "SPEED" and words[1].isdigit():
            return self._shake_at(float(words[1]), now) if int(words[1]) <= 1500 else b"ERR 2\r"
        return b"ERR 1\r"

    def rpm(self, now: float) -> float:
        """Return how fast it really shakes."""
        return self._goal + (self._start - self._goal) * math.exp((self._since - now) / SPIN_UP)

    def _shake_at(self, rpm: float, now: float) -> bytes:
        self._start, self._goal, self._since = self.rpm(now), rpm, now
        self.truth.record(now, self.name, "shakes_at", rpm=rpm)
        return b"OK\r"


class Bench:
    """A world with one shaker."""

    def __init__(self) -> None:
        self.truth = TruthLog()
        self.emulators = {"shaker": ShakerEmulator("shaker", self.truth)}


def create(seed: int, options: Mapping[str, Any]) -> Bench:  # noqa: ARG001 - a world's signature
    """Return a fresh world; this one has nothing random and no options."""
    return Bench()
