"""Promise: pending answers are counted, and no answer is taken for that of another question."""

from dataclasses import replace

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


def test_a_manual_may_say_how_long_an_anonymous_answer_can_come():
    """Promise: neighbours on the line wait as long as it says, 10 s where it says nothing."""
    plain = PendingAnswers(resync=replace(NAME, anonymous=True))
    quick = PendingAnswers(resync=replace(NAME, anonymous=True, lost=2.0))
    for pending in (plain, quick):
        pending.add(b"A?\n", LINE, 1.0)
        assert pending.mistakable(2.9)
    assert plain.mistakable(10.9)
    assert not plain.mistakable(11.0)
    assert not quick.mistakable(3.0)
