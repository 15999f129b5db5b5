"""The alarms."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future

from sqlalchemy import select

from labloop.records import Alarm, AlarmRecord, Severity
from labloop.store import _encode as encode
from labloop.store._core import Core, mode_of
from labloop.store._sql import Work, insert_into
from labloop.store._tables import AlarmRow, table_of

_ALARM = table_of(AlarmRow)
_INSERT = insert_into(_ALARM)


class SqlAlarms:
    """The alarms in a database; see the port ``Alarms``."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def add(
        self,
        campaign_id: str,
        alarm: Alarm,
        *,
        round_index: int | None = None,
        experiment_id: str | None = None,
    ) -> Future[None]:
        """Append an alarm."""

        def prepare() -> Callable[[Work], None]:
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

            def operation(work: Work) -> None:
                row["mode"] = mode_of(work, campaign_id)
                work.run(_INSERT, row)

            return operation

        return self._core.prepared(prepare)

    def all(self, campaign_id: str) -> Sequence[AlarmRecord]:
        """Return the alarms by sequence."""
        found = self._core.rows(
            select(_ALARM).where(_ALARM.c.campaign_id == campaign_id).order_by(_ALARM.c.sequence)
        )
        return [
            AlarmRecord(
                campaign_id=row["campaign_id"],
                alarm=Alarm(row["kind"], row["message"], Severity(row["severity"]), row["data"]),
                round_index=row["round_index"],
                experiment_id=row["experiment_id"],
                sequence=row["sequence"],
                created=encode.from_time(row["recorded"]),
            )
            for row in found
        ]
