"""A function in a thread or in a process of its own: results, ends, time-outs, retries."""

import asyncio
import ctypes
import logging
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from labloop import CurveData, Function, Retry, progress, quantity
from labloop.errors import (
    DefinitionError,
    ExperimentCancelled,
    UncertainError,
    WorkError,
    WorkTimeoutError,
)

LOG = logging.getLogger("rig")
LOG.setLevel(logging.INFO)


def double(x):
    print("doubling", x)  # noqa: T201 - a user's function prints
    LOG.info("as asked")
    progress(0.4, "half way")
    return {"out": 2 * x, "curve": CurveData(np.arange(3.0), np.ones(3), "s", "mAU")}


async def slow_double(x):
    await asyncio.sleep(0.01)
    return {"out": 2 * x}


def fails(x):
    raise ValueError(f"no sample at {x}")


def crashes(x):
    ctypes.string_at(0)


def leaves(x):
    os._exit(7)


def eats(x):
    return {"out": len(bytearray(3 * 1024**3))}


def hangs(x):
    time.sleep(60)


def starts_children(path):
    """Start a child that leaves the session, tell its process id, and hang."""
    child = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True
    )
    Path(path).write_text(str(child.pid))
    time.sleep(60)


def doubts(x):
    raise UncertainError("the shaker did not answer")


@pytest.mark.parametrize("process", [False, True])
def test_a_function_tells_its_result_its_progress_and_its_log(bench, process):
    """Quantities and curves come back the same; print, logging and progress are kept."""
    work = Function(double, process=process)
    found = bench.run(work, quantity(2.5, "mL"))
    assert found["out"] == quantity(5.0, "mL")
    assert found["curve"] == CurveData(np.arange(3.0), np.ones(3), "s", "mAU")
    assert "doubling 2.5 mL" in bench.told["log"].replace("milliliter", "mL")
    assert "INFO rig: as asked" in bench.told["log"]
    assert [note[1:] for note in bench.told["progress"]] == [[0.4, "half way"]]
    assert bench.entries[0].intent.arguments["work"] == ("process" if process else "function")


@pytest.mark.parametrize("process", [False, True])
def test_a_coroutine_is_awaited(bench, process):
    """An ``async def`` works as a ``def`` does."""
    assert bench.run(Function(slow_double, process=process), 2) == {"out": 4}


def test_what_a_process_raises_is_told_with_its_line(bench):
    """The reason names the error and the line of the user's file; the traceback is in the log."""
    with pytest.raises(WorkError, match=r"ValueError: no sample at 3 \(test_function.py line \d+"):
        bench.run(Function(fails, process=True), 3)
    assert "Traceback" in bench.told["log"]
    with pytest.raises(UncertainError, match="shaker"):
        bench.run(Function(doubts, process=True), 3)


@pytest.mark.parametrize(
    ("func", "words"),
    [
        (crashes, "crashes was ended by SIGSEGV"),
        (leaves, "leaves ended its process with exit code 7 before it returned"),
    ],
)
def test_a_crash_is_the_failure_of_one_attempt(bench, func, words):
    """A process that dies is told in a sentence, and nothing else is touched."""
    with pytest.raises(WorkError, match=words):
        bench.run(Function(func, process=True), 1)
    assert bench.run(Function(slow_double), 2) == {"out": 4}


@pytest.mark.skipif(sys.platform == "win32", reason="address space is bounded on POSIX alone")
def test_a_memory_blow_up_is_a_failure(bench):
    """What wants more memory than it may have fails by itself."""
    with pytest.raises(WorkError, match="MemoryError"):
        bench.run(Function(eats, process=True, memory=2), 1)


def test_a_process_is_ended_by_its_time_out_with_its_children(bench, tmp_path, alive, until):
    """Also a child that left the session is ended; the attempt has failed in time."""
    path, began = tmp_path / "child", time.monotonic()
    with pytest.raises(WorkTimeoutError, match="did not end within 4 s; it was ended"):
        bench.run(Function(starts_children, process=True, timeout=4), str(path))
    assert time.monotonic() - began < 15
    child = int(path.read_text())
    until(lambda: not alive(child))


def test_a_stop_ends_a_process(bench):
    """A stop ends it within its grace, and what ran was abandoned, not failed."""
    bench.stop_soon(lambda: bench.calls and bench.calls[0].place.joinpath("guard.txt").exists())
    began = time.monotonic()
    with pytest.raises(ExperimentCancelled, match="enough"):
        bench.run(Function(hangs, process=True), 1)
    assert time.monotonic() - began < 10
    assert not bench.calls[0].place.exists()


def test_a_thread_cannot_be_ended(bench):
    """After its time-out it is uncertain, or a failure where it may be repeated; it is named."""
    with pytest.raises(UncertainError, match="cannot be ended and still runs"):
        bench.run(Function(hangs, timeout=0.1), 1)
    assert bench.calls[-1].left.is_alive()
    retried = Function(hangs, timeout=0.1, repeatable=True, retry=Retry(times=3, wait=0))
    with pytest.raises(WorkTimeoutError, match="still runs"):
        bench.run(retried, 1)
    assert len(bench.entries) == 2  # never begun again behind the back of the one that runs


def test_a_coroutine_is_cancelled_by_its_time_out(bench):
    """An ``async def`` ends at its time-out, and its clean-up runs."""
    seen = []

    async def waits(x):
        try:
            await asyncio.sleep(60)
        finally:
            seen.append(x)

    with pytest.raises(WorkTimeoutError, match="was cancelled"):
        bench.run(Function(waits, timeout=0.1), 5)
    assert seen == [5]
    assert bench.calls[-1].left is None


class Flaky:
    """Fails until a file has as many letters as asked."""

    def __init__(self, path, good_after):
        self.path, self.good_after = path, good_after

    def __call__(self, x):
        with Path(self.path).open("a") as file:
            file.write("x")
        if len(Path(self.path).read_text()) <= self.good_after:
            raise ConnectionError("try again")
        return {"out": 1.0}


@pytest.mark.parametrize("process", [False, True])
def test_what_may_be_repeated_is_retried_by_policy(bench, tmp_path, process):
    """So many times, after these errors alone; every attempt is stored."""
    policy = Retry(times=2, wait=0.01, on=(ConnectionError, TimeoutError))
    flaky = Flaky(str(tmp_path / "count"), 2)
    work = Function(flaky, process=process, repeatable=True, retry=policy)
    assert bench.run(work, 1) == {"out": 1.0}
    assert [entry.state.value for entry in bench.entries] == ["failed", "failed", "done"]
    assert [entry.intent.arguments["attempt"] for entry in bench.entries] == [1, 2, 3]
    other = Function(fails, process=process, repeatable=True, retry=policy)
    with pytest.raises((WorkError, ValueError)):
        bench.run(other, 1)
    assert len(bench.entries) == 4


def test_retries_are_refused_where_nothing_says_that_they_do_no_harm():
    """Nothing is done twice by default."""
    with pytest.raises(DefinitionError, match="repeatable=True"):
        Function(double, retry=Retry(times=2))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Function(3), "needs a function, got 3"),
        (lambda: Function(double, timeout=0), "seconds above 0, got 0"),
        (lambda: Function(double, memory=2), "add process=True"),
        (lambda: Retry(times=-1), "whole number from 0"),
        (lambda: Retry(on=3), "must be exceptions"),
        (lambda: progress(40), "from 0 to 1, got 40"),
    ],
)
def test_bad_input_is_one_sentence(make, words):
    """It says what was asked, what came and what to do."""
    with pytest.raises(DefinitionError, match=words):
        make()


def test_what_cannot_go_to_a_process_is_told(bench):
    """An argument that cannot be copied is a sentence that names the function."""
    with pytest.raises(DefinitionError, match="double or its arguments cannot be taken"):
        bench.run(Function(double, process=True), threading.Lock())


def test_a_function_within_another_goes_to_a_process(bench):
    """What has no name in a file, such as a notebook's cell, is taken by its code."""
    factor = 3
    assert bench.run(Function(lambda x: {"out": factor * x}, process=True), 2) == {"out": 6}
