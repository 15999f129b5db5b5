"""Waits until a value stays at its target; passing through it is not enough."""

from collections.abc import Awaitable, Callable

from labloop.errors import DeviceFaultError
from labloop.lab.time import Clock


async def until_stable(
    clock: Clock,
    ask: Callable[[], Awaitable[float]],
    target: float,
    *,
    tolerance: float,
    hold: float,
    at_most: float,
    every: float,
    late: Callable[[float], str],
) -> float:
    """Return the value once it has stayed within ``tolerance`` of ``target`` for ``hold``.

    Args:
        clock: lab time.
        ask: reads the value, in the unit of ``target`` and ``tolerance``.
        target: where the value should stay.
        tolerance: the largest distance from it, to either side.
        hold: lab seconds for which every reading must be near; 0 for one reading.
        at_most: lab seconds after which it is given up.
        every: lab seconds between two readings.
        late: returns the sentence of the error, from the latest value.

    Raises:
        DeviceFaultError: it did not stay there within ``at_most``. It is no DeviceTimeoutError,
            after which an idempotent action would be sent again: the line works.
    """
    end = clock.now() + at_most
    near_since: float | None = None
    while True:
        value, now = await ask(), clock.now()
        if abs(value - target) > tolerance:
            near_since = None
        elif near_since is None:
            near_since = now
        if near_since is not None and now - near_since >= hold:
            return value
        if now >= end:
            raise DeviceFaultError(late(value))
        await clock.sleep(every)
