"""How a lab ends: procedures leave, devices become safe, and what did not is told loudly."""

import asyncio
import atexit
import os
import time
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as WaitedTooLong
from typing import Protocol

from labloop.lab.host.bridge import Bridge
from labloop.lab.host.build import OpenDevices
from labloop.lab.host.jobs import JobRunner
from labloop.lab.host.shutdown import PROCEDURE_SECONDS, TOTAL_SECONDS, SafetyReport
from labloop.lab.process import say
from labloop.records import Alarm

CLOSE_SECONDS = 2.0
"""How long lines may take to be given back."""
NOT_SAFE_EXIT = 4
"""The exit code of a program whose lab ended with something that is not known to be safe."""
_SLICE = 0.5
"""Waiting is counted in slices: of the time for which the process was stopped, one counts."""


class Closing:
    """The end of one open lab; it begins once, at a stop or when the lab is left.

    Args:
        bridge: the way into the lab's loop.
        board: what runs there.
        fitted: the devices.
        report: is filled in.
        on_alarm: is told what is not known to be safe, from any thread.
    """

    def __init__(
        self,
        bridge: Bridge,
        board: JobRunner,
        fitted: OpenDevices,
        report: SafetyReport,
        on_alarm: Callable[[Alarm], object],
    ) -> None:
        self._bridge = bridge
        self._board = board
        self._fitted = fitted
        self._report = report
        self._on_alarm = on_alarm
        self._task: asyncio.Task[None] | None = None
        self._asked: float | None = None
        self._told: set[str] = set()

    def stop(self, reason: str) -> None:
        """Begin the end, from any thread; nobody need leave the lab for its devices to be safe."""
        self._asked = self._asked or time.monotonic()
        self._bridge.interrupt(lambda: self._begin(reason))

    def leave(self, reason: str) -> None:
        """Wait until the devices are safe and the lines are given back, within bounds.

        It is no job of the board, which a second stop would cancel.
        """
        self._asked = self._asked or time.monotonic()
        done: Future[None] = Future()

        async def work() -> None:
            try:
                await self._begin(reason)
                await self._fitted.close(CLOSE_SECONDS / 2)
            except BaseException as error:
                done.set_exception(error)
                raise
            done.set_result(None)

        def begin() -> None:
            # In one turn of the loop: between the two, simulated lab time would run on by itself.
            self._begin(reason)
            self._leaving = self._fitted.clock.loop.create_task(work())

        # Where nothing else can happen: what was under way at this lab second comes first.
        self._bridge.enter(begin)
        if not _waited(done, self._asked + TOTAL_SECONDS + 2 * CLOSE_SECONDS):
            for name in self._fitted.identities:
                if name not in self._report.safe:
                    self._report.failures.setdefault(name, "the lab's loop did not answer")
        self.tell(self._report)

    def tell(self, report: SafetyReport) -> None:
        """Say loudly what is not known to be safe, once each; from any thread."""
        for alarm in report.alarms():
            if alarm.message not in self._told:
                self._told.add(alarm.message)
                say(loud(alarm.message))
                self._on_alarm(alarm)

    def _begin(self, reason: str) -> "asyncio.Task[None]":
        """End all that runs and make safe; in the loop. A second time cancels no cleaning up."""
        if self._task is None:
            self._board.stop(reason)
            self._task = self._fitted.clock.loop.create_task(self._shut_down())
        return self._task

    async def _shut_down(self) -> None:
        clock, report = self._fitted.clock, self._report
        self._board.leave()
        began = clock.now()
        report.left = await self._board.wait(PROCEDURE_SECONDS)
        await self._fitted.make_safe(report, began + TOTAL_SECONDS - CLOSE_SECONDS)
        report.seconds = clock.now() - began
        await self._fitted.feeding.end()
        self._board.rest()
        self.tell(report)


def _waited(done: "Future[None]", until: float) -> bool:
    """Return whether ``done`` came before second ``until`` of the monotonic clock."""
    left = max(until - time.monotonic(), CLOSE_SECONDS)
    while left > 0:
        try:
            done.result(min(_SLICE, left))
        except WaitedTooLong:
            left -= _SLICE
            continue
        return True
    return False


def loud(message: str) -> str:
    """Return what is not known to be safe as it is said to everybody."""
    return f"!! NOT SAFE: {message}"


# The end of the interpreter.


class Leavable(Protocol):
    """A lab that is open."""

    def leave(self, reason: str) -> SafetyReport:
        """Make safe and close; return what became of each device."""
        ...


_OPEN: dict[Leavable, int] = {}
"""Labs that are open -> the process that opened them: a forked one has none."""


def opened(host: Leavable) -> None:
    """Remember a lab, so that it is made safe where the program ends without leaving it."""
    if not _OPEN:
        # Anew each time, so that it runs before what was registered earlier.
        atexit.register(_leave_all)
    _OPEN[host] = os.getpid()


def closed(host: Leavable) -> None:
    """Forget a lab."""
    _OPEN.pop(host, None)
    if not _OPEN:
        atexit.unregister(_leave_all)


def _leave_all() -> None:
    """Leave every lab that is still open; ends the process where one is not safe."""
    mine = [host for host, process in _OPEN.items() if process == os.getpid()]
    reports = [host.leave("the program ends") for host in mine]
    if any(report.alarms() for report in reports):
        # What is registered at exit cannot give the exit code in any other way.
        os._exit(NOT_SAFE_EXIT)
