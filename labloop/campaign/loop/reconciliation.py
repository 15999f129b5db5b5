"""What runs first on every start: what the last process left open is settled or asked.

It never repeats anything. Where a host has the lab, it is asked first what became of open actions
(``execution/host_answers.py``); devices that can tell were asked before
(``runs/device_answers.py``). What can be known is written down, the rest becomes a question. A
person's answer counts whenever it is given: while no process runs it is applied by whoever asks,
under the campaign's own lease, and what was written before a start is applied by the start.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from labloop.campaign.decisions import FailurePolicy, MachineState, OnRestart
from labloop.campaign.definition import CampaignSpec, cost_of
from labloop.campaign.execution import (
    TOLD_BY,
    Analysis,
    job_of,
    settle_by_host,
    wells_of,
    why_not_entered_again,
)
from labloop.campaign.loop.inbox import CONTINUE, Change, Inbox
from labloop.campaign.loop.leases import campaign_lease
from labloop.campaign.progress import in_order, lab_seconds
from labloop.campaign.watching import with_troubles
from labloop.errors import AnalysisError
from labloop.lab import close_attempt, is_attempt, is_open_late
from labloop.records import (
    ActionState,
    CampaignRecord,
    ExperimentRecord,
    ExperimentState,
    JournalEntry,
    Json,
    Mode,
    Repositories,
)
from labloop.space import Plate, SearchSpace

_ABANDON: OnRestart = "abandon"
_ENDED_IN_IT = "the process ended in the middle of it"


@dataclass(frozen=True, slots=True)
class Reconciled:
    """Where the machine goes on, and what a person should know."""

    state: MachineState
    notes: tuple[str, ...]


def reconcile(
    repositories: Repositories,
    record: CampaignRecord,
    spec: CampaignSpec,
    actor: str,
    change: Change | None = None,
) -> Reconciled:
    """Settle what a dead process left running and return where the machine goes on.

    ``change`` changes the definition where a person asked for that, which waits without it.
    """
    told = settle_by_host(repositories, record, spec.to_json(), actor)
    notes = (*told, *_settle(repositories, record, spec.to_json(), Analysis(spec), actor))
    answered = _answer(repositories, record, spec.space, spec.plate, change)
    state = _machine_state(repositories, record, spec)
    again = {ExperimentState.RUNNING, ExperimentState.AWAITING}
    running = [
        row
        for row in repositories.experiments.all(record.id, again)
        if row.state is ExperimentState.RUNNING
        or (row.waits_for_result and row.id not in state.waiting)
    ]
    wells = wells_of(repositories, record.id, running)
    resumed = tuple(job_of(row, wells.get(row.id, "")) for row in running)
    state = replace(state, resumed=resumed)
    return Reconciled(state, (*notes, *answered))


def answer_pending_commands(
    repositories: Repositories,
    record: CampaignRecord,
    actor: str,
    loaded: CampaignSpec | None = None,
    change: Change | None = None,
) -> None:
    """Answer what persons have asked of a campaign while no process is at it.

    No device is spoken to, and no code of the campaign runs but what the caller has loaded.

    Args:
        repositories: where commands are read and answered.
        record: the campaign.
        actor: who is written on each row.
        loaded: the campaign's own spec. What needs its code is left unanswered without it.
        change: changes the definition.

    Raises:
        LeaseError: a process is at it, and will answer by itself.
    """
    space, plate = record.spec["space"], record.spec.get("plate")
    assert isinstance(space, Mapping)  # noqa: S101 - every stored spec has one
    with campaign_lease(repositories, record, actor):
        _settle(repositories, record, record.spec, None, actor)
        if loaded is not None:
            _answer(repositories, record, loaded.space, loaded.plate, change)
            return
        stored = Plate.from_spec(plate) if isinstance(plate, Mapping) else None
        _answer(repositories, record, SearchSpace.from_spec(space), stored, None)


def _settle(
    repositories: Repositories,
    record: CampaignRecord,
    spec: Mapping[str, Json],
    analysis: Analysis | None,
    actor: str,
) -> tuple[str, ...]:
    running = repositories.experiments.all(record.id, {ExperimentState.RUNNING})
    unsure = repositories.experiments.all(record.id, {ExperimentState.UNCERTAIN})
    opened = repositories.journal.open_intents(record.id) if running else ()
    work, failures = spec.get("work"), spec.get("failures")
    settler = _Settler(
        repositories,
        record,
        work if isinstance(work, Mapping) else {},
        str(failures.get("on_restart")) if isinstance(failures, Mapping) else "",
        analysis,
        actor,
    )
    notes = [settler.settle(row, opened) for row in running]
    notes += [settler.settle_told(row) for row in unsure]
    return tuple(note for note in notes if note)


def _answer(
    repositories: Repositories,
    record: CampaignRecord,
    space: SearchSpace,
    plate: Plate | None,
    change: Change | None,
) -> tuple[str, ...]:
    inbox = Inbox(repositories, record, space, attended=False, plate=plate, change=change)
    # What a command changes stands in the rows, from which the next one is judged.
    return inbox.read(lambda: _standing(repositories, record), lambda _: None)


@dataclass(frozen=True, slots=True)
class _Settler:
    """Settles one experiment after another, and says in words what it found."""

    repositories: Repositories
    record: CampaignRecord
    work: Mapping[str, Json]
    """What the campaign says of the work that carries experiments out; empty for a lab."""
    on_restart: str
    """What the campaign says of procedures that were cut off; see :class:`FailurePolicy`."""
    analysis: Analysis | None
    """None where the campaign's code is not to be run: what has raw data waits for it."""
    actor: str

    def settle(self, row: ExperimentRecord, opened: Sequence[JournalEntry]) -> str:
        """Return what became of an experiment that was running when the process died."""
        end = self._last_known(row)
        if self.repositories.experiments.raw(row.id) is not None:
            return "" if self.analysis is None else self._finish(row, self.analysis, end)
        entries = [entry for entry in opened if entry.intent.experiment_id == row.id]
        if self.work.get("survives"):
            return f"experiment {row.number}: its {self.work.get('kind')} is looked for"
        self._close_attempts(entries)
        if self.work.get("repeatable"):
            # It stays as it is: the run that follows goes on with it.
            return f"experiment {row.number}: {_ENDED_IN_IT}; it is done again, as declared"
        goes_on = self.on_restart == CONTINUE
        if goes_on and not (why := why_not_entered_again(row, self._entries(row))):
            told = f"{_ENDED_IN_IT}; it goes on through its steps, as declared"
            self._move(row, ExperimentState.UNCERTAIN, told, end)
            self._move(row, ExperimentState.AWAITING, told, None)
            return f"experiment {row.number}: {told}"
        asked = ", ".join(_words(entry) for entry in entries)
        why = _ENDED_IN_IT
        why += f"; it is not known whether {asked} happened" if asked else ""
        if self._is_known(entries):
            why = f"{why}; all that it did is known, so it is abandoned, as declared"
            self._move(row, ExperimentState.ABANDONED, why, end)
            return f"experiment {row.number}: {why}"
        self._move(row, ExperimentState.UNCERTAIN, why, end)
        if self.record.mode is Mode.SIMULATED:
            why = f"{why}; its simulated lab ended with the process"
            self._move(row, ExperimentState.ABANDONED, why, end)
        return f"experiment {row.number}: {why}"

    def settle_told(self, row: ExperimentRecord) -> str:
        """Abandon an experiment that became uncertain by actions whose ends were told since.

        Its process lived on when the line to its instruments, or their host, was gone. Where
        something else made it uncertain, a person is asked.
        """
        entries = [e for e in self._entries(row) if e.intent.kind == "action" or is_attempt(e)]
        details = (entry.outcome.detail for entry in entries if entry.outcome)
        was_told = any(detail.startswith(TOLD_BY) for detail in details)
        opened = [e for e in entries if e.state in {ActionState.INTENT, ActionState.UNCERTAIN}]
        if not was_told or not self._is_known(opened):
            return ""
        why = f"{row.reason}; what it did was told since, so it is abandoned, as declared"
        self._move(row, ExperimentState.ABANDONED, why, self._last_known(row))
        return f"experiment {row.number}: {why}"

    def _is_known(self, opened: Sequence[JournalEntry]) -> bool:
        """Return whether an experiment is abandoned without a question, as a person declared."""
        declared = self.on_restart == _ABANDON and self.record.mode is Mode.REAL
        return declared and not any(e.intent.kind == "action" or is_attempt(e) for e in opened)

    def _entries(self, row: ExperimentRecord) -> Sequence[JournalEntry]:
        return self.repositories.journal.entries(self.record.id, row.id)

    def _close_attempts(self, entries: Sequence[JournalEntry]) -> None:
        """Write down that attempts at work ended with the process, and what they had told."""
        again = bool(self.work.get("repeatable"))
        state = ActionState.FAILED if again else ActionState.UNCERTAIN
        for entry in entries:
            if is_attempt(entry) and entry.outcome is None:
                close_attempt(entry, self.repositories.journal, self.actor, state, _ENDED_IN_IT)

    def _last_known(self, row: ExperimentRecord) -> float | None:
        """Return the lab second up to which the journal knows of an experiment."""
        entries = self.repositories.journal.entries(self.record.id, row.id)
        if row.lab_started is None or not entries:
            return row.lab_started
        # The journal's times are of its own opening of the lab: only their distance counts.
        begun = [entry.intent.lab_time for entry in entries]
        ended = [entry.outcome.lab_time for entry in entries if entry.outcome]
        return row.lab_started + max(begun + ended) - begun[0]

    def _finish(self, row: ExperimentRecord, analysis: Analysis, end: float | None) -> str:
        """Analyse raw data that was stored just before the process died."""
        experiments = self.repositories.experiments
        try:
            outputs = analysis.outputs(experiments.raw(row.id))
        except AnalysisError as error:
            self._move(row, ExperimentState.FAILED, str(error), end)
            return f"experiment {row.number}: its raw data cannot be analysed: {error}"
        experiments.complete(
            row.id,
            outputs,
            analysis=analysis.fingerprint,
            actor=self.actor,
            lab_time=end,
        ).result()
        return f"experiment {row.number}: had measured everything, and is now analysed"

    def _move(
        self, row: ExperimentRecord, to: ExperimentState, why: str, end: float | None
    ) -> None:
        self.repositories.experiments.move(
            row.id, to, actor=self.actor, reason=why, lab_time=end
        ).result()


def _words(entry: JournalEntry) -> str:
    intent = entry.intent
    return f"{intent.device}.{intent.name}" if intent.device else intent.name


def _standing(repositories: Repositories, record: CampaignRecord) -> MachineState:
    """Return what experiments there are and how they stand, as the rows tell it."""
    rows = repositories.experiments.all(record.id)
    open_ = [r for r in rows if r.state in {ExperimentState.PLANNED, ExperimentState.AWAITING}]
    wells = wells_of(repositories, record.id, open_)
    return MachineState(
        next_number=max((r.number for r in rows), default=0) + 1,
        ready=tuple(
            job_of(r, wells.get(r.id, "")) for r in rows if r.state is ExperimentState.PLANNED
        ),
        awaiting=tuple(
            job_of(r, wells.get(r.id, ""))
            for r in rows
            if r.state is ExperimentState.AWAITING and not r.waits_for_result
        ),
        waiting={r.id: r.reason for r in rows if _waits(repositories, r)},
        uncertain=frozenset(r.id for r in rows if r.state is ExperimentState.UNCERTAIN),
    )


def _waits(repositories: Repositories, row: ExperimentRecord) -> bool:
    """Return whether a late result of an experiment has not come."""
    if not row.waits_for_result:
        return False
    return any(is_open_late(e) for e in repositories.journal.entries(row.campaign_id, row.id))


def _machine_state(
    repositories: Repositories, record: CampaignRecord, spec: CampaignSpec
) -> MachineState:
    rows = repositories.experiments.all(record.id)
    rounds = repositories.rounds.all(record.id)
    counted = [r for r in rows if r.state in {ExperimentState.DONE, ExperimentState.FAILED}]
    in_a_row = 0
    for row in reversed(counted):
        if row.state is not ExperimentState.FAILED:
            break
        in_a_row += 1
    state = replace(
        _standing(repositories, record),
        next_round=max((r.index for r in rounds), default=-1) + 1,
        finished=len(counted),
        # A person who resumes has seen the failures: the row of failures begins anew.
        failures_in_a_row=in_a_row if in_a_row < spec.failures.stop_after else 0,
        unresolved="" if _goes_on(spec.failures) else _unresolved(rows),
        lab_hours=lab_seconds(rows, repositories.experiments.waited(record.id)) / 3600,
        cost=_cost(rows, spec),
    )
    return with_troubles(state, repositories, record, rows)


def _goes_on(policy: FailurePolicy) -> bool:
    """Return whether uncertain experiments do not keep the others from being begun."""
    return policy.on_uncertain == "continue" or policy.unattended == "skip"


def _cost(rows: Sequence[ExperimentRecord], spec: CampaignSpec) -> float:
    if spec.cost is None:
        return 0.0
    paid = [row.point for row in in_order(rows)]
    ways = zip(paid, [None, *paid], strict=False)
    return sum(cost_of(spec.cost, point, before) for point, before in ways)


def _unresolved(rows: Sequence[ExperimentRecord]) -> str:
    """Return the question that must be answered first; empty where nothing is uncertain."""
    open_ = [str(row.number) for row in rows if row.state is ExperimentState.UNCERTAIN]
    return f"what became of experiment {', '.join(open_)}?" if open_ else ""
