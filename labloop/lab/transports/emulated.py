"""``emulator://``: bytes to an emulator in the same loop, paced by the lab's clock."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Protocol

from labloop.errors import NotConnectedError
from labloop.lab.time import Clock
from labloop.lab.transports.base import NOBODY, RECORDER, Complete, Recorder
from labloop.lab.transports.line import Line


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
    def emulators(self) -> Mapping[str, EmulatedDevice]:
        """The emulators, by the name of their instrument in the world."""
        ...

    @property
    def truth(self) -> Truth:
        """What physically happens, as it happens."""
        ...


class EmulatedTransport(Line):
    """Bytes to one emulator; answers arrive when a wire of its speed would have carried them."""

    def __init__(self, emulator: EmulatedDevice, clock: Clock) -> None:
        super().__init__(f"emulator://{emulator.name}", clock)
        self._emulator = emulator
        self._incoming: list[tuple[float, bytes]] = []
        self._flying: list[float] = []
        """When frames that are still on the wire will reach the emulator."""
        self._unplugged = False

    async def exchange(self, frame: bytes, *, complete: Complete, timeout: float = 2.0) -> bytes:  # noqa: ASYNC109 - on the lab's clock
        """Send ``frame`` and return its reply; see :class:`~labloop.lab.Transport`."""
        turn, emulator, clock = self._turn, self._emulator, self._clock
        began = clock.now()
        moment = began + len(frame) * emulator.seconds_per_byte
        if (
            turn.busy
            or self._incoming
            or self._buffer
            or self._owed.debts
            or self._unplugged
            or not emulator.plugged
            or not (moment <= began or clock.jump(moment))
        ):
            return await super().exchange(frame, complete=complete, timeout=timeout)
        # The common case: nothing else happens until one whole reply is here.
        turn.busy = True
        try:
            recorder = RECORDER.get() or NOBODY
            recorder.sent.append(frame)
            answers = emulator.receive(frame, moment)
            if len(answers) == 1:
                end, data = answers[0]
                if (
                    end <= began + timeout
                    and 0 < len(data) == complete(data)
                    and (end <= moment or clock.jump(end))
                ):
                    recorder.received.append(data)
                    return data
            self._incoming += answers
            times = (began, began + timeout)
            return await self._fetch(frame, complete, timeout, times, recorder)
        finally:
            turn.give()

    async def close(self) -> None:
        """Forget what was still to come."""
        self._buffer = b""
        self._incoming.clear()

    async def _open(self) -> bool:
        if not self._emulator.plugged:
            self._unplugged = True
            raise self._dead()
        return self._unplugged

    def _met(self) -> None:
        self._unplugged = False

    async def _put(self, frame: bytes, recorder: Recorder) -> None:
        clock = self._clock
        recorder.sent.append(frame)
        self._left = True
        moment = clock.now() + len(frame) * self._emulator.seconds_per_byte
        if moment <= clock.now() or clock.jump(moment):
            self._incoming += self._emulator.receive(frame, moment)
        else:
            waiter: asyncio.Future[None] = clock.loop.create_future()
            self._flying.append(moment)
            clock.at(moment, self._arrive, frame, moment, waiter)
            await waiter
        self._spoke = moment

    def _arrive(self, frame: bytes, moment: float, waiter: "asyncio.Future[None]") -> None:
        """Let a frame reach the emulator, also where its sender was cancelled meanwhile."""
        self._flying.remove(moment)
        try:
            self._incoming += self._emulator.receive(frame, moment)
        except Exception as error:  # noqa: BLE001 - process edge: told to whoever waits, not to the loop
            if not waiter.done():
                waiter.set_exception(error)
            return
        if not waiter.done():
            waiter.set_result(None)

    async def _hear(self, until: float) -> None:
        """Wait for the next bytes; a timer may fire a hair early, so the clock is not asked."""
        arrivals = [arrival for arrival, _ in self._incoming]
        moment = min([until, *arrivals, *self._flying])
        await self._clock.until(moment)
        moment = max(moment, self._clock.now())
        self._incoming.sort(key=_arrival)
        came = [each for each in self._incoming if each[0] <= moment]
        if came:
            self._incoming = self._incoming[len(came) :]
            self._buffer += b"".join(data for _, data in came)
            self._heard = came[-1][0]
        elif not self._emulator.plugged:
            self._unplugged = True
            raise self._dead()

    def _quiet_at(self, seconds: float) -> float:
        now = self._clock.now()
        return now + seconds if any(at <= now + seconds for at, _ in self._incoming) else now

    def _dead(self) -> NotConnectedError:
        return NotConnectedError(f"{self.url} is unplugged; check the cable and connect again")


def _arrival(part: tuple[float, bytes]) -> float:
    return part[0]
