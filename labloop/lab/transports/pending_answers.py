"""Pending answers: questions whose answer was not waited for to its end.

Pure bookkeeping, the same for a real port and for an emulated line: the
:class:`~labloop.lab.transports.resynchronizer.Resynchronizer` asks :meth:`PendingAnswers.next_step`
what to do until the line is in step again.
"""

from dataclasses import dataclass, field
from enum import Enum

from labloop.errors import DeviceTimeoutError
from labloop.lab.transports.base import LOST_SECONDS, QUIET_SECONDS, Complete, Resync

AWAKE_SECONDS = 0.5
"""A device that answered again and was then silent for so long has nothing more to send."""


class SyncStep(Enum):
    """What to do next on a line with pending answers."""

    IN_STEP = "nothing is pending"
    ASK = "send the resync question"
    WAIT = "read on"


@dataclass(frozen=True, slots=True)
class PendingAnswer:
    """One question whose answer was not waited for to its end."""

    frame: bytes
    complete: Complete
    since: float


@dataclass(slots=True)
class PendingAnswers:
    """The pending answers of one device on its line; times are lab seconds."""

    resync: Resync | None = None
    answers: list[PendingAnswer] = field(default_factory=list)
    """Oldest first."""
    _resyncs: list[PendingAnswer] = field(default_factory=list)
    """Resync questions without an answer, oldest first."""
    _newest: int = 0
    """How many of the last resync questions were sent after the last pending question."""
    _ask_at: float = 0.0
    """When to send the resync question again."""

    def __bool__(self) -> bool:
        return bool(self.answers)

    @property
    def quiet(self) -> float:
        """Seconds of silence before each question."""
        return QUIET_SECONDS if self.resync is None else self.resync.quiet

    @property
    def gap(self) -> float:
        """Seconds of silence around a resync question."""
        return QUIET_SECONDS if self.resync is None else max(self.resync.gap, self.resync.quiet)

    def mistakable(self, now: float) -> bool:
        """Return whether an answer may still come that another device's could be taken for."""
        if not self.answers or self.resync is None or not self.resync.anonymous:
            return False
        return now < self.answers[-1].since + self.resync.lost

    def add(self, frame: bytes, complete: Complete, now: float) -> None:
        """Note a question asked at ``now`` whose answer was not waited for to its end."""
        pending = PendingAnswer(frame, complete, now)
        if self.resync is not None and frame == self.resync.question:
            self._resyncs.append(pending)
        self.answers.append(pending)
        self._newest = 0
        self._ask_at = now

    def answered(self, frame: bytes, complete: Complete, now: float) -> None:
        """Note that ``frame``, asked at ``now``, got an answer: it counts for the oldest one."""
        if self.answers:
            self.answers.append(PendingAnswer(frame, complete, now))
            del self.answers[0]

    def clear(self) -> None:
        """Expect nothing any more."""
        self.answers.clear()
        self._newest = 0

    def next_step(self, buffer: bytes, now: float, frame: bytes) -> tuple[SyncStep, bytes, float]:
        """Return what to do before ``frame`` may be sent.

        Returns:
            The step, the rest of ``buffer``, and the lab second until which to read on at most.
        """
        if self.resync is None:
            return self._next_step_by_count(buffer, now, frame)
        self._resyncs = [each for each in self._resyncs if now < each.since + LOST_SECONDS]
        self._newest = min(self._newest, len(self._resyncs))
        while self.answers and (end := self.resync.answered(buffer)) > 0:
            self._report_swallowed(buffer[:end])
            buffer = buffer[end:]
            self._resync_answered()
        if not self.answers or (not buffer and self._only(frame)):
            return SyncStep.IN_STEP, buffer, now
        if not self._newest or now >= self._ask_at:
            return SyncStep.ASK, buffer, now
        return SyncStep.WAIT, buffer, self._ask_at

    def resync_sent(self, now: float) -> None:
        """Note that the resync question was sent."""
        assert self.resync is not None  # noqa: S101 - for the type checker
        self._resyncs.append(PendingAnswer(self.resync.question, self.resync.answered, now))
        self._newest += 1
        self._ask_at = now + AWAKE_SECONDS

    def is_late_resync(self, frame: bytes, data: bytes) -> bool:
        """Return whether ``data``, received for ``frame``, answers an earlier resync question."""
        if self.resync is None or frame == self.resync.question or not self.resync.answered(data):
            return False
        self._resync_answered()
        return True

    def discard(self, buffer: bytes) -> None:
        """Note that ``buffer``, which answers no question, is discarded."""
        self._report_swallowed(buffer)
        while self.resync is not None and (end := self.resync.answered(buffer)) > 0:
            buffer = buffer[end:]
            self._resync_answered()

    def take(self, buffer: bytes) -> tuple[bytes, bytes]:
        """Count answers in ``buffer`` for the oldest questions; return the last one and the rest.

        The last one is empty where no answer is complete.
        """
        last = b""
        while self.answers and (length := self.answers[0].complete(buffer)) > 0:
            last, buffer = buffer[:length], buffer[length:]
            del self.answers[0]
        return last, buffer

    def refusal(self, url: str, frame: bytes) -> DeviceTimeoutError:
        """Return the error that says why ``frame`` was not sent."""
        questions = ", ".join(dict.fromkeys(repr(each.frame) for each in self.answers))
        until = (
            f"it has come, or after {LOST_SECONDS:g} s of silence"
            if self.resync is None
            else f"it answers {self.resync.question!r}"
        )
        became = (
            f"whether {frame!r} was carried out is not known"
            if any(each.frame == frame for each in self.answers)
            else f"{frame!r} was not sent, because that answer could be taken for its own"
        )
        return DeviceTimeoutError(
            f"{url} still owes the answer to {questions}; {became}. The line is used again when "
            f"{until}"
        )

    def _report_swallowed(self, data: bytes) -> None:
        if data and self.resync is not None and self.resync.swallowed is not None:
            self.resync.swallowed(data)

    def _resync_answered(self) -> None:
        """Note an answer to the oldest resync question without one."""
        if not self._resyncs:
            return
        del self._resyncs[0]
        if len(self._resyncs) < self._newest:
            self.clear()
        else:
            # The device is awake: one more question says at once what waiting would say.
            self._ask_at = float("-inf")

    def _only(self, frame: bytes) -> bool:
        """Return whether only ``frame`` itself is pending: it may get the older answer."""
        return all(each.frame == frame for each in self.answers)

    def _next_step_by_count(
        self, buffer: bytes, now: float, frame: bytes
    ) -> tuple[SyncStep, bytes, float]:
        _, buffer = self.take(buffer)
        # Only after silence: the rest of an answer that has begun may still come.
        self.answers = [each for each in self.answers if now < each.since + LOST_SECONDS]
        if self._only(frame):
            return SyncStep.IN_STEP, buffer, now
        return SyncStep.WAIT, buffer, self.answers[0].since + LOST_SECONDS
