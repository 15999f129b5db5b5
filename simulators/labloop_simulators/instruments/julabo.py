"""Wire-level emulator of a Julabo heating circulator, with its bath behind it.

Written from the Magio MX manual, page 91, and the FL1201 manual, pages 25 and 26; what the
manuals leave open is listed in the README of the driver.
"""

import math
import re
from collections.abc import Callable

from labloop_simulators.bodies.bath import Bath
from labloop_simulators.kit import Emulator, Reply, TruthLog

_LONGEST = 40
_GAP = 0.25
_LATE = 1e-6
"""Seconds by which two lab times may differ through rounding alone."""
_SET = re.compile(rb"(out_[a-z]{2,4}_\d\d) +([+-]?\d{1,4}(?:\.\d{1,3})?)\r")
_STATUS = {
    0: "00 MANUAL STOP",
    1: "01 MANUAL START",
    2: "02 REMOTE STOP",
    3: "03 REMOTE START",
    -1: "-01 LOW LEVEL ALARM",
    -3: "-03 EXCESS TEMPERATURE WARNING",
    -5: "-05 WORKING SENSOR ALARM",
    -7: "-07 I2C-BUS ERROR",
    -8: "-08 INVALID COMMAND",
    -9: "-09 COMMAND NOT ALLOWED IN CURRENT OPERATING MODE",
    -10: "-10 VALUE TOO SMALL",
    -11: "-11 VALUE TOO LARGE",
    -13: "-13 VALUE EXCEEDS TEMPERATURE LIMITS",
}
_RANGE = (-20.0, 200.0)


class JulaboEmulator(Emulator):
    """Answers as a circulator in remote mode does; ``out_`` commands are silent."""

    def __init__(
        self,
        name: str,
        truth: TruthLog,
        bath: Bath | None = None,
        *,
        sync: Callable[[float], None] | None = None,
        remote: bool = True,
        end: bytes = b"\n",
    ) -> None:
        super().__init__(name, truth, baud=4800, bits_per_byte=10)
        self.bath = bath if bath is not None else Bath()
        self.running = False
        self.setpoint = 25.0
        self.limits = _RANGE
        self._sync = sync
        self._remote = remote
        self._end = end
        self._trouble = 0
        self._complaint = 0
        self._last = -math.inf
        self._answers: dict[bytes, Callable[[float], str]] = {
            b"in_pv_00\r": self._bath,
            b"in_pv_01\r": self._power,
            b"in_pv_02\r": self._bath,
            b"in_pv_03\r": self._bath,
            b"in_sp_00\r": lambda _now: f"{self.setpoint:.2f}",
            b"in_sp_03\r": lambda _now: f"{self.limits[1]:.2f}",
            b"in_sp_04\r": lambda _now: f"{self.limits[0]:.2f}",
            b"in_mode_05\r": lambda _now: str(int(self.running)),
            b"status\r": self._status,
            b"version\r": lambda _now: "JULABO CORIO CP V 4.5",
        }

    def split(self, buffer: bytearray) -> bytes | None:
        """Take one command up to its CR; an endless one is dropped unread."""
        if not buffer:
            return None
        end = buffer.find(b"\r")
        if end < 0:
            if len(buffer) > _LONGEST:
                buffer.clear()
            return None
        command = bytes(buffer[: end + 1])
        del buffer[: end + 1]
        return command

    def handle(self, frame: bytes, now: float) -> bytes | Reply | None:
        """Carry out one command; one that comes too soon after the last is lost."""
        early = now - self._last < _GAP - _LATE
        self._last = now
        if early:
            self.truth.record(now, self.name, "command_lost", gap="under 250 ms")
            return None
        answer = self._answers.get(frame)
        if answer is not None:
            return answer(now).encode("ascii") + self._end
        self._command(frame, now)
        return None

    def power_cycle(self, now: float) -> None:
        """Switch off and on: it comes back stopped, the start command must be sent again."""
        self._switch(False, now)
        self._trouble = self._complaint = 0
        self.truth.record(now, self.name, "power_cycle")

    def trouble(self, number: int, now: float) -> None:
        """Raise one of the manual's alarms (-1, -3, -5, -7); 0 ends it. Alarms stop the unit."""
        self._trouble = number
        if number in {-1, -5}:
            self._switch(False, now)

    def _bath(self, now: float) -> str:
        return f"{self.bath.at(now):.2f}"

    def _power(self, now: float) -> str:
        need = (self.setpoint - self.bath.at(now)) * 10.0 if self.running else 0.0
        return f"{min(max(need, 0.0), 100.0):.1f}"

    def _status(self, _now: float) -> str:
        if self._trouble or self._complaint:
            number, self._complaint = self._trouble or self._complaint, 0
            return _STATUS[number]
        return _STATUS[2 * self._remote + self.running]

    def _command(self, frame: bytes, now: float) -> None:
        match = _SET.fullmatch(frame)
        name, value = (match[1], float(match[2])) if match else (b"", 0.0)
        if name == b"out_sp_00":
            self._complaint = self._refusal(value)
            if not self._complaint:
                self._set(value, now)
        elif name == b"out_mode_05" and value in {0.0, 1.0}:
            self._complaint = 0 if self._remote else -9
            if not self._complaint:
                self._switch(bool(value), now)
        else:
            self._complaint = -8

    def _refusal(self, value: float) -> int:
        if not self._remote:
            return -9
        if not _RANGE[0] <= value <= _RANGE[1]:
            return -10 if value < _RANGE[0] else -11
        return 0 if self.limits[0] <= value <= self.limits[1] else -13

    def _set(self, value: float, now: float) -> None:
        if self._sync is not None:
            self._sync(now)
        self.setpoint = value
        if self.running:
            self.bath.approach(now, value)
        self.truth.record(now, self.name, "setpoint", value=value)

    def _switch(self, on: bool, now: float) -> None:
        if on == self.running or (on and self._trouble in {-1, -5}):
            return
        if self._sync is not None:
            self._sync(now)
        self.running = on
        self.bath.approach(now, self.setpoint if on else None)
        self.truth.record(now, self.name, "control", on=on)
