"""How an action ended: what may have happened is never called "did not"."""

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
    """Return how an action ended, from what ended it and whether anything may have left.

    Only a device that said no has FAILED; a silence, an unreadable answer, a broken line, a
    cancellation or a mistake in the driver leave it UNCERTAIN.
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
    """Return what a caller of ``action`` gets: UncertainError where it may have happened."""
    plain = state is not ActionState.UNCERTAIN or idempotent
    if plain or isinstance(error, (UncertainError, asyncio.CancelledError)):
        return error
    made = UncertainError(
        f"{action} may or may not have happened: {detail_of(error)}; ask the device or look"
    )
    made.__cause__ = error
    return made


def detail_of(error: BaseException | None) -> str:
    """Return an error in words, for the journal; empty where there is none."""
    if error is None:
        return ""
    if isinstance(error, asyncio.CancelledError):
        return "cancelled"
    return str(error) if isinstance(error, DeviceError) else f"{type(error).__name__}: {error}"
