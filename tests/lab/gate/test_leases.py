"""Promise: only who holds the lease sends a byte, and asking for it holds up nobody else."""

import asyncio
import threading
from concurrent.futures import Future

import pytest
from lab_toys import ToyWorld, toy_host

from labloop.errors import DeviceTimeoutError, LeaseError
from labloop.records import ActionState
from labloop.units import quantity

FLOW = quantity(2, "mL/min")


def entries(host):
    return host.journal.entries("camp")


def test_the_lease_is_asked_twice_and_a_lost_one_sends_nothing():
    """Promise: a lease lost while the intent was committed stops the bytes."""
    answers = [7, 7, 7, LeaseError("pump a: somebody else commands it")]

    def lease(device):
        future, answer = Future(), answers.pop(0)
        if isinstance(answer, Exception):
            future.set_exception(answer)
        else:
            future.set_result(answer)
        return future

    world = ToyWorld("a")
    with toy_host("a", world=world, lease=lease) as host:
        host.call(lambda lab: lab.a.set_value(FLOW))
        assert entries(host)[-1].intent.lease_token == 7
        with pytest.raises(LeaseError, match="somebody else"):
            host.call(lambda lab: lab.a.set_value(quantity(3, "mL/min")))
        assert entries(host)[-1].state is ActionState.NOT_SENT
    assert not any(frame.data == b"SET 3.000\n" for frame in world.truth.frames)


@pytest.mark.parametrize("speed", ["real", "max"])
def test_a_slow_database_delays_the_action_that_asks_and_nothing_else(speed):
    """Promise: the loop turns while the lease is read; in simulated time no lab time passes."""
    went_on = threading.Event()

    def lease(device):
        future = Future()

        def read():
            assert went_on.wait(5), "the loop was blocked"
            future.set_result(7)

        threading.Thread(target=read, daemon=True).start()
        return future

    async def other():
        for _ in range(5):
            await asyncio.sleep(0)
        went_on.set()

    async def work(lab):
        began = lab.now()
        await asyncio.gather(lab.a.set_value(FLOW), other())
        return (lab.now() - began).magnitude

    world = ToyWorld("a")
    with toy_host("a", world=world, lease=lease, speed=speed) as host:
        took = host.call(work)
        assert entries(host)[-1].intent.lease_token == 7
    assert world.emulators["a"].safe
    if speed == "max":
        assert took < 0.1


def test_a_lease_that_cannot_be_read_in_time_sends_nothing():
    """Promise: the action's own time bounds the database, too; nothing is journaled or sent."""
    world = ToyWorld("a")
    with toy_host("a", world=world, lease=lambda _: Future(), speed="real") as host:
        with pytest.raises(DeviceTimeoutError, match="the lease of a was not ready within"):
            host.call(lambda lab: lab.a.run_briefly(quantity(0.1, "s")))
        assert entries(host) == []
    assert not any(frame.data.startswith(b"RUN") for frame in world.truth.frames)
