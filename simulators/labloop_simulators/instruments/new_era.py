"""Wire-level emulator of a New Era NE-1000 syringe pump, basic and safe mode.

Written from the NE-1000 manual (publication 1200-01), pages 33 and 34, the NE-1600 manual
(1200-02), pages 34 and 35, and the NE-500 manual, page 7; what the manuals leave open is
listed in the README of the driver.

A pump's motor is followed lazily: whoever asks after it names the time, and what should
have happened in between (a target reached, a dead-man's time-out) happens at its own time.
"""

import binascii
import math
import re
from collections.abc import Callable

from labloop_simulators.bodies.syringe import Syringe
from labloop_simulators.kit import Emulator, Reply, TruthLog

_STX, _ETX = 0x02, 0x03
_LONGEST = 80
_INTER_BYTE = 0.5
"""Seconds after which an unfinished packet is discarded."""
_MEMORY = 512
"""Frames remembered: commands repeat, and a checksum need not be taken twice."""
_NUMBER = r"(\d{1,4}(?:\.\d{0,3})?|\.\d{1,3})"
_COMMAND = re.compile(
    rf"(?P<name>DIA|RAT|VOL|DIR|RUN|STP|DIS|VER|SAF|CLD|PUR|PHN|FUN)(?:{_NUMBER}?(?P<word>[A-Z]*))"
)
_UNITS = {"UM": 1e-3, "MM": 1.0, "UH": 1e-3 / 60.0, "MH": 1.0 / 60.0}


_Order = tuple[Callable[[str, str, float], str] | None, str, str]
"""What to do, number and word behind it; None is for another address."""


def _tell_nothing(_number: str, _word: str, _now: float) -> str:
    """A packet without a command asks for the status."""
    return ""


def _unknown(_number: str, _word: str, _now: float) -> str:
    return "?"


_DAMAGED: _Order = (_unknown, "damaged", "")


class NewEraEmulator(Emulator):
    """Answers as an NE-1000 does; ``on_change`` hears the time of every change of the flow."""

    def __init__(
        self,
        name: str,
        truth: TruthLog,
        *,
        address: int = 0,
        safe_seconds: int = 0,
        version: str = "NE1000V3.928",
        sync: Callable[[float], None] | None = None,
        on_change: Callable[[float], None] | None = None,
    ) -> None:
        super().__init__(name, truth, baud=19_200, bits_per_byte=10)
        self.syringe = Syringe()
        self.alarm = "R"
        """Letter of the alarm that no answer has told yet; power-up leaves R."""
        self._address = f"{address:02d}"
        self._version = version
        self._sync = sync or self.advance
        self._on_change = on_change
        self._safe_seconds = safe_seconds
        self._silent_at = math.inf
        self._heard = 0.0
        self.due = math.inf
        """When the motor will stop by itself, as things stand."""
        self._orders: dict[bytes, _Order] = {}
        self._packets: dict[str, bytes] = {}
        self._actions: dict[str, Callable[[str, str, float], str]] = {
            "DIA": self._diameter,
            "RAT": self._rate,
            "VOL": self._volume,
            "DIR": self._direction,
            "RUN": self._run,
            "STP": self._stop,
            "DIS": self._dispensed,
            "CLD": self._clear,
            "SAF": self._safe,
            "VER": lambda _number, _word, _now: self._version,
        }

    @property
    def safe(self) -> bool:
        """Whether the pump speaks safe mode now."""
        return self._safe_seconds > 0

    def flow(self) -> float:
        """Return what leaves the syringe, in mL/min; negative while withdrawing."""
        return self.syringe.flow

    def advance(self, now: float) -> None:
        """Let happen what was due until ``now``: target reached, dead-man's time-out."""
        if self._silent_at <= now and self._silent_at <= self.syringe.ends_at:
            self._raise_alarm("T", self._silent_at)
            self._silent_at = math.inf
        if self.syringe.ends_at <= now:
            self._halt(self.syringe.ends_at, "target_reached")
        if self._silent_at <= now:
            self._raise_alarm("T", self._silent_at)
            self._silent_at = math.inf
        self.due = min(self.syringe.ends_at, self._silent_at)

    def stall(self, now: float) -> None:
        """Block the motor, as a bent plunger does."""
        self._sync(now)
        self._raise_alarm("S", now)

    def power_cycle(self, now: float) -> None:
        """Switch off and on: settings and mode stay, the motor stops, alarm R is raised."""
        self._sync(now)
        self._silent_at = self.due = math.inf
        self._raise_alarm("R", now)

    def receive(self, data: bytes, now: float) -> list[tuple[float, bytes]]:
        """Take bytes; a packet that was left unfinished for half a second is discarded."""
        if self._buffer and self._safe_seconds and now - self._heard > _INTER_BYTE:
            self._buffer.clear()
        self._heard = now
        return super().receive(data, now)

    def split(self, buffer: bytearray) -> bytes | None:
        """Take one packet or line, as the mode has it; noise before a packet is dropped."""
        if not buffer:
            return None
        return self._split_packet(buffer) if self._safe_seconds else self._split_line(buffer)

    def _split_line(self, buffer: bytearray) -> bytes | None:
        end = buffer.find(b"\r")
        if end < 0:
            if len(buffer) > _LONGEST:
                buffer.clear()
            return None
        line = bytes(buffer[: end + 1])
        del buffer[: end + 1]
        return line

    def _split_packet(self, buffer: bytearray) -> bytes | None:
        if buffer[0] == _STX and len(buffer) > 1 and 4 <= buffer[1] == len(buffer) - 1 <= _LONGEST:
            # The common case: one packet and nothing else.
            whole = bytes(buffer)
            buffer.clear()
            return whole
        while True:
            begin = buffer.find(_STX)
            if begin < 0:
                buffer.clear()
                return None
            del buffer[:begin]
            if len(buffer) < 2:
                return None
            if 4 <= buffer[1] <= _LONGEST:
                break
            del buffer[:1]
        size = buffer[1] + 1
        if len(buffer) < size:
            return None
        packet = bytes(buffer[:size])
        del buffer[:size]
        return packet

    def handle(self, frame: bytes, now: float) -> bytes | Reply | None:
        """Answer one packet or line."""
        self._sync(now)
        order = self._orders.get(frame) or self._learn(frame)
        if order is _DAMAGED:
            return self._pack(self.syringe.letter + "?COM", True)
        safe = self._safe_seconds > 0
        if safe:
            self._silent_at = now + self._safe_seconds
        action, number, word = order
        answer: bytes | None
        if action is None:
            answer = None
        elif self.alarm:
            # Told in answer to any valid command, which acknowledges it and is not carried out.
            answer = self._pack(f"A?{self.alarm}", safe)
            self.alarm = ""
        else:
            data = action(number, word, now)
            answer = self._pack(self.syringe.letter + data, safe or self._safe_seconds > 0)
        self.due = min(self.syringe.ends_at, self._silent_at)
        return answer

    def _learn(self, frame: bytes) -> _Order:
        """Return what a frame orders, and remember it: frames repeat."""
        if len(self._orders) >= _MEMORY:
            self._orders.clear()
        order = self._orders[frame] = self._understand(self._text_of(frame))
        return order

    def _text_of(self, frame: bytes) -> str | None:
        """Return the text of a frame, None where it is damaged."""
        if frame[:1] != b"\x02":
            raw = frame
        else:
            raw = frame[2:-3]
            checksum = binascii.crc_hqx(raw, 0).to_bytes(2, "big")
            if frame[-3:] != checksum + bytes((_ETX,)):
                return None
        # Blanks and control characters are stripped, small letters are taken for capitals.
        return "".join(chr(b) for b in raw.upper() if 0x20 < b < 0x7F)

    def _understand(self, text: str | None) -> _Order:
        if text is None:
            return _DAMAGED
        digits = len(text) - len(text.lstrip("0123456789")) if text[:1] != "*" else 0
        if digits > 2 or f"{text[:digits]:0>2}" != self._address:
            return (None, "", "") if text[:1] != "*" else self._command_of(text[1:])
        return self._command_of(text[digits:])

    def _command_of(self, command: str) -> _Order:
        if not command:
            return _tell_nothing, "", ""
        match = _COMMAND.fullmatch(command)
        action = self._actions.get(match["name"]) if match else None
        if match is None or action is None:
            return _unknown, "", ""
        return action, match[2] or "", match["word"]

    def _pack(self, text: str, safe: bool) -> bytes:
        if not safe:
            return bytes((_STX,)) + (self._address + text).encode("ascii") + bytes((_ETX,))
        packet = self._packets.get(text)
        if packet is None:
            raw = (self._address + text).encode("ascii")
            check = binascii.crc_hqx(raw, 0).to_bytes(2, "big")
            packet = bytes((_STX, len(raw) + 4)) + raw + check + bytes((_ETX,))
            if len(self._packets) < _MEMORY:
                self._packets[text] = packet
        return packet

    def _raise_alarm(self, letter: str, when: float) -> None:
        self.alarm = letter
        self.truth.record(when, self.name, "alarm", letter=letter)
        self._halt(when, "alarm")

    def _halt(self, when: float, why: str) -> None:
        if self.syringe.stop(when):
            self.truth.record(when, self.name, "stop", why=why)
            self._tell(when)

    def _tell(self, when: float) -> None:
        if self._on_change is not None:
            self._on_change(when)

    def _diameter(self, number: str, word: str, now: float) -> str:
        if not number:
            return _show(self.syringe.diameter)
        if self.syringe.running:
            return "?NA"
        if word or not self.syringe.set_diameter(float(number)):
            return "?OOR"
        self.truth.record(now, self.name, "diameter", value=float(number))
        return ""

    def _rate(self, number: str, word: str, now: float) -> str:
        syringe = self.syringe
        if not number:
            return _show(syringe.rate / _UNITS[syringe.rate_unit]) + syringe.rate_unit
        if word not in {"", *_UNITS}:
            return "?"
        if word and syringe.running:
            return "?NA"
        unit = word or syringe.rate_unit
        if not syringe.set_rate(float(number) * _UNITS[unit], unit, now):
            return "?OOR"
        self.truth.record(now, self.name, "rate", value=syringe.rate)
        if syringe.running:
            self._tell(now)
        return ""

    def _volume(self, number: str, word: str, now: float) -> str:
        syringe = self.syringe
        if not number and not word:
            return _show(syringe.target / syringe.unit_volume) + syringe.volume_unit
        if syringe.running:
            return "?NA"
        if word in {"UL", "ML"} and not number:
            syringe.set_unit(word)
        elif word:
            return "?"
        else:
            syringe.target = float(number) * syringe.unit_volume
            self.truth.record(now, self.name, "target", value=syringe.target)
        return ""

    def _direction(self, number: str, word: str, now: float) -> str:
        syringe = self.syringe
        if not word:
            return "INF" if syringe.sign > 0 else "WDR"
        if number or word not in {"INF", "WDR", "REV"}:
            return "?"
        if syringe.running and syringe.target > 0:
            return "?NA"
        turned = -syringe.sign if word == "REV" else {"INF": 1.0, "WDR": -1.0}[word]
        syringe.turn(turned, now)
        self.truth.record(now, self.name, "direction", value=turned)
        if syringe.running:
            self._tell(now)
        return ""

    def _run(self, _number: str, _word: str, now: float) -> str:
        if self.syringe.running:
            return "?NA"
        if not self.syringe.start(now):
            return "?OOR"
        self.truth.record(now, self.name, "run", rate=self.syringe.flow)
        self._tell(now)
        return ""

    def _stop(self, _number: str, _word: str, now: float) -> str:
        if not self.syringe.running:
            self.syringe.letter = "S"
            return ""
        paused = self.syringe.stop(now)
        # The first STP pauses, a second one ends the program.
        self.syringe.letter = "P" if paused else "S"
        self.truth.record(now, self.name, "stop", why="command")
        self._tell(now)
        return ""

    def _dispensed(self, _number: str, _word: str, now: float) -> str:
        syringe = self.syringe
        infused, withdrawn = syringe.volumes(now)
        unit = syringe.unit_volume
        return f"I{_show(infused / unit)}W{_show(withdrawn / unit)}{syringe.volume_unit}"

    def _clear(self, _number: str, word: str, now: float) -> str:
        if self.syringe.running:
            return "?NA"
        if word not in {"INF", "WDR"}:
            return "?"
        self.syringe.clear(word, now)
        return ""

    def _safe(self, number: str, _word: str, now: float) -> str:
        if not number:
            return str(self._safe_seconds)
        seconds = int(float(number))
        if seconds > 255:
            return "?OOR"
        self._safe_seconds = seconds
        self._orders.clear()
        self._silent_at = now + seconds if seconds else math.inf
        self.truth.record(now, self.name, "safe_mode", seconds=seconds)
        return ""


def _show(value: float) -> str:
    """Return a number as the pump shows it: four digits, at most three behind the point."""
    decimals = 3 if value < 9.9995 else 2 if value < 99.995 else 1 if value < 999.95 else 0
    return f"{value:.{decimals}f}"
