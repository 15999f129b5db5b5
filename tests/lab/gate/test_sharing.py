"""Promise: of the experiments that run at once, none changes a device under another's hands."""

import asyncio

import pytest
from lab_toys import ToyWorld, toy_host

from labloop.errors import DeviceInUseError
from labloop.lab import LabJob
from labloop.units import quantity


def rate(value):
    return quantity(value, "mL/min")


async def wait(lab, seconds):
    await lab.wait(quantity(seconds, "s"))


def outcomes(*procedures, names=("a", "b"), alarms=None, **tables):
    """Run procedures at once; return what each returned, or its error, and the world."""
    world = ToyWorld(*names)

    def job(number, procedure):
        async def run(lab):
            try:
                return await procedure(lab) or "done"
            except DeviceInUseError as error:
                return error

        return LabJob(f"e{number}", run)

    raised = [] if alarms is None else alarms
    host = toy_host(*names, world=world, tables=tables, on_alarm=raised.append)
    with host:
        ends = host.run([job(n, each) for n, each in enumerate(procedures, 1)])
    return ends, [dict(e.values)["value"] for e in world.truth.events if e.event == "set"]


async def sets(lab, value=1, after=0.0, stays=10.0):
    await wait(lab, after)
    await lab.a.set_value(rate(value))
    await wait(lab, stays)


def test_the_second_is_refused_and_told_of_both_and_of_the_ways_out():
    """The first one's flow stays as it was set; the sentence names who, what and what to do."""
    alarms = []
    ends, sent = outcomes(
        lambda lab: sets(lab, 1), lambda lab: sets(lab, 2, after=1), alarms=alarms
    )
    assert ends[0] == "done"
    told = str(ends[1])
    assert told.startswith("e2 asked a for set_value, but e1 uses it and still runs")
    for way in ("lab.exclusive(lab.a)", "lab.any", "parallel=1", "shared = true in [devices.a]"):
        assert way in told
    assert sent == [1.0]
    assert [alarm.data["device"] for alarm in alarms] == ["a"]


def test_a_use_ends_with_its_experiment():
    """One after the other on the same device is what most labs do."""
    ends, sent = outcomes(
        lambda lab: sets(lab, 1, stays=5), lambda lab: sets(lab, 2, after=6, stays=0)
    )
    assert (ends, sent) == (["done", "done"], [1.0, 2.0])


def test_what_an_experiment_did_before_it_was_refused_still_counts():
    """The first one to act has the device, whichever experiment was started first."""
    ends, sent = outcomes(lambda lab: sets(lab, 1, after=2), lambda lab: sets(lab, 2))
    assert isinstance(ends[0], DeviceInUseError)
    assert (ends[1], sent) == ("done", [2.0])


def test_other_devices_and_reads_are_free():
    """Only what changes something, and only at the same device."""

    async def looks(lab):
        await wait(lab, 1)
        await lab.a.value()
        await lab.b.set_value(rate(3))

    ends, _ = outcomes(lambda lab: sets(lab, 1), looks)
    assert ends == ["done", "done"]


def test_a_shared_device_serves_all():
    """The lab file says so, and nobody is asked."""
    devices = {"a": {"driver": "lab_toys:Toy", "shared": True}, "b": {"driver": "lab_toys:Toy"}}
    ends, sent = outcomes(
        lambda lab: sets(lab, 1), lambda lab: sets(lab, 2, after=1), devices=devices
    )
    assert (ends, sent) == (["done", "done"], [1.0, 2.0])


async def alone(lab, value, inside=5.0, after=5.0):
    async with lab.exclusive(lab.a):
        await lab.a.set_value(rate(value))
        await wait(lab, inside)
    await wait(lab, after)


def test_exclusive_use_ends_with_its_block():
    """The next in line may act, although the first one still runs."""
    ends, sent = outcomes(lambda lab: alone(lab, 1), lambda lab: alone(lab, 2))
    assert (ends, sent) == (["done", "done"], [1.0, 2.0])


def test_who_asks_for_nothing_does_not_get_between():
    """While one has it to itself, also before that one acts."""

    async def holds(lab):
        async with lab.exclusive(lab.a):
            await wait(lab, 5)
            await lab.a.set_value(rate(1))

    ends, sent = outcomes(holds, lambda lab: sets(lab, 2, after=1))
    assert ends[0] == "done"
    assert "e2 asked a for set_value, but e1 has it to itself" in str(ends[1])
    assert sent == [1.0]


STATIONS = {"toy": {"names": ["a", "b"]}}


async def at_station(lab, value):
    async with lab.any("toy") as name:
        await getattr(lab, name).set_value(rate(value))
        await wait(lab, 5)
    await wait(lab, 5)


def test_a_device_of_a_stations_name_belongs_to_who_has_the_station():
    """Three experiments, two toys: nobody is refused, and the third one waits."""
    procedures = [lambda lab, n=n: at_station(lab, n) for n in (1, 2, 3)]
    ends, sent = outcomes(*procedures, stations=STATIONS)
    assert (ends, sent) == (["done"] * 3, [1.0, 2.0, 3.0])


def test_two_ways_to_have_one_device_do_not_make_two_masters():
    """By its station and by its name: who acts first has it."""

    async def by_name(lab):
        await wait(lab, 1)
        async with lab.exclusive(lab.a):
            await lab.a.set_value(rate(2))

    ends, sent = outcomes(lambda lab: at_station(lab, 1), by_name, stations=STATIONS)
    assert isinstance(ends[1], DeviceInUseError)
    assert sent == [1.0]


def test_what_is_used_within_a_place_is_free_when_the_place_is_left():
    """A heater that belongs to a bench: the next one on the bench may use it."""

    async def bench(lab, value):
        async with lab.any("bench"):
            await lab.a.set_value(rate(value))
            async with lab.exclusive(lab.b):
                await lab.b.set_value(rate(9))
            await lab.a.set_value(rate(value))
        await wait(lab, 5)

    ends, sent = outcomes(
        lambda lab: bench(lab, 1), lambda lab: bench(lab, 2), stations={"bench": {"count": 1}}
    )
    assert ends == ["done", "done"]
    assert sent == [1.0, 9.0, 1.0, 2.0, 9.0, 2.0]


def test_one_experiment_may_do_several_things_at_once():
    """Its own tasks never get into each other's way."""

    async def both(lab):
        async with asyncio.TaskGroup() as group:
            group.create_task(lab.a.set_value(rate(1)))
            group.create_task(lab.a.set_value(rate(2)))

    ends, _ = outcomes(both)
    assert ends == ["done"]


@pytest.mark.parametrize("experiment", [True, False])
def test_the_lab_itself_and_a_person_by_hand_are_not_experiments(experiment):
    """By hand is by hand: it is asked for by a person who sees what runs."""
    world = ToyWorld("a")
    with toy_host("a", world=world, speed="real") as host:
        if experiment:
            host.run([LabJob("e1", sets_and_tells)])
        host.call(lambda lab: lab.a.set_value(rate(2)))
    assert [dict(e.values)["value"] for e in world.truth.events if e.event == "set"][-1] == 2.0


async def sets_and_tells(lab):
    await lab.a.set_value(rate(1))
    return "done"
