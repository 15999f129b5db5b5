"""Promise: an end freezes lab time until its caller has reacted, and the next one waits."""

import asyncio
import time

import pytest
from lab_toys import toy_host

from labloop.lab import LabJob
from labloop.lab.host.result_delivery import ResultDelivery
from labloop.lab.time import SimulatedLoop
from labloop.units import quantity


def minutes(number):
    return quantity(number, "min")


def test_lab_time_stands_still_while_nobody_experiments():
    """Promise: the brain's thinking costs no lab time."""
    with toy_host("a") as host:
        before = host.now()
        time.sleep(0.05)
        assert host.now() == before


def test_an_end_holds_lab_time_until_the_caller_has_reacted():
    """Promise: a follow-up begins at the very lab second at which its forerunner ended."""

    async def wait(lab, time):
        await lab.wait(minutes(time))
        return lab.now().magnitude

    with toy_host("a") as host:
        first, other = host.start(
            [LabJob("e1", lambda lab: wait(lab, 1)), LabJob("e2", lambda lab: wait(lab, 9))]
        )
        end = first.result(5)
        time.sleep(0.05)
        assert host.now() == end
        assert not other.done()
        [following] = host.start([LabJob("e3", lambda lab: wait(lab, 1))])
        host.settle()
        assert following.result(5) == pytest.approx(end + 60)
        host.settle()
        assert other.result(5) == pytest.approx(end + 8 * 60)


def test_two_ends_at_the_same_second_are_told_one_at_a_time():
    """Promise: the second end is told when the first one has been settled."""

    async def same(lab):
        await lab.wait(minutes(1))
        return 1

    with toy_host("a") as host:
        first, second = host.start([LabJob("e1", same), LabJob("e2", same)])
        assert first.result(5) == 1
        time.sleep(0.05)
        assert not second.done()
        host.settle()
        assert second.result(5) == 1


def test_ends_wait_for_their_caller_and_a_stop_delivers_all():
    """Promise: one end at a time, the next after it was settled; at a stop nobody waits."""
    loop, seen = SimulatedLoop(), []

    async def idle():
        waiter = loop.create_future()
        loop.call_when_idle(lambda: waiter.set_result(None))
        await waiter

    async def work():
        delivery = ResultDelivery(loop)
        for name in ("a", "b", "c", "d"):
            delivery.add(lambda name=name: seen.append(name))
        await idle()
        assert (seen, delivery.delivered) == (["a"], 1)
        delivery.settle(1)
        delivery.settle(1)
        assert (seen, delivery.delivered) == (["a", "b"], 2)
        delivery.deliver_all()
        await asyncio.sleep(1.0)
        return loop.time()

    try:
        assert loop.run_until_complete(work()) == 1.0
    finally:
        loop.close()
    assert seen == ["a", "b", "c", "d"]
