"""What every transport offers, how the end of a reply is found, and how a line is resynced."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol, TypeAlias

from labloop.errors import ProtocolError

Complete: TypeAlias = Callable[[bytes], int]
"""Returns the length of the first complete reply in a buffer; 0 while there is none."""

LOST_SECONDS = 10.0
"""An answer that has not come after so long never comes."""
QUIET_SECONDS = 0.05
"""After so much silence the device has nothing more to send."""
RESYNC_SECONDS = 1.0
"""The longest wait for silence on the line."""


@dataclass(frozen=True, slots=True)
class Resync:
    """A question whose answer is recognised, which brings a line back into step.

    Instruments answer in order. When this answer has come, every pending answer (left by a
    time-out or a cancellation) has come before it or will never come.
    """

    question: bytes
    """Asks something and changes nothing, such as the identity."""
    answered: Complete
    """Returns where the answer ends in a buffer, whatever precedes it; 0 while it is not there.
    It must not accept the answer to any other question."""
    gap: float = 0.0
    """Seconds that the instrument needs between an answer and the next question."""
    quiet: float = QUIET_SECONDS
    """Seconds of silence before each question, in which a repeated answer is discarded;
    0 where every answer names its question."""
    swallowed: Callable[[bytes], object] | None = None
    """Called with answers that no caller waited for, where one may hold an alarm that must not
    be lost; runs in the thread of the lab's loop."""
    anonymous: bool = False
    """Whether an answer does not tell which device of a multi-drop line sent it: what this
    device still owes is then settled before any other one is asked."""
    lost: float = LOST_SECONDS
    """Seconds after which an answer of this instrument never comes any more, where its manual says
    less: so long at most a dead one of an anonymous line keeps its neighbours waiting."""


class Transport(Protocol):
    """Bytes to and from one device, one exchange at a time.

    Every answer belongs to its question. Where a time-out or a cancellation left an answer
    pending, the line is brought back into step before the next question: by ``resync`` where
    the driver set it, else by waiting for the pending answer. Until then the line refuses.
    """

    url: str
    resync: Resync | None
    """Set by the driver; see :class:`Resync`."""
    on_reopen: Callable[[], Awaitable[None]] | None
    """Called when a lost line is open again, before anything else is sent. Set by the lab,
    which identifies the instrument."""

    async def exchange(self, frame: bytes, *, complete: Complete, timeout: float = 2.0) -> bytes:  # noqa: ASYNC109 - on the lab's clock
        """Discard unexpected bytes, send ``frame`` and return exactly one complete reply.

        Args:
            frame: the bytes to send.
            complete: returns the length of the complete reply at the start of a buffer, or 0.
            timeout: lab seconds from the call to the last byte of the reply.

        Raises:
            DeviceTimeoutError: no complete reply came in time, or another answer was still
                pending, so that nothing was sent.
            NotConnectedError: the line is lost.
        """
        ...

    async def send(self, frame: bytes) -> None:
        """Send ``frame``; a reply, if there is one, is fetched by :meth:`receive`."""
        ...

    async def receive(self, *, complete: Complete, timeout: float = 2.0) -> bytes:  # noqa: ASYNC109 - on the lab's clock
        """Return the next complete reply without sending anything."""
        ...

    async def drain(self) -> None:
        """Discard everything that arrived unasked."""
        ...

    async def forget(self) -> None:
        """Expect no pending answer any more: the driver knows that no question was understood.

        For a protocol mode that was tried and is not the instrument's; never after a mere
        time-out.
        """
        ...

    async def close(self) -> None:
        """Close the line."""
        ...


@lru_cache(maxsize=64)
def until(terminator: bytes) -> Complete:
    """Return a ``complete`` that waits for ``terminator`` and includes it."""
    length = len(terminator)

    def complete(buffer: bytes) -> int:
        at = buffer.find(terminator)
        return at + length if at >= 0 else 0

    return complete


def recognised(complete: Complete, parse: Callable[[bytes], object]) -> Complete:
    """Return a finder of the first answer that ``parse`` accepts, whatever precedes it.

    For :attr:`Resync.answered`.

    Args:
        complete: returns the length of the first answer in a buffer.
        parse: raises ProtocolError for every other answer.
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
