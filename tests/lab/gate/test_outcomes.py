"""Promise: what may have happened is uncertain, also where no transport of labloop carried it."""

import threading
from concurrent.futures import Future

import pytest
from lab_sdk_toys import DONE
from lab_toys import toy_host

from labloop.errors import ExperimentCancelled, UncertainError
from labloop.lab import LabJob, MemoryJournal
from labloop.records import ActionState


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
