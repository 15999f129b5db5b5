"""The inbox: rows that a person wrote become events, each answered once."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from labloop.campaign.decisions import (
    Added,
    Approved,
    Event,
    MachineState,
    PauseAsked,
    Rejected,
    Resolved,
    ResumeAsked,
    StopAsked,
)
from labloop.campaign.execution import planned_record
from labloop.errors import LabloopError, NotFoundError, StaleStateError
from labloop.records import (
    CampaignRecord,
    Command,
    CommandKind,
    ExperimentChange,
    ExperimentJob,
    ExperimentMove,
    ExperimentRecord,
    ExperimentState,
    Origin,
    Point,
    Repositories,
    make_experiment_id,
)
from labloop.space import SearchSpace

RUN_COMMANDS = {CommandKind.PAUSE, CommandKind.RESUME, CommandKind.STOP, CommandKind.ABORT}
"""What is asked of a process: it means nothing to the next one. Everything else is said of
experiments, and counts for as long as they stand as they stood."""
_ENDS = {"done": ExperimentState.DONE} | {
    state.value: state for state in (ExperimentState.FAILED, ExperimentState.ABANDONED)
}


_Effect: TypeAlias = tuple[Event, tuple[ExperimentChange, ...]]
"""What the loop is told, and what is stored together with the answer."""


class Inbox:
    """Reads a campaign's commands and turns each into an event, or says why not.

    Args:
        attended: whether the campaign runs; where not, nothing can be asked of its process.
    """

    def __init__(
        self,
        repositories: Repositories,
        record: CampaignRecord,
        space: SearchSpace,
        *,
        attended: bool = True,
    ) -> None:
        self._attended = attended
        self._repositories = repositories
        self._record = record
        self._space = space

    def read(
        self, state: Callable[[], MachineState], emit: Callable[[Event], object]
    ) -> tuple[str, ...]:
        """Answer everything that is pending; return each answer in words.

        ``emit`` carries each event into the loop.

        What follows from a command is stored with its answer or not at all, so that no end of
        the process in between lets it be applied twice.
        """
        commands, answers = self._repositories.commands, []
        for command in commands.pending(self._record.id):
            try:
                event, changes = self._effect(command, state())
                first = commands.answer(command.sequence, True, "accepted", changes).result()
            except LabloopError as error:
                commands.answer(command.sequence, False, str(error)).result()
                answers.append(f"{command.kind.value} by {command.actor}: {error}")
                continue
            if first:
                emit(event)
                answers.append(f"{command.kind.value} by {command.actor}: accepted")
        return tuple(answers)

    def _effect(self, command: Command, state: MachineState) -> _Effect:
        kind, given = command.kind, command.arguments
        if kind in RUN_COMMANDS:
            self._check_run(command)
        why = str(given.get("reason", "")) or f"{kind.value} asked for by {command.actor}"
        if kind is CommandKind.PAUSE:
            return PauseAsked(why), ()
        if kind is CommandKind.RESUME:
            return ResumeAsked(), ()
        if kind is CommandKind.STOP:
            return StopAsked(why, now=True), ()
        if kind is CommandKind.ABORT:
            return StopAsked(why, now=False), ()
        if kind is CommandKind.ADD:
            job, row = self._new(command, state, Origin.MANUAL)
            return Added(job), (row,)
        return self._about_experiment(command, state)

    def _check_run(self, command: Command) -> None:
        """Raise where the run that was spoken to is over: a stop does not stop the next one."""
        expected = command.expected_version
        if not self._attended or (expected is not None and expected < self._record.version):
            raise StaleStateError(
                "too late: the run that this was asked of is over; ask it again of the one that "
                "runs now"
            )

    def _about_experiment(self, command: Command, state: MachineState) -> _Effect:
        experiment_id = self._experiment_id(command)
        if command.kind is CommandKind.RESOLVE:
            return self._resolve(command, experiment_id, state)
        waiting = {job.experiment_id: job for job in state.awaiting}
        if experiment_id not in waiting:
            self._check_there(experiment_id, state)
            raise StaleStateError(
                f"too late: experiment {experiment_id} does not wait for approval"
            )
        turned_down = _move(experiment_id, ExperimentState.ABANDONED, command)
        if command.kind is CommandKind.REJECT:
            return Rejected(experiment_id), (turned_down,)
        if command.kind is CommandKind.EDIT:
            # The person's own point stands in the place of the proposal; what is not said stays.
            proposed = waiting[experiment_id].point
            job, row = self._new(command, state, Origin.EDITED, proposed)
            return Approved(job, replaces=experiment_id), (row, turned_down)
        move = _move(experiment_id, ExperimentState.PLANNED, command)
        return Approved(waiting[experiment_id]), (move,)

    def _experiment_id(self, command: Command) -> str:
        given = str(command.arguments.get("experiment", ""))
        if given.isdigit():
            return make_experiment_id(self._record.id, int(given))
        return given

    def _check_there(self, experiment_id: str, state: MachineState) -> None:
        """Raise StaleStateError where the campaign has no such experiment."""
        try:
            self._repositories.experiments.get(experiment_id)
        except NotFoundError:
            raise StaleStateError(
                f"there is no experiment {experiment_id}; they are numbered from 1 to "
                f"{state.next_number - 1}"
            ) from None

    def _resolve(self, command: Command, experiment_id: str, state: MachineState) -> _Effect:
        if experiment_id not in state.uncertain:
            self._check_there(experiment_id, state)
            raise StaleStateError(
                f"too late: nothing about experiment {experiment_id} is uncertain"
            )
        outcome = str(command.arguments.get("outcome", ""))
        if outcome not in _ENDS:
            raise StaleStateError(f"an outcome is one of {', '.join(_ENDS)}, got {outcome!r}")
        move = _move(experiment_id, _ENDS[outcome], command)
        return Resolved(experiment_id, _ENDS[outcome]), (move,)

    def _new(
        self,
        command: Command,
        state: MachineState,
        origin: Origin,
        proposed: Point | None = None,
    ) -> tuple[ExperimentJob, ExperimentRecord]:
        given = command.arguments.get("point")
        if not isinstance(given, Mapping) or not given:
            raise StaleStateError("a point is needed: name=value for each parameter")
        point: Point = self._space.edited(proposed or {}, given)
        job = ExperimentJob(
            experiment_id=make_experiment_id(self._record.id, state.next_number),
            number=state.next_number,
            round_index=None,
            point=point,
        )
        return job, planned_record(job, self._record, origin=origin, actor=command.actor)


def _move(experiment_id: str, to: ExperimentState, command: Command) -> ExperimentMove:
    reason = str(command.arguments.get("reason", "")) or f"by {command.actor}"
    return ExperimentMove(experiment_id=experiment_id, to=to, actor=command.actor, reason=reason)
