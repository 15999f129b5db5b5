"""Carries the machine's effects out and feeds back what happened: the loop's only I/O."""

import queue
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from labloop.campaign._analysis import Analysis
from labloop.campaign._dataset import build_dataset, observation
from labloop.campaign._hooks import Hooks
from labloop.campaign._inbox import Inbox, planned
from labloop.campaign._machine import (
    Abort,
    Ask,
    Began,
    Effect,
    Ended,
    Event,
    Finish,
    MachineConfig,
    MachineState,
    NothingToPropose,
    Propose,
    RoundPlanned,
    RuleMet,
    Start,
    StopAsked,
    step,
)
from labloop.campaign._snapshot import Snapshot
from labloop.campaign._spec import CampaignSpec
from labloop.campaign._words import budget_words, doing_of, fraction_of, question_of
from labloop.errors import AnalysisError, BrainError, SpaceExhaustedError, StaleStateError
from labloop.objectives import Objectives
from labloop.records import (
    CampaignRecord,
    Dataset,
    Executor,
    ExperimentJob,
    ExperimentResult,
    ExperimentState,
    Observation,
    Origin,
    OutputValue,
    Repositories,
    RoundRecord,
    derive_seed,
    make_experiment_id,
)

if TYPE_CHECKING:
    from labloop.brain import Strategy

ABORT_SECONDS = 8.0
"""How long procedures may take to end after a stop; then the lab is made safe without them."""

INBOX_SECONDS = 0.5
"""How often commands are read: a person's click is answered within this."""


class _Measured:
    """What was measured so far, kept beside the database so that no round reads it again."""

    def __init__(self, objectives: Objectives) -> None:
        self.numbers: dict[str, int] = {}
        self.failed = 0
        self.data = Dataset()
        self.best: Observation | None = None
        self._objectives = objectives

    def add(self, *observations: Observation) -> None:
        """Take observations in, by number of the experiment."""
        known = {o.experiment_id: o for o in self.data.observations}
        known |= {o.experiment_id: o for o in observations}
        ordered = sorted(known, key=lambda key: self.numbers[key])
        self.data = Dataset(tuple(known[key] for key in ordered))
        self.best = self._objectives.best_seen(self.data)

    def scores(self) -> list[float]:
        """Return the first aim of each finished experiment, larger is better."""
        return [self._objectives.score(o.outputs)[0] for o in self.data.done]


class Runner:
    """Runs one campaign in the calling thread until the machine says that it is over."""

    def __init__(
        self,
        *,
        spec: CampaignSpec,
        record: CampaignRecord,
        repositories: Repositories,
        strategy: "Strategy",
        executor: Executor,
        hooks: Hooks,
        abort: Callable[[str], None],
        lab_hours: Callable[[], float],
        actor: str,
    ) -> None:
        self._spec = spec
        self._config: MachineConfig = spec.machine_config()
        self._record = record
        self._repositories = repositories
        self._strategy = strategy
        self._executor = executor
        self._hooks = hooks
        self._abort = abort
        self._lab_hours = lab_hours
        self._actor = actor
        self._objectives = spec.objectives
        self._analysis = Analysis(spec)
        self._inbox = Inbox(repositories, record, spec.space)
        self._events: queue.SimpleQueue[Event | ExperimentResult] = queue.SimpleQueue()
        self._state = MachineState()
        self._jobs: dict[str, ExperimentJob] = {}
        self._measured = _Measured(spec.objectives)
        self._began = time.monotonic()
        self._patience = 0.0
        """When a stop is no longer waited for; 0 while none was asked."""
        self._lock = threading.Lock()
        self._snapshot = Snapshot(name=record.name, mode=record.mode.value)

    def snapshot(self) -> Snapshot:
        """Return where the campaign stands, from any thread."""
        with self._lock:
            seconds = time.monotonic() - self._began
            return replace(self._snapshot, seconds=seconds, lab_hours=self._lab_hours())

    def post(self, event: Event) -> None:
        """Feed an event in from any thread or from a signal handler."""
        self._events.put(event)

    def run(self, state: MachineState) -> Finish:
        """Run from ``state`` until the campaign is over and return how it ended."""
        self._state = state
        self._jobs = {job.experiment_id: job for job in (*state.ready, *state.awaiting)}
        self._recall()
        finish = self._apply(Began())
        polled = time.monotonic()
        while finish is None:
            if self._patience and time.monotonic() > self._patience:
                finish = self._give_up()
                continue
            item = self._next(INBOX_SECONDS)
            if item is not None:
                event = self._ended(item) if isinstance(item, ExperimentResult) else item
                finish = self._apply(event)
                # After the last one lab time stands still: what follows is the safe state.
                if finish is None and self._events.empty():
                    self._executor.settle()
            # Numbers are given by what is planned, so nothing planned may still be on its way.
            due = time.monotonic() - polled >= INBOX_SECONDS and self._events.empty()
            if finish is None and due:
                polled = time.monotonic()
                finish = self._read_inbox()
        return finish

    def _give_up(self) -> Finish | None:
        """Leave experiments that do not end after a stop, so that the lab can be made safe.

        The clock is this thread's: the lab's loop may be what is blocked.
        """
        self._patience = 0.0
        reason = f"it did not end within {ABORT_SECONDS:g} s of the stop"
        finish: Finish | None = None
        for key in sorted(self._state.running):
            # Refused where it never began, or has ended meanwhile: then its row tells.
            with suppress(StaleStateError):
                self._repositories.experiments.move(
                    key, ExperimentState.UNCERTAIN, actor=self._actor, reason=reason
                ).result()
            finish = self._apply(Ended(key, ExperimentState.UNCERTAIN, reason=reason)) or finish
        return finish

    def _read_inbox(self) -> Finish | None:
        """Answer what persons asked for; each answer takes effect before the next is given."""
        ends: list[Finish] = []

        def apply(event: Event) -> None:
            finish = self._apply(event)
            if finish is not None:
                ends.append(finish)

        self._inbox.read(lambda: self._state, apply)
        return ends[0] if ends else None

    def _next(self, seconds: float) -> Event | ExperimentResult | None:
        try:
            return self._events.get(timeout=seconds)
        except queue.Empty:
            return None

    def _recall(self) -> None:
        """Read what was measured before this process began."""
        campaign_id = self._record.id
        for row in self._repositories.experiments.all(campaign_id):
            self._measured.numbers[row.id] = row.number
            self._measured.failed += row.state is ExperimentState.FAILED
        data = build_dataset(self._repositories, campaign_id, self._spec.space)
        self._measured.add(*data.observations)

    def _apply(self, event: Event) -> Finish | None:
        self._state, effects = step(self._config, self._state, event)
        finish: Finish | None = None
        for effect in effects:
            finish = self._carry_out(effect) or finish
        self._tell()
        return finish

    def _carry_out(self, effect: Effect) -> Finish | None:
        match effect:
            case Finish():
                return effect
            case Propose():
                self._tell(doing=f"the brain proposes round {effect.round_index}")
                self._events.put(self._propose(effect))
            case Start():
                self._start(effect)
            case Abort():
                self._tell(doing=f"making the lab safe: {effect.reason}")
                self._patience = time.monotonic() + ABORT_SECONDS
                self._abort(effect.reason)
            case Ask():
                self._tell(question=effect.question)
        return None

    def _start(self, effect: Start) -> None:
        self._jobs.update({job.experiment_id: job for job in effect.jobs})
        for job in effect.jobs:
            self._measured.numbers[job.experiment_id] = job.number
        for future in self._executor.start(effect.jobs):
            future.add_done_callback(self._arrived)

    def _arrived(self, future: Future[ExperimentResult]) -> None:
        self._events.put(future.result())

    def _propose(self, effect: Propose) -> Event:
        data = self._measured.data
        waiting = (*self._state.running, *(job.experiment_id for job in self._state.awaiting))
        pending = [self._jobs[key].point for key in sorted(waiting) if key in self._jobs]
        seed = derive_seed(self._record.id, effect.round_index)
        started = time.monotonic()
        try:
            batch = self._hooks.propose(
                effect.round_index,
                lambda: self._strategy.propose(
                    self._spec.space, self._objectives, data, pending, effect.n, seed
                ),
            )
        except SpaceExhaustedError as error:
            return NothingToPropose(str(error))
        except BrainError as error:
            return NothingToPropose(str(error), failed=True)
        jobs = tuple(
            ExperimentJob(
                experiment_id=make_experiment_id(self._record.id, effect.first_number + i),
                number=effect.first_number + i,
                round_index=effect.round_index,
                point=self._spec.space.validate(proposal.point),
            )
            for i, proposal in enumerate(batch.proposals)
        )
        if not jobs:
            return NothingToPropose("the strategy has no further point to propose")
        record = RoundRecord(
            campaign_id=self._record.id,
            index=effect.round_index,
            seed=seed,
            data_hash=data.fingerprint(),
            proposals=batch.proposals,
            state=batch.state,
            fit_report=batch.fit_report,
            seconds=time.monotonic() - started,
        )
        waits = ExperimentState.AWAITING if self._config.approval else ExperimentState.PLANNED
        rows = [
            planned(
                job,
                self._record,
                origin=Origin.PROPOSED,
                actor=self._actor,
                proposal_index=index,
                state=waits,
            )
            for index, job in enumerate(jobs)
        ]
        self._repositories.rounds.commit(record, rows).result()
        for alarm in batch.alarms:
            self._repositories.alarms.add(self._record.id, alarm, round_index=effect.round_index)
        self._jobs.update({job.experiment_id: job for job in jobs})
        return RoundPlanned(jobs)

    def _ended(self, result: ExperimentResult) -> Event:
        """Store how an experiment ended; analyse it where there is something to analyse."""
        outputs: Mapping[str, OutputValue] = {}
        if result.state is ExperimentState.DONE:
            result, outputs = self._analyse(result)
        else:
            self._repositories.experiments.move(
                result.experiment_id,
                result.state,
                actor=self._actor,
                reason=result.reason,
                lab_time=result.lab_finished,
            ).result()
        self._remember(result, outputs)
        for rule in self._spec.stop:
            why = rule.met(self._measured.scores()) if outputs else None
            if why is not None:
                # While this one still counts as running: nothing further is proposed.
                self._apply(RuleMet(why))
        job = self._jobs.get(result.experiment_id)
        return Ended(
            result.experiment_id,
            result.state,
            self._lab_hours(),
            self._spec.cost(job.point) if self._spec.cost and job else 0.0,
            result.reason,
        )

    def _analyse(
        self, result: ExperimentResult
    ) -> tuple[ExperimentResult, Mapping[str, OutputValue]]:
        experiments = self._repositories.experiments
        try:
            raw = result.measurement or experiments.raw(result.experiment_id)
            outputs = self._analysis.outputs(raw)
        except AnalysisError as error:
            reason = str(error)
            experiments.move(
                result.experiment_id,
                ExperimentState.FAILED,
                actor=self._actor,
                reason=reason,
                lab_time=result.lab_finished,
            ).result()
            return replace(result, state=ExperimentState.FAILED, reason=reason), {}
        experiments.complete(
            result.experiment_id,
            outputs,
            analysis=self._analysis.fingerprint,
            actor=self._actor,
            lab_time=result.lab_finished,
        ).result()
        return result, outputs

    def _remember(self, result: ExperimentResult, outputs: Mapping[str, OutputValue]) -> None:
        if result.state is ExperimentState.FAILED:
            self._measured.failed += 1
        if result.state not in {ExperimentState.DONE, ExperimentState.FAILED}:
            return
        job = self._jobs[result.experiment_id]
        row = planned(job, self._record, origin=Origin.PROPOSED, actor=self._actor)
        self._measured.add(observation(row, outputs, self._spec.space))

    def _tell(self, *, doing: str = "", question: str = "") -> None:
        """Refresh the snapshot and show it to whoever watches."""
        state = self._state
        best = self._measured.best
        running = sorted(
            self._measured.numbers[key] for key in state.running if key in self._measured.numbers
        )
        if not doing:
            doing = doing_of(state, running)
        with self._lock:
            self._snapshot = replace(
                self._snapshot,
                doing=doing,
                round_index=state.next_round,
                finished=state.finished,
                failed=self._measured.failed,
                running=tuple(running),
                budget=budget_words(self._config, state),
                fraction=fraction_of(self._config, state),
                best=dict(best.outputs) if best else {},
                best_point=dict(best.point) if best else {},
                best_number=self._measured.numbers.get(best.experiment_id) if best else None,
                question=question or question_of(state),
            )
        self._hooks.changed(self.snapshot())

    def stop(self, reason: str) -> None:
        """End at once and safely, from any thread."""
        self.post(StopAsked(reason, now=True))
