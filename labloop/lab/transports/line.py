"""A line to one device: one exchange at a time, every answer to its own question.

It does over any :class:`~labloop.lab.transports.channel.Channel` what a serial port, a socket
and an emulated line have in common.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TypeVar

from labloop.errors import DeviceTimeoutError, NotConnectedError
from labloop.lab.time import URGENT, PriorityLock
from labloop.lab.transports.base import LOST_SECONDS, Complete, Resync
from labloop.lab.transports.channel import Channel
from labloop.lab.transports.pending_answers import PendingAnswers
from labloop.lab.transports.recorder import NO_RECORDER, RECORDER, Recorder, record_received
from labloop.lab.transports.resynchronizer import Resynchronizer

T = TypeVar("T")

_SEND_SECONDS = 2.0
"""A frame without an answer waits so long at most for pending answers."""
_IDENTIFYING: ContextVar["Line | None"] = ContextVar("IDENTIFYING", default=None)
"""The line whose device is being identified again in this task, which holds its lock."""


@dataclass(frozen=True, slots=True)
class Question:
    """A frame, and how its answer is waited for."""

    frame: bytes
    complete: Complete
    timeout: float
    """Lab seconds that the caller allowed, for messages."""
    deadline: float
    """The lab second at which the answer must be complete."""


class Line:
    """A line to one device; see :class:`~labloop.lab.Transport`.

    Args:
        channel: its bytes.
        lock: shared by the devices of a multi-drop line; a lock of its own if left out.
        neighbours: the lines to all devices of a multi-drop line, this one included.
    """

    def __init__(
        self,
        channel: Channel,
        lock: PriorityLock | None = None,
        neighbours: Sequence["Line"] = (),
    ) -> None:
        self.url = channel.url
        self.on_reopen: Callable[[], Awaitable[None]] | None = None
        self._channel = channel
        self._clock = channel.clock
        self._lock = lock or PriorityLock()
        self._neighbours = neighbours
        self._pending = PendingAnswers()
        self._resynchronizer = Resynchronizer(channel, self._pending)
        self._sent: bytes | None = None
        """A frame of :meth:`send` whose answer was not fetched by :meth:`receive` yet."""

    @property
    def resync(self) -> Resync | None:
        """What brings the line back into step; set by the driver."""
        return self._pending.resync

    @resync.setter
    def resync(self, resync: Resync | None) -> None:
        self._pending.resync = resync

    async def exchange(self, frame: bytes, *, complete: Complete, timeout: float = 2.0) -> bytes:  # noqa: ASYNC109 - on the lab's clock
        """Send ``frame`` and return its reply; see :class:`~labloop.lab.Transport`."""
        return await self._retrying(lambda: self._exchange(frame, complete, timeout))

    async def send(self, frame: bytes) -> None:
        """Send ``frame``; see :class:`~labloop.lab.Transport`."""
        await self._retrying(lambda: self._send(frame))

    async def receive(self, *, complete: Complete, timeout: float = 2.0) -> bytes:  # noqa: ASYNC109 - on the lab's clock
        """Return the next reply; see :class:`~labloop.lab.Transport`."""
        async with self._locked():
            asked, self._sent = self._sent, None
            now = self._clock.now()
            try:
                data = await self._answer(Question(asked or b"", complete, timeout, now + timeout))
            except (DeviceTimeoutError, asyncio.CancelledError):
                if asked is not None:
                    self._pending.add(asked, complete, now)
                raise
            record_received(data)
            return data

    async def drain(self) -> None:
        """Discard what has arrived; pending answers stay pending."""
        async with self._locked():
            await self._channel.read(self._clock.now())
            self._resynchronizer.discard()

    async def forget(self) -> None:
        """Expect no pending answer any more; see :class:`~labloop.lab.Transport`."""
        async with self._locked():
            await self._resynchronizer.wait_for_silence()
            self._pending.clear()
            self._resynchronizer.discard()

    async def close(self) -> None:
        """Close the line."""
        await self._channel.close()

    async def _retrying(self, work: Callable[[], Awaitable[T]]) -> T:
        """Carry ``work`` out; an urgent one is tried again where the line was lost."""
        try:
            return await work()
        except NotConnectedError:
            if not URGENT.get() or _IDENTIFYING.get() is self:
                raise
        return await work()

    @asynccontextmanager
    async def _locked(self) -> AsyncIterator[None]:
        """Have the line to oneself, open and with a known device."""
        if _IDENTIFYING.get() is self:
            yield
            return
        async with self._lock:
            if await self._channel.open():
                await self._identify_again()
            self._channel.identified()
            yield

    async def _identify_again(self) -> None:
        """Let the lab identify the device before anything else is sent.

        Pending answers went with the line. One that comes all the same precedes the answer to
        the identification, which then cannot be read.
        """
        self._pending.clear()
        self._channel.buffer = b""
        if self.on_reopen is None:
            return
        token = _IDENTIFYING.set(self)
        try:
            await self.on_reopen()
        finally:
            _IDENTIFYING.reset(token)

    async def _exchange(self, frame: bytes, complete: Complete, timeout: float) -> bytes:  # noqa: ASYNC109 - on the lab's clock
        recorder = RECORDER.get() or NO_RECORDER
        async with self._locked():
            if self._pending and URGENT.get():
                await self._resynchronizer.send_ahead(frame, complete, recorder)
                if self._pending.resync is None:
                    return await self._resynchronizer.last_answer(frame, timeout, recorder)
                # The safe state has a deadline of its own.
                await self._resynchronizer.settle(frame, self._clock.now() + LOST_SECONDS)
            question = Question(frame, complete, timeout, self._clock.now() + timeout)
            await self._settle_neighbours(frame, question.deadline)
            cut_off = await self._resynchronizer.synchronize(frame, question.deadline)
            data = await self._ask(question, recorder)
            if cut_off:
                return await self._resynchronizer.whole_answer(data, complete, recorder)
            return data

    async def _send(self, frame: bytes) -> None:
        async with self._locked():
            if not (self._pending and URGENT.get()):
                deadline = self._clock.now() + _SEND_SECONDS
                await self._settle_neighbours(frame, deadline)
                await self._resynchronizer.synchronize(frame, deadline)
            await self._channel.write(frame, RECORDER.get() or NO_RECORDER)
            self._sent = frame

    async def _settle_neighbours(self, frame: bytes, deadline: float) -> None:
        """Settle what other devices of the line owe, where their answers do not name them.

        Raises:
            DeviceTimeoutError: an answer is still pending at lab second ``deadline``.
        """
        if URGENT.get():
            return
        for line in self._neighbours:
            if line is not self and line._pending.mistakable(self._clock.now()):  # noqa: SLF001 - its own kind
                await line._resynchronizer.synchronize(frame, deadline)  # noqa: SLF001 - the same

    async def _ask(self, question: Question, recorder: Recorder) -> bytes:
        """Send a question and return its answer."""
        now = self._clock.now()
        self._channel.may_have_left = False
        self._sent = None
        try:
            await self._channel.write(question.frame, recorder)
        except BaseException:
            if self._channel.may_have_left:
                self._pending.add(question.frame, question.complete, now)
            raise
        return await self._fetch(question, now, recorder)

    async def _fetch(self, question: Question, asked_at: float, recorder: Recorder) -> bytes:
        """Return the answer to a question that was sent at lab second ``asked_at``."""
        try:
            data = await self._answer(question)
        except BaseException:
            self._pending.add(question.frame, question.complete, asked_at)
            raise
        self._pending.answered(question.frame, question.complete, asked_at)
        recorder.received.append(data)
        return data

    async def _answer(self, question: Question) -> bytes:
        """Return the next complete answer that answers no earlier resync question."""
        channel = self._channel
        while True:
            length = question.complete(channel.buffer)
            if length > 0:
                data = channel.take(length)
                if not self._pending.is_late_resync(question.frame, data):
                    return data
            elif self._clock.now() >= question.deadline:
                break
            else:
                await channel.read(question.deadline)
        record_received(channel.buffer)
        raise DeviceTimeoutError(
            f"{channel.named} gave no complete answer within {question.timeout:g} s: "
            f"sent {question.frame!r}, received {channel.buffer!r}"
        )
