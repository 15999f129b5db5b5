"""What a serial port, a socket and an emulated line have in common: turns, steps, answers.

One exchange at a time. An answer belongs to its question: whatever an exchange left owed (a
time-out, a cancellation) is settled before anything else is asked. What is urgent, the safe
state, is sent first and settled afterwards.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import TypeVar

from labloop.errors import DeviceTimeoutError, NotConnectedError
from labloop.lab.time import URGENT, Clock, PriorityLock
from labloop.lab.transports.base import (
    NOBODY,
    RECORDER,
    RESYNC_SECONDS,
    Complete,
    Recorder,
    Resync,
    note_received,
)
from labloop.lab.transports.pending_answers import (
    AWAKE_SECONDS,
    LOST_SECONDS,
    PendingAnswers,
    SyncStep,
)

T = TypeVar("T")

_SEND_SECONDS = 2.0
"""A frame without an answer waits so long at most for what is owed."""
_GREETING: ContextVar["Line | None"] = ContextVar("GREETING", default=None)
"""The line whose device is being identified again in this task: it has the turn already."""


class Line(ABC):
    """A line to one device; see :class:`~labloop.lab.Transport`.

    Args:
        url: names it.
        clock: lab time.
    """

    def __init__(self, url: str, clock: Clock) -> None:
        self.url = url
        self.on_reopen: Callable[[], Awaitable[None]] | None = None
        self._clock = clock
        self._owed = PendingAnswers()
        self._turn = PriorityLock()
        self._buffer = b""
        self._heard = self._spoke = float("-inf")
        self._left = False
        """Whether a byte of the latest frame may have left."""
        self._open_question: bytes | None = None
        """Sent, and its answer not received yet."""

    @property
    def resync(self) -> Resync | None:
        """What brings the line back into step; set by the driver."""
        return self._owed.resync

    @resync.setter
    def resync(self, resync: Resync | None) -> None:
        self._owed.resync = resync

    async def exchange(self, frame: bytes, *, complete: Complete, timeout: float = 2.0) -> bytes:  # noqa: ASYNC109 - on the lab's clock
        """Send ``frame`` and return its reply; see :class:`~labloop.lab.Transport`."""
        return await self._insisting(lambda: self._exchange(frame, complete, timeout))

    async def send(self, frame: bytes) -> None:
        """Send ``frame``; see :class:`~labloop.lab.Transport`."""
        await self._insisting(lambda: self._send(frame))

    async def receive(self, *, complete: Complete, timeout: float = 2.0) -> bytes:  # noqa: ASYNC109 - on the lab's clock
        """Return the next reply; see :class:`~labloop.lab.Transport`."""
        async with self._speaking():
            asked, self._open_question = self._open_question, None
            since = self._clock.now()
            try:
                data = await self._answer(asked or b"", complete, timeout, since + timeout)
            except (DeviceTimeoutError, asyncio.CancelledError):
                if asked is not None:
                    self._owed.owe(asked, complete, since)
                raise
            note_received(data)
            return data

    async def drain(self) -> None:
        """Drop what has arrived; what is owed stays owed."""
        async with self._speaking():
            await self._hear(self._clock.now())
            self._drop()

    async def forget(self) -> None:
        """Owe nothing any more; see :class:`~labloop.lab.Transport`."""
        async with self._speaking():
            await self._hush(self._clock.now() + RESYNC_SECONDS)
            self._owed.forgive()
            self._drop()

    # What a kind of line must offer.

    @abstractmethod
    async def close(self) -> None:
        """Give the line back."""

    @abstractmethod
    async def _put(self, frame: bytes, recorder: Recorder) -> None:
        """Send a frame and note it; sets ``_left`` and ``_spoke``."""

    @abstractmethod
    async def _hear(self, until: float) -> None:
        """Read on until something came, or ``until``; fills ``_buffer``, sets ``_heard``."""

    @abstractmethod
    def _quiet_at(self, seconds: float) -> float:
        """Return when the line will have been silent for ``seconds``, if nothing comes."""

    @abstractmethod
    async def _open(self) -> bool:
        """Open the line where it is not; return whether it was lost since :meth:`_met`.

        Raises:
            NotConnectedError: it cannot be opened.
        """

    @abstractmethod
    def _met(self) -> None:
        """Note that the line is open and its device known."""

    # Inside.

    async def _insisting(self, work: Callable[[], Awaitable[T]]) -> T:
        """Carry ``work`` out; what is urgent is tried again on a line that is dead."""
        try:
            return await work()
        except NotConnectedError:
            if not URGENT.get() or _GREETING.get() is self:
                raise
        return await work()

    async def _exchange(self, frame: bytes, complete: Complete, allowed: float) -> bytes:
        recorder = RECORDER.get() or NOBODY
        async with self._speaking():
            if self._owed and URGENT.get():
                await self._hurry(frame, complete, recorder)
                if self._owed.resync is None:
                    return await self._last(frame, allowed, recorder)
                # Who makes safe has a bound of its own.
                await self._settle(frame, self._clock.now() + LOST_SECONDS)
            deadline = self._clock.now() + allowed
            cut = await self._get_in_step(frame, deadline)
            data = await self._ask(frame, complete, allowed, deadline, recorder)
            return await self._whole(data, complete, recorder) if cut else data

    async def _send(self, frame: bytes) -> None:
        async with self._speaking():
            if not (self._owed and URGENT.get()):
                await self._get_in_step(frame, self._clock.now() + _SEND_SECONDS)
            await self._put(frame, RECORDER.get() or NOBODY)
            self._open_question = frame

    @asynccontextmanager
    async def _speaking(self) -> AsyncIterator[None]:
        """Have the turn on an open line whose device is known."""
        if _GREETING.get() is self:
            yield
            return
        async with self._turn:
            if await self._open():
                await self._greet()
            self._met()
            yield

    async def _greet(self) -> None:
        """Have the device identified again before anything else is sent.

        What was owed went with the line; an answer that comes all the same comes before the
        identity's, which then cannot be read.
        """
        self._owed.forgive()
        self._buffer = b""
        if self.on_reopen is None:
            return
        token = _GREETING.set(self)
        try:
            await self.on_reopen()
        finally:
            _GREETING.reset(token)

    async def _ask(
        self, frame: bytes, complete: Complete, allowed: float, deadline: float, recorder: Recorder
    ) -> bytes:
        since = self._clock.now()
        self._left = False
        self._open_question = None
        try:
            await self._put(frame, recorder)
        except BaseException:
            if self._left:
                self._owed.owe(frame, complete, since)
            raise
        return await self._fetch(frame, complete, allowed, (since, deadline), recorder)

    async def _fetch(
        self,
        frame: bytes,
        complete: Complete,
        allowed: float,
        times: tuple[float, float],
        recorder: Recorder,
    ) -> bytes:
        """Return the answer to a frame that was sent at the first of ``times``."""
        since, deadline = times
        try:
            data = await self._answer(frame, complete, allowed, deadline)
        except BaseException:
            self._owed.owe(frame, complete, since)
            raise
        self._owed.paid(frame, complete, since)
        recorder.received.append(data)
        return data

    async def _answer(
        self, frame: bytes, complete: Complete, allowed: float, deadline: float
    ) -> bytes:
        while True:
            length = complete(self._buffer)
            if length > 0:
                data, self._buffer = self._buffer[:length], self._buffer[length:]
                if not self._owed.is_stray(frame, data):
                    return data
            elif self._clock.now() >= deadline:
                break
            else:
                await self._hear(deadline)
        note_received(self._buffer)
        raise DeviceTimeoutError(
            f"{self.url} gave no complete answer within {allowed:g} s: "
            f"sent {frame!r}, received {self._buffer!r}"
        )

    async def _get_in_step(self, frame: bytes, deadline: float) -> bool:
        """Settle what is owed and let the line fall silent; raises DeviceTimeoutError.

        Returns whether an answer to the same question has begun and did not go on.
        """
        while True:
            was_owed = bool(self._owed)
            await self._settle(frame, deadline)
            if was_owed and self._owed.resync is not None:
                await self._pause(max(self._heard, self._spoke) + self._owed.gap)
            before = self._heard
            await self._hush(deadline)
            self._drop()
            if not self._buffer:
                return False
            if self._heard == before:
                self._buffer = b""
                return True

    async def _whole(self, data: bytes, complete: Complete, recorder: Recorder) -> bytes:
        """Return the answer that came last: the first may be the rest of one that was cut."""
        while self._clock.now() < (until := self._heard + AWAKE_SECONDS):
            await self._hear(until)
            while (length := complete(self._buffer)) > 0:
                data, self._buffer = self._buffer[:length], self._buffer[length:]
                recorder.received.append(data)
        self._owed.forgive()
        return data

    async def _settle(self, frame: bytes, deadline: float) -> None:
        while self._owed:
            now = self._clock.now()
            step, self._buffer, until = self._owed.step(self._buffer, now, frame)
            if step is SyncStep.IN_STEP:
                return
            if now >= deadline:
                raise self._owed.refusal(self.url, frame)
            if step is SyncStep.ASK and self._owed.resync is not None:
                await self._pause(max(self._heard, self._spoke) + self._owed.gap)
                await self._put(self._owed.resync.question, NOBODY)
                self._owed.asked(self._clock.now())
            else:
                await self._hear(min(until, deadline))

    async def _hush(self, deadline: float) -> None:
        """Let a second copy of an answer pass by; a line that never stops talking is borne."""
        at_most = min(deadline, self._clock.now() + RESYNC_SECONDS)
        while (quiet := self._quiet_at(self._owed.quiet)) > (now := self._clock.now()):
            if now >= at_most:
                return
            await self._hear(min(quiet, at_most))

    async def _pause(self, until: float) -> None:
        while self._clock.now() < until:
            await self._hear(until)

    async def _hurry(self, frame: bytes, complete: Complete, recorder: Recorder) -> None:
        """Send at once although answers are owed; where the line resyncs, it is sent again."""
        now = self._clock.now()
        await self._put(frame, recorder)
        self._owed.owe(frame, complete, now)

    async def _last(self, frame: bytes, allowed: float, recorder: Recorder) -> bytes:
        """Return the answer to what was sent last, counted among those that are owed.

        One that was followed by silence is taken for it as well: an instrument that spoke has
        passed by what it owed, and one that broke off an action never answers that.
        """
        last, until = b"", self._clock.now() + allowed
        while self._owed and self._clock.now() < until:
            before = self._heard
            await self._hear(until)
            paid, self._buffer = self._owed.take(self._buffer)
            last = paid or last
            if self._heard > before:
                until = self._heard + AWAKE_SECONDS
        if not last:
            raise DeviceTimeoutError(
                f"{self.url} was sent {frame!r} although it owed an answer, and gave none within "
                f"{allowed:g} s"
            )
        self._owed.forgive()
        recorder.received.append(last)
        return last

    def _drop(self) -> None:
        """Drop what nobody waits for; while something is owed, it may be that."""
        if not self._owed and self._buffer:
            buffer, self._buffer = self._buffer, b""
            self._owed.drop(buffer)
