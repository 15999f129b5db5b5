"""Feeds the watchdogs of instruments: one that hears nothing any more makes itself safe."""

import asyncio
from collections.abc import Callable

from labloop.errors import DeviceError
from labloop.lab._clock import Clock
from labloop.lab._device import Device
from labloop.records import Alarm

SHARE = 3.0
"""Fed at a third of its time: one lost feeding trips nothing."""


class Feeding:
    """Feeds in lab time, from the connect of each device until the lab is closed.

    Args:
        clock: lab time; while it is held, no watchdog runs either.
        on_alarm: is told, in the lab's loop, when a device begins not to take its food.
    """

    def __init__(self, clock: Clock, on_alarm: Callable[[Alarm], object]) -> None:
        self._clock = clock
        self._on_alarm = on_alarm
        self._tasks: list[asyncio.Task[None]] = []

    def begin(self, device: Device) -> None:
        """Feed ``device`` from now on, where it has an armed watchdog."""
        if device.watchdog is not None:
            feeding = self._feed(device, device.watchdog)
            self._tasks.append(asyncio.create_task(feeding, name=f"feeds {device.name}"))

    async def end(self) -> None:
        """Feed no more: from now on each watchdog counts down."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    async def _feed(self, device: Device, watchdog: float) -> None:
        hungry = False
        while True:
            await self._clock.sleep(watchdog / SHARE)
            try:
                await device.feed()
            except DeviceError as error:
                # Whoever needs the device next is told, too; until then it is tried again.
                if not hungry:
                    self._on_alarm(_unfed(device.name, watchdog, error))
                hungry = True
            else:
                hungry = False


def _unfed(name: str, watchdog: float, error: DeviceError) -> Alarm:
    message = (
        f"the watchdog of {name} could not be fed ({error}); {name} makes itself safe "
        f"{watchdog:g} s after it last heard from the lab, so look at it"
    )
    return Alarm("watchdog-unfed", message, data={"device": name})
