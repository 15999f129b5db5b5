"""What a line still owes: answers that nobody waited for to the end.

Pure bookkeeping, the same for a port in real time and for an emulated line in lab time: who
owns the line asks :meth:`PendingAnswers.step` what to do next until it is in step again.
"""

from dataclasses import dataclass, field
from enum import Enum

from labloop.errors import DeviceTimeoutError
from labloop.lab.transports.base import QUIET_SECONDS, Complete, Resync

LOST_SECONDS = 10.0
"""An answer that has not come for so long never comes."""
AWAKE_SECONDS = 0.5
"""An instrument that spoke again and then was silent for so long has nothing more to say."""


class SyncStep(Enum):
    """What a line that owes answers does next."""

    IN_STEP = "nothing is owed"
    ASK = "send the question that resyncs"
    WAIT = "read on"


@dataclass(frozen=True, slots=True)
class PendingAnswer:
    """One question whose answer was not waited for to its end."""

    frame: bytes
    complete: Complete
    since: float


@dataclass(slots=True)
class PendingAnswers:
    """The debts of one device on its line; times are seconds of the line's own clock."""

    resync: Resync | None = None
    debts: list[PendingAnswer] = field(default_factory=list)
    _marks: list[PendingAnswer] = field(default_factory=list)
    """Questions that resync, not yet answered, oldest first."""
    _fresh: int = 0
    """How many of the last marks were asked after the last debt."""
    _ask_at: float = 0.0
    """When to ask again."""

    def __bool__(self) -> bool:
        return bool(self.debts)

    @property
    def quiet(self) -> float:
        """Seconds of silence before each question."""
        return QUIET_SECONDS if self.resync is None else self.resync.quiet

    @property
    def gap(self) -> float:
        """Seconds of silence around a question that resyncs."""
        return QUIET_SECONDS if self.resync is None else max(self.resync.gap, self.resync.quiet)

    def owe(self, frame: bytes, complete: Complete, now: float) -> None:
        """Note a question of ``now`` whose answer was not waited for to its end."""
        made = PendingAnswer(frame, complete, now)
        if self.resync is not None and frame == self.resync.question:
            self._marks.append(made)
        self.debts.append(made)
        self._fresh = 0
        self._ask_at = now

    def step(self, buffer: bytes, now: float, frame: bytes) -> tuple[SyncStep, bytes, float]:
        """Return what to do before ``frame`` may be sent.

        Returns:
            The step, what is left of ``buffer``, and how long to read on at most (a time).
        """
        if self.resync is None:
            return self._by_count(buffer, now, frame)
        self._marks = [mark for mark in self._marks if now < mark.since + LOST_SECONDS]
        self._fresh = min(self._fresh, len(self._marks))
        while self.debts and (end := self.resync.answered(buffer)) > 0:
            self.tell(buffer[:end])
            buffer = buffer[end:]
            self._recognise()
        if not self.debts or (not buffer and self._is_same(frame)):
            return SyncStep.IN_STEP, buffer, now
        if not self._fresh or now >= self._ask_at:
            return SyncStep.ASK, buffer, now
        return SyncStep.WAIT, buffer, self._ask_at

    def asked(self, now: float) -> None:
        """Note that the question that resyncs was sent."""
        assert self.resync is not None  # noqa: S101 - for the type checker
        self._marks.append(PendingAnswer(self.resync.question, self.resync.answered, now))
        self._fresh += 1
        self._ask_at = now + AWAKE_SECONDS

    def is_stray(self, frame: bytes, data: bytes) -> bool:
        """Return whether ``data``, come for ``frame``, is a late answer of a resync."""
        if self.resync is None or frame == self.resync.question or not self.resync.answered(data):
            return False
        self._recognise()
        return True

    def tell(self, swallowed: bytes) -> None:
        """Tell the driver what nobody waited for."""
        if swallowed and self.resync is not None and self.resync.swallowed is not None:
            self.resync.swallowed(swallowed)

    def drop(self, buffer: bytes) -> None:
        """Drop what came and belongs to no question."""
        self.tell(buffer)
        while self.resync is not None and (end := self.resync.answered(buffer)) > 0:
            buffer = buffer[end:]
            self._recognise()

    def paid(self, frame: bytes, complete: Complete, now: float) -> None:
        """Note that ``frame`` of ``now`` was answered, the oldest of the same question first."""
        if self.debts:
            self.debts.append(PendingAnswer(frame, complete, now))
            del self.debts[0]

    def forgive(self) -> None:
        """Forget everything: the instrument has passed by what it owed."""
        self.debts.clear()
        self._fresh = 0

    def refusal(self, url: str, frame: bytes) -> DeviceTimeoutError:
        """Return why ``frame`` was not sent."""
        told = ", ".join(dict.fromkeys(repr(debt.frame) for debt in self.debts))
        until = (
            f"it has come, or after {LOST_SECONDS:g} s of silence"
            if self.resync is None
            else f"it answers {self.resync.question!r}"
        )
        became = (
            f"whether {frame!r} was carried out is not known"
            if any(debt.frame == frame for debt in self.debts)
            else f"{frame!r} was not sent, because that answer could be taken for its own"
        )
        return DeviceTimeoutError(
            f"{url} still owes the answer to {told}; {became}. The line is used again when {until}"
        )

    def _recognise(self) -> None:
        """One answer of a resync has come: the oldest one that is not answered."""
        if not self._marks:
            return
        del self._marks[0]
        if len(self._marks) < self._fresh:
            self.forgive()
        else:
            # The instrument is awake: one more answer says at once what waiting would say.
            self._ask_at = float("-inf")

    def take(self, buffer: bytes) -> tuple[bytes, bytes]:
        """Let answers in ``buffer`` pay debts; return the last of them and what is left."""
        last = b""
        while self.debts and (length := self.debts[0].complete(buffer)) > 0:
            last, buffer = buffer[:length], buffer[length:]
            del self.debts[0]
        return last, buffer

    def _is_same(self, frame: bytes) -> bool:
        """Return whether only ``frame`` itself is owed an answer: it may have the older one."""
        return all(debt.frame == frame for debt in self.debts)

    def _by_count(self, buffer: bytes, now: float, frame: bytes) -> tuple[SyncStep, bytes, float]:
        _, buffer = self.take(buffer)
        # Only after silence: the rest of an answer that has begun may still come.
        self.debts = [debt for debt in self.debts if now < debt.since + LOST_SECONDS]
        if self._is_same(frame):
            return SyncStep.IN_STEP, buffer, now
        return SyncStep.WAIT, buffer, self.debts[0].since + LOST_SECONDS
