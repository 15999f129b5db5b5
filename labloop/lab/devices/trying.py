"""Asks a device again where its campaign says so, and names the device in what is raised."""

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any, Protocol, TypeVar

from labloop.errors import DeviceError
from labloop.lab.devices.scope import Scope
from labloop.lab.time import Clock

T = TypeVar("T")

_IN_CALL: ContextVar[bool] = ContextVar("_IN_CALL", default=False)
"""Whether an action or a read is under way: what it uses itself is part of it."""


class Named(Protocol):
    """A device, as far as it is named and has a clock."""

    name: str

    @property
    def context(self) -> Any:
        """What the lab gave it; its ``clock`` is the lab's."""
        ...


async def with_retries(
    device: Named, scope: Scope | None, ask: Callable[[], Awaitable[T]], *, harmless: bool = False
) -> T:
    """Return what ``ask()`` returns, asked again after a failure where that does no harm.

    Args:
        device: which is asked.
        scope: on whose behalf; its campaign says after which failures, and after what wait.
        ask: an action through the gate, or a read.
        harmless: whether asking again never does harm, as with a read.

    Raises:
        DeviceError: the last failure, with the name of the device in it.
    """
    if _IN_CALL.get():
        return await ask()
    if scope is not None:
        scope.used |= {device.name, scope.station_of(device.name) or device.name}
    tries = 0
    while True:
        tries += 1
        token = _IN_CALL.set(True)
        try:
            return await ask()
        except DeviceError as error:
            wait = _blamed(error, device.name, scope, tries, harmless=harmless)
            if wait is None:
                raise
        finally:
            _IN_CALL.reset(token)
        clock: Clock = device.context.clock
        await clock.sleep(wait)


def _blamed(
    error: DeviceError, device: str, scope: Scope | None, tries: int, *, harmless: bool
) -> float | None:
    """Name the device in its error; return the seconds after which it is asked again, or None."""
    error.device, error.tries = error.device or device, tries
    error.harmless = error.harmless or harmless
    if scope is None:
        return None
    error.station = error.station or scope.station_of(device)
    return scope.retry_after(error) if error.harmless else None
