"""After a crash: an instrument that keeps the ids of what it did is asked what became of one."""

from labloop.errors import DeviceError
from labloop.lab.devices.device import Device
from labloop.records import ActionState

_ON_ITS_WAY = 1.0
"""Lab seconds within which bytes that a dead process has sent have come to the instrument."""


def can_tell(driver: type[Device]) -> bool:
    """Return whether a driver asks its instrument what became of an action."""
    return driver.executed is not Device.executed


async def ask_executed(device: Device, intent_id: str) -> ActionState:
    """Return what became of an action, as its instrument tells it; nothing is changed.

    That nothing came is believed at the second time of asking: what a dead process had sent may
    have been on its way at the first.

    Args:
        device: of a driver that :func:`can_tell`.
        intent_id: of the journal.

    Raises:
        DeviceError: the instrument does not answer, or with what is no state of an action.
    """
    action_id = device.context.action_id(intent_id)
    told = await device.executed(action_id)
    if told is ActionState.NOT_SENT:
        await device.context.clock.sleep(_ON_ITS_WAY)
        told = await device.executed(action_id)
    if not isinstance(told, ActionState):
        raise DeviceError(
            f"{device.name}: executed() must return an ActionState, such as DONE, got {told!r}"
        )
    return told
