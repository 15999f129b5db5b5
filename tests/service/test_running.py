"""Promises of a host: the same lab as in one process, shared, and safe without its campaigns."""

import asyncio
import contextlib
import threading
import time

import pytest
from host_toys import lab_on, running_host
from lab_toys import toy_host

from labloop.errors import (
    DatabaseUnusableError,
    DeviceFaultError,
    ExperimentCancelled,
    LabloopError,
    LeaseError,
    LimitError,
    UncertainError,
    UnitError,
)
from labloop.lab import LabJob, MemoryJournal, ask_about
from labloop.records import ActionState
from labloop.service import host_status
from labloop.units import quantity

RATE = quantity(3, "mL/min")


def job(f, name="x-0001"):
    return LabJob(name, f)


async def measure(lab):
    """Use two devices at once, with waits, as procedures do."""

    async def one(toy, rate, seconds):
        await toy.set_value(quantity(rate, "mL/min"))
        await toy.run(quantity(seconds, "s"))
        await lab.wait(quantity(0.5, "s"))
        return (await toy.value()).value

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(lab.a, 1, 7)), group.create_task(one(lab.b, 2, 3))]
    return {"a": tasks[0].result(), "b": tasks[1].result(), "took": lab.now()}


def told(journal):
    """What the journal says was done, and when in lab time."""
    return [
        (e.intent.id, e.intent.device, e.intent.name, e.state, round(e.intent.lab_time, 6))
        for e in journal.entries("tests")
        if e.intent.name != "safe_state"
    ]


def test_a_procedure_finds_the_same_lab_as_in_one_process(tmp_path):
    """Same results, same journal with the frames of the instruments, same lab time."""
    journals = [MemoryJournal(), MemoryJournal()]
    with toy_host("a", "b", journal=journals[0], campaign_id="tests") as alone:
        began = alone.now()
        here = alone.run([job(measure)])[0]
        took = alone.now() - began
    with running_host(tmp_path), lab_on(journal=journals[1]) as host:
        began = host.now()
        there = host.run([job(measure)])[0]
        assert host.now() - began == pytest.approx(took)
    assert (here["a"], here["b"]) == (there["a"], there["b"])
    alike = [[each[:4] for each in told(journal)] for journal in journals]
    assert alike[0] == alike[1]
    frames = [
        [entry.outcome.sent for entry in journal.entries("tests", "x-0001")] for journal in journals
    ]
    assert frames[0] == frames[1]


def test_one_campaign_alone_is_deterministic_to_the_last_lab_second(tmp_path):
    """The host's clock stands while the campaign works: wall time changes nothing."""
    runs = []
    for number in range(2):
        journal = MemoryJournal()
        (tmp_path / str(number)).mkdir()
        with running_host(tmp_path / str(number)) as running, lab_on(journal=journal) as host:
            for n in range(3):
                host.run([job(measure, f"x-{n}")])
            runs.append((told(journal), running.view.host.truth.digest()))
    assert runs[0] == runs[1]


def test_errors_arrive_as_the_same_classes_with_the_same_sentences(tmp_path):
    """A limit of the lab file is the host's to check; nothing is sent, and it says so."""
    driver = "lab_toys:Toy"
    limits = {"set_value.rate": {"min": "0 mL/min", "max": "5 mL/min"}}
    tables = {"devices": {"a": {"driver": driver, "limits": limits}}}
    journal = MemoryJournal()

    async def wrong(lab):
        with pytest.raises(LimitError, match=r"a\.set_value\.rate = 9 mL/min is outside.*lab file"):
            await lab.a.set_value(quantity(9, "mL/min"))
        with pytest.raises(UnitError):
            await lab.a.set_value(9)
        with pytest.raises(DeviceFaultError, match="a refused"):
            await lab.a.refuse()
        with pytest.raises(AttributeError, match="has no device 'z'"):
            await lab.z.value()
        return {}

    with running_host(tmp_path, tables=tables) as running, lab_on(journal=journal) as host:
        host.run([job(wrong)])
        assert running.happened("set") == 0
    states = [entry.state for entry in journal.entries("tests", "x-0001")]
    assert states == [ActionState.NOT_SENT, ActionState.FAILED]


def test_the_deadline_of_an_action_is_kept_by_the_host(tmp_path):
    """It begins when the device's turn has come over there, in lab time."""

    async def late(lab):
        await lab.a.run_briefly(quantity(30, "s"))

    with running_host(tmp_path), lab_on() as host:
        late_one = pytest.raises(UncertainError, match=r"a\.run_briefly was not ready within 1 s")
        with late_one:
            host.run([job(late)])


def test_two_campaigns_have_their_devices_and_a_third_hears_who_has_them(tmp_path):
    """Both let lab time pass together; nobody gets a part of what it asked for."""
    results = {}

    def use(name):
        async def work(lab):
            await getattr(lab, name).set_value(RATE)
            await lab.wait(quantity(1, "min"))
            return {"v": (await getattr(lab, name).value()).value}

        with lab_on(f"host://bench?devices={name}", campaign=f"of-{name}") as host:
            results[name] = host.run([job(work)])[0]
            barrier.wait(120)
            barrier.wait(120)

    with running_host(tmp_path):
        barrier = threading.Barrier(3)
        threads = [threading.Thread(target=use, args=(name,)) for name in "ab"]
        for thread in threads:
            thread.start()
        barrier.wait(120)
        held = pytest.raises(
            LeaseError, match=r"a is held by campaign 'of-a' of ada \(here\) since"
        )
        with held, lab_on("host://bench?devices=a"):
            pass
        holders = {d["name"]: d["holder"]["campaign"] for d in host_status("bench")["devices"]}
        assert holders == {"a": "of-a", "b": "of-b"}
        barrier.wait(120)
        for thread in threads:
            thread.join(120)
        assert results == {"a": {"v": 3.0}, "b": {"v": 3.0}}
        assert [d["holder"] for d in host_status("bench")["devices"]] == [None, None]


def test_a_silent_campaign_loses_its_devices_and_they_are_made_safe(tmp_path):
    """By the host alone; what the campaign still asks for is refused before any byte."""
    with running_host(tmp_path, silence=2.0) as running, lab_on() as host:
        host.call(lambda lab: _set(lab.a))
        host.session._closed.set()  # no heart-beat any more
        deadline = time.monotonic() + 120
        while running.happened("safe") == 0 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert running.happened("safe") == 1
        with pytest.raises(LeaseError, match="was not heard for"):
            host.call(lambda lab: _set(lab.a))
        assert running.happened("set") == 1
        found = host_status("bench")
        assert [each["holder"] for each in found["devices"]] == [None, None]
        assert "was not heard" in found["notes"][-1]["text"]


async def _set(toy):
    await toy.set_value(RATE)


def test_what_became_of_an_action_can_be_asked_after_its_session(tmp_path):
    """Also of one that never came: it is refused from the moment of the question."""
    journal = MemoryJournal()
    with running_host(tmp_path) as running:
        with lab_on(journal=journal) as host:
            host.call(lambda lab: _set(lab.a))
            token = host.session.token
        [entry] = [e for e in journal.entries("tests") if e.intent.name == "set_value"]
        assert entry.intent.lease_token == token
        answer = ask_about("host://bench", token, entry.intent.id)
        assert answer.state is ActionState.DONE
        assert answer.sent == (b"SET 3.000\n",)
        assert ask_about("host://bench", token, "never").state is ActionState.NOT_SENT
        assert running.happened("set") == 1


def test_a_campaign_that_ends_its_experiment_ends_the_action_at_the_host(tmp_path):
    """A cancelled action may have happened; device and host go on."""
    journal = MemoryJournal()

    async def long(lab):
        await lab.a.run(quantity(10, "h"))

    with running_host(tmp_path, speed=1.0), lab_on(journal=journal) as host:
        [future] = host.start([job(long)])
        time.sleep(0.5)
        host.cancel("x-0001", "enough")
        with pytest.raises(ExperimentCancelled):
            future.result(10)
        host.settle()
    [entry] = journal.entries("tests", "x-0001")
    assert entry.state is ActionState.UNCERTAIN


def test_a_real_time_host_needs_no_steps(tmp_path):
    """At speed real both ends live in wall time, and answers are waited for one by one."""
    with running_host(tmp_path, speed="real"), lab_on() as host:
        assert not host.session.stepped

        async def work(lab):
            await lab.a.set_value(RATE)
            await lab.wait(quantity(0.05, "s"))
            return {"v": (await lab.a.value()).value}

        assert host.run([job(work)]) == [{"v": 3.0}]


def test_a_host_that_cannot_record_makes_safe_and_ends_by_itself(tmp_path):
    """On a full disk nothing more may be done: what moved is safe, and the host says why."""

    def fill_up(session):
        session.control("PRAGMA max_page_count=1")

    full = pytest.raises(DatabaseUnusableError, match="the disk is full")
    with full, running_host(tmp_path, silence=2.0) as running:
        with contextlib.suppress(LabloopError), lab_on() as host:
            host.call(lambda lab: lab.a.set_value(quantity(3, "mL/min")))
            running.repositories.connections.submit(fill_up).result()
            asked = {"id": "n-1", "kind": "action", "device": "a", "name": "set_value"}
            asked |= {"arguments": {"rate": 2.0}, "experiment": "x" * 500_000}
            with pytest.raises(LabloopError, match="could not be recorded"):
                host.session._link.call("POST", f"/sessions/{host.session._id}/requests", asked)
        assert running.down.wait(10)
    assert [e.event for e in running.view.host.truth.events if e.device == "a"][-1] != "set"
