"""The pump's driver against its emulator, through the lab: right, refused, broken and silent."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from labloop.errors import (
    DeviceFaultError,
    DeviceTimeoutError,
    LabFileError,
    LimitError,
    NotConnectedError,
    UnitError,
)
from labloop.lab import LabHost, LabJob, MemoryJournal, lab_file_of
from labloop.records import ActionState, Mode
from labloop.units import quantity
from labloop_devices.new_era import NewEraPump
from labloop_devices.new_era import _protocol as protocol
from labloop_simulators.instruments.new_era import NewEraEmulator
from labloop_simulators.kit import Fault, TruthLog

ML_MIN = "mL/min"


class OnePump:
    """A world of one pump."""

    def __init__(self, **kwargs):
        self.truth = TruthLog()
        self.pump = NewEraEmulator("pump", self.truth, **kwargs)
        self.emulators = {"pump": self.pump}

    def told(self, event):
        return [e for e in self.truth.events if e.event == event]


def lab_of(world, **options):
    table = {"driver": "new_era", "options": {"diameter": "14.6 mm"}}
    table["options"] |= options
    lab_file = lab_file_of({"lab": {"name": "one"}, "devices": {"pump": table}})
    return LabHost(
        lab_file, mode=Mode.SIMULATED, journal=MemoryJournal(), campaign_id="c", world=world
    )


def run(world, procedure, **options):
    async def job(lab):
        return {"result": await procedure(lab)}

    with lab_of(world, **options) as host:
        return host.run([LabJob("c-0001", job)])[0]["result"]


async def infuse(lab, rate=1.5):
    await lab.pump.set_rate(quantity(rate, ML_MIN))
    await lab.pump.start()


@pytest.mark.parametrize("mode", ["safe", "basic"])
@pytest.mark.parametrize("found_in", [0, 30])
def test_the_driver_finds_the_pump_in_either_mode_and_brings_it_into_its_own(mode, found_in):
    """Whatever mode the pump was left in, it works in that of the lab file, and ends in basic."""

    async def job(lab):
        await infuse(lab)
        rate = (await lab.pump.rate()).value
        await lab.wait(quantity(10, "s"))
        running = (await lab.pump.running()).value
        return rate, (await lab.pump.dispensed()).value, running, world.pump.safe

    world = OnePump(safe_seconds=found_in)
    rate, volume, running, safe = run(world, job, mode=mode)
    assert (rate, running, safe) == (1.5, 1.0, mode == "safe")
    assert volume == pytest.approx(0.25, abs=0.01)


def test_one_rate_is_followed_from_quantity_to_bytes():
    """90 mL/h of the campaign is RAT1.500MM on the wire and 1.5 mL/min in the syringe."""
    world = OnePump()

    async def job(lab):
        await lab.pump.set_rate(quantity(90, "mL/h"))
        await lab.pump.start()

    run(world, job, mode="basic")
    sent = [frame.data for frame in world.truth.frames if frame.direction == ">"]
    assert b"00RAT1.500MM\r" in sent
    assert world.told("run")[0].values == (("rate", 1.5),)


def test_a_new_rate_reaches_a_running_pump_without_its_unit():
    """NE-500 manual, page 7: units cannot be changed while pumping."""
    world = OnePump()

    async def job(lab):
        await infuse(lab, 1.0)
        await lab.pump.set_rate(quantity(2, ML_MIN))
        return (await lab.pump.rate()).value

    assert run(world, job, mode="basic") == 2.0
    assert world.truth.frames[-1].data
    assert any(f.data == b"00RAT2.000\r" for f in world.truth.frames)


def test_a_volume_is_dispensed_and_the_pump_stops_by_itself():
    world = OnePump()

    async def job(lab):
        await lab.pump.dispense(quantity(0.5, "mL"), quantity(1, ML_MIN))
        await lab.wait(quantity(40, "s"))
        return (await lab.pump.running()).value, (await lab.pump.dispensed()).value

    assert run(world, job) == (0.0, 0.5)
    assert world.told("stop")[0].values == (("why", "target_reached"),)


def test_leaving_the_lab_stops_the_pump():
    world = OnePump()
    run(world, infuse)
    assert world.pump.flow() == 0.0
    assert not world.pump.alarm


def test_a_living_driver_feeds_the_dead_man_and_a_dead_one_does_not():
    """An hour of silence in the recipe is no alarm; a pulled cable stops the pump in 20 s."""
    world = OnePump()

    async def job(lab):
        await infuse(lab)
        await lab.wait(quantity(1, "h"))
        assert (await lab.pump.running()).value == 1.0
        world.pump.unplug(lab.now().magnitude)
        await lab.wait(quantity(60, "s"))
        world.pump.plug(lab.now().magnitude)
        with pytest.raises(DeviceFaultError, match="stopped itself"):
            await lab.pump.running()
        return (await lab.pump.running()).value

    assert run(world, job, dead_man="20 s") == 0.0
    alarm = world.told("alarm")[-1]
    pulled = world.told("unplugged")[0]
    assert 0.0 < alarm.time - pulled.time <= 20.0


def test_a_stalled_motor_is_told_and_the_command_was_not_carried_out():
    world = OnePump()

    async def job(lab):
        await infuse(lab)
        world.pump.stall(lab.now().magnitude)
        with pytest.raises(DeviceFaultError, match="stalled"):
            await lab.pump.set_rate(quantity(3, ML_MIN))
        return (await lab.pump.rate()).value

    assert run(world, job) == 1.5


@pytest.mark.parametrize("what", ["set_rate", "running"])
def test_an_alarm_that_only_a_feeding_heard_is_told_to_whoever_comes_next(what):
    """A motor that stalled in a long wait is no pump that has finished, also if the lab asked."""
    world = OnePump()

    async def job(lab):
        await infuse(lab)
        world.pump.stall(lab.now().magnitude)
        await lab.wait(quantity(5, "min"))
        assert world.told("alarm")
        with pytest.raises(DeviceFaultError, match="stalled"):
            await (
                lab.pump.running() if what == "running" else lab.pump.set_rate(quantity(3, ML_MIN))
            )
        return (await lab.pump.running()).value

    assert run(world, job) == 0.0


def test_a_power_cut_in_a_run_is_told_by_the_next_command():
    world = OnePump()

    async def job(lab):
        await infuse(lab)
        world.pump.power_cycle(lab.now().magnitude)
        with pytest.raises(DeviceFaultError, match="was reset"):
            await lab.pump.start()
        return (await lab.pump.running()).value

    assert run(world, job) == 0.0


@pytest.mark.parametrize("kind", ["garble", "half", "drop", "duplicate"])
def test_a_spoilt_answer_to_a_question_is_asked_again(kind):
    """Questions change nothing, so they are repeated; no spoilt byte becomes a value."""
    world = OnePump()

    async def job(lab):
        await infuse(lab)
        world.pump.faults.add(Fault(kind, at=0.0))
        first = (await lab.pump.rate()).value
        return first, (await lab.pump.rate()).value

    assert run(world, job) == (1.5, 1.5)


def test_a_start_whose_answer_is_lost_is_not_sent_again():
    """RUN left once; nobody knows whether it was heard, and that is what is told."""
    world = OnePump()
    journal = []

    async def job(lab):
        await lab.pump.set_rate(quantity(1, ML_MIN))
        # Status, direction and volume come first; the answer to RUN is the fourth.
        world.pump.faults.add(Fault("drop", at=world.pump.count + 4))
        await lab.pump.start()

    with lab_of(world) as host:
        with pytest.raises(Exception, match="start"):
            host.run([LabJob("c-0001", job)])
        journal = [e for e in host.journal.entries("c", "c-0001") if e.intent.name == "start"]
    assert [e.state for e in journal] == [ActionState.UNCERTAIN]
    assert len(world.told("run")) == 1


def test_a_late_answer_is_not_taken_for_the_next_one():
    world = OnePump()

    async def job(lab):
        await infuse(lab)
        world.pump.faults.add(Fault("delay", at=0.0, seconds=1.5))
        volume = (await lab.pump.dispensed()).value
        await lab.wait(quantity(3, "s"))
        return volume, (await lab.pump.rate()).value

    volume, rate = run(world, job)
    assert rate == 1.5
    assert 0.0 <= volume < 0.1


def test_what_the_syringe_cannot_do_is_refused_by_limit_or_by_pump():
    async def job(lab):
        with pytest.raises(LimitError, match="nothing was sent"):
            await lab.pump.set_rate(quantity(500, ML_MIN))
        with pytest.raises(LimitError, match="out of range"):
            await lab.pump.set_rate(quantity(50, ML_MIN))
        with pytest.raises(UnitError, match="set_rate"):
            await lab.pump.set_rate(1.0)
        return True

    assert run(OnePump(), job)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"diameter": "0.05 mm"}, "between 0.1 and 50"),
        ({"diameter": 14.6}, "with its unit"),
        ({"dead_man": "10 min"}, "between 1 and 255"),
        ({"mode": "fast"}, "'safe' or 'basic'"),
        ({"diametre": "3 mm"}, "unknown options"),
    ],
)
def test_wrong_options_are_told_before_anything_is_sent(options, words):
    with pytest.raises(LabFileError, match=words):
        NewEraPump("pump", None, {"diameter": "14.6 mm"} | options, None)


def test_a_dead_pump_is_named():
    world = OnePump()
    world.pump.unplug(0.0)
    with pytest.raises((NotConnectedError, DeviceTimeoutError), match="pump"), lab_of(world):
        pass


def test_an_unfinished_packet_is_forgotten_after_half_a_second():
    """NE-1000 manual, page 34: the inter-byte time-out."""
    pump = NewEraEmulator("pump", TruthLog(), safe_seconds=60)
    status = b"\x02\x0600" + (0x3C30).to_bytes(2, "big") + b"\x03"
    assert pump.receive(b"\x02\x20garbage", 0.0) == []
    assert pump.receive(status, 0.1) == []
    assert len(pump.receive(status, 1.0)) == 1


@pytest.mark.parametrize("safe", [True, False])
@given(st.lists(st.binary(max_size=24), max_size=4), st.sampled_from(["DIA", "RAT", "SAF", "*"]))
@example([b"00SAF.", b"00DIA."], "VOL")
@example([b"1"], "SAF")
def test_noise_never_breaks_the_pump_and_the_next_frame_is_understood(safe, noises, command):
    """Whatever bytes come, the emulator stays alive and in step."""
    pump = NewEraEmulator("pump", TruthLog(), safe_seconds=255 if safe else 0)
    pump.handle(protocol.frame("", safe=safe), 0.0)
    for number, noise in enumerate(noises, 1):
        pump.receive(noise, float(number))
        text = noise[:9].decode("ascii", "ignore")
        pump.receive(protocol.frame(command + text, safe=safe), number + 0.7)
    if not pump.safe:
        pump.receive(b"\r", 50.0)
    for second in (51.0, 51.5):
        # Twice: an alarm may be told first. Soon: the noise may have set a dead-man of 1 s.
        answers = pump.receive(protocol.frame("VER", safe=pump.safe), second)
    assert protocol.parse(answers[0][1], safe=pump.safe).data == b"NE1000V3.928"
