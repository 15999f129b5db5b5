"""Stays of experiments in the lab: what they wait for there, and times before a late result."""

from collections.abc import Callable, Sequence

from sqlalchemy import bindparam, select, update

from labloop.records import ExperimentState
from labloop.store.engine import Session, Statement
from labloop.store.repositories.connections import Connections
from labloop.store.schema import ExperimentMoveRow, ExperimentRow, encode, table_of

_EXPERIMENT = table_of(ExperimentRow)
_MOVE = table_of(ExperimentMoveRow)
_NOTE = Statement(
    update(_EXPERIMENT)
    .where(
        _EXPERIMENT.c.id == bindparam("id"),
        _EXPERIMENT.c.state == ExperimentState.RUNNING.value,
    )
    .values(reason=bindparam("why"))
)
_TIMES = (
    select(_MOVE.c.experiment_id, _MOVE.c.to_state, _MOVE.c.lab_time)
    .where(
        _MOVE.c.campaign_id == bindparam("campaign_id"),
        _MOVE.c.to_state.in_([ExperimentState.RUNNING.value, ExperimentState.AWAITING.value]),
        _MOVE.c.lab_time.is_not(None),
    )
    .order_by(_MOVE.c.sequence)
)


def note_operation(experiment_id: str, reason: str) -> Callable[[Session], None]:
    """Return the operation that stores what a running experiment waits for."""
    note = {"id": experiment_id, "why": encode.text(reason, "what an experiment waits for")}

    def operation(session: Session) -> None:
        session.run(_NOTE, note)

    return operation


def before_waits(db: Connections, campaign_id: str) -> Sequence[tuple[float, float]]:
    """Return begin and end, in lab seconds, of times in the lab before a wait for a result."""
    begun: dict[str, float] = {}
    spans: list[tuple[float, float]] = []
    for row in db.rows(_TIMES, {"campaign_id": campaign_id}):
        key, time = row["experiment_id"], row["lab_time"]
        if row["to_state"] == ExperimentState.RUNNING.value:
            begun[key] = time
        elif key in begun:
            spans.append((begun.pop(key), time))
    return spans
