"""Promise: pending answers are counted, and no answer is taken for that of another question."""

from labloop.lab import Resync, until
from labloop.lab.transports.pending_answers import PendingAnswers, SyncStep

LINE = until(b"\n")


NAME = Resync(b"ID?\n", until(b"THERM 7\n"))


def test_answers_of_a_resync_are_counted():
    """Promise: one that was asked before the newest debt does not settle it."""
    pending = PendingAnswers(resync=NAME)
    pending.add(b"A?\n", LINE, 0.0)
    assert pending.next_step(b"", 0.0, b"B?\n")[0] is SyncStep.ASK
    pending.resync_sent(0.0)
    assert pending.next_step(b"", 1.1, b"B?\n")[0] is SyncStep.ASK
    pending.resync_sent(1.1)
    assert pending.next_step(b"20.0\nTHERM 7\n", 1.2, b"B?\n")[:2] == (SyncStep.IN_STEP, b"")
    pending.add(b"A?\n", LINE, 1.3)
    pending.resync_sent(1.4)
    assert pending.next_step(b"", 1.45, b"B?\n")[0] is SyncStep.WAIT
    # The second answer of the first settling comes now: B still waits for its own.
    assert pending.next_step(b"THERM 7\n", 1.5, b"B?\n")[:2] == (SyncStep.ASK, b"")
    assert pending.next_step(b"20.0\nTHERM 7\n", 1.6, b"B?\n")[:2] == (SyncStep.IN_STEP, b"")
