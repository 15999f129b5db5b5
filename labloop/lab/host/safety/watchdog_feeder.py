"""Feeds the watchdogs of instruments, and disarms them at the end.

One that is not fed any more makes its instrument safe.
"""

import asyncio
from collections.abc import Callable, Collection

from labloop.errors import DeviceError
from labloop.lab.devices import Device
from labloop.lab.time import Clock
from labloop.records import Alarm

FEEDS_PER_PERIOD = 3.0
"""Fed at a third of its time-out, so that one lost feed does not trip it."""
_DISARM_SECONDS = 1.0
_ALARM_AT = 2
"""Failures in a row at which an alarm is raised: after the next one it is too late to look."""


class WatchdogFeeder:
    """Feeds in lab time, from the connect of each device until the lab is closed.

    A feed that fails is tried again after the next third; the second failure in a row raises an
    alarm. During a hold, an instrument that could not be made safe is left to its watchdog.

    Args:
        clock: lab time; while it is frozen, no watchdog counts either.
        on_alarm: gets one alarm for each row of failures, in the lab's loop.
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
        """Stop feeding these devices, or all: their watchdogs count down from now on."""
        ended = [name for name in self._tasks if names is None or name in names]
        tasks = [self._tasks.pop(name) for name in ended]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def disarm(self, devices: Collection[Device]) -> None:
        """Disarm the watchdogs of devices that are safe; one that does not listen trips later."""
        armed = [device for device in devices if device.watchdog is not None]
        await asyncio.gather(*map(self._disarm, armed))

    async def _disarm(self, device: Device) -> None:
        try:
            async with self._clock.deadline(_DISARM_SECONDS, f"disarming {device.name}"):
                await device.disarm()
        except DeviceError as error:
            message = f"{device.name} is safe, and its watchdog could not be disarmed: {error}"
            self._on_alarm(Alarm("watchdog-armed", message, data={"device": device.name}))

    async def _feed(self, device: Device, timeout: float) -> None:  # noqa: ASYNC109 - the watchdog's own
        failures = 0
        while True:
            await self._clock.sleep(timeout / FEEDS_PER_PERIOD)
            try:
                await device.feed()
            except DeviceError as error:
                failures += 1
                if failures == _ALARM_AT:
                    self._on_alarm(_not_fed(device.name, timeout, error))
            else:
                failures = 0


def _not_fed(name: str, timeout: float, error: DeviceError) -> Alarm:
    message = (
        f"the watchdog of {name} could not be fed ({error}); {name} makes itself safe "
        f"{timeout:g} s after it last heard from the lab, so look at it"
    )
    return Alarm("watchdog-unfed", message, data={"device": name})
