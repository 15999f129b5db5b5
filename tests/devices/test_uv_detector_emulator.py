"""The detector's driver against its emulator, through the lab."""

import asyncio

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labloop.errors import DeviceFaultError, ExperimentCancelled, WrongDeviceError
from labloop.lab import LabHost, LabJob, MemoryJournal, lab_file_of
from labloop.records import CurveData, Mode
from labloop.units import quantity
from labloop_devices.uv_detector import _protocol as protocol
from labloop_simulators.instruments.uv_detector import UvDetectorEmulator
from labloop_simulators.kit import Fault, TruthLog


class OneDetector:
    """A world of one detector, whose chromatogram is a ramp of the scan's number."""

    def __init__(self):
        self.truth = TruthLog()
        self.detector = UvDetectorEmulator(
            "detector", self.truth, lambda _now, scan: [scan * 0.5 * i for i in range(351)]
        )
        self.emulators = {"detector": self.detector}

    def scans(self):
        return [e for e in self.truth.events if e.event == "scan"]


def lab_of(world, serial_number=""):
    device = {"driver": "uv_detector", "serial_number": serial_number}
    lab_file = lab_file_of({"lab": {"name": "one"}, "devices": {"detector": device}})
    return LabHost(
        lab_file, mode=Mode.SIMULATED, journal=MemoryJournal(), campaign_id="c", world=world
    )


def run(world, procedure):
    async def job(lab):
        return {"result": await procedure(lab)}

    with lab_of(world, "UV-0001") as host:
        return host.run([LabJob("c-0001", job)])[0]["result"]


async def scan(lab):
    return await lab.detector.scan()


def test_a_scan_takes_its_time_and_gives_a_curve_with_units():
    world = OneDetector()

    async def job(lab):
        curve = await lab.detector.scan()
        return curve, lab.now().magnitude, (await lab.detector.time_left()).value

    curve, seconds, left = run(world, job)
    assert isinstance(curve, CurveData)
    assert (curve.x_unit, curve.y_unit, len(curve.x)) == ("min", "mAU", 351)
    assert np.allclose(curve.x, 0.01 * np.arange(351))
    assert np.allclose(curve.y, 0.5 * np.arange(351))
    assert 210 < seconds < 213
    assert left == 0.0


def test_reads_go_on_while_a_scan_runs():
    async def job(lab):
        await lab.detector.abort()
        return (await lab.detector.lamp_intensity()).value, (await lab.detector.time_left()).value

    assert run(OneDetector(), job) == (100.0, 0.0)


@pytest.mark.parametrize("kind", ["garble", "half", "drop"])
@pytest.mark.parametrize("frame", [1, 2, 3, 4, 5, 6])
def test_whatever_answer_is_spoilt_the_scan_is_done_once_and_right(kind, frame):
    """Questions are repeated; SCAN is not: its lost answer is resolved by asking the state."""
    world = OneDetector()

    async def job(lab):
        world.detector.faults.add(Fault(kind, at=world.detector.count + frame))
        return await lab.detector.scan()

    curve = run(world, job)
    assert len(world.scans()) == 1
    assert np.allclose(curve.y, 0.5 * np.arange(351))


def test_a_scan_left_by_a_cancelled_experiment_is_ended():
    world = OneDetector()

    host = lab_of(world)

    async def job(lab):
        asyncio.get_running_loop().call_later(100.0, host.stop, "enough")
        return {"curve": await lab.detector.scan()}

    with host:
        (future,) = host.start([LabJob("c-0001", job)])
        with pytest.raises(ExperimentCancelled, match="enough"):
            future.result(10)
    ends = [e.time for e in world.truth.events if e.event == "abort"]
    assert len(ends) == 1
    assert 100.0 < ends[0] < 106.0


def test_a_power_cut_during_a_scan_is_told():
    world = OneDetector()

    async def job(lab):
        world.detector.faults.add(Fault("power_cycle", at=100.0))
        with pytest.raises(DeviceFaultError, match="NO DATA"):
            await lab.detector.scan()
        return await lab.detector.scan()

    curve = run(world, job)
    assert np.allclose(curve.y[1], 1.0)


def test_a_fault_of_the_detector_is_told():
    world = OneDetector()

    async def job(lab):
        world.detector.fail("LAMP OUT")
        with pytest.raises(DeviceFaultError, match="reports a fault"):
            await lab.detector.scan()
        world.detector.fail("")
        return await lab.detector.scan()

    assert len(run(world, job).y) == 351


def test_the_wrong_detector_is_refused():
    world = OneDetector()
    world.detector.faults.add(Fault("wrong_serial", at=1, data=b"UV-0002"))
    with pytest.raises(WrongDeviceError, match="UV-0002"), lab_of(world, "UV-0001"):
        pass


def test_two_scans_are_two_injections():
    async def job(lab):
        first = await lab.detector.scan()
        await lab.wait(quantity(1, "s"))
        second = await lab.detector.scan()
        return first.y[2], second.y[2]

    assert run(OneDetector(), job) == (1.0, 2.0)


@given(st.lists(st.binary(max_size=90), max_size=4))
def test_noise_never_breaks_the_detector_and_the_next_line_is_understood(noises):
    """A damaged line is answered by an error and never carried out."""
    world = OneDetector()
    for number, noise in enumerate(noises, 1):
        world.detector.receive(noise, float(number))
    world.detector.receive(b"\r\n", 50.0)
    ((_, answer),) = world.detector.receive(protocol.line("STATE?"), 51.0)
    assert protocol.parse_state(protocol.text_of(answer)) == ("READY", 0, 0.0)
    assert not world.scans()
