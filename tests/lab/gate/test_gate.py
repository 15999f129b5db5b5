"""Promise: nothing reaches a wire but through the gate, whose order is the safety case."""

import asyncio
import threading
from concurrent.futures import Future
from contextlib import nullcontext

import pytest
from lab_toys import ToyWorld, toy_host

from labloop.errors import (
    DeviceFaultError,
    DeviceTimeoutError,
    ExperimentCancelled,
    InterlockError,
    NotConnectedError,
    NotSafeError,
    ProtocolError,
    StoreError,
    UncertainError,
)
from labloop.lab import LabJob, MemoryJournal
from labloop.lab.configuration.interlocks import parse_terms
from labloop.lab.gate.gate import Gate
from labloop.lab.gate.outcomes import outcome_state
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
        "intent",
        "recheck",
        "bytes",
        "outcome",
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


@pytest.mark.parametrize(
    ("error", "sent", "state"),
    [
        (None, True, ActionState.DONE),
        (DeviceTimeoutError("x"), False, ActionState.NOT_SENT),
        (asyncio.CancelledError(), False, ActionState.NOT_SENT),
        (DeviceTimeoutError("x"), True, ActionState.UNCERTAIN),
        (asyncio.CancelledError(), True, ActionState.UNCERTAIN),
        (ProtocolError("x"), True, ActionState.UNCERTAIN),
        (NotConnectedError("x"), True, ActionState.UNCERTAIN),
        (ValueError("a mistake in the driver"), True, ActionState.UNCERTAIN),
        (DeviceFaultError("x"), True, ActionState.FAILED),
    ],
)
def test_how_an_end_is_classified(error, sent, state):
    """Promise: only a device that said no has failed."""
    assert outcome_state(error, sent) is state


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


def test_a_refusal_is_failed():
    """Promise: the device said no, so it did not happen."""
    with toy_host("a") as host:
        with pytest.raises(DeviceFaultError, match="a refused"):
            host.call(lambda lab: lab.a.refuse())
        assert entries(host)[-1].state is ActionState.FAILED


@pytest.mark.parametrize("kind", ["drop", "garble", "half", "unplug", "power_cycle"])
def test_an_action_without_a_clear_answer_is_uncertain(kind):
    """Promise: it is never sent a second time, and the caller is told that nobody knows."""
    world = ToyWorld("a")
    unsafe = pytest.raises(NotSafeError) if kind == "unplug" else nullcontext()
    with unsafe, toy_host("a", world=world) as host:
        world.emulators["a"].faults.add(Fault(kind, at=3))
        with pytest.raises(UncertainError, match=r"a\.set_value may or may not have happened"):
            host.call(lambda lab: lab.a.set_value(FLOW))
        assert entries(host)[-1].state is ActionState.UNCERTAIN
    assert sum(frame.data == b"SET 2.000\n" for frame in world.truth.frames) == 1


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


INTERLOCK = {
    "device": "a",
    "action": "set_value",
    "requires": "b.value >= 1 mL/min and c.value < 0.6 L/h",
    "because": "a must not run dry",
    "max_age": "2 s",
}


def test_an_interlock_reads_other_devices_and_says_because():
    """Promise: the rule is checked on fresh readings, in any unit; no byte is sent."""
    world = ToyWorld("a", "b", "c")
    with toy_host(world=world, tables={"interlocks": [INTERLOCK]}) as host:
        with pytest.raises(InterlockError, match=r"b\.value is 0 mL/min: a must not run dry"):
            host.call(lambda lab: lab.a.set_value(FLOW))
        assert entries(host) == []
        host.call(lambda lab: lab.b.set_value(FLOW))
        # The reading of a moment ago is older than two seconds only after a wait.
        with pytest.raises(InterlockError, match="a must not run dry"):
            host.call(lambda lab: lab.a.set_value(FLOW))

        async def patient(lab):
            await lab.wait(quantity(3, "s"))
            await lab.a.set_value(FLOW)

        host.call(patient)
        world.emulators["c"].value = 10.0
        with pytest.raises(InterlockError, match=r"c\.value is 10 mL/min"):
            host.call(patient)


def test_a_garbled_reading_never_opens_an_interlock():
    """Promise: no reading, no action."""
    world = ToyWorld("a", "b", "c")
    with toy_host(world=world, tables={"interlocks": [INTERLOCK]}) as host:
        world.emulators["b"].value = 5.0
        world.emulators["b"].faults.add(Fault("unsolicited", at=3, data=b"?\n"))
        with pytest.raises(ProtocolError, match="is no number"):
            host.call(lambda lab: lab.a.set_value(FLOW))
        assert entries(host) == []


def test_one_action_at_a_time_on_each_device():
    """Promise: two experiments take turns, first come first served; reads go in between."""
    world = ToyWorld("a")

    async def use(lab):
        await lab.a.run(quantity(10, "s"))
        return lab.now().magnitude

    with toy_host("a", world=world) as host:
        ends = host.run([LabJob(f"e{n}", use) for n in range(3)])
    assert [round(end) for end in ends] == [10, 20, 30]


def test_ids_are_the_same_in_every_run_and_never_taken_twice():
    """Promise: experiment and counter make the id, also when it is entered again."""
    journal = MemoryJournal()

    async def two(lab):
        await lab.a.set_value(FLOW)
        await lab.a.set_value(FLOW)
        return 1

    for _ in range(2):
        with toy_host("a", journal=journal) as host:
            host.run([LabJob("camp-0001", two)])
            host.call(lambda lab: lab.a.set_value(FLOW))
    assert [entry.intent.id for entry in journal.entries("camp")] == [
        "camp-0001-a001",
        "camp-0001-a002",
        "camp-a-s1-001",
        "camp-a-s1-002",
        "camp-0001-a003",
        "camp-0001-a004",
        "camp-a-s2-001",
        "camp-a-s2-002",
    ]


def test_what_has_no_unit_is_described_without_one():
    """Promise: a rule on a count reads 'needs pump.running >= 1', as it was written."""
    (term,) = parse_terms("pump.running >= 1")
    assert term.description == "pump.running >= 1"
    (term,) = parse_terms("pump.rate >= 1 mL/min")
    assert term.description == "pump.rate >= 1 mL/min"
