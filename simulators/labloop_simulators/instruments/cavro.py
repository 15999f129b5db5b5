"""Wire-level emulator of a Tecan Cavro XP 3000 pump: OEM and DT protocol.

Written from the XLP 6000 operating manual (734237-C), pages 3-3 to 3-8, and the XP 3000
operators manual (725730C); what they leave open is listed in the README of the driver.
"""

import re
from collections.abc import Iterator
from functools import reduce
from operator import xor

from labloop_simulators.bodies.plunger import Plunger
from labloop_simulators.kit import Emulator, Reply, TruthLog

_STX, _ETX = 0x02, 0x03
_LONGEST = 300
_TURN, _HOME = 0.3, 2.0
"""Seconds to turn the valve, and to find the ends."""
_TOKEN = re.compile(r"([A-Za-z])(\d*(?:,\d*)*)")
_MOST = 500
"""Commands of one string, loops unrolled."""
_RANGES = {"V": (5, 6000), "v": (50, 1000), "c": (50, 2700), "S": (0, 34), "L": (1, 20)}
_RANGES |= {"K": (0, 31), "M": (5, 30_000), "N": (0, 2), "J": (0, 7)}
_SLOPES: tuple[int, ...] = (
    *range(5600, 2500, -600),
    *range(2200, 200, -200),
    *range(200, 10, -10),
)
"""Pulses per second of the speed codes S0 to S34."""


class _RefusedError(Exception):
    """A command string that is not carried out; its argument is the number of the error."""


class CavroEmulator(Emulator):
    """Answers as an XP 3000 does, in the protocol that it hears first.

    Args:
        name: its name in the world.
        truth: where is noted what happens.
        address: its switch, 0 to 14.
        stroke: steps of a full stroke, 3000 or 6000.
        initialized: whether it has been initialised already.
    """

    def __init__(
        self,
        name: str,
        truth: TruthLog,
        *,
        address: int = 0,
        stroke: int = 3000,
        initialized: bool = False,
    ) -> None:
        super().__init__(name, truth, baud=9600, bits_per_byte=10)
        self.plunger = Plunger(stroke, "i")
        self._address = 0x31 + address
        self._initialized = initialized
        self._error = 0
        self._settings = {"V": 1400, "v": 900, "c": 900, "S": 14, "L": 14, "K": 12, "N": 0, "J": 0}
        self._buffered, self._last = "", ""
        self._oem: bool | None = None
        self._number = 0
        self._counts = [0, 0, 0]

    def split(self, buffer: bytearray) -> bytes | None:
        """Take one block of the protocol that was heard first; noise before it is dropped."""
        begins = {True: (_STX,), False: (0x2F,), None: (_STX, 0x2F)}[self._oem]
        while buffer:
            begin = next((at for at, byte in enumerate(buffer) if byte in begins), -1)
            if begin < 0:
                buffer.clear()
                return None
            del buffer[:begin]
            oem = buffer[0] == _STX
            end = buffer.find(_ETX) + 1 if oem else buffer.find(b"\r")
            if (oem and not 0 < end < len(buffer)) or (not oem and end < 0):
                if len(buffer) > _LONGEST:
                    del buffer[0]
                    continue
                return None
            # A block that was cut is given up where another one begins.
            del buffer[: max(buffer.rfind(bytes((buffer[0],)), 0, end - 1), 0)]
            end = buffer.find(_ETX) + 1 if oem else buffer.find(b"\r")
            frame = bytes(buffer[: end + 1])
            del buffer[: end + 1]
            return frame
        return None

    def handle(self, frame: bytes, now: float) -> bytes | Reply | None:
        """Answer one block; one that is damaged or for another pump is not answered."""
        oem = frame[0] == _STX
        if oem:
            if len(frame) < 5 or reduce(xor, frame[:-1]) != frame[-1] or frame[2] & 0xF0 != 0x30:
                return None
            text = frame[3:-2]
        else:
            text = frame[2:-1]
        if frame[1] != self._address or any(byte < 0x20 or byte > 0x7E for byte in text):
            return None
        if self._oem is not None and oem != self._oem:
            return None
        self._oem = oem
        self.plunger.settle(now)
        number, repeated = frame[2] & 0x07, oem and bool(frame[2] & 0x08)
        known = repeated and number == self._number
        self._number = number if oem else 0
        return self._answer(text.decode("ascii"), now, known)

    def power_cycle(self, now: float) -> None:
        """Switch off and on: it must be initialised again and listens for either protocol."""
        self.plunger.cut(now)
        self._initialized, self._error, self._oem, self._number = False, 0, None, 0
        self._buffered = self._last = ""
        super().power_cycle(now)

    def stall(self, now: float, seconds: float) -> None:  # noqa: ARG002 - until it is initialised
        """Block the plunger: an overload, as it notices it."""
        self.plunger.cut(now)
        self._error, self._initialized = 9, False
        self.truth.record(now, self.name, "stalled", position=self.plunger.position(now))

    def busy(self, frame: bytes, now: float) -> bytes | Reply | None:
        """Answer as one that moves: command overflow."""
        if frame[1:2] != bytes((self._address,)):
            return None
        self._oem = frame[0] == _STX
        del now
        return self._block(0x40 | 15, "")

    def _answer(self, text: str, now: float, known: bool) -> bytes:
        try:
            data = "" if known else self._carry_out(text, now)
        except _RefusedError as refused:
            return self._block(self._status(now) & 0xF0 | refused.args[0], "")
        return self._block(self._status(now) | self._error, data)

    def _status(self, now: float) -> int:
        return 0x40 | (0 if self.plunger.busy(now) else 0x20)

    def _block(self, status: int, data: str) -> bytes:
        text = b"0" + bytes((status,)) + data.encode("ascii")
        if not self._oem:
            return b"/" + text + bytes((_ETX,)) + b"\r\n"
        block = bytes((_STX,)) + text + bytes((_ETX,))
        return block + bytes((reduce(xor, block),))

    def _carry_out(self, text: str, now: float) -> str:
        if text[:1] in {"?", "&", "F", "Q", "%", "#"}:
            return self._report(text, now)
        if text == "T":
            self.plunger.cut(now)
            self._buffered = ""
            self.truth.record(now, self.name, "stop", position=self.plunger.position(now))
            return ""
        if self.plunger.busy(now):
            raise _RefusedError(15)
        if text in {"R", "X"}:
            commands = self._buffered if text == "R" else self._last
        elif text.endswith("R"):
            commands = text[:-1]
        else:
            self._check(text, now)
            self._buffered = text
            return ""
        self._check(commands, now)
        self._buffered, self._last = "", commands
        for letter, number in _unrolled(commands):
            self._step(letter, number, now)
        return ""

    def _report(self, text: str, now: float) -> str:
        steps = round(self.plunger.position(now))
        told = {
            "?": str(steps),
            "?1": str(self._settings["v"]),
            "?2": str(self._settings["V"]),
            "?3": str(self._settings["c"]),
            "?4": str(steps),
            "?6": self.plunger.valve(now),
            "?10": str(int(bool(self._buffered))),
            "F": str(int(bool(self._buffered))),
            "?12": str(self._settings["K"]),
            "?13": "1",
            "?14": "1",
            "?15": str(self._counts[0]),
            "?16": str(self._counts[1]),
            "?17": str(self._counts[2]),
            "?28": str(self._settings["N"]),
            "?23": "XP3000 P/N 725730 REV C",
            "&": "XP3000 P/N 725730 REV C",
            "?29": "",
            "Q": "",
            "#": "0000",
        }
        if text not in told:
            raise _RefusedError(2)
        return told[text]

    def _check(self, commands: str, now: float) -> None:
        """Raise the error of a string before any of it is carried out."""
        position, valve = self.plunger.position(now), self.plunger.valve(now)
        ready, error = self._initialized, self._error
        for letter, number in _unrolled(commands):
            if letter in "ZYW":
                position, ready, error = 0, True, 0
            elif error:
                raise _RefusedError(error)
            elif letter in _RANGES:
                low, high = _RANGES[letter]
                if number is None or not low <= number <= high:
                    raise _RefusedError(3)
            elif letter in "IOBE":
                if not ready:
                    raise _RefusedError(7)
                valve = letter.lower()
            elif letter in "AaPpDd":
                position = self._goal(letter, number, position, valve, ready)
            elif letter != "H":
                raise _RefusedError(2)

    def _goal(
        self, letter: str, number: int | None, position: float, valve: str, ready: bool
    ) -> float:
        if number is None:
            raise _RefusedError(3)
        if not ready:
            raise _RefusedError(7)
        if valve == "b":
            raise _RefusedError(11)
        signs = {"A": number, "P": position + number, "D": position - number}
        goal = signs[letter.upper()]
        if not 0 <= goal <= self.plunger.stroke:
            raise _RefusedError(3)
        return goal

    def _step(self, letter: str, number: int | None, now: float) -> None:
        goal, valve = self.plunger.planned
        if letter in "ZYW":
            self._initialized, self._error = True, 0
            self._counts[0] += 1
            self.truth.record(now, self.name, "initialized")
            self.plunger.plan(now, _HOME, 0, "o" if letter == "Y" else "i")
        elif letter in "IOBE":
            self._counts[2] += 1
            self.truth.record(now, self.name, "valve", to=letter.lower())
            self.plunger.plan(now, _TURN, goal, letter.lower())
        elif letter in "AaPpDd" and number is not None:
            target = self._goal(letter, number, goal, valve, ready=True)
            self._counts[1] += 1
            self.truth.record(now, self.name, "plunger", to=float(target), port=valve)
            # A full stroke is 6000 pulses, however many steps it has.
            pulses = abs(target - goal) * 6000 / self.plunger.stroke
            self.plunger.plan(now, pulses / self._settings["V"], target, valve)
        elif letter == "M" and number is not None:
            self.plunger.plan(now, number / 1000, goal, valve)
        elif number is not None:
            self._settings[letter] = number
            if letter == "S":
                self._settings["V"] = _SLOPES[number]


def _unrolled(commands: str) -> Iterator[tuple[str, int | None]]:
    """Yield letters and numbers of a string, loops (``g`` ... ``G3``) carried out.

    Raises:
        _RefusedError: a character that begins no command, or a loop that never ends.
    """
    steps: list[tuple[str, int | None]] = []
    loops: list[int] = []
    end = 0
    for match in _TOKEN.finditer(commands):
        if match.start() != end:
            raise _RefusedError(2)
        end = match.end()
        letter, first = match[1], match[2].partition(",")[0]
        number = int(first) if first else None
        if letter == "g":
            loops.append(len(steps))
        elif letter == "G":
            begin = loops.pop() if loops else 0
            again = max(number or 1, 1) - 1
            if again * (len(steps) - begin) > _MOST:
                raise _RefusedError(15)
            steps += steps[begin:] * again
        else:
            steps.append((letter, number))
        if len(steps) > _MOST:
            raise _RefusedError(15)
    if end != len(commands):
        raise _RefusedError(2)
    yield from steps
