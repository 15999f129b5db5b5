"""Wire-level emulator of a Hamilton Microlab 600 with one syringe.

Written from what the open driver of flowchem sends to one and reads from it, and from the table of
contents of its RS-232 manual; what is inferred is listed in the README of the driver.
"""

import re

from labloop_simulators.bodies.plunger import Plunger
from labloop_simulators.kit import Emulator, Reply, TruthLog

_ACK, _NAK = b"\x06", b"\x15"
_LONGEST = 120
_STROKE = 48_000
_TURN, _HOME = 0.5, 8.0
"""Seconds to turn the valve, and to find the ends."""
_MOVE = re.compile(r"([PDM])(\d{1,6})(?:S(\d{1,4}))?")
_VALVE = re.compile(r"L?(?:([IOW])|P[01]([1-8])|A[01](\d{1,3}))")
_SPEED = re.compile(r"YSS(\d{1,4})")


class HamiltonEmulator(Emulator):
    """Answers as a Microlab 600 does.

    Args:
        name: its name in the world.
        truth: where is noted what happens.
        address: its place in the chain, 1 to 16.
        initialized: whether it has been initialised already.
    """

    def __init__(
        self, name: str, truth: TruthLog, *, address: int = 1, initialized: bool = False
    ) -> None:
        super().__init__(name, truth, baud=9600, bits_per_byte=10)
        self.plunger = Plunger(_STROKE, "1")
        self._letter = "abcdefghijklmnop"[address - 1]
        self._initialized = initialized
        self._speed = 10
        """Seconds of a full stroke."""
        self._error = False
        self._waiting: list[str] = []

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
        """Answer one command; a broadcast, and what is for another letter, is not answered."""
        # Seven bits count: what stands in the eighth is parity.
        text = bytes(byte & 0x7F for byte in frame).decode("ascii").strip("\r\n ")
        self.plunger.settle(now)
        if text == "1a":
            # Whoever ends the chain answers with the next free letter.
            following = chr(ord(self._letter) + 1)
            return f"1{following}\r".encode("ascii")
        if text[:1] == ":":
            self._answer(text[1:], now)
            return None
        if text[:1] != self._letter:
            return None
        told = self._answer(text[1:], now)
        return (_NAK if told is None else _ACK + told.encode("ascii")) + b"\r"

    def power_cycle(self, now: float) -> None:
        """Switch off and on: it must be initialised again."""
        self.plunger.cut(now)
        self._initialized = self._error = False
        self._waiting.clear()
        super().power_cycle(now)

    def stall(self, now: float, seconds: float) -> None:  # noqa: ARG002 - until it is initialised
        """Block the plunger."""
        self.plunger.cut(now)
        self._error = True
        self.truth.record(now, self.name, "stalled", position=self.plunger.position(now))

    def _answer(self, text: str, now: float) -> str | None:
        """Carry commands out; returns what is told, or None where they are refused."""
        told = self._report(text, now)
        if told is not None:
            return told
        if text in {"K", "V", "$"}:
            self._stop_or_go(text, now)
            return ""
        execute = text.endswith("R")
        commands = text[:-1] if execute else text
        if commands and not self._understands(commands):
            return None
        if commands:
            self._waiting.append(commands)
        if not execute:
            return ""
        if self.plunger.busy(now):
            self._waiting.clear()
            return None
        waiting, self._waiting = self._waiting, []
        return "" if all(self._carry_out(each, now) for each in waiting) else None

    def _report(self, text: str, now: float) -> str | None:
        busy = self.plunger.busy(now)
        told = {
            "F": "*" if busy else "N" if self._waiting else "Y",
            "Z": "*" if busy else "Y" if self._error else "N",
            "G": "*" if busy else "N",
            "H": "Y",
            "YQP": str(round(self.plunger.position(now))),
            "YQS": str(self._speed),
            "YQB": "96",
            "YQN": "24",
            "LQP": self.plunger.valve(now),
            "LQA": str(90 * (int(self.plunger.valve(now)) - 1)),
            "LQF": "720",
            "LQT": "14",
            "T1": "@" if not busy else "A",
            "T2": "@@@@",
            "E1": "P" if not busy else "Q",
            "E2": "PPPP",
            "E3": "P",
            "U": "NV01.02.C",
        }
        return told.get("U" if text == "UR" else text)

    def _stop_or_go(self, text: str, now: float) -> None:
        if text == "K" and self.plunger.busy(now):
            self.plunger.cut(now)
            self.truth.record(now, self.name, "stop", position=self.plunger.position(now))
        if text == "V":
            self._waiting.clear()

    def _understands(self, commands: str) -> bool:
        plain = commands in {"X", "X1", "LX"} or _SPEED.fullmatch(commands)
        return bool(plain or _MOVE.fullmatch(commands) or _VALVE.fullmatch(commands))

    def _carry_out(self, commands: str, now: float) -> bool:
        """Begin one command; returns whether it is possible."""
        if commands in {"X", "X1", "LX"}:
            self._initialized, self._error = True, False
            self.truth.record(now, self.name, "initialized")
            self.plunger.plan(now, _HOME, 0, "1")
            return True
        if speed := _SPEED.fullmatch(commands):
            self._speed = min(max(int(speed[1]), 2), 3692)
            return True
        if not self._initialized or self._error:
            return False
        if valve := _VALVE.fullmatch(commands):
            return self._turn(valve, now)
        return self._move(commands, now)

    def _turn(self, valve: re.Match[str], now: float) -> bool:
        goal, _ = self.plunger.planned
        place = {"I": "1", "O": "2", "W": "3"}.get(valve[1] or "") or valve[2]
        if place is None:
            place = str(int(valve[3]) // 90 % 4 + 1)
        self.truth.record(now, self.name, "valve", to=place)
        self.plunger.plan(now, _TURN, goal, place)
        return True

    def _move(self, commands: str, now: float) -> bool:
        match = _MOVE.fullmatch(commands)
        goal, valve = self.plunger.planned
        if match is None:
            return False
        number = int(match[2])
        target = {"M": number, "P": goal + number, "D": goal - number}[match[1]]
        seconds = int(match[3]) if match[3] else self._speed
        if not 0 <= target <= _STROKE or not 2 <= seconds <= 3692:
            return False
        self.truth.record(now, self.name, "plunger", to=float(target), port=valve)
        self.plunger.plan(now, abs(target - goal) / _STROKE * seconds, target, valve)
        return True
