"""``emulator://``: bytes to an emulator in the same loop, paced by the lab's clock."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Protocol

from labloop.errors import DeviceTimeoutError, NotConnectedError
from labloop.lab._clock import Clock
from labloop.lab._transport import (
    NOBODY,
    QUIET_SECONDS,
    RECORDER,
    RESYNC_SECONDS,
    Complete,
    note_received,
    note_sent,
)
from labloop.lab._turn import Turn


class EmulatedDevice(Protocol):
    """What the transport asks of an emulator."""

    name: str
    plugged: bool
    seconds_per_byte: float

    def receive(self, data: bytes, now: float) -> Sequence[tuple[float, bytes]]:
        """Take bytes that arrived at ``now``; return (lab second of arrival, bytes) each."""
        ...


class Truth(Protocol):
    """A simulated lab's own log."""

    def lines(self) -> list[str]:
        """Return what happened, by sequence."""
        ...

    def digest(self) -> str:
        """Return a sha256 over everything that happened."""
        ...


class SimulatedWorld(Protocol):
    """What the lab asks of a world."""

    @property
    def emulators(self) -> Mapping[str, EmulatedDevice]: ...
    @property
    def truth(self) -> Truth: ...


class EmulatedTransport:
    """Bytes to one emulator; answers arrive when a wire of its speed would have carried them."""

    def __init__(self, emulator: EmulatedDevice, clock: Clock) -> None:
        self.url = f"emulator://{emulator.name}"
        self._emulator = emulator
        self._clock = clock
        self._turn = Turn()
        self._dirty = False
        self._buffer = b""
        self._incoming: list[tuple[float, bytes]] = []

    async def exchange(self, frame: bytes, *, complete: Complete, timeout: float = 2.0) -> bytes:  # noqa: ASYNC109 - on the lab's clock
        """Send ``frame`` and return its reply; see :class:`~labloop.lab.Transport`."""
        turn, recorder = self._turn, RECORDER.get() or NOBODY
        if turn.busy:
            await turn.take()
        turn.busy = True
        try:
            if self._dirty:
                await self._wait_for_quiet()
            if self._buffer or self._incoming:
                self._drop_surplus()
            clock, emulator = self._clock, self._emulator
            if not emulator.plugged:
                raise self._unplugged()
            recorder.sent.append(frame)
            now = clock.now()
            deadline = now + timeout
            moment = now + len(frame) * emulator.seconds_per_byte
            if moment > now and not clock.jump(moment):
                waiter: asyncio.Future[float] = clock.loop.create_future()
                clock.at(moment, self._arrive, frame, moment, complete, deadline, waiter)
                return self._take(await waiter, complete, timeout, frame)
            answers = emulator.receive(frame, moment)
            if len(answers) == 1 and not self._incoming:
                end, data = answers[0]
                # The common case: one whole reply, and nothing else happens until it is here.
                if (
                    end <= deadline
                    and 0 < len(data) == complete(data)
                    and (end <= moment or clock.jump(end))
                ):
                    recorder.received.append(data)
                    return data
            self._incoming += answers
            end = self._end(complete, deadline)
            await clock.until(end)
            return self._take(end, complete, timeout, frame)
        except asyncio.CancelledError:
            self._dirty = True
            raise
        finally:
            turn.give()

    async def send(self, frame: bytes) -> None:
        """Send ``frame``; see :class:`~labloop.lab.Transport`."""
        async with self._turn:
            if self._dirty:
                await self._wait_for_quiet()
            self._drop_surplus()
            if not self._emulator.plugged:
                raise self._unplugged()
            note_sent(frame)
            moment = self._clock.now() + len(frame) * self._emulator.seconds_per_byte
            await self._clock.until(moment)
            self._incoming += self._emulator.receive(frame, moment)

    async def receive(self, *, complete: Complete, timeout: float = 2.0) -> bytes:  # noqa: ASYNC109 - on the lab's clock
        """Return the next reply; see :class:`~labloop.lab.Transport`."""
        async with self._turn:
            end = self._end(complete, self._clock.now() + timeout)
            await self._clock.until(end)
            return self._take(end, complete, timeout, b"")

    async def drain(self) -> None:
        """Drop what has arrived."""
        async with self._turn:
            self._drop_surplus()

    async def close(self) -> None:
        """Forget what was still to come."""
        self._buffer = b""
        self._incoming.clear()

    def _arrive(
        self,
        frame: bytes,
        moment: float,
        complete: Complete,
        deadline: float,
        waiter: "asyncio.Future[float]",
    ) -> None:
        """Let a frame reach the emulator, also where its sender was cancelled meanwhile."""
        try:
            self._incoming += self._emulator.receive(frame, moment)
        except Exception as error:  # noqa: BLE001 - process edge: told to whoever waits, not to the loop
            if not waiter.done():
                waiter.set_exception(error)
            return
        if not waiter.done():
            end = self._end(complete, deadline)
            self._clock.at(end, _fire, waiter, end)

    def _end(self, complete: Complete, deadline: float) -> float:
        """Return when the exchange will be over: at its complete reply, else at the deadline."""
        buffer = self._buffer
        if complete(buffer) > 0:
            return self._clock.now()
        self._incoming.sort(key=_arrival)
        for arrival, data in self._incoming:
            buffer += data
            if arrival <= deadline and complete(buffer) > 0:
                return arrival
        return deadline

    def _take(self, end: float, complete: Complete, allowed: float, frame: bytes) -> bytes:
        """Return the reply that is there at lab second ``end``, or raise.

        A timer may fire a hair early, so the clock is not asked.
        """
        self._buffer += b"".join(data for arrival, data in self._incoming if arrival <= end)
        self._incoming = [each for each in self._incoming if each[0] > end]
        length = complete(self._buffer)
        if length > 0:
            data, self._buffer = self._buffer[:length], self._buffer[length:]
            note_received(data)
            return data
        if not self._emulator.plugged:
            raise self._unplugged()
        note_received(self._buffer)
        raise DeviceTimeoutError(
            f"{self.url} gave no complete answer within {allowed:g} s: "
            f"sent {frame!r}, received {self._buffer!r}"
        )

    async def _wait_for_quiet(self) -> None:
        """Let the answer to a cancelled exchange pass by, as a real port does."""
        self._dirty = False
        until = self._clock.now() + RESYNC_SECONDS
        while self._clock.now() < until:
            self._drop_surplus()
            before = self._clock.now()
            await self._clock.sleep(QUIET_SECONDS)
            if not any(before < arrival <= before + QUIET_SECONDS for arrival, _ in self._incoming):
                return

    def _drop_surplus(self) -> None:
        now = self._clock.now()
        self._buffer = b""
        self._incoming = [each for each in self._incoming if each[0] > now]

    def _unplugged(self) -> NotConnectedError:
        return NotConnectedError(f"{self.url} is unplugged; check the cable and connect again")


def _arrival(part: tuple[float, bytes]) -> float:
    return part[0]


def _fire(waiter: "asyncio.Future[float]", end: float) -> None:
    if not waiter.done():
        waiter.set_result(end)
