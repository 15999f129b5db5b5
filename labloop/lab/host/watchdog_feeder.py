"""Feeds the watchdogs of instruments: one that hears nothing any more makes itself safe."""

import asyncio
from collections.abc import Callable, Collection

from labloop.errors import DeviceError
from labloop.lab.devices import Device
from labloop.lab.time import Clock
from labloop.records import Alarm

SHARE = 3.0
"""Fed at a third of its time: one lost feeding trips nothing."""
_TELLING = 2
"""The failure in a row that is told: after the next one it is too late to look."""


class WatchdogFeeder:
    """Feeds in lab time, from the connect of each device until the lab is closed.

    A feeding that fails is tried again at the next third; the second failure in a row is told.
    While a campaign waits for a person, an instrument that could not be made safe is left to
    its watchdog.

    Args:
        clock: lab time; while it is held, no watchdog runs either.
        on_alarm: is told, in the lab's loop, once per row of failures.
    """

    def __init__(self, clock: Clock, on_alarm: Callable[[Alarm], object]) -> None:
        self._clock = clock
        self._on_alarm = on_alarm
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def begin(self, device: Device) -> None:
        """Feed ``device`` from now on, where it has an armed watchdog and is not fed yet."""
        if device.watchdog is not None and device.name not in self._tasks:
            feeding = self._feed(device, device.watchdog)
            self._tasks[device.name] = asyncio.create_task(feeding, name=f"feeds {device.name}")

    async def end(self, names: Collection[str] | None = None) -> None:
        """Feed these, or all, no more: from now on their watchdogs count down."""
        ended = [name for name in self._tasks if names is None or name in names]
        tasks = [self._tasks.pop(name) for name in ended]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _feed(self, device: Device, watchdog: float) -> None:
        failures = 0
        while True:
            await self._clock.sleep(watchdog / SHARE)
            try:
                await device.feed()
            except DeviceError as error:
                failures += 1
                if failures == _TELLING:
                    self._on_alarm(_unfed(device.name, watchdog, error))
            else:
                failures = 0


def _unfed(name: str, watchdog: float, error: DeviceError) -> Alarm:
    message = (
        f"the watchdog of {name} could not be fed ({error}); {name} makes itself safe "
        f"{watchdog:g} s after it last heard from the lab, so look at it"
    )
    return Alarm("watchdog-unfed", message, data={"device": name})
