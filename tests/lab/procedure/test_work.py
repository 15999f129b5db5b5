"""Work in the middle of a procedure: beside the devices, in simulated time, ended with it."""

import asyncio
import threading
import time

import pytest
from lab_toys import toy_host

from labloop.errors import ExperimentCancelled, UncertainError
from labloop.lab import Command, Function, LabJob, MemoryJournal, is_attempt, log_of
from labloop.records import ActionState
from labloop.units import magnitude, quantity


def area(values):
    print("integrating")  # noqa: T201 - a user's function prints
    time.sleep(0.05)
    return sum(values)


def fails(values):
    raise ValueError(f"no peak in {values}")


def test_work_costs_no_lab_time_unless_it_is_said():
    """A function, a process and a program run beside the lab; ``takes`` lets lab time pass."""
    journal = MemoryJournal()

    async def procedure(lab):
        times = [lab.now()]
        first = await lab.run(area, [1.0, 2.0])
        second = await lab.run(Function(area, process=True), [first, 1.0])
        times.append(lab.now())
        program = Command(["python", "-c", "print('{{\"out\": ' + str({t} + 1) + '}}')"])
        third = await lab.run(program, {"t": quantity(2, "degC")})
        fourth = await lab.run(area, [0.0], simulated=lambda _: 7, takes=quantity(2, "min"))
        times.append(lab.now())
        return (
            first,
            second,
            third["out"],
            fourth,
            [magnitude(t - times[0], "s", "time") for t in times],
        )

    with toy_host(journal=journal) as host:
        found = host.run([LabJob("camp-0001", procedure)])[0]
    assert found[:4] == (3.0, 4.0, 3.0, 7)
    assert found[4] == pytest.approx([0.0, 0.0, 120.0])
    entries = [e for e in journal.entries("camp", "camp-0001") if is_attempt(e)]
    assert [e.state for e in entries] == [ActionState.DONE] * 4
    assert log_of(entries[0])["log"] == log_of(entries[1])["log"] == "integrating\n"


def test_what_it_raises_is_raised_where_it_is_awaited():
    """An error of the function is the procedure's, and the attempt has failed."""
    journal = MemoryJournal()

    async def procedure(lab):
        try:
            await lab.run(fails, [1.0])
        except ValueError as error:
            return str(error)

    with toy_host(journal=journal) as host:
        assert host.run([LabJob("camp-0001", procedure)]) == ["no peak in [1.0]"]
    (entry,) = [e for e in journal.entries("camp", "camp-0001") if is_attempt(e)]
    assert (entry.state, entry.outcome.detail) == (
        ActionState.FAILED,
        "ValueError: no peak in [1.0]",
    )


@pytest.mark.parametrize(
    ("process", "error"), [(True, ExperimentCancelled), (False, UncertainError)]
)
def test_it_is_ended_with_its_experiment(process, error, monkeypatch):
    """A process is ended; a thread that still runs makes the experiment uncertain."""
    monkeypatch.setattr("labloop.lab.procedure.work._END_SECONDS", 4.0 if process else 0.3)
    let = threading.Event()

    async def procedure(lab):
        if process:
            await lab.run(Command(["python", "-c", "import time; time.sleep(60)"]), {})
        else:
            await lab.run(lambda: let.wait(30))

    with toy_host() as host:
        (future,) = host.start([LabJob("camp-0001", procedure)])
        until = time.monotonic() + 20
        while not any("(1)" in name for name in host.activity()):
            assert time.monotonic() < until
            time.sleep(0.02)
        host.cancel("camp-0001", "enough")
        with pytest.raises(error):
            future.result(30)
        let.set()


def test_several_run_at_once_beside_one_another():
    """A task group of work takes as long as the longest of it."""

    async def procedure(lab):
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(lab.run(time.sleep, 0.5)) for _ in range(4)]
        return len(tasks)

    began = time.monotonic()
    with toy_host() as host:
        assert host.run([LabJob("camp-0001", procedure)]) == [4]
    assert time.monotonic() - began < 20
