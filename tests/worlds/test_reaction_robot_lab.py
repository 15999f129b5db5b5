"""The example's recipe, through the real drivers, brings back what was really measured."""

import importlib.util
import random
import threading
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from labloop.campaign import Conditions
from labloop.errors import (
    DeviceFaultError,
    DeviceTimeoutError,
    ExperimentCancelled,
    InterlockError,
    LabFileError,
    LimitError,
    ProtocolError,
    UncertainError,
)
from labloop.lab import LabHost, LabJob, MemoryJournal, SafetyReport, load_lab_file
from labloop.records import ActionState, Mode
from labloop.units import quantity
from labloop_devices.hplc import Hplc
from labloop_devices.ika import IkaHotplate
from labloop_devices.robot_arm import RobotArm
from labloop_simulators.kit import Fault
from labloop_simulators.worlds._arylation import table
from labloop_simulators.worlds.reaction_robot import ReactionRobot, create, measured_yield

EXAMPLE = Path(__file__).parents[2] / "examples" / "direct_arylation"
UNITS = {"concentration": "mol/L", "temperature": "degC"}
NAMES = ("base", "ligand", "solvent", "concentration", "temperature")
Job = Callable[[Any], Awaitable[Any]]


@pytest.fixture(scope="module")
def example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("direct_arylation", EXAMPLE / "campaign.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@dataclass
class Ran:
    """What a lab did: a result or error a job, the journal, the world, the safe end."""

    ended: list[Any]
    journal: MemoryJournal
    world: ReactionRobot
    report: SafetyReport

    def events(self, name: str) -> int:
        return sum(event.event == name for event in self.world.truth.events)

    def sent(self, device: str) -> list[bytes]:
        return [f.data for f in self.world.truth.frames if (f.device, f.direction) == (device, ">")]


def run(*jobs: Job, world: ReactionRobot | None = None, lab_file: str | None = None) -> Ran:
    """Start all jobs together in a fresh lab and wait for them."""
    journal = MemoryJournal()
    world = world or create(0, {})
    host = LabHost(
        load_lab_file(lab_file or EXAMPLE / "lab.toml"),
        mode=Mode.SIMULATED,
        journal=journal,
        campaign_id="test",
        world=world,
    )
    with host:
        caught = [LabJob(f"test-{i + 1:04d}", _caught(job)) for i, job in enumerate(jobs)]
        ended = host.run(caught)
    return Ran(ended, journal, world, host.report)


def _caught(job: Job) -> Job:
    async def run_it(lab: Any) -> Any:
        try:
            return await job(lab)
        except (
            DeviceFaultError,
            DeviceTimeoutError,
            LimitError,
            InterlockError,
            ProtocolError,
            UncertainError,
        ) as error:
            return error

    return run_it


def recipes(example: ModuleType, points: Sequence[Sequence[Any]]) -> list[Job]:
    def one(point: Sequence[Any]) -> Job:
        return lambda lab: example.react(
            lab, Conditions(dict(zip(NAMES, point, strict=True)), UNITS)
        )

    return [one(point) for point in points]


def some(count: int, seed: int = 1) -> list[Any]:
    return random.Random(seed).sample(sorted(table()), count)


def test_twenty_random_reactions_have_the_yields_of_the_table(example):
    points = some(20)
    ran = run(*recipes(example, points))
    found = [example.analyse(raw)["product_yield"] for raw in ran.ended]
    measured = [measured_yield(*point) for point in points]
    assert found == pytest.approx(measured, rel=1e-6, abs=1e-9)
    assert [round(value, 2) for value in found] == measured


def test_four_experiments_at_once_each_get_their_own_vial(example):
    by_yield = sorted(table(), key=lambda point: table()[point])
    points = [by_yield[0], by_yield[900], by_yield[1300], by_yield[-1]]
    ran = run(*recipes(example, points))
    found = [example.analyse(raw)["product_yield"] for raw in ran.ended]
    assert found == pytest.approx([table()[point] for point in points], rel=1e-6, abs=1e-9)
    used = {event.device for event in ran.world.truth.events if event.event == "reaction"}
    assert used == {f"hotplate_{n}" for n in (1, 2, 3, 4)}
    assert ran.events("vial_placed") == ran.events("vial_taken") == 4


def test_the_same_seed_gives_the_same_truth_byte_for_byte(example):
    points = some(6, seed=3)
    digests = {run(*recipes(example, points)).world.truth.digest() for _ in range(3)}
    assert len(digests) == 1


def test_a_mixture_that_is_not_in_the_grid_shows_no_product(example):
    point = dict(zip(NAMES, some(1)[0], strict=True))
    point["temperature"] = 98.0

    async def off_the_grid(lab):
        return await example.react(lab, Conditions(point, UNITS))

    raw = run(off_the_grid).ended[0]
    assert example.analyse(raw)["product_yield"] == pytest.approx(0.0, abs=1e-6)


async def mix(lab):
    await lab.arm.home()
    await lab.arm.place_vial("hotplate_1")
    await lab.arm.pick_up_tip()
    await lab.arm.aspirate(quantity(100, "uL"), "DMAc")
    await lab.arm.dispense(quantity(100, "uL"), "hotplate_1")
    await lab.arm.drop_tip()
    return "mixed"


async def warm(lab):
    plate = lab.hotplate_1
    await plate.set_stirring_speed(quantity(600, "rpm"))
    await plate.start_stirring()
    await plate.set_temperature(quantity(90, "degC"))
    await plate.start_heating()
    return "warming"


def test_heat_without_stirring_is_refused_and_no_byte_leaves():
    async def forget_to_stir(lab):
        await lab.hotplate_1.set_temperature(quantity(90, "degC"))
        await lab.hotplate_1.start_heating()

    ran = run(forget_to_stir)
    assert isinstance(ran.ended[0], InterlockError)
    assert "boils over" in str(ran.ended[0])
    assert not any(b"START_1" in frame for frame in ran.sent("hotplate_1"))
    assert ran.events("heater") == sum(
        b"STOP_1" in f for n in "1234" for f in ran.sent(f"hotplate_{n}")
    )


def test_heat_with_stirring_is_allowed_and_the_lab_ends_with_the_heater_off():
    async def work(lab):
        await warm(lab)
        return await lab.hotplate_1.wait_until_temperature(quantity(90, "degC"))

    ran = run(work)
    assert ran.ended[0] == pytest.approx(90.0, abs=1.0)
    plate = ran.world.emulators["hotplate_1"].plate
    assert not plate.heating
    assert plate.setpoint == 0.0
    assert plate.stirring, "above 50 degC the stirrer stays on"
    assert not ran.world.emulators["hotplate_2"].plate.stirring
    assert not ran.report.failures


def test_a_limit_of_the_lab_file_stops_the_setpoint_before_the_wire():
    async def too_hot(lab):
        await lab.hotplate_1.set_temperature(quantity(300, "degC"))

    ran = run(too_hot)
    assert isinstance(ran.ended[0], LimitError)
    assert b"OUT_SP_1 300.0 \r\n" not in ran.sent("hotplate_1")


def test_a_temperature_that_is_only_passed_through_is_not_reached():
    async def work(lab):
        await warm(lab)
        await lab.hotplate_1.set_temperature(quantity(120, "degC"))
        await lab.hotplate_1.wait_until_temperature(
            quantity(90, "degC"), at_most=quantity(20, "min")
        )

    ran = run(work)
    assert isinstance(ran.ended[0], DeviceFaultError)
    assert "should reach 90 degC" in str(ran.ended[0])
    waited = ran.journal.entries("test", "test-0001")[-1]
    assert waited.outcome is not None
    # Waited for once: what was not reached is no silence of the line.
    assert 1200.0 <= waited.outcome.lab_time - waited.intent.lab_time < 1210.0


def test_an_experiment_that_is_ended_leaves_the_arm_stopped_and_the_heater_off():
    world = create(0, {})
    host = LabHost(
        load_lab_file(EXAMPLE / "lab.toml"),
        mode=Mode.SIMULATED,
        journal=MemoryJournal(),
        campaign_id="test",
        world=world,
    )
    begun = threading.Event()

    async def endless(lab):
        await warm(lab)
        begun.set()
        while True:
            await lab.arm.home()

    with host:
        future = host.start([LabJob("test-0001", endless)])[0]
        assert begun.wait(20.0)
        host.stop("enough")
        with pytest.raises(ExperimentCancelled, match="enough"):
            future.result(20.0)
        host.settle()
    assert not host.report.failures
    assert not world.emulators["hotplate_1"].plate.heating
    assert any(frame.data.startswith(b"!STOP") for frame in world.truth.frames)


@pytest.mark.parametrize(
    ("step", "code"),
    [
        (lambda lab: lab.arm.move_to(*(quantity(v, "mm") for v in (900, 0, 300))), "E20"),
        (lambda lab: lab.arm.aspirate(quantity(10, "uL"), "DMAc"), "E30"),
        (lambda lab: lab.arm.place_vial("DMAc"), "E22"),
    ],
)
def test_a_refusal_of_the_arm_has_failed_with_code_and_meaning(step, code):
    async def work(lab):
        await lab.arm.home()
        await step(lab)

    ran = run(work)
    assert isinstance(ran.ended[0], DeviceFaultError)
    assert code in str(ran.ended[0])
    last = ran.journal.entries("test", "test-0001")[-1]
    assert last.state is ActionState.FAILED


@pytest.mark.parametrize("kind", ["drop", "garble", "half", "duplicate", "delay"])
@pytest.mark.parametrize("nth", range(3, 16, 3))
def test_a_spoilt_answer_never_does_a_movement_twice(kind, nth):
    world = create(0, {})
    world.emulators["arm"].faults.add(Fault(kind, at=nth))
    ran = run(mix, world=world)
    assert ran.ended == ["mixed"]
    assert [ran.events(name) for name in ("tip_picked", "aspirated", "dispensed")] == [1, 1, 1]
    slot = ran.world.deck.slots["hotplate_1"].vessel
    assert slot is not None
    assert slot.volume() == pytest.approx(100.0)


@pytest.mark.parametrize("nth", range(3, 14, 2))
def test_a_power_cut_of_the_arm_is_told_and_nothing_is_done_twice(nth):
    world = create(0, {})
    world.emulators["arm"].faults.add(Fault("power_cycle", at=nth))
    ran = run(mix, world=world)
    told = ran.ended[0]
    assert told == "mixed" or isinstance(told, (DeviceFaultError, UncertainError))
    assert all(ran.events(name) <= 1 for name in ("tip_picked", "aspirated", "dispensed"))


@pytest.mark.parametrize("kind", ["drop", "garble", "half", "duplicate", "delay"])
@pytest.mark.parametrize("nth", [3, 4, 5, 6, 9])
def test_a_spoilt_answer_of_the_hplc_neither_injects_twice_nor_bends_a_curve(example, kind, nth):
    point = ("KOAc", "PPh3", "DMAc", 0.1, 105)
    world = create(0, {})
    world.emulators["hplc"].faults.add(Fault(kind, at=nth))
    ran = run(*recipes(example, [point]), world=world)
    found = example.analyse(ran.ended[0])["product_yield"]
    assert found == pytest.approx(measured_yield(*point), rel=1e-6)
    assert ran.events("injected") == 1


@pytest.mark.parametrize("kind", ["drop", "garble", "half", "duplicate"])
@pytest.mark.parametrize("nth", [2, 3, 5, 7, 8])
def test_a_spoilt_answer_of_the_plate_is_asked_for_again(kind, nth):
    world = create(0, {})
    world.emulators["hotplate_1"].faults.add(Fault(kind, at=nth))
    ran = run(warm, world=world)
    assert ran.ended == ["warming"]
    assert not ran.report.failures


@pytest.mark.parametrize("kind", ["power_cycle", "garble"])
@pytest.mark.parametrize("nth", [8, 11, 13, 15, 20, 30, 46])
def test_an_experiment_that_failed_does_not_spoil_the_next_ones(example, kind, nth):
    """Wherever the first one breaks off: no tip on the arm, no vial in the way of the others."""
    points = some(5, seed=5)
    first, *others = recipes(example, points)
    world = create(0, {})
    for place in range(3 if kind == "garble" else 1):
        # A question is asked three times: only then is the answer missed.
        world.emulators["arm"].faults.add(Fault(kind, at=nth + place))
    host = LabHost(
        load_lab_file(EXAMPLE / "lab.toml"),
        mode=Mode.SIMULATED,
        journal=MemoryJournal(),
        campaign_id="test",
        world=world,
    )
    with host:
        (broken,) = host.run([LabJob("test-0001", _caught(first))])
        raws = host.run([LabJob(f"test-{n:04d}", job) for n, job in enumerate(others, 2)])
    if kind == "garble":
        assert isinstance(broken, (UncertainError, ProtocolError))
    found = [example.analyse(raw)["product_yield"] for raw in raws]
    assert found == pytest.approx([measured_yield(*each) for each in points[1:]], rel=1e-6)
    names = [event.event for event in world.truth.events]
    assert names.count("vial_placed") == names.count("vial_taken") >= 4
    assert names.count("tip_picked") == names.count("tip_dropped")


def test_the_watchdog_of_the_lab_file_is_armed_at_connect_and_fed():
    text = (EXAMPLE / "lab.toml").read_text(encoding="utf-8")
    options = '[devices.hotplate_1.options]\nwatchdog = "60 s"\n\n[devices.hotplate_1.limits]'
    text = text.replace("[devices.hotplate_1.limits]", options)

    async def look_away(lab):
        await warm(lab)
        await lab.wait(quantity(5, "min"))
        return "looked away"

    ran = run(look_away, lab_file=text)
    assert ran.sent("hotplate_1").count(b"OUT_WD1@60 \r\n") > 15
    assert not ran.world.emulators["hotplate_1"].plate.tripped


@pytest.mark.parametrize(
    ("driver", "options", "match"),
    [
        (IkaHotplate, {"watchdog": "5 s"}, "20 s to 1500 s"),
        (IkaHotplate, {"colour": "red"}, "unknown options"),
        (RobotArm, {"speed": 1}, "robot_arm has none"),
        (Hplc, {"speed": 1}, "hplc has none"),
    ],
)
def test_options_that_cannot_be_used_are_refused(driver, options, match):
    with pytest.raises(LabFileError, match=match):
        driver("device", None, options, None)
