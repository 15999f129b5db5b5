"""Wire-level emulator of a Julabo heating circulator, with its bath behind it.

Written from the Magio MX manual, page 91, the FL1201 manual, pages 25 and 26, the SL-26
manual, page 82, the Magnum 91 manual, page 66, the SC 2500w manual, page 42, and the CORIO CD
manual, page 64 (which writes commands in capitals); what the manuals leave open is listed in
the README of the driver.
"""

import math
import re
from collections.abc import Callable

from labloop_simulators.bodies.bath import Bath
from labloop_simulators.kit import Emulator, Reply, TruthLog

_LONGEST = 40
_COMMAND_GAP = 0.25
"""Seconds from the beginning of a command that is not answered to that of the next one."""
_TOLERANCE = 0.02
"""Hosts count from different moments of a command, and their clocks are not the instrument's."""
_ANSWER_GAP = 0.01
"""Seconds from the end of an answer to the end of the next command."""
_LATE = 1e-6
"""Seconds by which two lab times may differ through rounding alone."""
_SET = re.compile(r"(out_[a-z]{2,4}_\d\d) +([+-]?\d{1,4}(?:\.\d{1,3})?)")
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
_SETTINGS: dict[str, tuple[float, float, float, int]] = {
    "sp_03": (200.0, *_RANGE, 2),
    "sp_04": (-20.0, *_RANGE, 2),
    "sp_07": (2.0, 1.0, 4.0, 0),
    "par_06": (0.6, 0.1, 99.9, 1),
    "par_07": (45.0, 3.0, 9999.0, 0),
    "par_08": (0.0, 0.0, 999.0, 0),
    "par_09": (0.8, 0.1, 99.9, 1),
    "par_10": (5.0, 1.0, 99.9, 1),
    "par_11": (600.0, 3.0, 9999.0, 0),
    "par_12": (50.0, 0.0, 999.0, 0),
    "par_13": (200.0, *_RANGE, 2),
    "par_14": (-20.0, *_RANGE, 2),
    "par_15": (100.0, 0.0, 200.0, 1),
    "par_16": (100.0, 0.0, 200.0, 1),
    "hil_00": (100.0, 0.0, 100.0, 0),
    "hil_01": (100.0, 10.0, 100.0, 0),
    "mode_02": (0.0, 0.0, 2.0, 0),
    "mode_03": (0.0, 0.0, 1.0, 0),
    "mode_04": (0.0, 0.0, 1.0, 0),
}
"""What is kept and told again: factory value, smallest, largest, decimals."""
_FIXED = {
    "sp_05": "0.00",
    "par_00": "0.00",
    "par_01": "180",
    "par_02": "1.00",
    "par_03": "30",
    "par_04": "0",
    "par_05": "1.00",
}
"""Questions whose answers no command changes."""


class JulaboEmulator(Emulator):
    """Answers as a circulator in remote mode does; ``out_`` commands are silent.

    Args:
        name: its name in the world.
        truth: where is noted what happens.
        bath: the liquid.
        sync: brings a shared world to a time.
        remote: whether its keypad was set to remote control.
        end: how answers end: CR LF, or LF alone as in older manuals.
        address: its number on RS-485, which then stands before each command and answer.
        version: what it says of itself.
        baud: of its line.
    """

    def __init__(
        self,
        name: str,
        truth: TruthLog,
        bath: Bath | None = None,
        *,
        sync: Callable[[float], None] | None = None,
        remote: bool = True,
        end: bytes = b"\r\n",
        address: int | None = None,
        version: str = "JULABO CORIO CP V 4.5",
        baud: int = 4800,
    ) -> None:
        super().__init__(name, truth, baud=baud, bits_per_byte=10)
        self.bath = bath if bath is not None else Bath()
        self.running = False
        self._setpoints = [25.0, 25.0, 25.0]
        self._selected = 0
        self._kept = {each: row[0] for each, row in _SETTINGS.items()}
        self._sync = sync
        self._remote = remote
        self._end = end
        self._prefix = "" if address is None else f"A{address:03d}_"
        self._trouble = 0
        self._complaint = 0
        self._answered = self._obeyed = -math.inf
        """When the last answer ended, and when the last command without one began."""
        self._answers: dict[str, Callable[[float], str]] = {
            "in_pv_00": self._bath,
            "in_pv_01": self._power,
            "in_pv_02": self._bath,
            "in_pv_03": self._bath,
            "in_pv_04": lambda _now: f"{_RANGE[1]:.2f}",
            "in_sp_00": lambda _now: f"{self._setpoints[0]:.2f}",
            "in_sp_01": lambda _now: f"{self._setpoints[1]:.2f}",
            "in_sp_02": lambda _now: f"{self._setpoints[2]:.2f}",
            "in_mode_01": lambda _now: str(self._selected),
            "in_mode_05": lambda _now: str(int(self.running)),
            "status": self._status,
            "version": lambda _now: version,
        }

    @property
    def setpoint(self) -> float:
        """The working temperature that is in use, in degC."""
        return self._setpoints[self._selected]

    @property
    def limits(self) -> tuple[float, float]:
        """The warning limits, in degC: a working temperature lies between them."""
        return self._kept["sp_04"], self._kept["sp_03"]

    @limits.setter
    def limits(self, limits: tuple[float, float]) -> None:
        self._kept["sp_04"], self._kept["sp_03"] = limits

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
        # An LF before it belongs to a host that ends its commands by CR LF; case is folded.
        text = frame.strip(b"\r\n ").decode("latin-1")
        if self._prefix:
            if text[: len(self._prefix)].upper() != self._prefix:
                return None
            text = text[len(self._prefix) :]
        text = text.lower()
        begin = now - len(frame) * self.seconds_per_byte
        if gap := self._missed(len(frame), begin, now):
            self.truth.record(now, self.name, "command_lost", gap=gap)
            self._obeyed = begin
            return None
        told = self._answer(text, now)
        if told is None:
            self._obeyed = begin
            self._command(text, now)
            return None
        answer = (self._prefix + told).encode("ascii") + self._end
        self._answered = now + len(answer) * self.seconds_per_byte
        return answer

    def _missed(self, length: int, begin: float, now: float) -> str:
        """Return which gap a command of ``length`` bytes broke, empty where it is heard.

        A host that waited for the answer needs the time of the line for its next command,
        also where nothing paces its bytes.
        """
        if begin < self._obeyed + _COMMAND_GAP - _TOLERANCE:
            return "under 250 ms"
        if now >= self._answered - _LATE:
            now = max(now, self._answered + length * self.seconds_per_byte)
        return "under 10 ms" if now < self._answered + _ANSWER_GAP - _LATE else ""

    def _answer(self, question: str, now: float) -> str | None:
        answer = self._answers.get(question)
        if answer is not None:
            return answer(now)
        if question[:3] != "in_":
            return None
        if question[3:] in _FIXED:
            return _FIXED[question[3:]]
        if question[3:] in _SETTINGS:
            return f"{self._kept[question[3:]]:.{_SETTINGS[question[3:]][3]}f}"
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

    def _command(self, text: str, now: float) -> None:
        match = _SET.fullmatch(text)
        self._complaint = self._obey(match[1][4:], float(match[2]), now) if match else -8

    def _obey(self, name: str, value: float, now: float) -> int:
        """Carry out an ``out_`` command; returns the number of the complaint, 0 for none."""
        if name in {"sp_00", "sp_01", "sp_02"}:
            refusal = self._refusal(value)
            if not refusal:
                self._set(int(name[-1]), value, now)
            return refusal
        if name == "mode_05" and value in {0.0, 1.0}:
            if self._remote:
                self._switch(bool(value), now)
            return 0 if self._remote else -9
        if name == "mode_01" and value in {0.0, 1.0, 2.0}:
            if self._remote:
                self._select(int(value), now)
            return 0 if self._remote else -9
        return self._keep(name, value, now)

    def _keep(self, name: str, value: float, now: float) -> int:
        if name not in _SETTINGS:
            return -8
        if not self._remote:
            return -9
        _, low, high, decimals = _SETTINGS[name]
        if not low <= value <= high:
            return -10 if value < low else -11
        self._kept[name] = round(value, decimals)
        self.truth.record(now, self.name, "setting", what=name, value=value)
        return 0

    def _refusal(self, value: float) -> int:
        if not self._remote:
            return -9
        if not _RANGE[0] <= value <= _RANGE[1]:
            return -10 if value < _RANGE[0] else -11
        return 0 if self.limits[0] <= value <= self.limits[1] else -13

    def _set(self, place: int, value: float, now: float) -> None:
        if self._sync is not None:
            self._sync(now)
        self._setpoints[place] = value
        self._control(now)
        self.truth.record(now, self.name, "setpoint", value=value)

    def _select(self, place: int, now: float) -> None:
        if self._sync is not None:
            self._sync(now)
        self._selected = place
        self._control(now)
        self.truth.record(now, self.name, "setpoint", value=self.setpoint)

    def _control(self, now: float) -> None:
        if self.running:
            self.bath.approach(now, self.setpoint)

    def _switch(self, on: bool, now: float) -> None:
        if on == self.running or (on and self._trouble in {-1, -5}):
            return
        if self._sync is not None:
            self._sync(now)
        self.running = on
        self.bath.approach(now, self.setpoint if on else None)
        self.truth.record(now, self.name, "control", on=on)
