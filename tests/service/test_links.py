"""Promises of bad links: nothing is done twice, nothing is forgotten, who is gone is made safe."""

import contextlib
import json
import threading
import time

import pytest
from host_toys import lab_on, running_host, through

from benchmarks.link_proxy import LinkProxy, random_trouble
from labloop.errors import LabloopError, LeaseError, NotSafeError
from labloop.lab import LabJob, MemoryJournal, address_file
from labloop.records import ActionState
from labloop.units import quantity


@contextlib.contextmanager
def proxied(trouble):
    """Put a bad line before the host ``bench``."""
    told = json.loads(address_file("bench").read_text())
    proxy = LinkProxy(int(told["url"].rpartition(":")[2]), trouble)
    through(proxy.url)
    try:
        yield proxy
    finally:
        proxy.close()


def sets(count):
    async def work(lab):
        for n in range(count):
            await lab.a.set_value(quantity(n + 1, "mL/min"))
        return {"v": (await lab.a.value()).value}

    return LabJob("x-0001", work)


@pytest.mark.parametrize("seed", range(3))
def test_lost_late_and_doubled_requests_do_everything_once(tmp_path, seed):
    """A third of all calls is struck; the instrument's own log is the judge."""
    journal = MemoryJournal()
    with running_host(tmp_path) as running, proxied(random_trouble(seed, 0.33)) as proxy:
        with lab_on(journal=journal) as host:
            assert host.run([sets(8)]) == [{"v": 8.0}]
        assert running.happened("set") == 8
        assert sum(proxy.count.values()) - proxy.count["none"] > 5
    states = {e.state for e in journal.entries("tests", "x-0001")}
    assert states == {ActionState.DONE}


def test_a_request_that_is_sent_again_by_hand_is_answered_from_the_record(tmp_path):
    """The same id with other words is refused; with the same words it is the same action."""
    with running_host(tmp_path) as running, lab_on() as host:
        link, session = host.session._link, host.session._id
        asked = {"id": "n-1", "kind": "action", "device": "a", "name": "set_value"}
        asked |= {"arguments": {"rate": 2.0}, "experiment": ""}
        for _ in range(5):
            link.call("POST", f"/sessions/{session}/requests", asked)
        with pytest.raises(LabloopError, match=r"has heard a\.set_value under the id n-1"):
            link.call("POST", f"/sessions/{session}/requests", {**asked, "name": "run"})
        host.run([LabJob("x-1", lambda lab: _read(lab.a))])
        assert running.happened("set") == 1


async def _read(toy):
    return {"v": (await toy.value()).value}


def test_a_link_that_is_cut_for_a_while_costs_nothing(tmp_path):
    """The campaign asks again until the host answers, and goes on where it was."""
    with running_host(tmp_path) as running, proxied(lambda _: "none") as proxy:
        with lab_on() as host:
            [future] = host.start([sets(20)])
            time.sleep(0.3)
            proxy.cut.set()
            time.sleep(1.0)
            proxy.cut.clear()
            assert future.result(30) == {"v": 20.0}
            host.settle()
        assert running.happened("set") == 20


def test_a_link_that_stays_cut_ends_the_campaign_and_the_host_makes_safe(tmp_path):
    """What was under way is UNCERTAIN for the campaign; the devices are safe and free."""
    journal = MemoryJournal()
    with running_host(tmp_path, silence=1.0) as running:
        direct = address_file("bench").read_text()
        with proxied(lambda _: "none") as proxy:
            unsafe = pytest.raises(NotSafeError, match="By itself it makes the devices safe")
            with unsafe, lab_on(journal=journal) as host:
                [future] = host.start([sets(2000)])
                time.sleep(0.3)
                proxy.cut.set()
                with pytest.raises(LabloopError):
                    future.result(30)
                host.settle()
        before = running.happened("set")
        address_file("bench").write_text(direct)
        deadline = time.monotonic() + 120
        while running.happened("safe") == 0 and time.monotonic() < deadline:
            time.sleep(0.05)
        with lab_on() as host:
            host.run([sets(1)])
        # Nothing that was cut off came later.
        assert running.happened("set") == before + 1
    known = [e for e in journal.entries("tests", "x-0001") if e.state is ActionState.DONE]
    unknown = [e for e in journal.entries("tests", "x-0001") if e.state is ActionState.UNCERTAIN]
    assert len(known) <= before <= len(known) + len(unknown)


def test_a_stale_session_is_refused_just_before_the_bytes(tmp_path):
    """A request that was accepted before its session ended sends nothing after it."""
    with running_host(tmp_path) as running, contextlib.ExitStack() as stack:
        host = stack.enter_context(lab_on("host://bench?devices=a"))
        link, session = host.session._link, host.session._id
        asked = {"id": "late", "kind": "action", "device": "a", "name": "set_value"}
        asked |= {"arguments": {"rate": 2.0}, "experiment": ""}
        link.call("DELETE", f"/sessions/{session}")
        with pytest.raises(LeaseError, match="not commanded any more"):
            link.call("POST", f"/sessions/{session}/requests", asked)
        assert running.happened("set") == 0


def test_sessions_are_opened_once_although_the_answer_was_lost(tmp_path):
    """The campaign has its devices, and not twice."""
    calls = []

    def lose_first_open(request):
        calls.append(request)
        opens = [each for each in calls if each.startswith(b"POST /sessions ")]
        first = request.startswith(b"POST /sessions ") and len(opens) == 1
        return "lose_answer" if first else "none"

    with running_host(tmp_path), proxied(lose_first_open), lab_on() as host:
        assert host.run([sets(1)]) == [{"v": 1.0}]


def test_campaigns_that_come_at_once_get_whole_devices_or_none(tmp_path):
    """Two that want the same two in different order never have one each."""
    got, refused = [], []

    def come(name, devices):
        try:
            with lab_on(f"host://bench?devices={devices}", campaign=name):
                got.append(name)
                time.sleep(0.2)
        except LeaseError:
            refused.append(name)

    with running_host(tmp_path):
        threads = [
            threading.Thread(target=come, args=(f"c{n}", "a,b" if n % 2 else "b,a"))
            for n in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
    assert len(got) >= 1
    assert len(got) + len(refused) == 4
