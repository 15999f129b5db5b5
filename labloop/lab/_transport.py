"""Bytes to and from a device: what every transport offers, and who listens in."""

from collections import deque
from collections.abc import Callable, MutableSequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Protocol, TypeAlias

Complete: TypeAlias = Callable[[bytes], int]
"""Says how long the first complete reply in a buffer is; 0 while there is none."""


QUIET_SECONDS = 0.05
"""A line that was silent for so long has nothing left to say."""
RESYNC_SECONDS = 1.0
"""After a cancelled exchange, so long at most is waited for quiet."""


class Transport(Protocol):
    """Bytes to and from one device, one exchange at a time."""

    url: str

    async def exchange(self, frame: bytes, *, complete: Complete, timeout: float = 2.0) -> bytes:  # noqa: ASYNC109 - on the lab's clock
        """Drop what is left over, send ``frame`` and return exactly one complete reply.

        Args:
            frame: the bytes to send.
            complete: returns the length of a complete reply at the start of what came, or 0.
            timeout: lab seconds from the call to the last byte of the reply.

        Raises:
            DeviceTimeoutError: nothing complete came in time.
            NotConnectedError: the line is dead.
        """
        ...

    async def send(self, frame: bytes) -> None:
        """Send ``frame``; no reply is expected."""
        ...

    async def receive(self, *, complete: Complete, timeout: float = 2.0) -> bytes:  # noqa: ASYNC109 - on the lab's clock
        """Return the next complete reply without sending anything."""
        ...

    async def drain(self) -> None:
        """Drop everything that came and was not asked for."""
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


until_etx = until(b"\x03")
"""Complete at the byte ETX, as many pumps and balances do."""
