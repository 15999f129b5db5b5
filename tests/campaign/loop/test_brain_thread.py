"""The brain computes in a thread of its own, in the caller's context, one request at a time."""

import queue
import threading
from contextvars import ContextVar

from labloop.campaign.loop.brain_thread import BrainThread, wait_for_brain_threads
from labloop.records import ProposalBatch

WORD: ContextVar[str] = ContextVar("WORD", default="")


def test_answers_come_in_order_and_errors_are_answers():
    """What a call raises is kept for whoever reads the answer; the thread goes on."""
    # One that an earlier test left in the middle of its thoughts is not ours.
    before = set(threading.enumerate())
    answers = queue.SimpleQueue()
    thread = BrainThread(answers.put)
    WORD.set("mine")
    seen = []

    def good():
        seen.append((WORD.get(), threading.current_thread().name))
        return ProposalBatch(())

    def bad():
        raise ValueError("mine")

    thread.ask("first", bad)
    thread.ask("second", good)
    first, second = answers.get(timeout=30), answers.get(timeout=30)
    assert (first.asked, str(first.batch)) == ("first", "mine")
    assert (second.asked, second.batch) == ("second", ProposalBatch(()))
    assert seen == [("mine", "labloop-brain")]
    thread.close()
    wait_for_brain_threads(30)
    ours = set(threading.enumerate()) - before
    assert not any(thread.name == "labloop-brain" for thread in ours)
