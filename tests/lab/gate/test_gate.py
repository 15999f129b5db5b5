"""Promise: nothing reaches a wire but through the gate, whose order is the safety case."""

import threading
from concurrent.futures import Future

import pytest
from lab_toys import ToyWorld, toy_host

from labloop.errors import (
    DeviceTimeoutError,
    ExperimentCancelled,
    StoreError,
    UncertainError,
)
from labloop.lab import LabJob, MemoryJournal
from labloop.lab.gate.gate import Gate
from labloop.records import ActionState
from labloop.units import quantity
from labloop_simulators.kit import Fault

FLOW = quantity(2, "mL/min")


def entries(host, experiment_id=None):
    return host.journal.entries("camp", experiment_id)


def test_the_order_of_the_stages():
    """Promise: this order, and no other."""
    stages = [stage.name for stage in (*Gate.before, *Gate.during, *Gate.after)]
    assert stages == [
        "validate",
        "turn",
        "lease",
        "limits",
        "interlocks",
        "sharing",
        "stock",
        "intent",
        "recheck",
        "bytes",
        "outcome",
        "give_back",
        "record",
    ]


def test_what_is_committed_before_and_after_the_bytes():
    """Promise: intent, bytes, outcome, in this order."""
    seen = []
    world = ToyWorld("a")

    class Watching(MemoryJournal):
        def intent(self, intent):
            seen.append(("intent", sum(f.direction == ">" for f in world.truth.frames)))
            return super().intent(intent)

        def outcome(self, outcome):
            seen.append(("outcome", sum(f.direction == ">" for f in world.truth.frames)))
            return super().outcome(outcome)

    with toy_host("a", world=world, journal=Watching()) as host:
        before = sum(f.direction == ">" for f in world.truth.frames)
        host.call(lambda lab: lab.a.set_value(FLOW))
        assert seen == [("intent", before), ("outcome", before + 1)]


def test_a_done_action_keeps_its_frames_and_its_result():
    """Promise: the journal holds what went over the wire."""
    with toy_host("a") as host:
        host.call(lambda lab: lab.a.run(quantity(3, "s")))
        entry = entries(host)[-1]
    assert entry.state is ActionState.DONE
    assert entry.intent.arguments == {"time": {"value": 3.0, "unit": "s"}}
    assert (entry.outcome.sent, entry.outcome.received) == ((b"RUN 3.000\n",), (b"OK\n",))
    assert entry.outcome.result == 3.0
    assert entry.outcome.lab_time > entry.intent.lab_time + 3


def test_an_idempotent_action_is_sent_once_more():
    """Promise: an unanswered one gets a second chance, and only one."""
    world = ToyWorld("a")
    with toy_host("a", world=world) as host:
        world.emulators["a"].faults.add(Fault("drop", at=3))
        host.call(lambda lab: lab.a.set_again(FLOW))
        assert entries(host)[-1].state is ActionState.DONE
        assert len(entries(host)[-1].outcome.sent) == 2
        world.emulators["a"].silent = True
        with pytest.raises(DeviceTimeoutError, match="no complete answer within 2 s"):
            host.call(lambda lab: lab.a.set_again(FLOW))
        assert len(entries(host)[-1].outcome.sent) == 2
        world.emulators["a"].silent = False


def test_the_whole_action_has_a_deadline():
    """Promise: an action that takes too long ends at its time-out, uncertain."""
    with toy_host("a") as host:
        began = host.now()
        with pytest.raises(UncertainError, match=r"run_briefly was not ready within 1 s"):
            host.call(lambda lab: lab.a.run_briefly(quantity(60, "s")))
        assert host.now() - began == pytest.approx(1.0, abs=0.01)


def test_a_late_answer_is_not_taken_for_the_next_one():
    """Promise: what is left over is dropped before the next exchange."""
    world = ToyWorld("a")

    async def hurry(lab):
        with pytest.raises(UncertainError):
            await lab.a.run_briefly(quantity(4, "s"))
        await lab.wait(quantity(10, "s"))
        return await lab.a.value()

    with toy_host("a", world=world) as host:
        assert host.call(hurry).value == 0.0


def test_a_cancelled_action_is_uncertain_and_its_outcome_is_kept():
    """Promise: stop in the middle of an action leaves a complete journal."""
    with toy_host("a") as host:

        async def hasty(lab):
            await lab.wait(quantity(5, "s"))
            host.cancel("e1", "a person said so")
            await lab.wait(quantity(1, "s"))
            return 1

        jobs = [LabJob("e1", lambda lab: lab.a.run(quantity(100, "h"))), LabJob("e2", hasty)]
        first, second = host.start(jobs)
        with pytest.raises(ExperimentCancelled, match="e1 was ended: a person said so"):
            first.result(5)
        host.settle()
        assert second.result(5) == 1
        assert host.now() == pytest.approx(6, abs=0.1)
        [entry] = entries(host, "e1")
    assert entry.state is ActionState.UNCERTAIN
    assert entry.outcome.sent == (b"RUN 360000.000\n",)
    assert entry.outcome.detail == "cancelled"


class BrokenJournal(MemoryJournal):
    """Fails at the n-th commit of a kind."""

    def __init__(self, kind, at):
        super().__init__()
        self.left = {"intent": 10**9, "outcome": 10**9} | {kind: at}

    def _count(self, kind):
        self.left[kind] -= 1
        if self.left[kind] < 0:
            future = Future()
            future.set_exception(OSError("disk full"))
            return future
        return None

    def intent(self, intent):
        return self._count("intent") or super().intent(intent)

    def outcome(self, outcome):
        return self._count("outcome") or super().outcome(outcome)


@pytest.mark.parametrize(("kind", "sent"), [("intent", 0), ("outcome", 1)])
def test_a_journal_that_fails_stops_the_lab(kind, sent):
    """Promise: no journal, no bytes; the other experiments end, too."""
    world = ToyWorld("a", "b")
    reached = []

    async def other(lab):
        await lab.wait(quantity(1, "h"))
        reached.append("an hour later")
        return 1

    with toy_host("a", "b", world=world, journal=BrokenJournal(kind, 0)) as host:
        jobs = [LabJob("e1", lambda lab: lab.a.set_value(FLOW)), LabJob("e2", other)]
        first, second = host.start(jobs)
        with pytest.raises(
            StoreError, match=f"could not keep the {kind} of a.set_value: disk full"
        ):
            first.result(5)
        with pytest.raises(ExperimentCancelled, match="disk full"):
            second.result(5)
        [third] = host.start([LabJob("e3", other)])
        with pytest.raises(ExperimentCancelled, match="disk full"):
            third.result(5)
    assert reached == []
    assert sum(frame.data.startswith(b"SET") for frame in world.truth.frames) == sent
    assert world.emulators["a"].safe
    assert world.emulators["b"].safe


def test_cancelled_while_the_intent_commits():
    """Promise: a half-known intent is none: it is finished, and told as not sent."""
    release = threading.Event()

    class Slow(MemoryJournal):
        def intent(self, intent):
            kept = super().intent(intent)
            future = Future()

            def later():
                release.wait(5)
                future.set_result(kept.result())

            threading.Thread(target=later, daemon=True).start()
            return future

    world = ToyWorld("a")
    with toy_host("a", world=world, journal=Slow()) as host:
        [future] = host.start([LabJob("e1", lambda lab: lab.a.set_value(FLOW))])
        while not host.journal._intents:
            pass
        host.cancel("e1", "enough")
        release.set()
        with pytest.raises(ExperimentCancelled, match="enough"):
            future.result(5)
        [entry] = entries(host, "e1")
    assert entry.state is ActionState.NOT_SENT
    assert not any(frame.data.startswith(b"SET") for frame in world.truth.frames)


def test_one_action_at_a_time_on_each_device():
    """Promise: two experiments take turns, first come first served; reads go in between."""
    world = ToyWorld("a")

    async def use(lab):
        await lab.a.run(quantity(10, "s"))
        return lab.now().magnitude

    with toy_host("a", world=world) as host:
        ends = host.run([LabJob(f"e{n}", use) for n in range(3)])
    assert [round(end) for end in ends] == [10, 20, 30]
