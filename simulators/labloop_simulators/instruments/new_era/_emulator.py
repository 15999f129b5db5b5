"""The pump from the other end of its cable: framing, modes, alarms, address.

A pump's motor is followed lazily: whoever asks after it names the time, and what should
have happened in between (a target reached, a dead-man's time-out) happens at its own time.
"""

import binascii
import math
import re
from collections.abc import Callable

from labloop_simulators.bodies.syringe import Syringe
from labloop_simulators.instruments.new_era._commands import Action, Commands
from labloop_simulators.kit import Emulator, Reply, TruthLog

_STX, _ETX = 0x02, 0x03
_LONGEST = 80
_INTER_BYTE = 0.5
"""Seconds after which an unfinished packet is discarded."""
_MEMORY = 512
"""Frames remembered: commands repeat, and a checksum need not be taken twice."""
_NUMBER = r"(\d{1,4}(?:\.\d{0,3})?|\.\d{1,3})"
_RAW = re.compile(r"(BUZ|OUT)(\d*)|(FUN)([A-Z]{3}\d{0,2})|(TRG)([A-Z][A-Z0-9])")
_ARGUMENT = re.compile(rf"{_NUMBER}?([A-Z]*)")
_ADDRESS = re.compile(r"ADR(\d{0,2})(?:B(19200|9600|2400|1200|300))?")


_Order = tuple[Action | None, str, str]
"""What to do, number and word behind it; None is for another address."""


def _tell_nothing(_number: str, _word: str, _now: float) -> str:
    """A packet without a command asks for the status."""
    return ""


def _unknown(_number: str, _word: str, _now: float) -> str:
    return "?"


_DAMAGED: _Order = (_unknown, "damaged", "")


class NewEraEmulator(Emulator):
    """Answers as an NE-1000 does; ``on_change`` hears the time of every change of the flow.

    With ``alarm_packets`` a pump in safe mode says an alarm by itself, too, as soon as there is
    one; it is told once more in its next answer.
    """

    def __init__(
        self,
        name: str,
        truth: TruthLog,
        *,
        address: int = 0,
        safe_seconds: int = 0,
        version: str = "NE1000V3.928",
        alarm_packets: bool = False,
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
        self._alarm_packets = alarm_packets
        self._unsaid: list[str] = []
        """Alarms that were raised and that no packet has said yet."""
        self._silent_at = math.inf
        self._heard = 0.0
        self.due = math.inf
        """When the motor will stop by itself, as things stand."""
        self._orders: dict[bytes, _Order] = {}
        self._packets: dict[str, bytes] = {}
        self.commands = Commands(self.syringe, self._record, self._tell)
        plain: dict[str, Action] = {"SAF": self._safe, "VER": self._tell_version}
        self._plain = self.commands.plain | plain

    @property
    def safe(self) -> bool:
        """Whether the pump speaks safe mode now."""
        return self._safe_seconds > 0

    def flow(self) -> float:
        """Return what leaves the syringe, in mL/min; negative while withdrawing."""
        return self.syringe.flow

    def advance(self, now: float) -> None:
        """Let happen what was due until ``now``: target reached, dead-man's time-out."""
        while (due := self._next_due()) <= now:
            if due == self._silent_at:
                self._raise_alarm("T", due)
                self._silent_at = math.inf
            else:
                self._end_phase(due)
        self.due = due

    def stall(self, now: float, seconds: float = 0.0) -> None:  # noqa: ARG002 - until it is looked at
        """Block the motor, as a bent plunger does."""
        self._sync(now)
        self._raise_alarm("S", now)

    def power_cycle(self, now: float) -> None:
        """Switch off and on: settings and mode stay, the motor stops, alarm R is raised."""
        self._sync(now)
        self._silent_at = self.due = math.inf
        self._raise_alarm("R", now)

    def unasked(self, now: float) -> list[tuple[float, bytes]]:
        """Return the packets of alarms that nobody asked for."""
        if not self._alarm_packets:
            return []
        self._sync(now)
        said = [self._pack(f"A?{letter}", True) for letter in self._unsaid]
        self._unsaid.clear()
        return [self._send(packet, now, now, True) for packet in said]

    def receive(self, data: bytes, now: float) -> list[tuple[float, bytes]]:
        """Take bytes; a packet that was left unfinished for half a second is discarded."""
        if self._buffer and now - self._heard > _INTER_BYTE and self._awaits_a_packet():
            self._buffer.clear()
        self._heard = now
        return super().receive(data, now)

    def split(self, buffer: bytearray) -> bytes | None:
        """Take one packet or line, as the mode has it; noise before a packet is dropped."""
        if not buffer:
            return None
        if self._safe_seconds:
            return self._split_packet(buffer)
        if buffer[0] == _STX:
            # In basic mode a packet is heard, too: the first word of a host that knows no mode.
            size = buffer[1] + 1 if len(buffer) > 1 else _LONGEST
            if len(buffer) < size <= _LONGEST:
                return None
            packet = bytes(buffer[:size])
            if self._text_of(packet) is not None:
                del buffer[:size]
                return packet
        return self._split_line(buffer)

    def _awaits_a_packet(self) -> bool:
        return self._safe_seconds > 0 or self._buffer[0] == _STX

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
            return self._pack(self.syringe.letter + "?COM", self.safe)
        safe = self._safe_seconds > 0
        if safe:
            self._silent_at = now + self._safe_seconds
        action, number, word = order
        answer: bytes | None
        if action is None:
            answer = None
        elif self.alarm:
            # Told in answer to any valid command, which acknowledges it and is not carried out;
            # only the mode changes at once, so that the host can read what it is told.
            if action == self._safe:
                self._safe(number, word, now)
            answer = self._pack(f"A?{self.alarm}", self.safe)
            self.alarm = ""
        else:
            data = action(number, word, now)
            answer = self._pack(self.syringe.letter + data, self.safe)
        self.due = self._next_due()
        return answer

    def _learn(self, frame: bytes) -> _Order:
        """Return what a frame orders, and remember it: frames repeat."""
        if len(self._orders) >= _MEMORY:
            self._orders.clear()
        order = self._orders[frame] = self._understand(self._text_of(frame))
        return order

    def _text_of(self, frame: bytes) -> str | None:
        """Return the text of a frame, None where it is damaged."""
        if frame[:1] != b"\x02" or frame[-1:] == b"\r":
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
        digits = len(text) - len(text.lstrip("0123456789"))
        if text[digits : digits + 1] == "*":
            return self._system(text[digits + 1 :])
        if digits > 2 or f"{text[:digits]:0>2}" != self._address:
            return None, "", ""
        return self._command_of(text[digits:])

    def _command_of(self, command: str) -> _Order:
        if not command:
            return _tell_nothing, "", ""
        if raw := _RAW.fullmatch(command):
            name, argument = (part for part in raw.groups() if part is not None)
            return (self._plain | self.commands.raw)[name], "", argument
        for length in (3, 2):
            action = self._plain.get(command[:length])
            match = _ARGUMENT.fullmatch(command[length:])
            if action is not None and match is not None:
                return action, match[1] or "", match[2]
        return _unknown, "", ""

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

    def _next_due(self) -> float:
        return min(self.syringe.ends_at, self._silent_at, self.commands.program.paused_until)

    def _end_phase(self, when: float) -> None:
        """Go on to the next phase: the target of the present one, or its pause, is reached."""
        program = self.commands.program
        program.paused_until = math.inf
        self.syringe.stop(when)
        error = program.next(when)
        if error:
            self._raise_alarm("E" if error == "?OOR" else error, when)
        elif not self.syringe.running and self.syringe.letter == "S":
            self._record(when, "stop", why="target_reached")
        elif not self.syringe.running:
            self._record(when, "pause")
        self._tell(when)

    def _raise_alarm(self, letter: str, when: float) -> None:
        self.alarm = letter
        if self.safe:
            self._unsaid.append(letter)
        self.truth.record(when, self.name, "alarm", letter=letter)
        self._halt(when, "alarm")

    def _halt(self, when: float, why: str) -> None:
        self.commands.program.paused_until = math.inf
        if self.syringe.stop(when):
            self.truth.record(when, self.name, "stop", why=why)
            self._tell(when)

    def _tell(self, when: float) -> None:
        if self._on_change is not None:
            self._on_change(when)

    def _tell_version(self, _number: str, _word: str, _now: float) -> str:
        return self._version

    def _safe(self, number: str, word: str, now: float) -> str:
        if not number:
            return "?" if word else str(self._safe_seconds)
        seconds = int(float(number))
        if word or seconds > 255:
            return "?OOR"
        self._safe_seconds = seconds
        self._orders.clear()
        self._silent_at = now + seconds if seconds else math.inf
        self._record(now, "safe_mode", seconds=seconds)
        return ""

    def _system(self, text: str) -> _Order:
        """Return what a system command orders, which any address hears."""
        if text == "RESET":
            return self._reset, "", ""
        match = _ADDRESS.fullmatch(text)
        if match is None:
            # Any command may be sent to a pump that is alone on its line.
            return self._command_of(text)
        return self._readdress, match[1], match[2] or ""

    def _reset(self, _number: str, _word: str, now: float) -> str:
        self._halt(now, "reset")
        self.syringe.letter = "S"
        self.commands.reset()
        self._move_to(0)
        self._safe_seconds, self._silent_at = 0, math.inf
        self._record(now, "master_reset")
        return ""

    def _readdress(self, number: str, baud: str, now: float) -> str:
        if not number:
            return self._address
        if baud:
            self.seconds_per_byte = 10.0 / int(baud)
        self._move_to(int(number))
        self._record(now, "address", value=int(number))
        return ""

    def _move_to(self, address: int) -> None:
        self._address = f"{address:02d}"
        self._orders.clear()
        self._packets.clear()

    def _record(self, now: float, event: str, **values: object) -> None:
        self.truth.record(now, self.name, event, **values)
