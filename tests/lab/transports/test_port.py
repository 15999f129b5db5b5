"""Promise: the drivers that work with emulators work over real lines, and a stop reaches them."""

import asyncio
import socket
import threading
import time

import pytest
from lab_toys import ToyWorld, toy_host

from labloop.errors import (
    DeviceTimeoutError,
    ExperimentCancelled,
    NotConnectedError,
    UncertainError,
)
from labloop.lab import Clock, LabJob, open_transport, until
from labloop.lab.time.lab_loop import LabLoop
from labloop.lab.time.priority_lock import URGENT
from labloop.lab.transports.port import PortTransport
from labloop.records import ActionState, Mode
from labloop.units import quantity
from labloop_simulators.kit import Fault, serve_tcp, serve_world

LINE = until(b"\n")


def real_host(urls, **options):
    limits = {"set_value.rate": {"max": "20 mL/min"}}
    devices = {
        name: {
            "driver": "lab_toys:Toy",
            "url": url,
            "serial_number": f"T-{name}",
            "limits": limits,
        }
        for name, url in urls.items()
    }
    return toy_host(*urls, mode=Mode.REAL, tables={"devices": devices}, **options)


def on_loop(work):
    """Run ``work(clock)`` on a real loop."""
    loop = LabLoop()
    try:
        return loop.run_until_complete(work(Clock(loop)))
    finally:
        loop.close()


def test_the_same_driver_over_tcp():
    """Promise: identify, act, read and be made safe, over a real socket in real time."""
    world = ToyWorld("a", "b", baud=115200)

    async def procedure(lab):
        await lab.a.set_value(quantity(3, "mL/min"))
        async with asyncio.TaskGroup() as group:
            group.create_task(lab.a.run(quantity(0.05, "s")))
            group.create_task(lab.b.run(quantity(0.05, "s")))
        return (await lab.a.value()).value

    with serve_world(world.emulators) as urls, real_host(urls) as host:
        assert host.identities["a"].url == urls["a"]
        assert host.run([LabJob("e1", procedure)]) == [3.0]
        assert host.truth is None
        [first, *_] = host.journal.entries("camp", "e1")
        assert first.outcome.sent == (b"SET 3.000\n",)
    assert host.report.safe == ["a", "b"]
    assert all(emulator.safe for emulator in world.emulators.values())


def test_stop_cancels_a_blocked_line_and_safe_goes_first():
    """Promise: four experiments wait for one slow device; stop makes it safe within seconds."""
    world = ToyWorld("a", baud=None)

    async def slow(lab):
        await lab.a.run(quantity(600, "s"))

    with serve_tcp(world.emulators["a"]) as url, real_host({"a": url}) as host:
        futures = host.start([LabJob(f"e{n}", slow) for n in range(4)])
        while not any(event.event == "run" for event in list(world.truth.events)):
            time.sleep(0.005)
        began = time.monotonic()
        host.stop("enough")
        for future in futures:
            with pytest.raises(ExperimentCancelled, match="enough"):
                future.result(5)
        states = [entry.state for entry in host.journal.entries("camp", "e0")]
        assert states == [ActionState.UNCERTAIN]
        assert host.journal.entries("camp", "e1") == []
    assert time.monotonic() - began < 4
    assert host.report.safe == ["a"]


def test_a_pulled_cable_is_told_and_the_line_comes_back():
    """Promise: opened again once it can be, and nothing is set anew by itself."""
    world = ToyWorld("a", baud=None)
    emulator = world.emulators["a"]
    with serve_tcp(emulator) as url, real_host({"a": url}) as host:
        emulator.faults.add(Fault("unplug", at=3))
        with pytest.raises(UncertainError, match=r"the line .* is dead .*check cable and power"):
            host.call(lambda lab: lab.a.set_value(quantity(1, "mL/min")))
        with pytest.raises(NotConnectedError, match="is lost; it is tried again in"):
            host.call(lambda lab: lab.a.value())
        emulator.plug(0.0)
        time.sleep(0.6)
        assert host.call(lambda lab: lab.a.value()).value == 0.0
    assert host.report.safe == ["a"]


def test_no_answer_in_time():
    """Promise: the message has the frame and what came."""
    world = ToyWorld("a", baud=None)
    emulator = world.emulators["a"]
    emulator.faults.add(Fault("half", at=1))

    async def ask(clock):
        transport = open_transport(url, clock)
        with pytest.raises(DeviceTimeoutError, match=r"sent b'GET\\n', received b'0.0'"):
            await transport.exchange(b"GET\n", complete=LINE, timeout=0.2)
        # What is left over is dropped, and the next exchange is right.
        assert await transport.exchange(b"GET\n", complete=LINE) == b"0.000\n"
        await transport.close()

    with serve_tcp(emulator) as url:
        on_loop(ask)


def test_the_answer_to_a_cancelled_exchange_is_not_taken_for_the_next():
    """Promise: the line is cleared first."""
    world = ToyWorld("a", baud=None)
    emulator = world.emulators["a"]

    async def ask(clock):
        transport = open_transport(url, clock)
        assert await transport.exchange(b"GET\n", complete=LINE) == b"0.000\n"
        task = asyncio.create_task(transport.exchange(b"RUN 0.05\n", complete=LINE))
        await clock.sleep(0.02)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await transport.exchange(b"GET\n", complete=LINE) == b"0.000\n"
        await transport.send(b"GET\n")
        assert await transport.receive(complete=LINE) == b"0.000\n"
        await transport.send(b"GET\n")
        await clock.sleep(0.1)
        await transport.drain()
        with pytest.raises(DeviceTimeoutError, match="received b''"):
            await transport.receive(complete=LINE, timeout=0.1)
        await transport.close()

    with serve_tcp(emulator) as url:
        on_loop(ask)


def test_what_is_cancelled_in_line_was_never_sent():
    """Promise: only what may have left the port counts as sent."""
    world = ToyWorld("a", baud=None)

    async def procedure(lab):
        first = asyncio.create_task(lab.a.transport.exchange(b"RUN 0.3\n", complete=LINE))
        await asyncio.sleep(0.05)
        second = asyncio.create_task(lab.a.set_value(quantity(1, "mL/min")))
        await asyncio.sleep(0.05)
        second.cancel()
        await asyncio.wait([first, second])
        return second.cancelled()

    with serve_tcp(world.emulators["a"]) as url, real_host({"a": url}) as host:
        assert host.call(procedure)
        [entry] = host.journal.entries("camp")
        assert entry.state is ActionState.NOT_SENT
    assert not any(frame.data.startswith(b"SET") for frame in world.truth.frames)


def test_nobody_listens():
    """Promise: connection refused is a sentence with the address."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with (
        pytest.raises(NotConnectedError, match=rf"socket://127\.0\.0\.1:{port} is dead"),
        real_host({"a": f"socket://127.0.0.1:{port}"}),
    ):
        pass


def test_an_urgent_task_goes_ahead_of_those_who_wait_for_the_port():
    """Promise: the mark of the task reaches the line."""
    world = ToyWorld("a", baud=None)

    async def work(clock):
        transport = PortTransport(url, clock)
        ends = []

        async def ask(name, urgent=False):
            URGENT.set(urgent)
            await transport.exchange(b"RUN 0.1\n", complete=LINE, timeout=5)
            ends.append(name)

        async with asyncio.TaskGroup() as group:
            for name in "xyz":
                group.create_task(ask(name))
            await clock.sleep(0.05)
            group.create_task(ask("safe", urgent=True))
        await transport.close()
        return ends

    with serve_tcp(world.emulators["a"]) as url:
        assert on_loop(work) == ["x", "safe", "y", "z"]


def test_no_thread_and_no_socket_is_left_behind():
    """Promise: many connects, and everything is given back."""
    world = ToyWorld("a", baud=None)
    with serve_tcp(world.emulators["a"]) as url:
        before = set(threading.enumerate())
        for _ in range(4):
            with real_host({"a": url}):
                pass
        until_then = time.monotonic() + 3
        while (left := set(threading.enumerate()) - before) and time.monotonic() < until_then:
            time.sleep(0.01)
        assert not left
