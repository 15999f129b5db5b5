"""Promise: an answer belongs to its question, whatever comes late, twice, cut or never."""

import asyncio
import socket
import threading
import time
from contextlib import contextmanager

import pytest

from labloop.errors import DeviceTimeoutError, LabloopError
from labloop.lab import Clock, Resync, open_transport, until
from labloop.lab.time.lab_loop import LabLoop
from labloop.lab.time.priority_lock import URGENT
from labloop.lab.time.simulated import SimulatedLoop
from labloop.lab.transports.base import LOST_SECONDS
from labloop.lab.transports.port import PortTransport
from labloop_simulators.kit import Emulator, Fault, TruthLog, serve_tcp

LINE = until(b"\n")


NAME = Resync(b"ID?\n", until(b"THERM 7\n"))


RIGHT = {b"A?\n": b"20.0\n", b"B?\n": b"95.0\n", b"ID?\n": b"THERM 7\n", b"STOP\n": b"OK\n"}


class Thermometer(Emulator):
    """Two temperatures, a name and a stop; ``A?`` and ``B?`` bear no mark."""

    def split(self, buffer):
        end = buffer.find(b"\n")
        if end < 0:
            return None
        line = bytes(buffer[: end + 1])
        del buffer[: end + 1]
        return line

    def handle(self, frame, now):
        return RIGHT[frame]


def thermometer(*faults, baud=9600):
    made = Thermometer("t", TruthLog(), baud=baud)
    for fault in faults:
        made.faults.add(fault)
    return made


@contextmanager
def simulated(emulator):
    """An emulated line in simulated time."""
    loop = SimulatedLoop()
    clock = Clock(loop)
    try:
        yield loop, clock, open_transport("emulator://t", clock, emulators={"t": emulator})
    finally:
        loop.close()


@contextmanager
def on_tcp(emulator):
    """The same over a real socket, in real time."""
    loop = LabLoop()
    clock = Clock(loop)
    with serve_tcp(emulator) as url:
        transport = PortTransport(url, clock)
        try:
            yield loop, clock, transport
        finally:
            loop.run_until_complete(transport.close())
            loop.close()


async def ask(transport, frame, seconds=0.3):
    try:
        return await transport.exchange(frame, complete=LINE, timeout=seconds)
    except LabloopError as error:
        return type(error)


@pytest.mark.parametrize("resync", [None, NAME], ids=["counted", "resync"])
@pytest.mark.parametrize("line", [simulated, on_tcp])
@pytest.mark.parametrize("kind", ["drop", "half", "delay", "duplicate"])
def test_no_value_under_another_question(line, kind, resync):
    """Promise: the right value or an error of ours, on every kind of line."""
    emulator = thermometer(Fault(kind, at=2, seconds=0.45))

    async def work(transport):
        return [(q, await ask(transport, q)) for q in (b"A?\n", b"A?\n", b"B?\n", b"A?\n", b"B?\n")]

    with line(emulator) as (loop, _, transport):
        transport.resync = resync
        told = loop.run_until_complete(work(transport))
    assert [a for q, a in told if isinstance(a, bytes) and a != RIGHT[q]] == []
    # With a question that resyncs, the line is right again at once.
    good = [isinstance(answer, bytes) for _, answer in told]
    assert good[0]
    assert good.count(False) <= 2 or resync is None


def test_a_late_answer_is_waited_for():
    """Promise: the next question is asked when the answer that was owed has passed."""

    async def work(transport, clock):
        with pytest.raises(DeviceTimeoutError):
            await transport.exchange(b"A?\n", complete=LINE, timeout=1.0)
        return await transport.exchange(b"B?\n", complete=LINE, timeout=3.0), clock.now()

    with simulated(thermometer(Fault("delay", at=1, seconds=2.5))) as (loop, clock, transport):
        answer, now = loop.run_until_complete(work(transport, clock))
    assert answer == b"95.0\n"
    assert 2.5 < now < 2.7


def test_a_line_that_owes_refuses_and_says_so():
    """Promise: nothing is sent, what is owed is named; after long silence all is well."""

    async def work(transport, clock):
        await ask(transport, b"A?\n")
        with pytest.raises(DeviceTimeoutError, match=r"still owes the answer to b'A\?\\n'; b'B"):
            await transport.exchange(b"B?\n", complete=LINE, timeout=1.0)
        # The same question may have whichever of its own answers comes.
        assert await ask(transport, b"A?\n") == b"20.0\n"
        await clock.sleep(LOST_SECONDS)
        return await ask(transport, b"B?\n")

    emulator = thermometer(Fault("drop", at=1))
    with simulated(emulator) as (loop, clock, transport):
        assert loop.run_until_complete(work(transport, clock)) == b"95.0\n"
    heard = [frame.data for frame in emulator.truth.frames if frame.direction == ">"]
    assert heard == [b"A?\n", b"A?\n", b"B?\n"]


def test_an_answer_of_a_resync_that_comes_late_is_no_value():
    """Promise: an instrument that was away for seconds answers all; each finds its place."""

    async def work(transport, clock):
        told = []
        for _ in range(6):
            told += [(q, await ask(transport, q, 1.5)) for q in (b"A?\n", b"B?\n")]
        return told

    emulator = thermometer(*(Fault("delay", at=n, seconds=1.2 * n) for n in range(1, 4)))
    with simulated(emulator) as (loop, clock, transport):
        transport.resync = NAME
        told = loop.run_until_complete(work(transport, clock))
    assert [a for q, a in told if isinstance(a, bytes) and a != RIGHT[q]] == []
    assert isinstance(told[-1][1], bytes)


@pytest.mark.parametrize("line", [simulated, on_tcp])
@pytest.mark.parametrize("resync", [None, NAME], ids=["counted", "resync"])
def test_a_safe_state_is_sent_at_once(line, resync):
    """Promise: it does not wait for what is owed, and its answer is its own."""
    emulator = thermometer(Fault("delay", at=1, seconds=0.6))

    async def work(transport, clock):
        task = asyncio.create_task(transport.exchange(b"A?\n", complete=LINE))
        await clock.sleep(0.05)
        task.cancel()
        await asyncio.wait([task])
        URGENT.set(True)
        return await transport.exchange(b"STOP\n", complete=LINE)

    with line(emulator) as (loop, clock, transport):
        transport.resync = resync
        answer = loop.run_until_complete(loop.create_task(work(transport, clock)))
    heard = [(f.time, f.data) for f in emulator.truth.frames if f.direction == ">"]
    assert heard[1][1] == b"STOP\n"
    assert heard[1][0] - heard[0][0] < 0.4
    assert answer == b"OK\n"


def test_an_instrument_that_dropped_what_it_did_is_made_safe_all_the_same():
    """Promise: where an action's answer never comes, one after the stop is the stop's."""
    emulator = thermometer(Fault("drop", at=1))

    async def work(transport, clock):
        await ask(transport, b"A?\n")
        URGENT.set(True)
        began = clock.now()
        return [await ask(transport, b"STOP\n", 2.0) for _ in range(2)], clock.now() - began

    with simulated(emulator) as (loop, clock, transport):
        answers, took = loop.run_until_complete(loop.create_task(work(transport, clock)))
    assert answers == [b"OK\n", b"OK\n"]
    assert took < 0.7
    stops = [f for f in emulator.truth.frames if f.data == b"STOP\n"]
    assert len(stops) == 2


def test_what_is_sent_without_an_answer_waits_for_what_is_owed():
    """Promise: send and receive are an exchange as well."""

    async def work(transport):
        with pytest.raises(DeviceTimeoutError):
            await transport.exchange(b"A?\n", complete=LINE, timeout=0.3)
        await transport.send(b"B?\n")
        first = await transport.receive(complete=LINE)
        await transport.send(b"A?\n")
        with pytest.raises(DeviceTimeoutError):
            await transport.receive(complete=LINE, timeout=0.3)
        return first, await transport.exchange(b"B?\n", complete=LINE)

    faults = Fault("delay", at=1, seconds=1.0), Fault("delay", at=3, seconds=1.0)
    with simulated(thermometer(*faults)) as (loop, _, transport):
        assert loop.run_until_complete(work(transport)) == (b"95.0\n", b"95.0\n")


def test_the_second_copy_of_an_answer_passes_by():
    """Promise: also one that comes a little after the next question was wanted."""

    def serve(listener):
        line, _ = listener.accept()
        with line:
            while asked := line.recv(100):
                line.sendall(RIGHT[asked])
                if asked == b"A?\n":
                    time.sleep(0.03)
                    line.sendall(RIGHT[asked])

    async def work(clock):
        port = PortTransport(f"socket://127.0.0.1:{listener.getsockname()[1]}", clock)
        answers = [await ask(port, q, 1.0) for q in (b"A?\n", b"B?\n", b"A?\n", b"B?\n")]
        await port.close()
        return answers

    loop = LabLoop()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,), daemon=True)
        thread.start()
        answers = loop.run_until_complete(work(Clock(loop)))
        thread.join(5)
    loop.close()
    assert answers == [b"20.0\n", b"95.0\n"] * 2


def test_a_driver_hears_what_was_swallowed():
    """Promise: an alarm in an answer that nobody waited for is not lost."""
    heard = []

    async def work(transport):
        await ask(transport, b"A?\n")
        return await ask(transport, b"B?\n", 2.0)

    with simulated(thermometer(Fault("delay", at=1, seconds=1.0))) as (loop, _, transport):
        transport.resync = Resync(NAME.question, NAME.answered, gap=0.25, swallowed=heard.append)
        assert loop.run_until_complete(work(transport)) == b"95.0\n"
    assert b"".join(heard).startswith(b"20.0\nTHERM 7\n")
