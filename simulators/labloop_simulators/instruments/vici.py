"""Wire-level emulator of a VICI universal actuator with its valve.

Written from the EUT/EUD/EUH manual, pages 14 to 19; what it leaves open is listed in the
README of the driver.
"""

import re

from labloop_simulators.kit import Emulator, Reply, TruthLog

_LONGEST = 40
_STEP = 0.12
"""Seconds from one position to the next."""
_COMMAND = re.compile(r"([A-Z]{2,4}?)(\d{1,5}|[ABFR])?")
_SETTINGS = {"IFM": range(3), "LG": range(2), "DEL": range(1, 4), "SB": range(48, 1153)}
_BAUDS = {"48": 4800, "96": 9600, "192": 19200, "384": 38400, "576": 57600, "1152": 115200}


class ViciEmulator(Emulator):
    """Answers as a universal actuator does.

    Args:
        name: its name in the world.
        truth: where is noted what happens.
        positions: of the valve.
        mode: 1 or 2 for two positions (A, B), 3 for more.
        address: its identifier, empty for none.
    """

    def __init__(
        self,
        name: str,
        truth: TruthLog,
        *,
        positions: int = 10,
        mode: int = 3,
        address: str = "",
    ) -> None:
        super().__init__(name, truth, baud=9600, bits_per_byte=10)
        self._mode, self._positions = mode, positions
        self._identifier = str(address)
        self._place, self._goal, self._arrives = 1, 1, 0.0
        self._blocked = False
        self._turns = 0
        self._way = "A"
        self._set = {"IFM": 1, "LG": 0, "DEL": 1}

    def split(self, buffer: bytearray) -> bytes | None:
        """Take one command up to its CR; an endless one is dropped unread."""
        end = buffer.find(b"\r")
        if end < 0:
            if len(buffer) > _LONGEST:
                buffer.clear()
            return None
        command = bytes(buffer[: end + 1])
        del buffer[: end + 1]
        return command

    def handle(self, frame: bytes, now: float) -> bytes | Reply | None:
        """Answer one command."""
        text = frame.strip(b"\r\n ").decode("ascii", "replace").upper()
        if self._identifier:
            if text[:1] != self._identifier:
                return None
            text = text[1:]
        if not text:
            return None
        if now >= self._arrives:
            self._place = self._goal
        told = self._answer(text, now)
        if told is None:
            return None
        end = {1: b"\r", 2: b"\n", 3: b"\r\n"}[self._set["DEL"]]
        return (self._identifier + told).encode("ascii", "replace") + end

    def power_cycle(self, now: float) -> None:
        """Switch off and on: the valve stays where it is, settings are kept."""
        self._place = self._goal = self.at(now)
        self._blocked = False
        super().power_cycle(now)

    def stall(self, now: float, seconds: float) -> None:  # noqa: ARG002 - until it is switched off and on
        """Block the rotor: it stays where it is, whatever it is told."""
        self._place = self._goal = self.at(now)
        self._blocked = True
        self.truth.record(now, self.name, "stalled", position=self._place)

    def at(self, now: float) -> int:
        """Return where the valve stands."""
        return self._goal if now >= self._arrives else self._place

    def _answer(self, text: str, now: float) -> str | None:
        if text in {"*ID*", "/?"}:
            return self._special(text)
        match = _COMMAND.fullmatch(text)
        name, value = (match[1], match[2] or "") if match else ("", "")
        if name in {"CP", "NP", "AM", "CNT", "VR", "STAT"} and (not value or name == "VR"):
            return self._report(name, now)
        if name in {"GO", "CW", "CC", "HM", "TO"}:
            return self._move(text, name, value, now)
        if name == "ID" and len(value) == 1:
            self._identifier = value
            return None
        if self._take(name, value):
            return None
        return f"{text} = Bad command"

    def _special(self, text: str) -> str | None:
        if text == "*ID*":
            self._identifier = ""
            return None
        return "AM CC CNT CP CW DEL GO HM ID IFM LG NP SB SM STAT TO VR"

    def _report(self, name: str, now: float) -> str:
        place = self.at(now)
        told = {
            "CP": " AB"[place] if self._mode < 3 else f"{place:02d}",
            "NP": f"{self._positions:02d}",
            "AM": str(self._mode),
            "CNT": f"{self._turns:05d}",
            "VR": "I-PD-UMH-A3 09/15/21",
            "STAT": f"{self._mode} {place} {self._turns}",
        }[name]
        if name in {"VR", "STAT"}:
            return told
        return f"{name} = {told}" if self._set["LG"] else name + told

    def _take(self, name: str, value: str) -> bool:
        """Keep a setting; returns whether there is such a one."""
        if name == "NP" and value.isdigit() and 2 <= int(value) <= 40 and int(value) % 2 == 0:
            self._positions = int(value)
        elif name == "AM" and value in {"1", "2", "3"}:
            self._mode = int(value)
        elif name == "CNT" and value.isdigit() and int(value) <= 65_535:
            self._turns = int(value)
        elif name == "SM" and value in {"F", "R", "A"}:
            self._way = value
        elif name == "SB" and value in _BAUDS:
            self.seconds_per_byte = 10.0 / _BAUDS[value]
        elif name in self._set and value.isdigit() and int(value) in _SETTINGS[name]:
            self._set[name] = int(value)
        else:
            return False
        return True

    def _move(self, text: str, name: str, value: str, now: float) -> str | None:
        last = 2 if self._mode < 3 else self._positions
        here = self.at(now)
        if name == "HM":
            goal = 1 if self._mode == 3 and not value else 0
        elif self._mode < 3:
            goal = self._letter(name, value, here)
        elif value.isdigit():
            goal = int(value)
        else:
            goal = 0 if value or name == "TO" else (here - 2 if name == "CC" else here) % last + 1
        if not 1 <= goal <= last:
            return f"{text} = Bad command"
        self._turn(here, goal, last, now)
        return None if self._set["IFM"] == 0 else text

    def _letter(self, name: str, value: str, here: int) -> int:
        """Return where a two-position valve goes: CW to A, CC to B."""
        if value:
            return " AB".find(value) if name == "GO" else 0
        return {"CW": 1, "CC": 2}.get(name, 3 - here)

    def _turn(self, here: int, goal: int, last: int, now: float) -> None:
        if goal == here or self._blocked:
            return
        steps = abs(goal - here)
        self._place, self._goal = here, goal
        self._arrives = now + _STEP * min(steps, last - steps if self._way == "A" else steps)
        self._turns += 1 if self._mode < 3 else steps
        self.truth.record(now, self.name, "turned", position=goal)
