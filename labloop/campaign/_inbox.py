"""The inbox: rows that a person wrote become events, each answered once."""

from collections.abc import Callable, Mapping

from labloop.campaign._machine import (
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
from labloop.errors import LabloopError, StaleStateError
from labloop.records import (
    CampaignRecord,
    Command,
    CommandKind,
    ExperimentJob,
    ExperimentRecord,
    ExperimentState,
    Origin,
    Point,
    Repositories,
    make_experiment_id,
)
from labloop.space import SearchSpace

_ENDS = {"done": ExperimentState.DONE} | {
    state.value: state for state in (ExperimentState.FAILED, ExperimentState.ABANDONED)
}


class Inbox:
    """Reads a campaign's commands and turns each into an event, or says why not."""

    def __init__(
        self, repositories: Repositories, record: CampaignRecord, space: SearchSpace
    ) -> None:
        self._repositories = repositories
        self._record = record
        self._space = space

    def read(self, state: Callable[[], MachineState], emit: Callable[[Event], None]) -> None:
        """Answer everything that is pending; ``emit`` carries each event into the loop."""
        for command in self._repositories.commands.pending(self._record.id):
            try:
                event = self._event(command, state())
                accepted, answer = True, "accepted"
            except LabloopError as error:
                event, accepted, answer = None, False, str(error)
            answered = self._repositories.commands.answer(command.sequence, accepted, answer)
            if answered.result() and event is not None:
                emit(event)

    def _event(self, command: Command, state: MachineState) -> Event:
        kind, given = command.kind, command.arguments
        if command.expected_version is not None and (
            command.expected_version < self._record.version
        ):
            raise StaleStateError(
                "too late: the campaign was begun again since this was asked; ask it again"
            )
        why = str(given.get("reason", "")) or f"{kind.value} asked for by {command.actor}"
        if kind is CommandKind.PAUSE:
            return PauseAsked(why)
        if kind is CommandKind.RESUME:
            return ResumeAsked()
        if kind is CommandKind.STOP:
            return StopAsked(why, now=True)
        if kind is CommandKind.ABORT:
            return StopAsked(why, now=False)
        if kind is CommandKind.ADD:
            return Added(self._add(command, state))
        return self._about_experiment(command, state)

    def _about_experiment(self, command: Command, state: MachineState) -> Event:
        experiment_id = self._experiment_id(command)
        if command.kind is CommandKind.RESOLVE:
            return self._resolve(command, experiment_id, state)
        waiting = {job.experiment_id: job for job in state.awaiting}
        if experiment_id not in waiting:
            raise StaleStateError(
                f"too late: experiment {experiment_id} does not wait for approval"
            )
        if command.kind is CommandKind.REJECT:
            self._move(experiment_id, ExperimentState.ABANDONED, command)
            return Rejected(experiment_id)
        if command.kind is CommandKind.EDIT:
            return self._edit(command, experiment_id, state)
        self._move(experiment_id, ExperimentState.PLANNED, command)
        return Approved(waiting[experiment_id])

    def _experiment_id(self, command: Command) -> str:
        given = str(command.arguments.get("experiment", ""))
        if given.isdigit():
            return make_experiment_id(self._record.id, int(given))
        return given

    def _resolve(self, command: Command, experiment_id: str, state: MachineState) -> Event:
        if experiment_id not in state.uncertain:
            raise StaleStateError(
                f"too late: nothing about experiment {experiment_id} is uncertain"
            )
        outcome = str(command.arguments.get("outcome", ""))
        if outcome not in _ENDS:
            raise StaleStateError(f"an outcome is one of {', '.join(_ENDS)}, got {outcome!r}")
        self._move(experiment_id, _ENDS[outcome], command)
        return Resolved(experiment_id, _ENDS[outcome])

    def _edit(self, command: Command, experiment_id: str, state: MachineState) -> Event:
        """Turn down the proposal and put the person's own point in its place."""
        job = self._add(command, state, Origin.EDITED)
        self._move(experiment_id, ExperimentState.ABANDONED, command)
        return Approved(job, replaces=experiment_id)

    def _add(
        self, command: Command, state: MachineState, origin: Origin = Origin.MANUAL
    ) -> ExperimentJob:
        given = command.arguments.get("point")
        if not isinstance(given, Mapping):
            raise StaleStateError("a point is needed: name=value for each parameter")
        point: Point = self._space.validate(given)
        job = ExperimentJob(
            experiment_id=make_experiment_id(self._record.id, state.next_number),
            number=state.next_number,
            round_index=None,
            point=point,
        )
        self._repositories.experiments.add(
            planned(job, self._record, origin=origin, actor=command.actor)
        ).result()
        return job

    def _move(self, experiment_id: str, to: ExperimentState, command: Command) -> None:
        reason = str(command.arguments.get("reason", "")) or f"by {command.actor}"
        self._repositories.experiments.move(
            experiment_id, to, actor=command.actor, reason=reason
        ).result()


def planned(
    job: ExperimentJob,
    record: CampaignRecord,
    *,
    origin: Origin,
    actor: str,
    proposal_index: int | None = None,
    state: ExperimentState = ExperimentState.PLANNED,
) -> ExperimentRecord:
    """Return the row of an experiment that is about to be planned (or to wait for approval)."""
    return ExperimentRecord(
        id=job.experiment_id,
        campaign_id=record.id,
        number=job.number,
        mode=record.mode,
        state=state,
        origin=origin,
        point=job.point,
        round_index=job.round_index,
        proposal_index=proposal_index,
        actor=actor,
    )
