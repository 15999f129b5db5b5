"""Promise: code that blocks the lab's event loop is named, and nobody else's."""

import time

import pytest
from lab_toys import ToyWorld, toy_host

from labloop.errors import BlockingCallError
from labloop.lab import LabJob
from labloop.lab.time import loop_monitor
from labloop.units import quantity


def run_one(procedure, **options):
    with toy_host(**options) as host:
        return host.run([LabJob("camp-0001", procedure)])[0]


def test_code_that_blocks_the_loop_is_named_by_line():
    """Promise: told once, with file and line, while it goes on."""
    alarms = []

    async def blocking(lab):
        for _ in range(2):
            time.sleep(0.3)  # noqa: ASYNC251 - this is what is to be named
            await lab.wait(quantity(1, "s"))
        return 1

    with toy_host("a", on_alarm=alarms.append) as host:
        host.run([LabJob("e1", blocking)])
    line = blocking.__code__.co_firstlineno + 2
    assert [alarm.kind for alarm in alarms] == ["blocked-loop"]
    assert f"{__file__}, line {line} blocks the lab's loop" in alarms[0].message
    assert alarms[0].data == {"file": __file__, "line": line}


def test_code_that_blocks_for_very_long_fails_its_experiment(monkeypatch):
    """Promise: after that, what it measured is worth nothing."""
    monkeypatch.setattr(loop_monitor, "FATAL_SECONDS", 0.2)

    async def blocking(lab):
        time.sleep(0.5)  # noqa: ASYNC251 - this is what is to be refused
        return 1

    with (
        toy_host("a", on_alarm=lambda _: None) as host,
        pytest.raises(BlockingCallError, match="blocks the lab's loop"),
    ):
        host.run([LabJob("e1", blocking)])


def test_a_long_calculation_between_awaits_raises_no_alarm():
    """Promise: thousands of reads without a pause are no blocking."""
    alarms = []

    async def busy(lab):
        for _ in range(20_000):
            await lab.a.value()
        return 1

    with toy_host("a", on_alarm=alarms.append) as host:
        host.run([LabJob("e1", busy)])
    assert alarms == []


@pytest.mark.parametrize("work", ["sleep", "calculate"])
def test_work_of_an_emulator_is_nobody_s_fault(work):
    """Promise: a slow world raises no alarm, whose line would be that of an innocent await."""
    alarms = []
    world = ToyWorld("a")
    handle = world.emulators["a"].handle

    def slowly(frame, now):
        end = time.monotonic() + 0.3
        while work == "calculate" and time.monotonic() < end:
            pass
        time.sleep(max(0.0, end - time.monotonic()))
        return handle(frame, now)

    async def reads(lab):
        await lab.a.value()
        return 1

    with toy_host("a", world=world, on_alarm=alarms.append) as host:
        world.emulators["a"].handle = slowly
        host.run([LabJob("e1", reads)])
    assert alarms == []


def test_calculating_blocks_the_loop_as_sleeping_does():
    """Promise: told while it goes on, by the time that the thread itself has used."""
    alarms = []

    async def calculating(lab):
        end = time.thread_time() + 0.4
        while time.thread_time() < end:
            pass
        return 1

    with toy_host("a", on_alarm=alarms.append) as host:
        host.run([LabJob("e1", calculating)])
    assert [alarm.kind for alarm in alarms][:1] == ["blocked-loop"]


@pytest.mark.parametrize(
    ("wall", "worked", "samples", "blocked"),
    [
        (0.15, 0.0, 4, True),
        (0.15, 0.0, 3, False),
        (0.09, 0.0, 4, False),
        (0.5, 0.05, 20, False),
        (0.5, 0.12, 2, True),
        (0.5, 0.12, 1, False),
    ],
)
def test_a_thread_that_is_kept_waiting_by_a_busy_machine_is_not_blamed(
    wall, worked, samples, blocked
):
    """Promise: it must have calculated for 0.1 s, or stood still while others were let run."""
    stall = loop_monitor._Stall(1, 0.0, 0.0, ("f.py", 1), samples)
    assert stall.is_blocking(wall, worked) is blocked


def test_an_alarm_without_listener_goes_to_the_screen(capfd):
    """Promise: a doubt is never lost."""

    async def blocking(lab):
        time.sleep(0.3)  # noqa: ASYNC251 - this is what is to be named
        return 1

    run_one(blocking)
    assert "warning: " in capfd.readouterr().err
