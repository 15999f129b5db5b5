"""Promise: after a lost line the instrument is identified before anything else is sent."""

import time

import pytest
from lab_toys import ToyEmulator, ToyWorld, left_unsafe, toy_host

from labloop.errors import DeviceTimeoutError, NotConnectedError, WrongDeviceError
from labloop.lab import LabJob
from labloop.records import Mode
from labloop.units import quantity
from labloop_simulators.kit import Fault, Reply, serve_tcp


class Forgetful(ToyEmulator):
    """Answers the first question for its value two seconds late, or never."""

    late: float | None = 2.2

    def handle(self, frame, now):
        answer = super().handle(frame, now)
        if frame == b"GET\n" and self.value == 0.0:
            self.value = 1.0
            return None if self.late is None else Reply(answer, self.late)
        return answer


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


@pytest.mark.parametrize("late", [2.2, None])
def test_a_driver_that_says_nothing_resyncs_by_its_identity(late):
    """Promise: what identify asked and was told, twice the same, is recognised again."""
    world = ToyWorld("a")
    world.emulators["a"] = emulator = Forgetful("a", world.truth)
    emulator.late = late

    async def work(lab):
        with pytest.raises(DeviceTimeoutError):
            await lab.a.value()
        await lab.a.set_again(quantity(7, "mL/min"))
        return (await lab.a.value()).value

    with toy_host("a", world=world) as host:
        assert host.run([LabJob("e1", work)]) == [7.0]


def test_another_instrument_answers():
    """Promise: a wrong serial number is refused before anything moves."""
    world = ToyWorld("a")
    tables = {"devices": {"a": {"driver": "lab_toys:Toy", "serial_number": "77"}}}
    with toy_host("a", world=world, tables=tables) as host:
        assert host.identities["a"].serial_number == "77"
    world = ToyWorld("a")
    world.emulators["a"].faults.add(Fault("wrong_serial", at=1, data=b"4711"))
    host = toy_host("a", world=world, tables=tables)
    with (
        pytest.raises(WrongDeviceError, match="should have the serial number '77', but '4711'"),
        host,
    ):
        pass
