"""Promise: an emulated line is a line: paced, late, garbled, unplugged, one at a time."""

import asyncio

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lab_toys import ToyWorld

from labloop.errors import DeviceTimeoutError, LabloopError, NotConnectedError
from labloop.lab import Clock, open_transport, until
from labloop.lab.time.priority_lock import URGENT
from labloop.lab.time.simulated import SimulatedLoop
from labloop_simulators.kit import Fault

LINE = until(b"\n")


def on_line(work, *faults, baud=9600):
    """Run ``work(transport, clock, emulator)`` in simulated time."""
    loop = SimulatedLoop()
    clock = Clock(loop)
    world = ToyWorld("a", baud=baud)
    emulator = world.emulators["a"]
    for fault in faults:
        emulator.faults.add(fault)
    transport = open_transport("emulator://a", clock, emulators=world.emulators)
    try:
        return loop.run_until_complete(work(transport, clock, emulator))
    finally:
        loop.close()


def test_a_wire_of_9600_baud_takes_its_time():
    """Promise: ten bits a byte, both ways."""

    async def work(transport, clock, _):
        await transport.exchange(b"GET\n", complete=LINE)
        return clock.now()

    assert on_line(work) == pytest.approx((4 + 6) * 10 / 9600)
    assert on_line(work, baud=None) == 0.0


def test_a_busy_loop_gives_the_same_times():
    """Promise: other timers in between change nothing on the line."""

    async def work(transport, clock, _):
        ticks = asyncio.create_task(_tick(clock))
        await transport.exchange(b"GET\n", complete=LINE)
        end = clock.now()
        ticks.cancel()
        return end

    assert on_line(work) == pytest.approx((4 + 6) * 10 / 9600)


async def _tick(clock):
    while True:
        await clock.sleep(1e-4)


@pytest.mark.parametrize("kind", ["drop", "half"])
def test_silence_ends_at_the_deadline(kind):
    """Promise: exactly then, with what was sent and received in the message."""

    async def work(transport, clock, _):
        with pytest.raises(DeviceTimeoutError, match=r"sent b'GET\\n', received b'(0\.0)?'"):
            await transport.exchange(b"GET\n", complete=LINE, timeout=0.5)
        assert clock.now() == pytest.approx(0.5)
        return await transport.exchange(b"GET\n", complete=LINE)

    assert on_line(work, Fault(kind, at=1)) == b"0.000\n"


def test_a_late_answer_belongs_to_its_question():
    """Promise: dropped where it came before the next exchange, waited for where it did not."""

    async def work(transport, clock, emulator):
        with pytest.raises(DeviceTimeoutError):
            await transport.exchange(b"ID\n", complete=LINE, timeout=0.5)
        await clock.sleep(6)
        assert await transport.exchange(b"GET\n", complete=LINE) == b"0.000\n"
        emulator.faults.add(Fault("delay", at=3, seconds=1.0))
        with pytest.raises(DeviceTimeoutError):
            await transport.exchange(b"ID\n", complete=LINE, timeout=1.005)
        return await transport.exchange(b"GET\n", complete=LINE)

    assert on_line(work, Fault("delay", at=1)) == b"0.000\n"


def test_surplus_is_dropped_before_the_next_exchange():
    """Promise: a doubled or unasked answer does not shift the following ones."""

    async def work(transport, clock, _):
        first = await transport.exchange(b"ID\n", complete=LINE)
        await clock.sleep(1)
        second = await transport.exchange(b"GET\n", complete=LINE)
        return first, second

    assert on_line(work, Fault("duplicate", at=1)) == (b"toy T-a\n", b"0.000\n")
    first, second = on_line(work, Fault("unsolicited", at=1, data=b"hello\n"))
    assert (first, second) == (b"hello\n", b"0.000\n")


def test_an_unplugged_line_is_told_at_once_or_at_the_deadline():
    """Promise: writing fails at once; a cable pulled while waiting is told, too."""

    async def work(transport, clock, emulator):
        with pytest.raises(NotConnectedError, match="emulator://a is unplugged"):
            await transport.exchange(b"GET\n", complete=LINE)
        with pytest.raises(NotConnectedError, match="unplugged"):
            await transport.send(b"GET\n")
        emulator.plug(clock.now())
        return await transport.exchange(b"GET\n", complete=LINE)

    assert on_line(work, Fault("unplug", at=1)) == b"0.000\n"


def test_sending_and_receiving_apart():
    """Promise: a command without answer, and an answer without command."""

    async def work(transport, clock, _):
        await transport.send(b"ID\nGET\n")
        first = await transport.receive(complete=LINE)
        second = await transport.receive(complete=LINE)
        await transport.send(b"ID\n")
        await clock.sleep(1)
        await transport.drain()
        with pytest.raises(DeviceTimeoutError):
            await transport.receive(complete=LINE, timeout=1)
        await transport.close()
        return first, second

    assert on_line(work) == (b"toy T-a\n", b"0.000\n")


def test_exchanges_take_turns():
    """Promise: two tasks never mix their bytes; what is urgent goes first."""

    async def work(transport, clock, _):
        ends = []

        async def ask(name, urgent=False):
            URGENT.set(urgent)
            await transport.exchange(b"RUN 1\n", complete=LINE, timeout=5)
            ends.append((name, round(clock.now())))

        async with asyncio.TaskGroup() as group:
            for name in "xyz":
                group.create_task(ask(name))
            await clock.sleep(0.5)
            group.create_task(ask("safe", urgent=True))
        return ends

    assert on_line(work) == [("x", 1), ("safe", 2), ("y", 3), ("z", 4)]


def test_a_cancelled_exchange_gives_its_turn_back():
    """Promise: its frame still arrives, its answer is dropped."""

    async def work(transport, clock, emulator):
        ticks = asyncio.create_task(_tick(clock))
        task = asyncio.create_task(transport.exchange(b"SET 5\n", complete=LINE))
        waiting = asyncio.create_task(transport.exchange(b"GET\n", complete=LINE))
        await clock.sleep(0.001)
        task.cancel()
        waiting.cancel()
        await asyncio.wait([task, waiting])
        await clock.sleep(1)
        data = await transport.exchange(b"GET\n", complete=LINE)
        ticks.cancel()
        return data, emulator.value

    assert on_line(work) == (b"5.000\n", 5.0)


def test_the_answer_to_a_cancelled_exchange_is_not_taken_for_the_next():
    """Promise: the line is let fall quiet first, as on a real port."""

    async def work(transport, clock, _):
        task = asyncio.create_task(transport.exchange(b"ID\n", complete=LINE))
        await clock.sleep(0.001)
        task.cancel()
        await asyncio.wait([task])
        first = await transport.exchange(b"GET\n", complete=LINE)
        task = asyncio.create_task(transport.exchange(b"ID\n", complete=LINE))
        await clock.sleep(0.001)
        task.cancel()
        await asyncio.wait([task])
        await transport.send(b"GET\n")
        return first, await transport.receive(complete=LINE)

    assert on_line(work) == (b"0.000\n", b"0.000\n")


@settings(max_examples=100, deadline=None)
@example([("garble", 8), ("delay", 8), ("delay", 8), ("duplicate", 1)], 300)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["drop", "garble", "half", "delay", "duplicate"]), st.integers(1, 8)
        ),
        max_size=5,
    ),
    st.sampled_from([None, 300, 9600]),
)
def test_whatever_goes_wrong_an_exchange_ends(faults, baud):
    """Promise: a reply or an error of ours, within the deadline, and then all is well again."""

    async def work(transport, clock, _):
        for _ in range(8):
            began = clock.now()
            try:
                assert (await transport.exchange(b"GET\n", complete=LINE)).endswith(b"\n")
            except LabloopError:
                assert clock.now() == pytest.approx(began + 2)
            assert clock.now() <= began + 2.0001
        await clock.sleep(60)
        return await transport.exchange(b"GET\n", complete=LINE)

    plan = [Fault(kind, at=at) for kind, at in faults]
    assert on_line(work, *plan, baud=baud) == b"0.000\n"
