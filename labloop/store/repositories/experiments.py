"""Experiments: their states with history, their raw data and outputs (see ``values``)."""

from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future
from typing import Any

from sqlalchemy import bindparam, func, select, update

from labloop.errors import NotFoundError, StaleStateError, StoreError
from labloop.records import (
    EXPERIMENT_CORRECTIONS,
    EXPERIMENT_MOVES,
    ActualValue,
    AnalysisRecord,
    ExperimentChange,
    ExperimentMeasured,
    ExperimentMove,
    ExperimentRecord,
    ExperimentState,
    ExperimentStep,
    ExperimentYield,
    Measurement,
    Mode,
    Origin,
    OutputValue,
)
from labloop.store.engine import Session, Statement, insert_for_sequence, insert_into
from labloop.store.repositories import schedules, values
from labloop.store.repositories.connections import Connections, mode_of
from labloop.store.repositories.journal import intent_operation, outcome_operation
from labloop.store.repositories.things import release_operation
from labloop.store.schema import ExperimentMoveRow, ExperimentRow, encode, table_of

_EXPERIMENT = table_of(ExperimentRow)
_MOVE = table_of(ExperimentMoveRow)
_INSERT = insert_into(_EXPERIMENT)
_INSERT_MOVE = insert_for_sequence(_MOVE)
_FIND = Statement(
    select(_EXPERIMENT.c.state, _EXPERIMENT.c.campaign_id, _EXPERIMENT.c.mode).where(
        _EXPERIMENT.c.id == bindparam("id")
    )
)
_GET = select(_EXPERIMENT).where(_EXPERIMENT.c.id == bindparam("id"))
_UPDATE = Statement(
    update(_EXPERIMENT)
    .where(_EXPERIMENT.c.id == bindparam("id"), _EXPERIMENT.c.state == bindparam("seen"))
    .values(
        state=bindparam("to_state"),
        reason=bindparam("why"),
        lab_started=func.coalesce(bindparam("start"), _EXPERIMENT.c.lab_started),
        lab_finished=func.coalesce(bindparam("end"), _EXPERIMENT.c.lab_finished),
        finished=bindparam("ended"),
    )
)
_MOVES = select(_MOVE).where(_MOVE.c.experiment_id == bindparam("id")).order_by(_MOVE.c.sequence)
_SAID = ("experiment_id", "actor", "reason")
_STOPPED_STATES = frozenset(
    state
    for state, moves in EXPERIMENT_MOVES.items()
    if not moves or state in {ExperimentState.UNCERTAIN, ExperimentState.AWAITING}
)
"""States in which an experiment runs no more; the lab time of a move to one of them is its end."""


class SqlExperiments:
    """Experiments in a database; see the port ``Experiments``."""

    def __init__(self, db: Connections) -> None:
        self._db = db

    def add(self, record: ExperimentRecord) -> Future[None]:
        """Store an experiment that no round asked for (manual, imported)."""
        return self._db.prepared(lambda: add_operation(record))

    def get(self, experiment_id: str) -> ExperimentRecord:
        """Return one experiment; raises NotFoundError."""
        row = self._db.one(_GET, {"id": experiment_id})
        if row is None:
            raise _unknown(experiment_id)
        return _experiment(row)

    def all(
        self, campaign_id: str, states: Collection[ExperimentState] | None = None
    ) -> Sequence[ExperimentRecord]:
        """Return experiments by number, only those in ``states`` where given."""
        wanted = select(_EXPERIMENT).where(_EXPERIMENT.c.campaign_id == campaign_id)
        if states is not None:
            wanted = wanted.where(_EXPERIMENT.c.state.in_([state.value for state in states]))
        found = self._db.rows(wanted.order_by(_EXPERIMENT.c.number))
        return [_experiment(row) for row in found]

    def move(
        self,
        experiment_id: str,
        to: ExperimentState,
        *,
        actor: str,
        reason: str = "",
        lab_time: float | None = None,
    ) -> Future[None]:
        """Move by conditional update along EXPERIMENT_MOVES; raises StaleStateError.

        ``lab_time`` is kept as the start (to RUNNING) or the end (to any end state, and to
        UNCERTAIN). Each move is also appended to a history that is never changed.
        """
        return self._db.prepared(
            lambda: _move_operation(experiment_id, to, actor, reason, lab_time)
        )

    def note(self, experiment_id: str, reason: str) -> Future[None]:
        """Store what a running experiment waits for; no other one is changed.

        It stands until the next note or move, and in no history.
        """
        return self._db.prepared(lambda: schedules.note_operation(experiment_id, reason))

    def change(self, changes: Sequence[ExperimentChange]) -> Future[None]:
        """Make several changes in their order and in one transaction: all of them, or none."""
        return self._db.prepared(lambda: change_operation(self._db, changes))

    def moves(self, experiment_id: str) -> Sequence[ExperimentMove]:
        """Return how an experiment went from state to state, in order."""
        return [
            ExperimentMove(to=ExperimentState(row["to_state"]), **{key: row[key] for key in _SAID})
            for row in self._db.rows(_MOVES, {"id": experiment_id})
        ]

    def waited(self, campaign_id: str) -> Sequence[tuple[float, float]]:
        """Return begin and end, in lab seconds, of times in the lab before a wait for a result."""
        return schedules.before_waits(self._db, campaign_id)

    def save_raw(self, experiment_id: str, measurement: Measurement) -> Future[None]:
        """Append what the procedure returned."""

        def prepare() -> Callable[[Session], None]:
            save = values.raw_operation(self._db, experiment_id, measurement)
            return lambda session: save(session, *_campaign_and_mode(session, experiment_id))

        return self._db.prepared(prepare)

    def raw(self, experiment_id: str) -> Measurement | None:
        """Return the newest raw data of an experiment, or None."""
        return values.newest_raw(self._db, experiment_id)

    def actual(self, campaign_id: str) -> Mapping[str, Mapping[str, ActualValue]]:
        """Return experiment id -> condition -> what was reached, of its newest raw data."""
        return values.newest_actual(self._db, campaign_id)

    def save_outputs(
        self,
        experiment_id: str,
        outputs: Mapping[str, OutputValue],
        *,
        analysis: str,
        actor: str,
    ) -> Future[None]:
        """Append outputs; newer ones supersede older ones. ``analysis`` names the code's hash."""

        def prepare() -> Callable[[Session], None]:
            save = values.output_operation(self._db, experiment_id, outputs, analysis, actor)
            return lambda session: save(session, *_campaign_and_mode(session, experiment_id))

        return self._db.prepared(prepare)

    def complete(
        self,
        experiment_id: str,
        outputs: Mapping[str, OutputValue],
        *,
        analysis: str,
        actor: str,
        lab_time: float | None = None,
    ) -> Future[None]:
        """Append outputs and move to DONE in one transaction."""
        made = ExperimentYield(
            experiment_id=experiment_id, outputs=outputs, analysis=analysis, actor=actor
        )
        return self._db.prepared(lambda: _yield_operation(self._db, made, lab_time))

    def outputs(
        self, campaign_id: str, experiment_id: str | None = None
    ) -> Mapping[str, Mapping[str, OutputValue]]:
        """Return experiment id -> output name -> newest value, of all or of one experiment."""
        return values.newest_outputs(self._db, campaign_id, experiment_id)

    def analyses(self, campaign_id: str) -> Sequence[AnalysisRecord]:
        """Return all numbers ever stored as outputs, superseded ones too, in order."""
        return values.all_analyses(self._db, campaign_id)


def change_operation(
    db: Connections, changes: Sequence[ExperimentChange]
) -> Callable[[Session], None]:
    """Return the operation that makes several changes in their order."""
    operations = [_change_operation(db, change) for change in changes]

    def operation(session: Session) -> None:
        for each in operations:
            each(session)

    return operation


def _change_operation(db: Connections, change: ExperimentChange) -> Callable[[Session], None]:
    match change:
        case ExperimentRecord():
            return add_operation(change)
        case ExperimentMove():
            return _move_operation(
                change.experiment_id,
                change.to,
                change.actor,
                change.reason,
                None,
                corrects=change.corrects,
            )
        case ExperimentMeasured():
            return _measured_operation(db, change)
        case ExperimentYield():
            return _yield_operation(db, change, None)
        case ExperimentStep():
            return _step_operation(change)


def _yield_operation(
    db: Connections, made: ExperimentYield, lab_time: float | None
) -> Callable[[Session], None]:
    save = values.output_operation(db, made.experiment_id, made.outputs, made.analysis, made.actor)
    move = _move_operation(
        made.experiment_id,
        ExperimentState.DONE,
        made.actor,
        "",
        lab_time,
        corrects=made.corrects,
    )

    def operation(session: Session) -> None:
        move(session)
        save(session, *_campaign_and_mode(session, made.experiment_id))

    return operation


def _step_operation(said: ExperimentStep) -> Callable[[Session], None]:
    begin = None if said.intent is None else intent_operation(said.intent)
    end = outcome_operation(said.outcome)

    def operation(session: Session) -> None:
        if begin is not None:
            begin(session)
        end(session)

    return operation


def _measured_operation(db: Connections, made: ExperimentMeasured) -> Callable[[Session], None]:
    save = values.raw_operation(db, made.experiment_id, made.measurement, made.actor)
    return lambda session: save(session, *_campaign_and_mode(session, made.experiment_id))


def add_operation(record: ExperimentRecord) -> Callable[[Session], None]:
    """Return the operation that stores a new experiment and the first row of its history."""
    row = {
        "id": encode.text(record.id, "the id of an experiment"),
        "campaign_id": record.campaign_id,
        "number": record.number,
        "mode": record.mode.value,
        "state": record.state.value,
        "origin": record.origin.value,
        "point": encode.dump(record.point, "a point"),
        "round_index": record.round_index,
        "proposal_index": record.proposal_index,
        "reason": encode.text(record.reason, "the reason of an experiment"),
        "actor": encode.text(record.actor, "the actor of an experiment"),
        "lab_started": encode.number(record.lab_started, "the start of an experiment"),
        "lab_finished": encode.number(record.lab_finished, "the end of an experiment"),
        "created": encode.to_time(record.created),
        "finished": None if record.finished is None else encode.to_time(record.finished),
    }
    move = {
        "experiment_id": record.id,
        "campaign_id": record.campaign_id,
        "mode": record.mode.value,
        "from_state": "",
        "to_state": record.state.value,
        "reason": row["reason"],
        "actor": row["actor"],
        "lab_time": None,
        "recorded": encode.now(),
    }

    def operation(session: Session) -> None:
        mode = mode_of(session, record.campaign_id)
        if mode != record.mode.value:
            raise StoreError(
                f"experiment {record.id} is {record.mode.value} and its campaign {mode}; the two "
                "are never mixed: make a campaign of that mode"
            )
        session.run(_INSERT, row)
        session.link("experiment", record.id, row)
        session.link("experiment_move", session.rows(_INSERT_MOVE, move)[0][0], move)

    return operation


def _move_operation(
    experiment_id: str,
    to: ExperimentState,
    actor: str,
    reason: str,
    lab_time: float | None,
    *,
    corrects: bool = False,
) -> Callable[[Session], None]:
    time = encode.number(lab_time, "the lab time of a move")
    recorded = encode.now()
    change = {
        "id": experiment_id,
        "to_state": to.value,
        "why": encode.text(reason, "the reason of a move"),
        "start": time if to is ExperimentState.RUNNING else None,
        "end": time if to in _STOPPED_STATES else None,
        "ended": None if EXPERIMENT_MOVES[to] else recorded,
    }
    history = {
        "experiment_id": experiment_id,
        "to_state": to.value,
        "reason": change["why"],
        "actor": encode.text(actor, "the actor of a move"),
        "lab_time": time,
        "recorded": recorded,
    }
    release = None if EXPERIMENT_MOVES[to] else release_operation(experiment_id, actor)

    def operation(session: Session) -> None:
        found = session.one(_FIND, change)
        if found is None:
            raise _unknown(experiment_id)
        seen, campaign_id, mode = found
        if corrects and seen == to.value:
            # Only the outputs are corrected; the state stays.
            return
        if to not in _ends(ExperimentState(seen), corrects=corrects):
            raise StaleStateError(
                f"experiment {experiment_id} was to move to {to.value} and is {seen}, from where "
                "no such move leads; read its state again"
            )
        if session.run(_UPDATE, {**change, "seen": seen}) != 1:
            raise StaleStateError(
                f"experiment {experiment_id} was to move from {seen} to {to.value} and somebody "
                "else moved it just now; read its state again"
            )
        move = {**history, "from_state": seen, "campaign_id": campaign_id, "mode": mode}
        session.link("experiment_move", session.rows(_INSERT_MOVE, move)[0][0], move)
        if release is not None:
            release(session)

    return operation


def _ends(seen: ExperimentState, *, corrects: bool) -> frozenset[ExperimentState]:
    """Return the states that may follow, including those reached by a correction only."""
    corrections = EXPERIMENT_CORRECTIONS.get(seen, frozenset()) if corrects else frozenset()
    return EXPERIMENT_MOVES[seen] | corrections


def _campaign_and_mode(session: Session, experiment_id: str) -> tuple[str, str]:
    """Return campaign and mode of an experiment; raises NotFoundError."""
    found = session.one(_FIND, {"id": experiment_id})
    if found is None:
        raise _unknown(experiment_id)
    return found[1], found[2]


def _unknown(experiment_id: str) -> NotFoundError:
    return NotFoundError(f"no experiment has the id {experiment_id!r}; it was never planned")


def _experiment(row: Mapping[str, Any]) -> ExperimentRecord:
    return ExperimentRecord(
        id=row["id"],
        campaign_id=row["campaign_id"],
        number=row["number"],
        mode=Mode(row["mode"]),
        state=ExperimentState(row["state"]),
        origin=Origin(row["origin"]),
        point=row["point"],
        round_index=row["round_index"],
        proposal_index=row["proposal_index"],
        reason=row["reason"],
        actor=row["actor"],
        lab_started=row["lab_started"],
        lab_finished=row["lab_finished"],
        created=encode.from_time(row["created"]),
        finished=encode.from_time(row["finished"]),
    )
