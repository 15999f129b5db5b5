"""Promise: a signal that ends a program makes its lab safe first."""

import os
import signal
import threading
import time

import pytest
from lab_programs import ON, ended
from lab_toys import ToyWorld, shared_toys, toy_host

from labloop.errors import ExperimentCancelled
from labloop.lab import LabJob, signals_to
from labloop.lab.process.platform import END_SIGNALS
from labloop.units import quantity

SHARED = shared_toys("a", "b", "c")


async def long(lab, device):
    await getattr(lab, device).set_value(quantity(7, "mL/min"))
    await lab.wait(quantity(100, "h"))
    return 1


def jobs(count=4):
    names = ["a", "b", "c"]
    return [LabJob(f"e{n}", lambda lab, n=n: long(lab, names[n % 3])) for n in range(count)]


def all_set(world, count=4):
    """Wait until the experiments are under way."""
    until = time.monotonic() + 10
    while sum(event.event == "set" for event in list(world.truth.events)) < count:
        assert time.monotonic() < until
        time.sleep(0.002)


def slow_world(takes):
    world = ToyWorld("a", "b", "c", baud=None)
    for emulator in world.emulators.values():
        emulator.safe_takes = takes
    return world


posix = pytest.mark.skipif(os.name == "nt", reason="sends POSIX signals")


@posix
@pytest.mark.parametrize("number", [n for n in END_SIGNALS if n is not signal.SIGINT])
def test_a_signal_leaves_the_block_of_a_lab_used_by_hand(number):
    """Promise: what would kill the process leaves the block instead, with the same exit code."""
    body = f"with host:\n    {ON}    print('open', flush=True)\n    time.sleep(60)\n"
    code, said, events = ended(body, number)
    assert code == 128 + number, said
    assert events[-2:] == ["a safe", "b safe"]


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


@pytest.mark.parametrize("number", END_SIGNALS)
def test_signals_stop_and_are_given_back(number, capfd):
    """Promise: the first signal stops, the second is noted, the handlers come back."""
    before = [signal.getsignal(each) for each in END_SIGNALS]
    reasons = []
    with signals_to(reasons.append):
        os.kill(os.getpid(), number)
        os.kill(os.getpid(), number)
        time.sleep(0.01)
    assert len(reasons) == 1
    assert reasons[0].startswith(f"{number.name} received")
    assert [signal.getsignal(each) for each in END_SIGNALS] == before
    told = capfd.readouterr().err
    assert f"{number.name}: stopping" in told
    assert f"{number.name} again: noted" in told


def test_a_signal_ends_a_lab_in_flight():
    """Promise: Ctrl-C with four experiments in flight leaves everything safe."""
    world = slow_world(0.05)
    with toy_host(world=world, tables=SHARED, speed="real") as host, signals_to(host.stop):
        futures = host.start(jobs())
        all_set(world)
        os.kill(os.getpid(), signal.SIGINT)
        for future in futures:
            with pytest.raises(ExperimentCancelled, match="SIGINT received"):
                future.result(5)
    assert all(emulator.safe for emulator in world.emulators.values())


def test_another_thread_takes_over_no_signal():
    """Promise: signals arrive in the main thread only; elsewhere nothing is changed."""
    before = signal.getsignal(signal.SIGINT)
    seen = []

    def work():
        with signals_to(seen.append):
            seen.append(signal.getsignal(signal.SIGINT) is before)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [True]
