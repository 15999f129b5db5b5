"""How a lab ends: procedures are cancelled, devices are made safe, failures are reported."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError

from labloop.lab.host.bridge import Bridge
from labloop.lab.host.jobs import JobRunner
from labloop.lab.host.open_devices import OpenDevices
from labloop.lab.host.safety import PROCEDURE_SECONDS, TOTAL_SECONDS, SafetyReport
from labloop.lab.process import say
from labloop.records import Alarm

CLOSE_SECONDS = 2.0
"""Of the total, what is kept back for closing the lines."""
_PROCEDURE_SHARE = 1 / 3
"""Of what is left of the total, what procedures may take at most."""
_SLICE_SECONDS = 0.5
"""Waiting is counted in slices: of the time for which the process was suspended, one counts."""


class Shutdown:
    """The end of one open lab; it begins once, at a stop or when the lab is left.

    All of it takes at most ``TOTAL_SECONDS``, from the first of the two.

    Args:
        bridge: the way into the lab's event loop.
        jobs: what runs there.
        devices: are made safe.
        report: is filled in.
        on_alarm: gets what is not known to be safe, from any thread.
    """

    def __init__(
        self,
        bridge: Bridge,
        jobs: JobRunner,
        devices: OpenDevices,
        report: SafetyReport,
        on_alarm: Callable[[Alarm], object],
    ) -> None:
        self._bridge = bridge
        self._jobs = jobs
        self._devices = devices
        self._report = report
        self._on_alarm = on_alarm
        self._task: asyncio.Task[None] | None = None
        self._leaving: asyncio.Task[None] | None = None
        self._began: float | None = None
        """Second of the monotonic clock."""
        self._reported: set[str] = set()

    def stop(self, reason: str) -> None:
        """Begin the end, from any thread; the devices become safe although nobody leaves."""
        self._began = self._began or time.monotonic()
        self._bridge.interrupt(lambda: self._begin(reason))

    def leave(self, reason: str) -> bool:
        """Wait until the devices are safe and the lines are closed.

        It is no job of the runner, which a second stop would cancel.

        Returns:
            Whether that was so in time; False where the lab's event loop is blocked.
        """
        self._began = self._began or time.monotonic()
        done: Future[None] = Future()

        async def work() -> None:
            try:
                await self._begin(reason)
                await self._devices.close(CLOSE_SECONDS / 2)
            except BaseException as error:
                done.set_exception(error)
                raise
            done.set_result(None)

        def begin() -> None:
            # In one call: between the two, simulated lab time would run on by itself.
            self._begin(reason)
            self._leaving = self._devices.clock.loop.create_task(work())

        # Where nothing else can happen: what was under way at this lab second comes first.
        self._bridge.enter(begin)
        in_time = _waited(done, self._began + TOTAL_SECONDS)
        if not in_time:
            for name in self._devices.identities:
                if name not in self._report.safe:
                    self._report.failures.setdefault(name, "the lab's loop did not answer")
        self.report(self._report)
        return in_time

    def report(self, report: SafetyReport) -> None:
        """Print what is not known to be safe and raise its alarms, once each; from any thread."""
        for alarm in report.alarms():
            if alarm.message not in self._reported:
                self._reported.add(alarm.message)
                if self._devices.patience is None:
                    # Where it is tried again and again, whoever tries tells the end of it.
                    say(f"!! NOT SAFE: {alarm.message}")
                self._on_alarm(alarm)

    def _begin(self, reason: str) -> "asyncio.Task[None]":
        """Begin in the loop. A second call cancels no cleaning up."""
        if self._task is None:
            self._jobs.stop(reason)
            self._task = self._devices.clock.loop.create_task(self._shut_down())
        return self._task

    async def _shut_down(self) -> None:
        clock, report = self._devices.clock, self._report
        self._jobs.begin_safe_states()
        began = clock.now()
        end = began - self._lateness() + TOTAL_SECONDS - CLOSE_SECONDS
        seconds = min(PROCEDURE_SECONDS, max(end - began, 0.0) * _PROCEDURE_SHARE)
        report.still_running = await self._jobs.wait(seconds)
        await self._devices.make_safe(report, end)
        report.seconds = clock.now() - began
        await self._devices.feeder.end()
        await self._devices.feeder.disarm([self._devices.devices[name] for name in report.safe])
        self._jobs.end_safe_states()
        self.report(report)

    def _lateness(self) -> float:
        """Return lab seconds since the end was asked for: a blocked loop begins it later.

        In simulated time a loop that is blocked takes no lab time.
        """
        if self._devices.clock.loop.simulated or self._began is None:
            return 0.0
        return time.monotonic() - self._began


def _waited(done: "Future[None]", until: float) -> bool:
    """Return whether ``done`` came before second ``until`` of the monotonic clock.

    It is waited for ``CLOSE_SECONDS`` at least: the lab may have been stopped long before.
    """
    left = max(until - time.monotonic(), CLOSE_SECONDS)
    while left > 0:
        try:
            done.result(min(_SLICE_SECONDS, left))
        except FutureTimeoutError:
            left -= _SLICE_SECONDS
            continue
        return True
    return False
