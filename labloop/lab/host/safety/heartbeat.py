"""Signs of life for the watchdog process, from the lab's event loop: a blocked loop gives none."""

import asyncio
import time
from collections.abc import Callable

from labloop.errors import LabFileError, LabloopError
from labloop.lab.host.safety.watch_order import WatchOrder
from labloop.lab.process import WatchdogProcess
from labloop.lab.time import Clock
from labloop.records import Alarm

_BEATS_PER_TIME = 5.0
"""So many beats in the time after which the watchdog process acts, at least one a second."""
_START_SECONDS = 60.0
"""A watchdog process that does not watch after so long will not; drivers may load slowly."""
_ANSWER_SECONDS = 10.0
"""One that answers no beat for so long hangs. Not sooner: while it is replaced, nobody watches."""
_GLANCE = 0.005


class Heartbeat:
    """Starts the watchdog process of a lab, gives it signs of life, and replaces one that is lost.

    Args:
        order: what it is told.
        on_alarm: gets an alarm where it is lost, in the lab's loop.
    """

    def __init__(self, order: WatchOrder, on_alarm: Callable[[Alarm], object]) -> None:
        self._order = order
        self._on_alarm = on_alarm
        self._process = self._start()
        self._task: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int:
        """The id of the watchdog process that watches; 0 while one is being started."""
        return self._process.pid if self._process.watching else 0

    def wait_until_watching(self) -> None:
        """Wait until it watches; nothing may be sent to a device before.

        Raises:
            LabFileError: it cannot load a driver that this process has.
            LabloopError: it does not start.
        """
        until = time.monotonic() + _START_SECONDS
        while not self._process.watching:
            if self._process.refusal:
                raise LabFileError(
                    f"the watchdog process of the lab {self._process.refusal}; a lab that needs "
                    'none says why: [watchdog] off_because = "..."'
                )
            if self._process.ended or time.monotonic() >= until:
                how = "has ended" if self._process.ended else "did not begin"
                raise LabloopError(
                    f"the watchdog process of the lab {how} within {_START_SECONDS:g} s, so "
                    "nothing was opened; what it said stands above. Try again"
                )
            time.sleep(_GLANCE)

    def begin(self, clock: Clock) -> None:
        """Give signs of life from now on; called in the lab's loop, before anything is sent."""
        self._process.beat()
        self._task = clock.loop.create_task(self._beat(clock), name="beats for the watchdog")

    def end(self) -> None:
        """Say that the lab has ended in order, after its loop has; the watchdog process ends."""
        self._process.end()

    async def _beat(self, clock: Clock) -> None:
        period = min(self._order.after / _BEATS_PER_TIME, 1.0)
        while True:
            await clock.sleep(period)
            self._process.beat()
            patience = _ANSWER_SECONDS if self._process.watching else _START_SECONDS
            if self._process.ended or self._process.silent > patience:
                self._replace()

    def _replace(self) -> None:
        lost = self._process
        what = "has ended" if lost.ended else "does not answer any more"
        why = f" ({lost.refusal})" if lost.refusal else ""
        lost.kill()
        self._on_alarm(
            Alarm(
                "watchdog-lost",
                f"the watchdog process of the lab (process {lost.pid}) {what}{why}; another one is "
                "being started. Until it watches, nobody makes the devices safe if this program "
                "dies",
                data={"process": lost.pid},
            )
        )
        self._process = self._start()

    def _start(self) -> WatchdogProcess:
        return WatchdogProcess(self._order.line())
