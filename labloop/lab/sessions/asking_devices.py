"""What a host's own instruments know of actions whose end its record does not know."""

from collections.abc import Awaitable, Callable
from contextlib import suppress

from labloop.errors import DeviceError, LabloopError
from labloop.lab.devices import Device, ask_executed, can_tell
from labloop.lab.host import LabHost
from labloop.lab.procedure import Lab
from labloop.lab.remote import Answer
from labloop.lab.sessions.action_record import ActionRecord, UnknownEnd
from labloop.records import ActionState, Mode

ByHand = Callable[[str, Callable[[Lab], Awaitable[Answer | None]]], Awaitable[Answer | None]]
"""Carries work out in the lab on behalf of the host itself, under a name."""

_ERRORS = {
    # What was returned is lost: whoever still waits may not go on with nothing in its place.
    ActionState.DONE: ("UncertainError", "; what it returned is lost"),
    ActionState.FAILED: ("DeviceError", "; why is not known"),
    ActionState.NOT_SENT: ("NotConnectedError", ""),
}
"""What an instrument says -> the error for whoever waits, and what the sentence adds."""


class AskingDevices:
    """Asks the instruments of a real host that keep the ids of what they did.

    In a simulated lab the instruments are gone with the process that had them.

    Args:
        host: the open lab.
        record: the host's own record.
    """

    def __init__(self, host: LabHost, record: ActionRecord) -> None:
        self._host = host
        self._record = record

    def settle(self, campaign_id: str) -> list[str]:
        """Ask about all that an earlier start left unknown, and commit what is told.

        Called before any campaign can come, in no event loop.

        Returns:
            Sentences for a person: what was told, and which instrument could not be asked.
        """
        told: list[str] = []
        for unknown in self._record.unknown_ends(campaign_id):
            if not self._can_be_asked(unknown):
                continue
            found = self._host.call(_question(unknown))
            if found is not None:
                self._record.tell(unknown, found)
                told.append(found.message)
        return told

    async def settle_one(self, token: int, request_id: str, by_hand: ByHand) -> Answer | None:
        """Ask about one action, and commit what is told; called in the loop of the service.

        Args:
            token: of the session.
            request_id: of the action.
            by_hand: carries work out in the lab.

        Returns:
            What became of it; None where its instrument cannot tell.
        """
        unknown = await self._record.unknown_end(token, request_id)
        if unknown is None or not self._can_be_asked(unknown):
            return None
        found: Answer | None = None
        # A lab that is being closed asks nobody any more: the next start does.
        with suppress(LabloopError):
            found = await by_hand(f"asked-{unknown.key}", _question(unknown))
        if found is None or found.state is ActionState.UNCERTAIN:
            return None
        await self._record.tell_soon(unknown, found)
        return found

    def _can_be_asked(self, unknown: UnknownEnd) -> bool:
        return self._host.mode is Mode.REAL and unknown.device in self._host.lab_file.devices


def _question(unknown: UnknownEnd) -> Callable[[Lab], Awaitable[Answer | None]]:
    """Return what asks an instrument; its answer is None where the driver does not ask it."""

    async def ask(lab: Lab) -> Answer | None:
        device: Device = getattr(lab, unknown.device)
        if not can_tell(type(device)):
            return None
        what = f"{unknown.device}.{unknown.action}"
        try:
            state = await ask_executed(device, unknown.gate_key)
        except DeviceError as error:
            return _unknown(f"{what}: {unknown.device} could not be asked: {error}")
        if state not in _ERRORS:
            return _unknown(f"{what}: {unknown.device} was asked, and cannot say how it ended")
        error_kind, more = _ERRORS[state]
        told = f"{what}: {unknown.device} itself, which was asked, says {state.value}{more}"
        return Answer(state=state, error=error_kind, message=told)

    return ask


def _unknown(message: str) -> Answer:
    return Answer(state=ActionState.UNCERTAIN, error="UncertainError", message=message)
