"""The frames of one action, recorded for the journal."""

from collections import deque
from collections.abc import MutableSequence
from contextvars import ContextVar
from dataclasses import dataclass, field


@dataclass(slots=True)
class Recorder:
    """The frames of one action, in order."""

    sent: MutableSequence[bytes] = field(default_factory=list)
    received: MutableSequence[bytes] = field(default_factory=list)


NO_RECORDER = Recorder(deque(maxlen=0), deque(maxlen=0))
"""Keeps nothing: for exchanges that are no part of an action."""

RECORDER: ContextVar[Recorder | None] = ContextVar("RECORDER", default=None)
"""The recorder of the action that runs in this task; None for reads."""


def record_sent(frame: bytes) -> None:
    """Record a frame of the running action; called just before its first byte may leave."""
    recorder = RECORDER.get()
    if recorder is not None:
        recorder.sent.append(frame)


def remove_unsent(recorder: Recorder, frame: bytes) -> None:
    """Remove a frame of which no byte has left after all."""
    if frame in recorder.sent:
        recorder.sent.remove(frame)


def record_received(data: bytes) -> None:
    """Record what the running action received."""
    recorder = RECORDER.get()
    if recorder is not None and data:
        recorder.received.append(data)
