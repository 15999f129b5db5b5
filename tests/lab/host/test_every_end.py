"""Promise: whatever ends a program, its lab is made safe, and what is not safe is told loudly."""

import asyncio
import os
import select
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from lab_toys import ToyWorld, left_unsafe, toy_host

from labloop.errors import ExperimentCancelled, NotSafeError, ProcedureError, UncertainError
from labloop.lab import LabJob, MemoryJournal, signals_to
from labloop.lab.process.platform import END_SIGNALS
from labloop.lab.process.terminal import Terminal, say
from labloop.records import ActionState, Intent, Mode, Outcome, Severity
from labloop.units import quantity

posix = pytest.mark.skipif(os.name == "nt", reason="sends POSIX signals")

PROGRAM = """
import os, signal, sys, time
sys.path.insert(0, {here!r})
from lab_toys import ToyWorld, toy_host
from labloop.units import quantity

def note(event):
    print(event.device, event.event, flush=True)

world = ToyWorld("a", "b")
def see():
    for event in world.truth.events:
        os.write(1, f"{{event.device}} {{event.event}}\\n".encode())
import atexit
host = toy_host("a", "b", world=world, speed="real")
atexit.register(see)
{body}
"""


def ended(body, number=None):
    """Return (exit code, what was said, events) of a program that uses a lab by hand."""
    here = str(Path(__file__).parents[1])
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(here=here, body=body)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    if number is not None:
        assert process.stdout.readline() == "open\n"
        process.send_signal(number)
    out, said = process.communicate(timeout=60)
    return process.returncode, said, out.splitlines()


ON = 'host.call(lambda lab: lab.a.set_value(quantity(1, "mL/min")))\n'
WAIT = 'print("open", flush=True)\ntime.sleep(60)\n'


@posix
@pytest.mark.parametrize("number", [n for n in END_SIGNALS if n is not signal.SIGINT])
def test_a_signal_leaves_the_block_of_a_lab_used_by_hand(number):
    """Promise: what would kill the process leaves the block instead, with the same exit code."""
    body = f"with host:\n    {ON}    print('open', flush=True)\n    time.sleep(60)\n"
    code, said, events = ended(body, number)
    assert code == 128 + number, said
    assert events[-2:] == ["a safe", "b safe"]


def test_a_lab_that_is_still_open_when_the_program_ends_is_made_safe():
    """Promise: without `with`, as in a notebook, the end of the interpreter is an end."""
    code, said, events = ended(f"host.__enter__()\n{ON}")
    assert (code, events[-2:]) == (0, ["a safe", "b safe"]), said


def test_what_is_not_safe_when_the_program_ends_gives_its_exit_code():
    """Promise: also where nobody is left to raise to."""
    body = f"host.__enter__()\n{ON}world.emulators['a'].plugged = False\n"
    code, said, _ = ended(body)
    assert code == 4
    assert "!! NOT SAFE: a is NOT known to be in its safe state" in said


def test_nobody_listens_and_it_is_said_all_the_same(capfd):
    """Promise: an alarm a device, a loud line each, an error when the lab is left."""
    world, alarms = ToyWorld("a", "b"), []
    told = "NOT SAFE: a is NOT known to be in its safe state: .* Go and look at it now"
    with left_unsafe(toy_host("a", "b", world=world, on_alarm=alarms.append), told):
        world.emulators["a"].plugged = False
    [alarm] = alarms
    assert (alarm.kind, alarm.severity) == ("not-safe", Severity.CRITICAL)
    assert alarm.data == {"device": "a"}
    assert capfd.readouterr().err.count("!! NOT SAFE: a is NOT known") == 1


def test_who_listens_may_fail():
    """Promise: somebody else's code ends no safe state."""

    def listener(alarm):
        raise RuntimeError("the printer is on fire")

    world = ToyWorld("a", "b")
    with left_unsafe(toy_host("a", "b", world=world, on_alarm=listener), "a is NOT known") as host:
        world.emulators["a"].plugged = False
    assert host.report.safe == ["b"]


def test_the_error_of_the_block_is_the_cause():
    """Promise: what is not safe comes first, and what else went wrong is there, too."""
    world = ToyWorld("a")
    with pytest.raises(NotSafeError, match=r"It ended with ValueError: mine\)") as caught:
        leave_with(ValueError("mine"), world)
    assert isinstance(caught.value.__cause__, ValueError)


def leave_with(error, world):
    with toy_host("a", world=world):
        world.emulators["a"].plugged = False
        raise error


def test_making_safe_in_between_tells_the_same(capfd):
    """Promise: the alarm comes at once; the lab goes on, and its end has its own words."""
    world, alarms = ToyWorld("a"), []
    with toy_host("a", world=world, on_alarm=alarms.append) as host:
        world.emulators["a"].silent = True
        with pytest.raises(NotSafeError):
            host.make_safe().check()
        assert host.hold().failures
        world.emulators["a"].silent = False
    assert {alarm.kind for alarm in alarms} == {"not-safe"}
    assert "!! NOT SAFE: a is NOT known" in capfd.readouterr().err


@pytest.mark.parametrize("error", [SystemExit(0), KeyboardInterrupt(), GeneratorExit()])
def test_code_that_would_end_the_program_ends_its_experiment(error):
    """Promise: sys.exit in a procedure is a failure of it; the lab goes on and ends safely."""

    async def leaves(lab):
        await lab.a.set_value(quantity(1, "mL/min"))
        raise error

    async def in_a_group(lab):
        async with asyncio.TaskGroup() as group:
            group.create_task(leaves(lab))

    world = ToyWorld("a", "b")
    with toy_host("a", "b", world=world) as host:
        for code in (leaves, in_a_group):
            [future] = host.start([LabJob(code.__name__, code)])
            raised = future.exception(10)
            assert isinstance(raised, ProcedureError), raised
            host.settle()
        host.call(lambda lab: lab.b.set_value(quantity(1, "mL/min")))
    assert host.report.safe == ["a", "b"]


def test_a_stop_makes_safe_although_nobody_leaves_the_lab():
    """Promise: whoever should leave it may wait for a database; the devices do not."""
    world = ToyWorld("a", "b")
    with toy_host("a", "b", world=world, speed="real") as host:
        host.call(lambda lab: lab.a.set_value(quantity(1, "mL/min")))
        host.stop("enough")
        until = time.monotonic() + 10
        while not all(emulator.safe for emulator in world.emulators.values()):
            assert time.monotonic() < until
            time.sleep(0.01)
        with pytest.raises(ExperimentCancelled, match="enough"):
            host.call(lambda lab: lab.a.set_value(quantity(1, "mL/min")))
    assert host.report.safe == ["a", "b"]


def test_a_procedure_that_was_given_up_reaches_no_device_any_more():
    """Promise: what it still asks for is not sent; the safe state stays the last word."""
    world, tried = ToyWorld("a"), []

    async def stubborn(lab):
        while True:
            try:
                await lab.wait(quantity(1, "h"))
            except asyncio.CancelledError:
                try:
                    await lab.wait(quantity(6, "s"))
                    await lab.a.set_value(quantity(1, "mL/min"))
                except ExperimentCancelled as error:
                    tried.append(str(error))
                    raise

    async def slow_safe(lab):
        await lab.wait(quantity(1, "s"))
        host.stop("enough")
        await lab.wait(quantity(1, "h"))

    world.emulators["a"].safe_takes = 4.0
    with left_unsafe(toy_host("a", world=world), "procedure of e1 did not leave") as host:
        first, _ = host.start([LabJob("e1", stubborn), LabJob("e2", slow_safe)])
        assert isinstance(first.exception(10), UncertainError)
        host.leave("the test is over")
    assert "a.set_value was not sent: enough" in tried[0]
    assert [event.event for event in world.truth.events] == ["safe"]


def test_a_journal_that_hangs_is_waited_for_once():
    """Promise: a locked database costs one second and not one a device."""

    class Locked(MemoryJournal):
        def intent(self, intent):
            from concurrent.futures import Future

            return Future() if intent.name == "safe_state" else super().intent(intent)

    names = ["a", "b", "c", "d"]
    world = ToyWorld(*names)
    began = time.monotonic()
    with toy_host(*names, world=world, speed="real", journal=Locked()) as host:
        began = time.monotonic()
    assert host.report.safe == names
    assert time.monotonic() - began < 3


def test_a_device_that_an_earlier_process_left_running_and_nobody_reaches():
    """Promise: a real lab that cannot be opened says that it may still be on."""
    from labloop.lab.host.safety import left_running

    journal = MemoryJournal()
    for n, (device, name) in enumerate([("a", "heat"), ("b", "heat"), ("b", "safe_state")]):
        journal.intent(
            Intent(id=f"i{n}", campaign_id="c", experiment_id=None, device=device, name=name)
        ).result()
        journal.outcome(Outcome(intent_id=f"i{n}", state=ActionState.DONE)).result()
    entries = journal.entries("c")
    found = left_running(entries, (), Mode.REAL)
    assert found == {"a": "it cannot be reached, and the last known of it is heat"}
    assert left_running(entries, ("a",), Mode.REAL) == {}
    assert left_running(entries, (), Mode.SIMULATED) == {}


@posix
def test_a_hangup_stays_ignored_where_nohup_asked_for_it():
    """Promise: a campaign that was meant to outlive its terminal does."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    reasons = []
    try:
        with signals_to(reasons.append):
            os.kill(os.getpid(), signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)
    assert reasons == []


@posix
def test_a_forked_worker_ends_at_a_signal(tmp_path):
    """Promise: it has no lab, so nothing of the lab's end is done in it."""
    reasons, (reader, writer) = [], os.pipe()
    with signals_to(reasons.append):
        child = os.fork()
        if child == 0:
            os.write(writer, b"x")
            time.sleep(30)
            os._exit(0)
        # Not before the child has come out of its fork.
        assert os.read(reader, 1) == b"x"
        os.kill(child, signal.SIGTERM)
        _, status = os.waitpid(child, 0)
    os.close(reader)
    os.close(writer)
    assert os.waitstatus_to_exitcode(status) == -signal.SIGTERM
    assert reasons == []


def test_a_terminal_that_has_gone_raises_nothing():
    """Promise: a closed pipe, as a closed terminal, is written to in vain."""
    reader, writer = os.pipe()
    os.close(reader)
    with Terminal(writer) as terminal:
        for _ in range(3):
            terminal.write("nobody reads this\n")
        assert terminal.flush()
    os.close(writer)


@posix
def test_a_terminal_that_takes_nothing_is_waited_for_once():
    """Promise: a connection that hangs costs a second and neither memory nor a safe state."""
    reader, writer = os.pipe()
    while select.select([], [writer], [], 0)[1]:
        os.write(writer, b"x" * 4096)
    began = time.monotonic()
    terminal = Terminal(writer)
    for _ in range(5000):
        terminal.write("x" * 80)
        terminal.flush()
    assert time.monotonic() - began < 4
    assert terminal._words.qsize() < 1000
    threads = [t for t in threading.enumerate() if t.name == f"labloop-terminal-{writer}"]
    assert len(threads) == 1
    os.close(reader)
    threads[0].join(5)


def test_words_are_said(capfd):
    """Promise: letters that the terminal cannot show are no error."""
    say("90 µm")
    assert "90" in capfd.readouterr().err
