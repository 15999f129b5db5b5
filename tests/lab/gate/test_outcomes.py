"""Promise: what may have happened is uncertain, also where no transport of labloop carried it."""

import asyncio
import threading
from concurrent.futures import Future
from contextlib import nullcontext

import pytest
from lab_sdk_toys import DONE
from lab_toys import ToyWorld, toy_host

from labloop.errors import (
    DeviceFaultError,
    DeviceTimeoutError,
    ExperimentCancelled,
    NotConnectedError,
    NotSafeError,
    ProtocolError,
    UncertainError,
)
from labloop.lab import LabJob, MemoryJournal
from labloop.lab.gate.outcomes import outcome_state
from labloop.records import ActionState
from labloop.units import quantity
from labloop_simulators.kit import Fault

FLOW = quantity(2, "mL/min")


def entries(host, experiment_id=None):
    return host.journal.entries("camp", experiment_id)


def sdk_host(driver, **options):
    """Return a host over a device that acts without labloop's transport; no line is opened."""
    DONE.clear()
    table = {"driver": f"lab_sdk_toys:{driver}"}
    return toy_host("a", tables={"devices": {"a": table}}, **options)


@pytest.mark.parametrize("action", ["expose_and_fail", "expose_and_hang"])
def test_what_acts_without_a_transport_is_never_called_not_sent(action):
    """Promise: a vendor's library may have acted before it failed or hung, so a person is asked."""
    with sdk_host("Camera", speed="real") as host:
        with pytest.raises(UncertainError, match="may or may not have happened"):
            host.call(lambda lab: getattr(lab.a, action)())
        assert DONE == ["shutter"]
        [entry] = entries(host)
    assert entry.state is ActionState.UNCERTAIN


def test_a_driver_that_also_acts_beside_its_transport_says_so():
    """Promise: a silent wire is no proof where it is not the only way."""
    with sdk_host("TriggeredCamera") as host:
        with pytest.raises(UncertainError, match="error -1074"):
            host.call(lambda lab: lab.a.open_shutter())
        [entry] = entries(host)
    assert entry.state is ActionState.UNCERTAIN


def test_what_never_reached_the_driver_was_not_sent():
    """Promise: where the body was not entered nobody need look, whatever the driver is made of."""
    release = threading.Event()

    class Slow(MemoryJournal):
        def intent(self, intent):
            kept = super().intent(intent)
            future = Future()
            if intent.name == "safe_state":
                return kept

            def later():
                release.wait(5)
                future.set_result(kept.result())

            threading.Thread(target=later, daemon=True).start()
            return future

    with sdk_host("Camera", journal=Slow()) as host:
        [future] = host.start([LabJob("e1", lambda lab: lab.a.expose_and_fail())])
        while not host.journal._intents:
            pass
        host.cancel("e1", "enough")
        release.set()
        with pytest.raises(ExperimentCancelled, match="enough"):
            future.result(5)
        [entry] = entries(host, "e1")
    assert (entry.state, DONE) == (ActionState.NOT_SENT, [])


def test_a_line_that_was_never_opened_is_not_opened_to_be_drained():
    """Promise: what is asked twice through a library touches no port."""
    with sdk_host("Camera", speed="real") as host:

        def no_line():
            raise AssertionError("the line was touched")

        async def guard(lab):
            lab.a.transport.drain = no_line

        host.call(guard)
        with pytest.raises(RuntimeError, match="error -1074"):
            host.call(lambda lab: lab.a.set_gain(2.0))
    assert DONE == ["gain 2"]


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
