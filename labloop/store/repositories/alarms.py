"""Alarms, and who has acknowledged them."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any

from sqlalchemy import Select, bindparam, select

from labloop.errors import NotFoundError
from labloop.records import Alarm, AlarmRecord, Severity
from labloop.store.engine import Session, Statement, insert_for_sequence, insert_if_new
from labloop.store.repositories.connections import Connections, mode_of
from labloop.store.schema import AcknowledgementRow, AlarmRow, encode, table_of

_ALARM = table_of(AlarmRow)
_SEEN = table_of(AcknowledgementRow)
_INSERT = insert_for_sequence(_ALARM)
_INSERT_SEEN = insert_if_new(_SEEN)
_KNOWN = Statement(
    select(_ALARM.c.campaign_id, _ALARM.c.mode).where(_ALARM.c.sequence == bindparam("sequence"))
)


class SqlAlarms:
    """The alarms in a database; see the port ``Alarms``."""

    def __init__(self, db: Connections) -> None:
        self._db = db

    def add(
        self,
        campaign_id: str,
        alarm: Alarm,
        *,
        round_index: int | None = None,
        experiment_id: str | None = None,
    ) -> Future[None]:
        """Append an alarm."""

        def prepare() -> Callable[[Session], None]:
            row = {
                "campaign_id": campaign_id,
                "kind": encode.text(alarm.kind, "the kind of an alarm"),
                "message": encode.text(alarm.message, "the message of an alarm"),
                "severity": alarm.severity.value,
                "data": encode.dump(alarm.data, "the data of an alarm"),
                "round_index": round_index,
                "experiment_id": experiment_id,
                "actor": encode.ENGINE,
                "recorded": encode.now(),
            }

            def operation(session: Session) -> None:
                row["mode"] = mode_of(session, campaign_id)
                sequence = session.rows(_INSERT, row)[0][0]
                session.link("alarm", sequence, row)

            return operation

        return self._db.prepared(prepare)

    def acknowledge(self, sequence: int, actor: str, note: str = "") -> Future[bool]:
        """Record that a person has seen an alarm; False where somebody had before."""

        def prepare() -> Callable[[Session], bool]:
            row = {
                "sequence": sequence,
                "note": encode.text(note, "the note of a person"),
                "actor": encode.text(actor, "who acknowledges an alarm"),
                "recorded": encode.now(),
            }

            def operation(session: Session) -> bool:
                found = session.one(_KNOWN, {"sequence": sequence})
                if found is None:
                    raise NotFoundError(f"there is no alarm {sequence} to acknowledge")
                first = session.run(_INSERT_SEEN, row) == 1
                if first:
                    campaign_id, mode = found
                    session.link("acknowledgement", sequence, {**row, "mode": mode}, of=campaign_id)
                return first

            return operation

        return self._db.prepared(prepare)

    def all(self, campaign_id: str) -> Sequence[AlarmRecord]:
        """Return the alarms by sequence."""
        return self._records(_alarms().where(_ALARM.c.campaign_id == campaign_id))

    def open(self) -> Sequence[AlarmRecord]:
        """Return what is critical and not acknowledged, of every campaign, by sequence."""
        critical = _ALARM.c.severity == Severity.CRITICAL.value
        return self._records(_alarms().where(critical, _SEEN.c.sequence.is_(None)))

    def _records(self, wanted: Select[Any]) -> Sequence[AlarmRecord]:
        return [_record(row) for row in self._db.rows(wanted)]


def _alarms() -> Select[Any]:
    seen = (_SEEN.c.actor.label("seen_by"), _SEEN.c.recorded.label("seen"), _SEEN.c.note)
    return (
        select(_ALARM, *seen)
        .outerjoin_from(_ALARM, _SEEN, _SEEN.c.sequence == _ALARM.c.sequence)
        .order_by(_ALARM.c.sequence)
    )


def _record(row: Mapping[str, Any]) -> AlarmRecord:
    return AlarmRecord(
        campaign_id=row["campaign_id"],
        alarm=Alarm(row["kind"], row["message"], Severity(row["severity"]), row["data"]),
        round_index=row["round_index"],
        experiment_id=row["experiment_id"],
        sequence=row["sequence"],
        created=encode.from_time(row["recorded"]),
        acknowledged_by=row["seen_by"] or "",
        acknowledged=None if row["seen"] is None else encode.from_time(row["seen"]),
        note=row["note"] or "",
    )
