"""Promise: everything that waits for lab time or for a thread does so by the clock."""

import asyncio
import threading
from concurrent.futures import Future

import pytest
from lab_toys import toy_host

from labloop.errors import DeviceTimeoutError
from labloop.lab import LabJob
from labloop.units import quantity


def minutes(number):
    return quantity(number, "min")


def test_what_takes_long_does_not_hold_lab_time():
    """Promise: a person may take days; the lab goes on meanwhile."""
    answer: Future[str] = Future()

    async def ask(lab):
        return await lab.a.context.clock.external(answer, long=True)

    async def work(lab):
        await lab.wait(quantity(10, "h"))
        answer.set_result("yes")
        return 1

    with toy_host("a") as host:
        assert host.run([LabJob("e1", ask), LabJob("e2", work)]) == ["yes", 1]


def test_an_external_error_is_raised_where_it_is_awaited():
    """Promise: nothing is lost on the way out of a thread."""
    future: Future[None] = Future()
    future.set_exception(OSError("disk full"))
    with toy_host("a") as host, pytest.raises(OSError, match="disk full"):
        host.call(lambda lab: lab.a.context.clock.external(future))


def test_a_deadline_runs_on_lab_time():
    """Promise: an hour's deadline costs no time, and says who was late."""

    async def late(lab):
        async with lab.a.context.deadline(3600):
            await lab.wait(quantity(2, "h"))

    with toy_host("a") as host:
        with pytest.raises(DeviceTimeoutError, match="a was not ready within 3600 s"):
            host.call(late)
        assert host.now() == pytest.approx(3600, abs=1)


def test_a_cancelled_external_still_lets_time_go_on():
    """Promise: who stopped waiting does not hold the clock for ever."""
    never: Future[None] = Future()

    async def impatient(lab):
        task = asyncio.create_task(lab.a.context.clock.external(never))
        await asyncio.sleep(0)
        task.cancel()
        threading.Timer(0.02, never.set_result, [None]).start()
        await lab.wait(minutes(1))
        return task.cancelled()

    with toy_host("a") as host:
        assert host.call(impatient)
