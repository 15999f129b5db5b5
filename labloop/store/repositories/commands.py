"""The inbox: commands, and the one answer to each of them."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any

from sqlalchemy import Select, bindparam, select

from labloop.errors import NotFoundError
from labloop.records import Command, CommandKind, ExperimentChange
from labloop.store.engine import Session, Statement, insert_for_sequence, insert_if_new
from labloop.store.repositories.connections import Connections, mode_of
from labloop.store.repositories.experiments import change_operation
from labloop.store.schema import AnswerRow, CommandRow, encode, table_of

_COMMAND = table_of(CommandRow)
_ANSWER = table_of(AnswerRow)
_INSERT = insert_for_sequence(_COMMAND)
_INSERT_ANSWER = insert_if_new(_ANSWER)
_KNOWN = Statement(
    select(_COMMAND.c.campaign_id, _COMMAND.c.mode).where(
        _COMMAND.c.sequence == bindparam("sequence")
    )
)


class SqlCommands:
    """The inbox in a database; see the port ``Commands``."""

    def __init__(self, db: Connections) -> None:
        self._db = db

    def add(self, command: Command) -> Future[int]:
        """Append a command; resolves to its sequence number."""
        return self._db.prepared(lambda: _add_operation(command))

    def pending(self, campaign_id: str) -> Sequence[Command]:
        """Return the commands not yet answered, by sequence."""
        wanted = _commands(campaign_id).where(_ANSWER.c.sequence.is_(None))
        return [_command(row) for row in self._db.rows(wanted)]

    def answer(
        self,
        sequence: int,
        accepted: bool,
        answer: str,
        changes: Sequence[ExperimentChange] = (),
    ) -> Future[bool]:
        """Answer once and make the changes that follow from it; see the port ``Commands``."""

        def prepare() -> Callable[[Session], bool]:
            row = {
                "sequence": sequence,
                "accepted": accepted,
                "answer": encode.text(answer, "an answer"),
                "actor": encode.ENGINE,
                "recorded": encode.now(),
            }

            change = change_operation(self._db, changes)

            def operation(session: Session) -> bool:
                found = session.one(_KNOWN, {"sequence": sequence})
                if found is None:
                    raise NotFoundError(f"there is no command {sequence} to answer")
                first = session.run(_INSERT_ANSWER, row) == 1
                if first:
                    campaign_id, mode = found
                    session.link("answer", sequence, {**row, "mode": mode}, of=campaign_id)
                    change(session)
                return first

            return operation

        return self._db.prepared(prepare)

    def all(self, campaign_id: str) -> Sequence[Command]:
        """Return every command with its answer, by sequence."""
        return [_command(row) for row in self._db.rows(_commands(campaign_id))]


def _commands(campaign_id: str) -> Select[Any]:
    return (
        select(_COMMAND, _ANSWER.c.accepted, _ANSWER.c.answer)
        .outerjoin_from(_COMMAND, _ANSWER, _ANSWER.c.sequence == _COMMAND.c.sequence)
        .where(_COMMAND.c.campaign_id == campaign_id)
        .order_by(_COMMAND.c.sequence)
    )


def _add_operation(command: Command) -> Callable[[Session], int]:
    row = {
        "campaign_id": command.campaign_id,
        "kind": command.kind.value,
        "actor": encode.text(command.actor, "the actor of a command"),
        "arguments": encode.dump(command.arguments, f"the arguments of {command.kind.value}"),
        "expected_version": command.expected_version,
        "created": encode.to_time(command.created),
    }

    def operation(session: Session) -> int:
        row["mode"] = mode_of(session, command.campaign_id)
        sequence = int(session.rows(_INSERT, row)[0][0])
        session.link("command", sequence, row)
        return sequence

    return operation


def _command(row: Mapping[str, Any]) -> Command:
    return Command(
        campaign_id=row["campaign_id"],
        kind=CommandKind(row["kind"]),
        actor=row["actor"],
        arguments=row["arguments"],
        expected_version=row["expected_version"],
        sequence=row["sequence"],
        accepted=row["accepted"],
        answer=row["answer"] or "",
        created=encode.from_time(row["created"]),
    )
