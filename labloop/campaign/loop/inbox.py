"""The inbox: rows that a person wrote become events, each answered once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from labloop.campaign.decisions import (
    Added,
    Approved,
    Continued,
    Event,
    MachineState,
    PauseAsked,
    Redirected,
    Rejected,
    Resolved,
    ResumeAsked,
    StopAsked,
)
from labloop.campaign.definition import CampaignSpec
from labloop.campaign.execution import (
    job_of,
    planned_record,
    settled,
    step_said,
    wells_of,
    why_not_entered_again,
)
from labloop.campaign.progress import BY_HAND, WISHES, condition_of, lifted, standing_wishes
from labloop.errors import LabloopError, NotFoundError, StaleStateError
from labloop.lab import is_open_late
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
from labloop.space import Plate, SearchSpace

if TYPE_CHECKING:
    from labloop.brain import Strategy

RUN_COMMANDS = {CommandKind.PAUSE, CommandKind.RESUME, CommandKind.STOP, CommandKind.ABORT}
"""What is asked of a process: it means nothing to the next one. Everything else is said of
experiments, and counts for as long as they stand as they stood."""
CONTINUE = "continue"
"""The outcome of an uncertain experiment that is entered again through its steps."""
_ENDS = {"done": ExperimentState.DONE} | {
    state.value: state for state in (ExperimentState.FAILED, ExperimentState.ABANDONED)
}


@dataclass(frozen=True, slots=True)
class Changed:
    """What a campaign goes on with after its definition was changed by a command."""

    spec: CampaignSpec
    strategy: "Strategy"
    told: tuple[str, ...]
    """What is different now, and what becomes of the results, in sentences."""


Change: TypeAlias = Callable[[Command], tuple[SearchSpace, Sequence[str]]]
"""Changes a definition and stores it: the new space, and sentences. It raises where that cannot
be, and changes nothing twice."""


@dataclass(frozen=True, slots=True)
class _Effect:
    """What follows from a command."""

    event: Event | None
    """What the loop is told; None where nothing follows for it."""
    changes: tuple[ExperimentChange, ...] = ()
    """What is stored together with the answer."""
    answer: str = "accepted"


class Inbox:
    """Reads a campaign's commands and turns each into an event, or says why not.

    Args:
        repositories: where commands are read and answered.
        record: the campaign.
        space: its space.
        attended: whether the campaign runs; where not, nothing can be asked of its process.
        plate: its plate.
        change: what changes its definition. None where its code is not loaded: what needs it is
            left for whoever loads it.
    """

    def __init__(
        self,
        repositories: Repositories,
        record: CampaignRecord,
        space: SearchSpace,
        *,
        attended: bool = True,
        plate: Plate | None = None,
        change: Change | None = None,
    ) -> None:
        self._attended = attended
        self._plate = plate
        self._change = change
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
            if self._needs_code(command):
                continue
            try:
                effect = self._effect(command, state())
                first = commands.answer(
                    command.sequence, True, effect.answer, effect.changes
                ).result()
            except LabloopError as error:
                commands.answer(command.sequence, False, str(error)).result()
                answers.append(f"{command.kind.value} by {command.actor}: {error}")
                continue
            if first:
                if effect.event is not None:
                    emit(effect.event)
                answers.append(f"{command.kind.value} by {command.actor}: {effect.answer}")
        return tuple(answers)

    def _needs_code(self, command: Command) -> bool:
        """Return whether nobody can say what becomes of a command without the campaign's code."""
        if self._change is not None:
            return False
        unknown = command.kind in WISHES and bool(self._space.code_missing)
        return command.kind is CommandKind.CHANGE or unknown

    def _effect(self, command: Command, state: MachineState) -> _Effect:
        kind = command.kind
        if kind in RUN_COMMANDS:
            self._check_run(command)
            return _Effect(_said_to_run(command))
        if kind is CommandKind.ADD:
            job, row = self._new(command, state, Origin.MANUAL)
            return _Effect(Added(job), (row,))
        if kind in WISHES:
            return self._wish(command, state)
        if kind is CommandKind.CHANGE and self._change is not None:
            self._space, told = self._change(command)
            wishes = standing_wishes(self._repositories.commands.all(self._record.id))
            part = self._space.restricted(wishes.fixed, wishes.avoid)
            return self._redirected(part, command, state, told)
        return self._about_experiment(command, state)

    def _wish(self, command: Command, state: MachineState) -> _Effect:
        """Return what follows where a person fixes or avoids something, or lifts that."""
        known = self._repositories.commands.all(self._record.id)
        before = standing_wishes(known)
        if command.kind is CommandKind.LIFT:
            none = sorted(lifted(command.arguments) - set(before.names))
            if none or not before.told:
                what = ", ".join(none) or "any parameter"
                stands = "; ".join(before.told) or "nothing"
                raise StaleStateError(
                    f"nothing of {what} is fixed or avoided; what counts: {stands}"
                )
        elif not condition_of(command.arguments):
            raise StaleStateError(
                f"{command.kind.value} needs name=value, name=one|another or name=from..to"
            )
        wishes = standing_wishes([*known, replace(command, accepted=True)])
        part = self._space.restricted(wishes.fixed, wishes.avoid)
        if self._plate is not None:
            self._plate.check(part)
        counts = "; ".join(wishes.told) or "nothing is fixed or avoided"
        return self._redirected(part, command, state, [f"from the next round on: {counts}"])

    def _redirected(
        self, part: SearchSpace, command: Command, state: MachineState, told: Sequence[str]
    ) -> _Effect:
        """Return that the brain is asked for something else, and what is dropped for that.

        What the brain proposed and nobody has begun is dropped where it does not fit; what a
        person has added stays, and so does what a person carries out: it may be under way.
        """
        by_hand = not self._attended and self._record.reason == BY_HAND
        proposed = [j for j in (*state.ready, *state.awaiting) if j.round_index is not None]
        dropped = [j for j in proposed if not by_hand and not part.contains(j.point)]
        moves = tuple(_move(j.experiment_id, ExperimentState.ABANDONED, command) for j in dropped)
        numbers = ", ".join(str(job.number) for job in dropped)
        gone = [f"dropped, because not begun: experiment {numbers}"] if dropped else []
        answer = "; ".join(["accepted", *told, *gone])
        return _Effect(Redirected(frozenset(j.experiment_id for j in dropped)), moves, answer)

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
        if command.kind is CommandKind.REJECT and experiment_id in state.waiting:
            turned_down = _move(experiment_id, ExperimentState.ABANDONED, command)
            return _Effect(Rejected(experiment_id), (turned_down,))
        if experiment_id not in waiting:
            self._check_there(experiment_id, state)
            raise StaleStateError(
                f"too late: experiment {experiment_id} does not wait for approval"
            )
        turned_down = _move(experiment_id, ExperimentState.ABANDONED, command)
        if command.kind is CommandKind.REJECT:
            return _Effect(Rejected(experiment_id), (turned_down,))
        if command.kind is CommandKind.EDIT:
            # The person's own point stands in the place of the proposal; what is not said stays.
            proposed = waiting[experiment_id].point
            job, row = self._new(command, state, Origin.EDITED, proposed)
            return _Effect(Approved(job, replaces=experiment_id), (row, turned_down))
        move = _move(experiment_id, ExperimentState.PLANNED, command)
        return _Effect(Approved(waiting[experiment_id]), (move,))

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
        if "step" in command.arguments:
            return self._say_of_step(command, experiment_id, state)
        if experiment_id not in state.uncertain:
            self._check_there(experiment_id, state)
            raise StaleStateError(
                f"too late: nothing about experiment {experiment_id} is uncertain"
            )
        outcome = str(command.arguments.get("outcome", ""))
        if outcome == CONTINUE:
            return self._continue(command, experiment_id)
        if outcome not in _ENDS:
            known = ", ".join([*_ENDS, CONTINUE])
            raise StaleStateError(f"an outcome is one of {known}, got {outcome!r}")
        move = _move(experiment_id, _ENDS[outcome], command)
        return _Effect(Resolved(experiment_id, _ENDS[outcome]), (move,))

    def _say_of_step(self, command: Command, experiment_id: str, state: MachineState) -> _Effect:
        """Store a late result, or what else is said of a step; the last answer lets it go on."""
        if experiment_id not in state.uncertain and experiment_id not in state.waiting:
            self._check_there(experiment_id, state)
            raise StaleStateError(
                f"too late: experiment {experiment_id} neither waits for a late result nor is "
                "uncertain; what it gave is corrected with labloop correct"
            )
        row = self._repositories.experiments.get(experiment_id)
        entries = self._repositories.journal.entries(self._record.id, experiment_id)
        said = step_said(row, entries, command.arguments, command.actor)
        waits = any(is_open_late(entry) for entry in settled(entries, said))
        if experiment_id in state.uncertain or waits:
            return _Effect(None, (said,))
        return _Effect(Continued(self._job(row)), (said,))

    def _continue(self, command: Command, experiment_id: str) -> _Effect:
        """Let a procedure that was cut off be entered again, where nothing would happen twice."""
        row = self._repositories.experiments.get(experiment_id)
        entries = self._repositories.journal.entries(self._record.id, experiment_id)
        why = why_not_entered_again(row, entries)
        if why:
            raise StaleStateError(f"experiment {row.number} cannot go on: {why}")
        move = _move(experiment_id, ExperimentState.AWAITING, command)
        return _Effect(Continued(self._job(row)), (move,))

    def _job(self, row: ExperimentRecord) -> ExperimentJob:
        return job_of(row, wells_of(self._repositories, self._record.id, [row]).get(row.id, ""))

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


def _said_to_run(command: Command) -> Event:
    kind = command.kind
    why = str(command.arguments.get("reason", "")) or f"{kind.value} asked for by {command.actor}"
    if kind is CommandKind.PAUSE:
        return PauseAsked(why)
    if kind is CommandKind.RESUME:
        return ResumeAsked()
    return StopAsked(why, now=kind is CommandKind.STOP)


def _move(experiment_id: str, to: ExperimentState, command: Command) -> ExperimentMove:
    reason = str(command.arguments.get("reason", "")) or f"by {command.actor}"
    return ExperimentMove(experiment_id=experiment_id, to=to, actor=command.actor, reason=reason)
