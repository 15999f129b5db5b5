"""Wire-level emulator of the liquid-handling arm; the driver's README has every byte.

It executes a sequence number at most once: a repeat of the same command is answered with
what became of it. A command takes lab time; its effect happens at its end.
"""

import binascii
import re
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from labloop_simulators.bodies.arm import ArmBody, Refused, Work
from labloop_simulators.bodies.deck import Deck
from labloop_simulators.kit import Emulator, Reply, TruthLog

_LONGEST = 120
_REMEMBERED = 64
_FRAME = re.compile(rb"([*?!])([ -}]+) ~([0-9A-F]{4})\r\n")
_COMMAND = re.compile(r"(\d{4}) ([A-Z]+)((?: [!-}]+)*)")


@dataclass(slots=True)
class _Executed:
    """What became of one sequence number."""

    body: str
    state: str
    """``BUSY``, ``DONE`` or ``FAIL <code>``."""
    ends: float = 0.0
    took: float = 0.0


class RobotArmEmulator(Emulator):
    """An arm that acknowledges, moves, and can be asked what it did."""

    def __init__(
        self,
        name: str,
        truth: TruthLog,
        deck: Deck,
        *,
        sync: Callable[[float], None] | None = None,
        serial_number: str = "LA-0001",
    ) -> None:
        super().__init__(name, truth, baud=115200, bits_per_byte=10)
        self.body = ArmBody(name, truth, deck)
        self._sync = sync
        self.serial_number = serial_number
        self._memory: OrderedDict[int, _Executed] = OrderedDict()
        self._work: tuple[_Executed, Work] | None = None
        self._last = 0
        self._boot = 1

    def split(self, buffer: bytearray) -> bytes | None:
        """Take one line, from its last start mark on, so that noise costs one frame."""
        end = buffer.find(b"\n")
        if end < 0:
            if len(buffer) > _LONGEST:
                buffer.clear()
            return None
        line = bytes(buffer[: end + 1])
        del buffer[: end + 1]
        return line

    def handle(self, frame: bytes, now: float) -> bytes | Reply | None:
        """Carry out one line and return the answer."""
        if self._sync is not None:
            self._sync(now)
        self.advance(now)
        begin = max(frame.rfind(mark) for mark in (b"*", b"?", b"!"))
        match = _FRAME.fullmatch(frame[begin:]) if begin >= 0 else None
        if match is None or _crc(match[1] + match[2]) != match[3]:
            return _answer("---- NAK E01")
        text = match[2].decode("ascii")
        if match[1] == b"*":
            return _answer(self._command(text, now))
        return _answer(self._immediate(match[1].decode() + text, now))

    def advance(self, now: float) -> None:
        """Finish the command whose end lies before ``now``."""
        if self._work is not None and now >= self._work[0].ends:
            executed, work = self._work
            self._work = None
            self.body.finish(work, executed.ends)
            executed.state = "DONE"

    def power_cycle(self, now: float) -> None:
        """Lose power: motion ends where it is, numbers are forgotten, tip and liquid stay."""
        self.advance(now)
        self._work = None
        self._memory.clear()
        self._last = 0
        self._boot += 1
        self.body.homed = False
        self.truth.record(now, self.name, "power_cycle")

    def _command(self, text: str, now: float) -> str:
        match = _COMMAND.fullmatch(text)
        if match is None or int(match[1]) == 0:
            return "---- NAK E02"
        sequence = int(match[1])
        known = self._memory.get(sequence)
        if known is not None:
            return self._again(match[1], known, text, now)
        if self._work is not None:
            return f"{match[1]} NAK E11"
        try:
            work = self.body.plan(match[2], match[3].split(), now)
        except Refused as refusal:
            self.truth.record(now, self.name, "refused", command=text, code=refusal.code)
            return f"{match[1]} NAK {refusal.code}"
        executed = _Executed(text, "BUSY", now + work.seconds, work.seconds)
        self._remember(sequence, executed)
        self._work = (executed, work)
        self.truth.record(now, self.name, "accepted", command=text)
        return f"{match[1]} ACK {work.seconds * 1000:.0f}"

    def _again(self, number: str, known: _Executed, text: str, now: float) -> str:
        """Acknowledge a repeat without doing it again."""
        if known.body != text:
            return f"{number} NAK E05"
        left = max(0.0, known.ends - now) if known.state == "BUSY" else 0.0
        return f"{number} ACK {left * 1000:.0f}"

    def _remember(self, sequence: int, executed: _Executed) -> None:
        self._last = sequence
        self._memory[sequence] = executed
        while len(self._memory) > _REMEMBERED:
            self._memory.popitem(last=False)

    def _immediate(self, text: str, now: float) -> str:
        words = text.split()
        if words == ["!STOP"]:
            return self._stop(now)
        if words == ["?ID"]:
            return f"ID labloop-arm {self.serial_number} 1.0"
        if words == ["?LAST"]:
            return f"LAST {self._last:04d} {self._boot}"
        if words == ["?STATUS"]:
            return self._status()
        if len(words) == 2 and words[0] == "?SEQ" and re.fullmatch(r"\d{4}", words[1]):
            known = self._memory.get(int(words[1]))
            return f"SEQ {words[1]} {self._state(known, now)}"
        return "---- NAK E02"

    @staticmethod
    def _state(known: _Executed | None, now: float) -> str:
        if known is None:
            return "UNKNOWN"
        if known.state == "BUSY":
            return f"BUSY {(known.ends - now) * 1000:.0f}"
        return known.state

    def _status(self) -> str:
        body = self.body
        state = "BUSY" if self._work is not None else "IDLE" if body.homed else "UNHOMED"
        return (
            f"STATUS {state} {body.slot or '-'} {int(body.tip)} {body.counted:.1f} "
            f"{body.deck.tips} {body.deck.vials}"
        )

    def _stop(self, now: float) -> str:
        if self._work is not None:
            executed, _ = self._work
            self._work = None
            executed.state = "FAIL E40"
            self.body.slot = None
            self.truth.record(now, self.name, "stopped", command=executed.body)
        return "STOP OK"


def _crc(text: bytes) -> bytes:
    return b"%04X" % binascii.crc_hqx(text, 0xFFFF)


def _answer(text: str) -> bytes:
    raw = b"#" + text.encode("ascii")
    return raw + b" ~" + _crc(raw) + b"\r\n"
