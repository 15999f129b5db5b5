"""The circulator's driver against its emulator, through the lab."""

import asyncio
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labloop.errors import DeviceFaultError, LimitError
from labloop.lab import LabHost, LabJob, MemoryJournal, lab_file_of
from labloop.records import Mode
from labloop.units import quantity
from labloop_simulators.instruments.julabo import JulaboEmulator
from labloop_simulators.kit import Fault, TruthLog


class OneBath:
    """A world of one thermostat."""

    def __init__(self, **kwargs):
        self.truth = TruthLog()
        self.bath = JulaboEmulator("bath", self.truth, **kwargs)
        self.emulators = {"bath": self.bath}

    def told(self, event):
        return [e for e in self.truth.events if e.event == event]


def lab_of(world):
    lab_file = lab_file_of({"lab": {"name": "one"}, "devices": {"bath": {"driver": "julabo"}}})
    return LabHost(
        lab_file, mode=Mode.SIMULATED, journal=MemoryJournal(), campaign_id="c", world=world
    )


def run(world, procedure):
    async def job(lab):
        return {"result": await procedure(lab)}

    with lab_of(world) as host:
        return host.run([LabJob("c-0001", job)])[0]["result"]


async def heat(lab, celsius=60.0):
    await lab.bath.set_temperature(quantity(celsius, "degC"))
    await lab.bath.start()


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_a_temperature_is_set_read_back_reached_and_held(end):
    async def job(lab):
        await heat(lab)
        reached = await lab.bath.wait_until_stable(quantity(0.3, "K"), quantity(30, "s"))
        return (
            reached,
            (await lab.bath.setpoint()).value,
            (await lab.bath.bath_temperature()).value,
            (await lab.bath.external_temperature()).value,
            (await lab.bath.status()).value,
            lab.now().magnitude,
        )

    reached, setpoint, bath, external, status, seconds = run(OneBath(end=end), job)
    assert (setpoint, status) == (60.0, 3.0)
    assert bath == pytest.approx(60.0, abs=0.3) == reached
    assert external == bath
    # 38 K with 90 s of lag need 436 s to come within 0.3 K, and 30 s to stay there.
    assert 440 < seconds < 500


def test_one_temperature_is_followed_from_quantity_to_bytes():
    """333.15 K of a campaign is out_sp_00 60.00 on the wire."""
    world = OneBath()

    async def job(lab):
        await lab.bath.set_temperature(quantity(333.15, "K"))

    run(world, job)
    assert b"out_sp_00 60.00\r" in [f.data for f in world.truth.frames if f.direction == ">"]
    assert world.bath.setpoint == 60.0


def test_no_command_comes_too_soon_whatever_is_asked_at_once():
    """250 ms after ``out_``, 10 ms after an answer: the emulator loses what comes sooner."""
    world = OneBath()

    async def job(lab):
        await heat(lab)
        for _ in range(20):
            await asyncio.gather(
                lab.bath.bath_temperature(), lab.bath.setpoint(), lab.bath.heating_power()
            )

    run(world, job)
    assert not world.told("command_lost")
    sent = [(f.time, f.data) for f in world.truth.frames if f.direction == ">"]
    assert len(sent) > 60
    silent = [after - at for (at, data), (after, _) in itertools.pairwise(sent) if data[:1] == b"o"]
    assert min(silent) >= 0.25


def test_leaving_the_lab_stops_the_heating():
    world = OneBath()
    run(world, heat)
    assert not world.bath.running
    assert world.told("control")[-1].values == (("on", False),)


def test_a_setpoint_outside_of_the_limits_is_refused_with_the_words_of_the_manual():
    """Magio MX manual, page 91: -13."""
    world = OneBath()
    world.bath.limits = (0.0, 100.0)

    async def job(lab):
        with pytest.raises(DeviceFaultError, match="-13 VALUE EXCEEDS TEMPERATURE LIMITS"):
            await lab.bath.set_temperature(quantity(120, "degC"))
        with pytest.raises(DeviceFaultError, match="-11 VALUE TOO LARGE"):
            await lab.bath.set_temperature(quantity(250, "degC"))
        with pytest.raises(LimitError, match="nothing was sent"):
            await lab.bath.set_temperature(quantity(400, "degC"))
        return (await lab.bath.setpoint()).value

    assert run(world, job) == 25.0


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (-1, "LOW LEVEL ALARM"),
        (-3, "EXCESS TEMPERATURE"),
        (-5, "WORKING SENSOR"),
        (-7, "I2C-BUS ERROR"),
    ],
)
def test_an_alarm_is_told_in_the_words_of_the_manual(number, words):
    world = OneBath()

    async def job(lab):
        await heat(lab)
        world.bath.trouble(number, lab.now().magnitude)
        with pytest.raises(DeviceFaultError, match=words):
            await lab.bath.status()
        world.bath.trouble(0, lab.now().magnitude)
        return (await lab.bath.status()).value

    assert run(world, job) in {2.0, 3.0}


def test_an_instrument_in_manual_mode_is_refused_at_the_connect():
    with pytest.raises(Exception, match="MANUAL STOP"), lab_of(OneBath(remote=False)):
        pass


@pytest.mark.parametrize("kind", ["garble", "half", "drop", "delay"])
def test_a_spoilt_answer_is_asked_again(kind):
    """A garbled digit cannot be told from another digit here; anything else is asked again."""
    world = OneBath()

    async def job(lab):
        await heat(lab)
        await lab.bath.wait_until_stable()
        world.bath.faults.add(Fault(kind, at=0.0, seconds=2.5))
        return (await lab.bath.status()).value, (await lab.bath.setpoint()).value

    assert run(world, job) == (3.0, 60.0)


def test_a_lost_command_is_noticed_by_reading_back():
    """out_ commands are silent: the driver reads back and sends again."""
    world = OneBath()
    handle = world.bath.handle
    lost = []

    def deaf_once(frame, now):
        if frame.startswith(b"out_sp") and not lost:
            lost.append(frame)
            return None
        return handle(frame, now)

    world.bath.handle = deaf_once
    run(world, heat)
    assert lost
    assert world.told("setpoint")[0].values == (("value", 60.0),)


def test_a_bath_that_was_never_started_is_told_after_the_time_allowed():
    async def job(lab):
        await lab.bath.set_temperature(quantity(60, "degC"))
        with pytest.raises(DeviceFaultError, match="was it started"):
            await lab.bath.wait_until_stable(at_most=quantity(5, "min"))
        return lab.now().magnitude

    assert 300 < run(OneBath(), job) < 310


def test_a_power_cut_leaves_it_stopped():
    """FL1201 manual, page 25: after a power cut the start command must be sent again."""
    world = OneBath()

    async def job(lab):
        await heat(lab)
        world.bath.power_cycle(lab.now().magnitude)
        return (await lab.bath.status()).value

    assert run(world, job) == 2.0


@given(st.lists(st.binary(max_size=60), max_size=4))
def test_noise_never_breaks_the_circulator_and_the_next_command_is_understood(noises):
    """Whatever bytes come, the emulator stays alive and in step."""
    bath = JulaboEmulator("bath", TruthLog())
    for number, noise in enumerate(noises, 1):
        bath.receive(noise + b"\r", float(number))
    bath.receive(b"\r", 50.0)
    ((_, answer),) = bath.receive(b"in_sp_00\r", 51.0)
    assert answer == b"25.00\r\n"
