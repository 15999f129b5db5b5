"""Promise: calls of a library happen one by one, bounded in any time, and are told as they are."""

import asyncio
import threading
import time

import pytest

from labloop.errors import (
    DefinitionError,
    DeviceFaultError,
    DeviceTimeoutError,
    NotConnectedError,
    ProtocolError,
)
from labloop.lab import Clock, LibraryTransport, until_etx
from labloop.lab.time import URGENT, LabLoop, SimulatedLoop


@pytest.fixture(params=[LabLoop, SimulatedLoop], ids=["real", "simulated"])
def run(request):
    """Run ``work(transport, clock)`` in a lab's loop."""
    loop = request.param()
    transports = []

    def go(work):
        async def whole():
            clock = Clock(loop)
            transport = LibraryTransport("library://x", clock, device="x")
            transports.append(transport)
            try:
                return await work(transport, clock)
            finally:
                await transport.close()

        return loop.run_until_complete(whole())

    yield go
    loop.close()


def test_blocking_and_async_calls_share_one_thread(run):
    """Promise: both happen on the library's thread, in order, and lab time stands still."""
    seen = []

    def block():
        time.sleep(0.02)
        seen.append(("block", threading.current_thread().name))

    async def wait():
        await asyncio.sleep(0.02)
        seen.append(("wait", threading.current_thread().name))
        return 7

    async def work(transport, clock):
        first, second = await asyncio.gather(transport.call(block), transport.call(wait))
        return first, second, clock.now()

    first, second, now = run(work)
    assert (first, second) == (None, 7)
    assert seen == [("block", "labloop-library-x"), ("wait", "labloop-library-x")]
    assert now < 5


@pytest.mark.parametrize(
    ("raised", "error"),
    [
        (ValueError("no"), DeviceFaultError),
        (RuntimeError("-7"), ProtocolError),
        (ConnectionResetError("gone"), NotConnectedError),
        (TimeoutError("late"), DeviceTimeoutError),
        (SystemExit(3), ProtocolError),
        (asyncio.CancelledError(), ProtocolError),
    ],
)
def test_what_a_library_raises_is_an_error_of_labloops(run, raised, error):
    """Promise: each kind with its name; what is refused is a fault of the device, and sure."""

    def fail():
        raise raised

    async def work(transport, _):
        transport.refused = (ValueError,)
        await transport.call(fail)

    with pytest.raises(error, match=rf"x: .*fail\(\) raised {type(raised).__name__}"):
        run(work)


def test_a_hung_coroutine_is_cancelled_at_its_time_out(run):
    """Promise: an async library hears of it, and goes on."""
    heard = []

    async def hang():
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            heard.append("cancelled")
            raise

    async def work(transport, clock):
        with pytest.raises(DeviceTimeoutError, match=r"was not ready within 0\.2 s"):
            await transport.call(hang, seconds=0.2)
        return await transport.call(lambda: 5), clock.now()

    found, now = run(work)
    assert (found, heard) == (5, ["cancelled"])
    assert 0.2 <= now < 10


def test_what_is_urgent_passes_a_coroutine_that_hangs_on_the_same_thread(run):
    """Promise: the loop of an async library is free, so no second thread is begun."""

    async def hang():
        await asyncio.sleep(60)

    async def work(transport, clock):
        task = asyncio.ensure_future(transport.call(hang))
        await clock.sleep(0.01)
        URGENT.set(True)
        name = await transport.call(lambda: threading.current_thread().ident)
        URGENT.set(False)
        task.cancel()
        await asyncio.wait([task])
        return name == await transport.call(lambda: threading.current_thread().ident)

    assert run(work)


def test_what_is_urgent_goes_to_another_thread_where_the_first_is_blocked(run):
    """Promise: and what was blocked does no harm when it comes back."""
    released, done = threading.Event(), []

    def hang():
        released.wait(30)
        done.append("hung")

    async def work(transport, clock):
        with pytest.raises(DeviceTimeoutError):
            await transport.call(hang, seconds=0.1)
        URGENT.set(True)
        await transport.call(lambda: done.append("safe"))
        URGENT.set(False)
        released.set()
        return await transport.call(lambda: 1)

    assert run(work) == 1
    assert done[0] == "safe"
    assert done.count("safe") == 1


def test_bytes_are_refused(run):
    """Promise: a driver that mistakes the transport is told."""

    async def work(transport, _):
        with pytest.raises(DefinitionError, match="speaks through a library"):
            await transport.exchange(b"?", complete=until_etx)
        with pytest.raises(DefinitionError, match="no bytes can be sent"):
            await transport.send(b"?")
        with pytest.raises(DefinitionError, match="speaks through a library"):
            await transport.receive(complete=until_etx)

    run(work)
