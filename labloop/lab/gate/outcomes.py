"""How an action ended: what may have happened is UNCERTAIN, never FAILED or NOT_SENT."""

import asyncio

from labloop.errors import (
    DeviceError,
    DeviceTimeoutError,
    NotConnectedError,
    ProtocolError,
    UncertainError,
)
from labloop.records import ActionState


def outcome_state(error: BaseException | None, may_have_acted: bool) -> ActionState:
    """Return how an action ended.

    Only a refusal by the device is FAILED. A silence, an unreadable answer, a lost line, a
    cancellation or an error in the driver's code leave the action UNCERTAIN.

    Args:
        error: what ended it; None where it returned.
        may_have_acted: whether anything may have reached the device.
    """
    if error is None:
        return ActionState.DONE
    if not may_have_acted:
        return ActionState.NOT_SENT
    unknown = (DeviceTimeoutError, ProtocolError, NotConnectedError, UncertainError)
    if isinstance(error, DeviceError) and not isinstance(error, unknown):
        return ActionState.FAILED
    return ActionState.UNCERTAIN


def to_raise(
    error: BaseException, state: ActionState, action: str, *, idempotent: bool
) -> BaseException:
    """Return the error that the caller of ``action`` gets.

    Where the action may have happened that is UncertainError, except for an idempotent one. Any
    other DeviceError says that the action may be sent again.
    """
    plain = state is not ActionState.UNCERTAIN or idempotent
    if plain and isinstance(error, DeviceError):
        error.harmless = True
    if plain or isinstance(error, (UncertainError, asyncio.CancelledError)):
        return error
    made = UncertainError(
        f"{action} may or may not have happened: {detail_of(error)}; ask the device or look"
    )
    made.__cause__ = error
    return made


def detail_of(error: BaseException | None) -> str:
    """Return an error in words for the journal; empty where there is none."""
    if error is None:
        return ""
    if isinstance(error, asyncio.CancelledError):
        return "cancelled"
    return str(error) if isinstance(error, DeviceError) else f"{type(error).__name__}: {error}"
