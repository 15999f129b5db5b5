"""``emulator://``: bytes to an emulator in the same event loop, paced by the lab's clock."""

import asyncio
from collections.abc import Sequence
from typing import Protocol

from labloop.errors import NotConnectedError
from labloop.lab.time import Clock
from labloop.lab.transports.base import Complete
from labloop.lab.transports.channel import Channel
from labloop.lab.transports.line import Line, Question
from labloop.lab.transports.recorder import NO_RECORDER, RECORDER, Recorder


class EmulatedDevice(Protocol):
    """What the transport asks of an emulator."""

    name: str
    plugged: bool
    seconds_per_byte: float

    def receive(self, data: bytes, now: float) -> Sequence[tuple[float, bytes]]:
        """Process bytes that arrived at ``now``; return the answers.

        Returns:
            One pair each: the lab second at which its last byte arrives, and its bytes.
        """
        ...


class Truth(Protocol):
    """The truth log of a simulated lab."""

    def lines(self) -> list[str]:
        """Return what physically happened, in order."""
        ...

    def digest(self) -> str:
        """Return a sha256 over everything that happened."""
        ...

    def record(self, now: float, device: str, event: str, **values: object) -> None:
        """Note that ``event`` happened to ``device`` at lab second ``now``."""
        ...

    def frame(self, now: float, device: str, direction: str, data: bytes) -> None:
        """Note what ``device`` was told (``>``) or answered (``<``)."""
        ...


class EmulatedChannel(Channel):
    """Bytes to one emulator; they take as long as a serial line of its speed needs.

    Args:
        emulator: answers.
        clock: lab time.
    """

    def __init__(self, emulator: EmulatedDevice, clock: Clock) -> None:
        super().__init__(f"emulator://{emulator.name}", clock)
        self.emulator = emulator
        self.incoming: list[tuple[float, bytes]] = []
        """Answers that are still to arrive: (lab second, bytes)."""
        self.was_unplugged = False
        """Whether the cable was found unplugged since the device was identified."""
        self._arrivals: list[float] = []
        """Lab seconds at which frames that are on their way reach the emulator."""

    @property
    def is_at_rest(self) -> bool:
        """Whether nothing is on its way or unread, and the cable is plugged in."""
        return not (self.incoming or self.buffer or self.was_unplugged) and self.emulator.plugged

    async def open(self) -> bool:
        """See :meth:`Channel.open`."""
        if not self.emulator.plugged:
            raise self._unplugged()
        return self.was_unplugged

    def identified(self) -> None:
        """See :meth:`Channel.identified`."""
        self.was_unplugged = False

    async def write(self, frame: bytes, recorder: Recorder) -> None:
        """See :meth:`Channel.write`."""
        clock = self.clock
        recorder.sent.append(frame)
        self.may_have_left = True
        arrival = clock.now() + len(frame) * self.emulator.seconds_per_byte
        if arrival <= clock.now() or clock.jump(arrival):
            self.incoming += self.emulator.receive(frame, arrival)
        else:
            waiter: asyncio.Future[None] = clock.loop.create_future()
            self._arrivals.append(arrival)
            clock.at(arrival, self._arrive, frame, arrival, waiter)
            await waiter
        self.last_sent = arrival

    def _arrive(self, frame: bytes, arrival: float, waiter: "asyncio.Future[None]") -> None:
        """Let a frame reach the emulator, also where its sender was cancelled meanwhile."""
        self._arrivals.remove(arrival)
        try:
            self.incoming += self.emulator.receive(frame, arrival)
        except Exception as error:  # noqa: BLE001 - process edge: raised in the sender, not in the loop
            if not waiter.done():
                waiter.set_exception(error)
            return
        if not waiter.done():
            waiter.set_result(None)

    async def read(self, until: float) -> None:
        """See :meth:`Channel.read`."""
        moment = min([until, *(arrival for arrival, _ in self.incoming), *self._arrivals])
        await self.clock.until(moment)
        # A timer may fire a fraction too early.
        moment = max(moment, self.clock.now())
        self.incoming.sort(key=_arrival)
        arrived = [answer for answer in self.incoming if answer[0] <= moment]
        if arrived:
            self.incoming = self.incoming[len(arrived) :]
            self.buffer += b"".join(data for _, data in arrived)
            self.last_received = arrived[-1][0]
        elif not self.emulator.plugged:
            raise self._unplugged()

    def silent_at(self, seconds: float) -> float:
        """See :meth:`Channel.silent_at`."""
        now = self.clock.now()
        return now + seconds if any(at <= now + seconds for at, _ in self.incoming) else now

    async def close(self) -> None:
        """Discard what was still to arrive."""
        self.buffer = b""
        self.incoming.clear()

    def _unplugged(self) -> NotConnectedError:
        self.was_unplugged = True
        return NotConnectedError(f"{self.url} is unplugged; check the cable and connect again")


class EmulatedTransport(Line):
    """A line to one emulator.

    Args:
        emulator: answers.
        clock: lab time.
    """

    def __init__(self, emulator: EmulatedDevice, clock: Clock) -> None:
        self._emulated = EmulatedChannel(emulator, clock)
        super().__init__(self._emulated)

    async def exchange(self, frame: bytes, *, complete: Complete, timeout: float = 2.0) -> bytes:  # noqa: ASYNC109 - on the lab's clock
        """Send ``frame`` and return its reply; see :class:`~labloop.lab.Transport`.

        The common case, in which nothing else happens until one whole reply is there, takes a
        short way with the same bytes at the same lab times.
        """
        lock, channel, clock = self._lock, self._emulated, self._clock
        emulator = channel.emulator
        began = clock.now()
        moment = began + len(frame) * emulator.seconds_per_byte
        if (
            lock.locked
            or self._pending.answers
            or not channel.is_at_rest
            or not (moment <= began or clock.jump(moment))
        ):
            return await super().exchange(frame, complete=complete, timeout=timeout)
        lock.locked = True
        try:
            recorder = RECORDER.get() or NO_RECORDER
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
            channel.incoming += answers
            question = Question(frame, complete, timeout, began + timeout)
            return await self._fetch(question, began, recorder)
        finally:
            lock.release()


def _arrival(answer: tuple[float, bytes]) -> float:
    return answer[0]
