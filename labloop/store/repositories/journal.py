"""The journal: intents, outcomes, identities."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from typing import Any

from sqlalchemy import ColumnElement, bindparam, exists, literal_column, select

from labloop.errors import NotFoundError, StaleStateError
from labloop.records import (
    ActionState,
    DeviceIdentity,
    Intent,
    JournalEntry,
    Json,
    Outcome,
)
from labloop.store.engine import Session, Statement, insert_for_sequence, insert_into
from labloop.store.repositories.connections import Connections, mode_of
from labloop.store.schema import IdentityRow, IntentRow, OutcomeRow, encode, table_of

_INTENT = table_of(IntentRow)
_OUTCOME = table_of(OutcomeRow)
_IDENTITY = table_of(IdentityRow)
_PAGE = 1000
"""Entries that ``iter_entries`` holds in memory."""
_INSERT_INTENT = insert_into(_INTENT)
_INSERT_OUTCOME = insert_for_sequence(_OUTCOME)
_INSERT_IDENTITY = insert_for_sequence(_IDENTITY)
# A literal: for a bound value SQLite plans the statement anew at each execution, to find out
# whether it can use the partial index.
_IS_END = _OUTCOME.c.state != literal_column(f"'{ActionState.UNCERTAIN.value}'")
_INTENT_AND_END = Statement(
    select(
        _INTENT.c.mode,
        _INTENT.c.campaign_id,
        select(_OUTCOME.c.state)
        .where(_OUTCOME.c.intent_id == _INTENT.c.id, _IS_END)
        .scalar_subquery(),
    ).where(_INTENT.c.id == bindparam("intent_id"))
)
_IDENTITY_NAMES = (
    "device", "model", "serial_number", "firmware", "driver", "driver_version", "url"
)  # fmt: skip


class SqlJournal:
    """The journal in a database; see the port ``Journal``."""

    def __init__(self, db: Connections) -> None:
        self._db = db

    def intent(self, intent: Intent) -> Future[None]:
        """Commit that something is about to happen."""
        return self._db.prepared(lambda: intent_operation(intent))

    def outcome(self, outcome: Outcome) -> Future[None]:
        """Commit how an intent ended; raises StaleStateError where it had ended before."""
        return self._db.prepared(lambda: outcome_operation(outcome))

    def identity(self, campaign_id: str, identity: DeviceIdentity) -> Future[None]:
        """Commit who answered at a connect."""
        return self._db.prepared(lambda: _identity_operation(campaign_id, identity))

    def finished_steps(self, experiment_id: str) -> Mapping[str, Json]:
        """Return name -> result of every step of an experiment that is DONE."""
        found = self._db.rows(
            select(_INTENT.c.name, _OUTCOME.c.state, _OUTCOME.c.result)
            .join_from(_INTENT, _OUTCOME, _OUTCOME.c.intent_id == _INTENT.c.id)
            .where(
                _INTENT.c.experiment_id == experiment_id,
                _INTENT.c.kind == "step",
                _OUTCOME.c.state != ActionState.UNCERTAIN.value,
            )
            .order_by(_INTENT.c.sequence)
        )
        # The newest word counts: a person may have said that a step is to be done again.
        newest = {row["name"]: row for row in found}
        done = ActionState.DONE.value
        return {name: row["result"] for name, row in newest.items() if row["state"] == done}

    def entries(self, campaign_id: str, experiment_id: str | None = None) -> Sequence[JournalEntry]:
        """Return a campaign's (or one experiment's) entries by sequence."""
        wanted = [_INTENT.c.campaign_id == campaign_id]
        if experiment_id is not None:
            wanted.append(_INTENT.c.experiment_id == experiment_id)
        return self._entries(wanted)

    def iter_entries(self, campaign_id: str) -> Iterator[JournalEntry]:
        """Yield a campaign's entries by sequence, a page in memory at a time."""
        last = 0
        while True:
            ours = (_INTENT.c.campaign_id == campaign_id, _INTENT.c.sequence > last)
            intents = self._db.rows(
                select(_INTENT).where(*ours).order_by(_INTENT.c.sequence).limit(_PAGE)
            )
            if not intents:
                return
            here = _INTENT.c.sequence.between(intents[0]["sequence"], intents[-1]["sequence"])
            outcomes = self._outcomes((_INTENT.c.campaign_id == campaign_id, here))
            yield from _joined(intents, outcomes)
            last = intents[-1]["sequence"]

    def find(self, intent_id: str) -> JournalEntry | None:
        """Return one entry with its latest outcome, or None."""
        intents = self._db.rows(select(_INTENT).where(_INTENT.c.id == intent_id))
        outcomes = self._db.rows(
            select(_OUTCOME).where(_OUTCOME.c.intent_id == intent_id).order_by(_OUTCOME.c.sequence)
        )
        return next(iter(_joined(intents, outcomes)), None)

    def open_intents(self, campaign_id: str) -> Sequence[JournalEntry]:
        """Return entries that have no outcome, or whose latest outcome is UNCERTAIN."""
        ended = exists().where(_OUTCOME.c.intent_id == _INTENT.c.id, _IS_END).correlate(_INTENT)
        return self._entries([_INTENT.c.campaign_id == campaign_id, ~ended])

    def identities(self, campaign_id: str) -> Sequence[DeviceIdentity]:
        """Return who answered at each connect, in order."""
        found = self._db.rows(
            select(_IDENTITY)
            .where(_IDENTITY.c.campaign_id == campaign_id)
            .order_by(_IDENTITY.c.sequence)
        )
        return [DeviceIdentity(**{name: row[name] for name in _IDENTITY_NAMES}) for row in found]

    def _entries(self, wanted: Sequence[ColumnElement[bool]]) -> Sequence[JournalEntry]:
        intents = self._db.rows(select(_INTENT).where(*wanted).order_by(_INTENT.c.sequence))
        return _joined(intents, self._outcomes(wanted))

    def _outcomes(self, wanted: Sequence[ColumnElement[bool]]) -> Sequence[Mapping[str, Any]]:
        """Return the outcomes of intents, oldest first."""
        return self._db.rows(
            select(_OUTCOME)
            .join_from(_OUTCOME, _INTENT, _OUTCOME.c.intent_id == _INTENT.c.id)
            .where(*wanted)
            .order_by(_OUTCOME.c.sequence)
        )


def intent_operation(intent: Intent) -> Callable[[Session], None]:
    """Return the operation that stores an intent."""
    row = {
        "id": encode.text(intent.id, "the id of an intent"),
        "campaign_id": intent.campaign_id,
        "experiment_id": intent.experiment_id,
        "device": encode.text(intent.device, "the device of an intent"),
        "name": encode.text(intent.name, "the name of an intent"),
        "kind": intent.kind,
        "arguments": encode.dump(intent.arguments, f"the arguments of {intent.name}"),
        "idempotent": intent.idempotent,
        "lab_time": encode.number(intent.lab_time, "the lab time of an intent"),
        "actor": encode.text(intent.actor, "the actor of an intent"),
        "lease_token": intent.lease_token,
        "step": encode.text(intent.step, "the step of an intent"),
        "recorded": encode.now(),
    }

    def operation(session: Session) -> None:
        row["mode"] = mode_of(session, intent.campaign_id)
        session.run(_INSERT_INTENT, row)
        session.link("intent", intent.id, row)

    return operation


def outcome_operation(outcome: Outcome) -> Callable[[Session], None]:
    """Return the operation that stores an outcome; raises StaleStateError after a final one."""
    row = {
        "intent_id": outcome.intent_id,
        "state": outcome.state.value,
        "result": encode.dump(outcome.result, f"the result of {outcome.intent_id}"),
        "detail": encode.text(outcome.detail, "the detail of an outcome"),
        "sent": encode.pack(outcome.sent),
        "received": encode.pack(outcome.received),
        "lab_time": encode.number(outcome.lab_time, "the lab time of an outcome"),
        "actor": encode.text(outcome.actor, "the actor of an outcome"),
        "recorded": encode.now(),
    }

    def operation(session: Session) -> None:
        known = session.one(_INTENT_AND_END, row)
        if known is None:
            raise NotFoundError(
                f"an outcome came for the intent {outcome.intent_id!r}, which was never stored; "
                "commit the intent first"
            )
        mode, campaign_id, end = known
        if end is not None:
            raise StaleStateError(
                f"{outcome.intent_id} ended as {end} before and cannot end again as "
                f"{outcome.state.value}; what happened is told once"
            )
        row["mode"] = mode
        sequence = session.rows(_INSERT_OUTCOME, row)[0][0]
        session.link("outcome", sequence, row, of=campaign_id)

    return operation


def _identity_operation(campaign_id: str, identity: DeviceIdentity) -> Callable[[Session], None]:
    row: dict[str, Any] = {
        name: encode.text(getattr(identity, name), f"the {name} of a device")
        for name in _IDENTITY_NAMES
    }
    row |= {"campaign_id": campaign_id, "actor": encode.ENGINE, "recorded": encode.now()}

    def operation(session: Session) -> None:
        row["mode"] = mode_of(session, campaign_id)
        sequence = session.rows(_INSERT_IDENTITY, row)[0][0]
        session.link("identity", sequence, row)

    return operation


def _joined(
    intents: Sequence[Mapping[str, Any]], outcomes: Sequence[Mapping[str, Any]]
) -> list[JournalEntry]:
    latest = {row["intent_id"]: _outcome(row) for row in outcomes}
    return [
        JournalEntry(
            sequence=row["sequence"],
            intent=_intent(row),
            outcome=latest.get(row["id"]),
            recorded=encode.from_time(row["recorded"]),
        )
        for row in intents
    ]


def _intent(row: Mapping[str, Any]) -> Intent:
    return Intent(
        id=row["id"],
        campaign_id=row["campaign_id"],
        experiment_id=row["experiment_id"],
        device=row["device"],
        name=row["name"],
        kind=row["kind"],
        arguments=row["arguments"],
        idempotent=row["idempotent"],
        lab_time=row["lab_time"],
        actor=row["actor"],
        lease_token=row["lease_token"],
        step=row["step"],
    )


def _outcome(row: Mapping[str, Any]) -> Outcome:
    return Outcome(
        intent_id=row["intent_id"],
        state=ActionState(row["state"]),
        result=row["result"],
        detail=row["detail"],
        sent=encode.unpack(row["sent"]),
        received=encode.unpack(row["received"]),
        lab_time=row["lab_time"],
        actor=row["actor"],
    )
