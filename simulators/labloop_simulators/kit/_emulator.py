"""A device at the level of its bytes: framing, pacing, faults and the truth log."""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from labloop_simulators.kit._faults import Fault, FaultPlan, spoil
from labloop_simulators.kit._truth import TruthLog


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that the device thinks about for ``delay`` seconds before it sends it.

    Instruments answer in order: whatever is asked meanwhile is answered after it. One that
    answers other questions while it works says ``meanwhile``.
    """

    data: bytes
    delay: float = 0.0
    meanwhile: bool = False
    then: "Reply | None" = None
    """What follows it, where one command is answered more than once."""


class Emulator(ABC):
    """Base of all emulators.

    A subclass says how frames are told apart (:meth:`split`) and what each one does
    (:meth:`handle`). Where it knows a serial number it keeps it in ``serial_number``.

    Args:
        name: the device's name in the lab file.
        truth: where frames and events are noted.
        baud: paces both directions; None is a line without delay.
        bits_per_byte: 10 for 8N1 and 7E1, 11 for 8E1.
    """

    serial_number: str = ""

    def __init__(
        self, name: str, truth: TruthLog, *, baud: int | None = None, bits_per_byte: int = 10
    ) -> None:
        self.name = name
        self.truth = truth
        self.seconds_per_byte = bits_per_byte / baud if baud else 0.0
        self.faults = FaultPlan()
        self.plugged = True
        self._buffer = bytearray()
        self.count = 0
        """Frames received so far."""
        self._line_free = 0.0
        self._deaf_until, self._back_at = -math.inf, math.inf

    @abstractmethod
    def split(self, buffer: bytearray) -> bytes | None:
        """Take one complete frame off the front (``del buffer[:n]``), or return None."""

    @abstractmethod
    def handle(self, frame: bytes, now: float) -> bytes | Reply | None:
        """Carry out one frame at lab second ``now``; return the answer, or None for silence."""

    def power_cycle(self, now: float) -> None:
        """Switch off and on: forget what a real device forgets."""
        self.truth.record(now, self.name, "power_cycle")

    def busy(self, frame: bytes, now: float) -> bytes | Reply | None:  # noqa: ARG002 - for those that answer
        """Return what a device that is busy answers; None where it does not hear the frame."""
        return None

    def stall(self, now: float, seconds: float) -> None:
        """Block what moves, as the device itself notices it.

        Where nothing moves, the device hears and says nothing for ``seconds``.
        """
        self.truth.record(now, self.name, "stalled")
        self._deaf_until = now + seconds

    def unasked(self, now: float) -> list[tuple[float, bytes]]:  # noqa: ARG002 - for those that speak
        """Return what the device has said of its own accord until ``now``, as ``receive`` does."""
        return []

    def by_itself(self, now: float) -> list[tuple[float, bytes]]:
        """Let happen what nobody asks for, in real time; returns what is said unasked."""
        said = self.unasked(now) if self.plugged else []
        for fault in self.faults.take_by_itself(now) if self.faults.waiting else ():
            if fault.kind == "unsolicited" and self.plugged:
                said.append(self._send(fault.data, now, now, True))
            elif fault.kind != "unsolicited":
                self._swallows([fault], now)
        return said

    def plug_when_due(self, now: float) -> None:
        """Put a pulled cable back whose time has come."""
        if not self.plugged and now >= self._back_at:
            self._back_at = math.inf
            self.plug(now)

    def receive(self, data: bytes, now: float) -> list[tuple[float, bytes]]:
        """Take bytes whose last one arrived at lab second ``now``.

        Returns:
            The answers as (lab second at which the last byte reaches the host, bytes).
        """
        if not self.plugged:
            return []
        buffer = self._buffer
        buffer += data
        answers = self.unasked(now)
        while (frame := self.split(buffer)) is not None:
            self.count += 1
            self.truth.frame(now, self.name, ">", frame)
            struck = self.faults.take(self.count, now) if self.faults.waiting else None
            if struck and self._swallows(struck, now):
                break
            if now < self._deaf_until:
                continue
            busy = struck and any(fault.kind == "busy" for fault in struck)
            answer = self.busy(frame, now) if busy else self.handle(frame, now)
            if answer is None:
                continue
            if not struck and not isinstance(answer, Reply):
                answers.append(self._send(answer, now, now, False))
                continue
            reply: Reply | None = answer if isinstance(answer, Reply) else Reply(answer)
            while reply is not None:
                spoilt = spoil(struck, reply.data) if struck else [(0.0, reply.data)]
                answers += [
                    self._send(part, now + reply.delay + late, now, reply.meanwhile and not late)
                    for late, part in spoilt
                ]
                reply = reply.then
        return answers

    def unplug(self, now: float) -> None:
        """Pull the cable."""
        self.plugged = False
        self._buffer.clear()
        self.truth.record(now, self.name, "unplugged")

    def plug(self, now: float) -> None:
        """Put the cable back."""
        self.plugged = True
        self.truth.record(now, self.name, "plugged")

    def _send(self, data: bytes, begin: float, now: float, aside: bool) -> tuple[float, bytes]:
        """Put an answer on the line: in order, and one byte after another."""
        if not aside and self._line_free > begin:
            begin = self._line_free
        end = begin + len(data) * self.seconds_per_byte
        if not aside:
            self._line_free = end
        self.truth.frame(now, self.name, "<", data)
        return end, data

    def _swallows(self, struck: list[Fault], now: float) -> bool:
        """Apply what strikes the device itself; return whether the frame is lost by it."""
        lost = False
        for fault in struck:
            if fault.kind == "unplug":
                self.unplug(now)
                self._back_at = now + fault.back
                lost = True
            elif fault.kind == "stall":
                self.stall(now, fault.seconds)
            elif fault.kind == "power_cycle":
                self._buffer.clear()
                self._line_free = now
                self.power_cycle(now)
                lost = True
            elif fault.kind == "wrong_serial":
                self.serial_number = fault.data.decode("ascii")
        return lost


class World(Protocol):
    """The shared physics behind the emulators of one simulated lab.

    A world integrates lazily: whoever looks advances it to the moment of looking.
    """

    @property
    def emulators(self) -> Mapping[str, Emulator]:
        """Device name -> emulator."""
        ...

    @property
    def truth(self) -> TruthLog:
        """What physically happened."""
        ...
