"""Bytes to and from a device: what every transport offers, and who listens in."""

from collections import deque
from collections.abc import Awaitable, Callable, MutableSequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Protocol, TypeAlias

from labloop.errors import ProtocolError

Complete: TypeAlias = Callable[[bytes], int]
"""Says how long the first complete reply in a buffer is; 0 while there is none."""


QUIET_SECONDS = 0.05
"""A line that was silent for so long has nothing left to say."""
RESYNC_SECONDS = 1.0
"""So long at most is waited for quiet, and for the answer to one question that resyncs."""


@dataclass(frozen=True, slots=True)
class Resync:
    """A question whose answer is recognised: it brings a line back into step.

    Instruments answer in order. Once this answer is there, every answer that was owed before
    (after a time-out, a cancellation) has come or will never come.
    """

    question: bytes
    """Asks something and changes nothing, such as who the instrument is."""
    answered: Complete
    """Returns where the answer to it ends in a buffer, whatever stands before it; 0 while it is
    not there. The answer to any other question must not be taken for it."""
    gap: float = 0.0
    """Seconds that the instrument needs between an answer and the next question."""
    quiet: float = QUIET_SECONDS
    """Seconds of silence before each question, in which a second copy of an answer passes by;
    0 where every answer says which question it belongs to."""
    swallowed: Callable[[bytes], object] | None = None
    """Is told the answers that nobody waited for, where one of them may say what must not be
    lost (an alarm); called in the thread of the port."""


class Transport(Protocol):
    """Bytes to and from one device, one exchange at a time.

    An answer belongs to its question: where a time-out or a cancellation left one owed, the
    line is brought into step before anything else is asked, by ``resync`` where the driver
    set it, else by waiting for what is owed. A line that cannot be brought into step refuses.
    """

    url: str
    resync: Resync | None
    """Set by the driver; see :class:`Resync`."""
    on_reopen: Callable[[], Awaitable[None]] | None
    """Is called when a line that was lost is open again, before anything else is sent: set by
    the lab, which identifies the instrument."""

    async def exchange(self, frame: bytes, *, complete: Complete, timeout: float = 2.0) -> bytes:  # noqa: ASYNC109 - on the lab's clock
        """Drop what is left over, send ``frame`` and return exactly one complete reply.

        Args:
            frame: the bytes to send.
            complete: returns the length of a complete reply at the start of what came, or 0.
            timeout: lab seconds from the call to the last byte of the reply.

        Raises:
            DeviceTimeoutError: nothing complete came in time, or the line still owed another
                answer, so that nothing was sent.
            NotConnectedError: the line is dead.
        """
        ...

    async def send(self, frame: bytes) -> None:
        """Send ``frame``; no reply is expected, or it is fetched by :meth:`receive`."""
        ...

    async def receive(self, *, complete: Complete, timeout: float = 2.0) -> bytes:  # noqa: ASYNC109 - on the lab's clock
        """Return the next complete reply without sending anything."""
        ...

    async def drain(self) -> None:
        """Drop everything that came and was not asked for."""
        ...

    async def forget(self) -> None:
        """Owe nothing any more: the driver knows that its question was not understood.

        For a mode that was tried and is not the instrument's; never after a mere time-out.
        """
        ...

    async def close(self) -> None:
        """Give the line back."""
        ...


@dataclass(slots=True)
class Recorder:
    """The frames of one action, in order."""

    sent: MutableSequence[bytes] = field(default_factory=list)
    received: MutableSequence[bytes] = field(default_factory=list)


NOBODY = Recorder(deque(maxlen=0), deque(maxlen=0))
"""Keeps nothing: for exchanges that are no part of an action."""


RECORDER: ContextVar[Recorder | None] = ContextVar("RECORDER", default=None)
"""The recorder of the action that runs in this task; None for reads."""


def note_sent(frame: bytes) -> None:
    """Note a frame of the running action; called just before the first byte may leave."""
    recorder = RECORDER.get()
    if recorder is not None:
        recorder.sent.append(frame)


def take_back(recorder: Recorder, frame: bytes) -> None:
    """Take a frame back from the record: no byte of it has left."""
    if frame in recorder.sent:
        recorder.sent.remove(frame)


def note_received(data: bytes) -> None:
    """Note what the running action was answered."""
    recorder = RECORDER.get()
    if recorder is not None and data:
        recorder.received.append(data)


@lru_cache(maxsize=64)
def until(terminator: bytes) -> Complete:
    """Return a ``complete`` that waits for ``terminator`` and includes it."""
    length = len(terminator)

    def complete(buffer: bytes) -> int:
        at = buffer.find(terminator)
        return at + length if at >= 0 else 0

    return complete


def recognised(complete: Complete, parse: Callable[[bytes], object]) -> Complete:
    """Return what finds the first answer that ``parse`` accepts, whatever stands before it.

    For :attr:`Resync.answered`.

    Args:
        complete: says how long the first answer in a buffer is.
        parse: raises ProtocolError for any other answer.
    """

    def answered(buffer: bytes) -> int:
        begin = 0
        while (length := complete(buffer[begin:])) > 0:
            begin += length
            try:
                parse(buffer[begin - length : begin])
            except ProtocolError:
                continue
            return begin
        return 0

    return answered


until_etx = until(b"\x03")
"""Complete at the byte ETX, as many pumps and balances do."""
