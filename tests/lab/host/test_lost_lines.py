"""Promise: a line that is lost is told, comes back, and never brings another instrument in."""

import asyncio
import socket
import sys
import threading
import time

import pytest
from lab_toys import LINE, ToyWorld, left_unsafe, toy_host

from labloop.errors import LabFileError, NotConnectedError, WrongDeviceError
from labloop.lab import Clock, Device, lab_file_of
from labloop.lab.time.lab_loop import LabLoop
from labloop.lab.transports.blocking_port import BlockingPort
from labloop.lab.transports.port import PortTransport
from labloop.records import DeviceIdentity, Mode
from labloop.units import quantity
from labloop_simulators.kit import Fault, serve_tcp

FLOW = quantity(2, "mL/min")


def real_host(url, **options):
    table = {
        "driver": "lab_toys:Toy",
        "url": url,
        "serial_number": "T-a",
        "limits": {"set_value.rate": {"max": "20 mL/min"}},
    }
    return toy_host("a", mode=Mode.REAL, tables={"devices": {"a": table}}, **options)


def heard(world):
    return [frame.data for frame in world.truth.frames if frame.direction == ">"]


def wait_for_the_server():
    """Let the server's turn close what was unplugged."""
    time.sleep(0.1)


def test_a_safe_state_arrives_after_the_cable_was_put_back():
    """Promise: nobody spoke in between; the shutdown opens the line and identifies first."""
    world, alarms = ToyWorld("a", baud=None), []
    emulator = world.emulators["a"]
    with serve_tcp(emulator) as url:
        with real_host(url, on_alarm=alarms.append) as host:
            host.call(lambda lab: lab.a.set_value(FLOW))
            emulator.unplug(0.0)
            wait_for_the_server()
            emulator.plug(0.0)
            before = len(world.truth.frames)
        assert host.report.safe == ["a"]
    assert emulator.safe
    again = [f.data for f in world.truth.frames[before:] if f.direction == ">"]
    assert again[-2:] == [b"ID\n", b"SAFE\n"]
    assert [alarm.kind for alarm in alarms] == ["line-back"]
    assert "Nothing was set anew" in alarms[0].message


def test_another_instrument_at_the_end_of_the_cable_is_not_spoken_to():
    """Promise: neither commanded nor made safe, and the lab says that its own may not be safe."""
    world = ToyWorld("a", baud=None)
    emulator = world.emulators["a"]
    with serve_tcp(emulator) as url, left_unsafe(real_host(url), "'T-other'") as host:
        emulator.unplug(0.0)
        wait_for_the_server()
        emulator.plug(0.0)
        emulator.serial_number = "T-other"
        with pytest.raises(NotConnectedError, match=r"^a: the line socket://.* is dead \("):
            host.call(lambda lab: lab.a.value())
        time.sleep(0.6)
        for _ in range(2):
            with pytest.raises(WrongDeviceError, match="T-other"):
                host.call(lambda lab: lab.a.value())
    assert "T-other" in host.report.failures["a"]
    assert b"SAFE\n" not in heard(world)


def test_a_simulated_cable_does_the_same():
    """Promise: the driver sees no difference; one lost answer is asked for once more."""
    world, alarms = ToyWorld("a"), []
    emulator = world.emulators["a"]
    with toy_host("a", world=world, on_alarm=alarms.append) as host:
        emulator.unplug(0.0)
        with pytest.raises(NotConnectedError, match="unplugged"):
            host.call(lambda lab: lab.a.value())
        emulator.plug(0.0)
        emulator.faults.add(Fault("drop", at=emulator.count + 1))
        assert host.call(lambda lab: lab.a.value()).value == 0.0
        assert heard(world)[-3:] == [b"ID\n", b"ID\n", b"GET\n"]
        host.call(lambda lab: lab.a.value())
        assert heard(world)[-1:] == [b"GET\n"]
    assert [alarm.kind for alarm in alarms] == ["line-back"]


class OddError(Exception):
    """As ``termios.error``, which is no OSError."""


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OddError(5, "Input/output error"), r"is dead \(Input/output error\)"),
        (OSError(5, "Input/output error"), r"is dead \(Input/output error\)"),
        (ConnectionResetError(104, "Connection reset by peer"), r"\(Connection reset by peer\)"),
        (TypeError("'NoneType' object cannot be interpreted"), r"\('NoneType' object cannot"),
        (EOFError(), r"is dead \(EOFError\)"),
    ],
)
@pytest.mark.parametrize("where", ["read", "write", "in_waiting", "open"])
def test_whatever_a_port_raises_is_one_sentence(monkeypatch, where, error, told):
    """Promise: the line, what the system says in words, and what to do; no number, no traceback."""

    class Port:
        timeout = 0.1

        def __getattribute__(self, name):
            if name == where:
                raise error
            if name == "_socket":
                raise AttributeError(name)
            return {"in_waiting": 1, "write": len, "read": bytes, "close": lambda: None}[name]

    def opened(self):
        if where == "open":
            raise error
        return Port()

    monkeypatch.setattr(BlockingPort, "_open_port", opened)

    async def work():
        port = PortTransport("serial://COM7", Clock(loop), device="bath")
        with pytest.raises(NotConnectedError, match=told) as caught:
            await port.exchange(b"T?\n", complete=lambda buffer: 0, timeout=0.2)
        await port.close()
        return str(caught.value)

    loop = LabLoop()
    try:
        message = loop.run_until_complete(work())
    finally:
        loop.close()
    assert message.startswith("bath: the line serial://COM7 is dead (")
    assert "check cable and power" in message
    assert "Errno" not in message


def test_a_dead_line_is_tried_ever_more_seldom(monkeypatch):
    """Promise: nobody hammers on a line; the clock of the lab says when."""
    now, tries = [0.0], []

    def opened(self):
        tries.append(now[0])
        raise OSError(2, "No such file or directory")

    monkeypatch.setattr(BlockingPort, "_open_port", opened)
    port = BlockingPort("serial://COM7", lambda: now[0])
    while now[0] < 10.0:
        with pytest.raises(NotConnectedError):
            port.open("bath", at_once=False)
        now[0] += 0.125
    assert tries == [0.0, 0.5, 1.5, 3.5, 7.5]
    with pytest.raises(NotConnectedError, match="No such file"):
        port.open("bath", at_once=True)


class Addressed(Device):
    """One of several on a line: frames begin with its address."""

    model = "bus"

    async def identify(self):
        frame = f"{self.options['address']}ID\n".encode()
        line = await self.transport.exchange(frame, complete=LINE)
        return DeviceIdentity(device=self.name, model="bus", serial_number=line.decode().strip())

    async def safe_state(self):
        await self.identify()


def bus_tables(url, *addresses, more=""):
    return {
        "lab": {"name": "bus"},
        "devices": {
            f"p{n}": {
                "driver": "test_lost_lines:Addressed",
                "url": url + (more if n else ""),
                "serial_number": f"SN{n}",
                "options": {} if address is None else {"address": address},
            }
            for n, address in enumerate(addresses)
        },
    }


def test_two_addresses_share_one_line(monkeypatch):
    """Promise: one connection, one turn; never two questions at once."""
    lines, overlaps = [], []

    def serve(listener):
        line, _ = listener.accept()
        lines.append(line)
        with line:
            while asked := line.recv(100):
                overlaps.extend([asked] if asked.count(b"\n") != 1 else [])
                line.sendall(b"SN" + asked[:1] + b"\n")

    async def both(lab):
        return await asyncio.gather(*(pump.identify() for pump in (lab.p1, lab.p0) * 3))

    monkeypatch.setitem(sys.modules, "test_lost_lines", sys.modules[__name__])
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,), daemon=True)
        thread.start()
        url = f"socket://127.0.0.1:{listener.getsockname()[1]}"
        tables = bus_tables(url, 0, 1)
        with toy_host("p0", "p1", mode=Mode.REAL, tables=tables) as host:
            told = [each.serial_number for each in host.call(both)]
        thread.join(5)
    assert told == ["SN1", "SN0"] * 3
    assert host.report.safe == ["p0", "p1"]
    assert (len(lines), overlaps) == (1, [])


@pytest.mark.parametrize(
    ("addresses", "more"), [((None, 1), ""), ((1, 1), ""), ((0, 1), "?baud=19200")]
)
def test_a_line_that_cannot_be_shared_is_refused_by_name(addresses, more):
    """Promise: when the lab file is read, with both devices, the url and what to write."""
    with pytest.raises(LabFileError, match=r"p0, p1 share the same url serial://COM3.*address = 1"):
        lab_file_of(bus_tables("serial://COM3", *addresses, more=more))
