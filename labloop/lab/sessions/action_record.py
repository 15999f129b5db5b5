"""The host's own record of what campaigns asked it to do: committed before it is begun.

Each action has two entries below one id: the request with its whole answer, kept as a step, and
the action itself with its frames, which the gate writes.
"""

import asyncio
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass

from labloop.errors import StaleStateError
from labloop.lab.remote import Answer, Request
from labloop.lab.sessions.held_session import Asker, HeldSession, action_key
from labloop.records import ActionState, Intent, Journal, JournalEntry, Outcome

_REQUEST = "request"
_SESSION = "session"
_LOST = Answer(
    state=ActionState.UNCERTAIN,
    error="UncertainError",
    message="the host ended while it was under way; look at the device",
)
_ENDED = {
    ActionState.DONE: ("UncertainError", "it was done; what it returned is lost with the host"),
    ActionState.FAILED: ("DeviceError", ""),
    ActionState.NOT_SENT: ("NotConnectedError", ""),
}
"""How the gate saw an action end -> the error and the words for whoever waits for its result."""


@dataclass(frozen=True, slots=True)
class UnknownEnd:
    """An action that was begun, and whose end the record does not know."""

    key: str
    """Of the request in the record."""
    device: str
    action: str

    @property
    def gate_key(self) -> str:
        """The id of the gate's own entry, under which an instrument knows the action."""
        return gate_key(self.key)


class ActionRecord:
    """Keeps requests and answers in a journal.

    Args:
        journal: of the host.
        campaign_id: under which this start of the host keeps them.
        since: the first microsecond (of the epoch) that the record knows of.
    """

    def __init__(self, journal: Journal, campaign_id: str, since: int) -> None:
        self._journal = journal
        self.campaign_id = campaign_id
        self._since = since
        self._latest = 0
        self._reader = ThreadPoolExecutor(1, "labloop-host-record")

    def close(self) -> None:
        """End the thread that reads."""
        self._reader.shutdown()

    async def new_session(self, asker: Asker, devices: Sequence[str]) -> int:
        """Commit that a campaign got devices; return its fencing token, never used before."""
        self._latest = token = max(self._latest + 1, time.time_ns() // 1000)
        intent = Intent(
            id=action_key(token, _SESSION),
            campaign_id=self.campaign_id,
            experiment_id=None,
            device="",
            name=_SESSION,
            kind="step",
            arguments={
                "campaign": asker.campaign,
                "place": asker.place,
                "devices": list(devices),
            },
            actor=asker.user,
            lease_token=token,
        )
        await asyncio.wrap_future(self._journal.intent(intent))
        return token

    async def session_over(self, session: HeldSession, why: str) -> None:
        """Commit that a campaign has its devices no more."""
        outcome = Outcome(
            intent_id=session.key(_SESSION),
            state=ActionState.DONE,
            detail=why,
            actor=session.asker.user,
        )
        await asyncio.wrap_future(self._journal.outcome(outcome))

    async def heard(self, session: HeldSession, request: Request) -> None:
        """Commit a request, before anything of it is begun."""
        await asyncio.wrap_future(self._journal.intent(self._intent(session, request)))

    def ended(self, session: HeldSession, request: Request, answer: Answer) -> Future[None]:
        """Commit the answer to a request."""
        return self._journal.outcome(_outcome(session.key(request.id), answer, session.asker.user))

    def gate_state(self, key: str) -> Future[ActionState]:
        """Return how the action of a request ended by the gate's own entry, read in a thread."""
        return self._reader.submit(self._gate_state, key)

    async def answer(self, token: int, request_id: str) -> Answer | None:
        """Return the answer that is kept; None where no such request was heard."""
        key = action_key(token, request_id)
        entry = await asyncio.wrap_future(self._reader.submit(self._journal.find, key))
        return None if entry is None else answer_of(entry)

    async def settled(self, token: int, request_id: str) -> Answer:
        """Return what became of an action, and refuse one that comes after the question."""
        found = await self.answer(token, request_id)
        if found is not None:
            return found
        if token < self._since:
            return Answer(
                state=ActionState.UNCERTAIN,
                error="UncertainError",
                message="it is older than the host's record, which begins later",
            )
        never = Answer(
            state=ActionState.NOT_SENT,
            error="NotConnectedError",
            message="it never reached the host, and is refused if it comes now",
        )
        await self._refuse(token, request_id, never)
        return never

    def settle_open(self, campaign_id: str) -> int:
        """Commit what is known of all that an earlier start left open; return how many actions.

        The gate commits an intent before the bytes: an action without one was not sent, one that
        the gate saw end has ended so, and any other is UNCERTAIN.
        """
        left = [entry for entry in self._journal.open_intents(campaign_id) if entry.outcome is None]
        answers = [
            (entry, self._left_open(entry) if entry.intent.name == _REQUEST else _LOST)
            for entry in left
        ]
        futures = [
            self._journal.outcome(_outcome(entry.intent.id, answer, entry.intent.actor))
            for entry, answer in answers
        ]
        for future in futures:
            future.result()
        return sum(entry.intent.name == _REQUEST for entry in left)

    def unknown_ends(self, campaign_id: str) -> list[UnknownEnd]:
        """Return the actions of a start of the host that were begun and have no known end."""
        entries = self._journal.open_intents(campaign_id)
        found = (self._unknown(entry) for entry in entries if entry.intent.name == _REQUEST)
        return [each for each in found if each is not None]

    async def unknown_end(self, token: int, request_id: str) -> UnknownEnd | None:
        """Return an action of any start; None where its end is known, or it was never begun."""

        def look() -> UnknownEnd | None:
            entry = self._journal.find(action_key(token, request_id))
            return None if entry is None else self._unknown(entry)

        return await asyncio.wrap_future(self._reader.submit(look))

    def tell(self, unknown: UnknownEnd, answer: Answer) -> None:
        """Commit what an instrument says became of an action; UNCERTAIN is no news."""
        if answer.state is ActionState.UNCERTAIN:
            return
        for key in (unknown.gate_key, unknown.key):
            # It may have been asked twice at once.
            with suppress(StaleStateError):
                self._journal.outcome(_outcome(key, answer, "")).result()

    async def tell_soon(self, unknown: UnknownEnd, answer: Answer) -> None:
        """Do what :meth:`tell` does, in a thread."""
        await asyncio.wrap_future(self._reader.submit(self.tell, unknown, answer))

    def _unknown(self, entry: JournalEntry) -> UnknownEnd | None:
        key, asked = entry.intent.id, entry.intent.arguments.get("asked")
        is_begun = self._gate_state(key) is ActionState.UNCERTAIN
        if entry.state is not ActionState.UNCERTAIN or not is_begun or not isinstance(asked, dict):
            return None
        return UnknownEnd(key, entry.intent.device, str(asked["name"]))

    def _left_open(self, entry: JournalEntry) -> Answer:
        """Return the answer to a request that a dead process left open."""
        gate = self._journal.find(gate_key(entry.intent.id))
        if gate is None:
            return Answer(
                state=ActionState.NOT_SENT,
                error="NotConnectedError",
                message="the host ended before it had sent anything of it",
            )
        if gate.outcome is None or gate.outcome.state is ActionState.UNCERTAIN:
            return _LOST
        outcome = gate.outcome
        error, message = _ENDED[outcome.state]
        if outcome.state is ActionState.DONE and outcome.result is None:
            # It returned nothing, so nothing is lost.
            error = message = ""
        return Answer(
            state=outcome.state,
            error=error,
            message=message or outcome.detail,
            sent=tuple(outcome.sent),
            received=tuple(outcome.received),
        )

    async def _refuse(self, token: int, request_id: str, answer: Answer) -> None:
        key = action_key(token, request_id)
        intent = Intent(
            id=key,
            campaign_id=self.campaign_id,
            experiment_id=None,
            device="",
            name=_REQUEST,
            kind="step",
            lease_token=token,
        )
        await asyncio.wrap_future(self._journal.intent(intent))
        await asyncio.wrap_future(self._journal.outcome(_outcome(key, answer, "")))

    def _intent(self, session: HeldSession, request: Request) -> Intent:
        return Intent(
            id=session.key(request.id),
            campaign_id=self.campaign_id,
            experiment_id=None,
            device=request.device,
            name=_REQUEST,
            kind="step",
            arguments={"asked": request.to_json(), "campaign": session.asker.campaign},
            actor=session.asker.user,
            lease_token=session.token,
        )

    def _gate_state(self, key: str) -> ActionState:
        entry = self._journal.find(gate_key(key))
        if entry is None or entry.outcome is None:
            # Refused before anything was committed.
            return ActionState.NOT_SENT if entry is None else ActionState.UNCERTAIN
        return entry.outcome.state


def gate_key(key: str) -> str:
    """Return the id of the gate's own entry below that of a request."""
    return f"{key}-a001"


def answer_of(entry: JournalEntry) -> Answer:
    """Return the answer that an entry of a request holds."""
    outcome = entry.outcome
    if outcome is None:
        return Answer(state=ActionState.INTENT)
    if isinstance(outcome.result, dict):
        return Answer.from_json(outcome.result)
    return Answer(state=outcome.state, error="UncertainError", message=outcome.detail)


def _outcome(intent_id: str, answer: Answer, actor: str) -> Outcome:
    return Outcome(
        intent_id=intent_id,
        state=answer.state,
        result=answer.to_json(),
        detail=answer.message,
        actor=actor,
    )
