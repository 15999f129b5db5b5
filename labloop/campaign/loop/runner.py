"""Carries the machine's effects out and feeds back what happened: the loop's only I/O."""

import queue
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from labloop.campaign.decisions import (
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
    Resolved,
    RoundPlanned,
    RuleMet,
    Start,
    counted_once,
    step,
)
from labloop.campaign.definition import CampaignSpec, cost_of, stop_rule_reason
from labloop.campaign.execution import job_of
from labloop.campaign.loop.hold import Hold
from labloop.campaign.loop.hooks import Hooks
from labloop.campaign.loop.inbox import Inbox
from labloop.campaign.loop.outcomes import Outcomes
from labloop.campaign.loop.proposing import BrainThread, RoundAnswer, RoundRequest, commit_round
from labloop.campaign.progress import (
    LabTime,
    LiveDataset,
    Pace,
    Snapshot,
    build_dataset,
    describe_ending,
    describe_executor,
    incurs_cost,
    is_informative,
    mode_label,
    observation,
    open_question,
    updated_snapshot,
)
from labloop.errors import BrainError, SpaceExhaustedError, StaleStateError
from labloop.records import (
    CampaignRecord,
    Executor,
    ExperimentJob,
    ExperimentResult,
    ExperimentState,
    OutputValue,
    Repositories,
)

if TYPE_CHECKING:
    from labloop.brain import Strategy

ABORT_SECONDS = 8.0
"""How long procedures may take to end after a stop; then the lab is made safe without them."""

INBOX_SECONDS = 0.5
"""How often commands are read: a person's click is answered within this."""


_Item: TypeAlias = Event | ExperimentResult | RoundAnswer
"""What the loop reacts to, one after the other."""


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
        lab_now: Callable[[], float],
        actor: str,
        hold: Hold | None = None,
    ) -> None:
        self._hold = hold
        self._spec = spec
        self._config: MachineConfig = spec.machine_config()
        self._record = record
        self._repositories = repositories
        self._strategy = strategy
        self._executor = executor
        self._hooks = hooks
        self._abort = abort
        self._lab_now = lab_now
        self._actor = actor
        self._objectives = spec.objectives
        self._outcomes = Outcomes(spec, repositories, actor)
        self._inbox = Inbox(repositories, record, spec.space)
        self._events: queue.SimpleQueue[_Item] = queue.SimpleQueue()
        self._thinker = BrainThread(self._events.put)
        self._state = MachineState()
        self._jobs: dict[str, ExperimentJob] = {}
        self._measured = LiveDataset(spec.objectives)
        self._lab_time = LabTime()
        self._since: dict[str, float] = {}
        """Running experiment -> lab second at which it was started."""
        self._unsettled = False
        """Whether an experiment ended and lab time still waits for what follows from it."""
        self._began = time.monotonic()
        self._pace = Pace()
        self._patience = 0.0
        """When a stop is no longer waited for; 0 while none was asked."""
        self._lock = threading.Lock()
        self._snapshot = Snapshot(name=record.name, mode=mode_label(record))

    def snapshot(self) -> Snapshot:
        """Return where the campaign stands, from any thread."""
        with self._lock:
            now, since = time.monotonic(), min(self._since.values(), default=None)
            used = self._lab_time.seconds(since, self._lab_now())
            return replace(
                self._snapshot,
                seconds=now - self._began,
                seconds_left=self._pace.seconds_left(now, self._state, self._snapshot.fraction),
                lab_hours=used / 3600,
            )

    def post(self, event: Event) -> None:
        """Feed an event in from any thread or from a signal handler."""
        self._events.put(event)

    def run(self, state: MachineState) -> Finish:
        """Run from ``state`` until the campaign is over and return how it ended."""
        self._state = state
        self._recall()
        try:
            finish = self._apply(Began())
            polled = time.monotonic()
            while finish is None:
                if self._patience and time.monotonic() > self._patience:
                    finish = self._give_up()
                    continue
                item = self._next(INBOX_SECONDS)
                if item is not None:
                    finish = self._react(item)
                if finish is None and time.monotonic() - polled >= INBOX_SECONDS:
                    polled = time.monotonic()
                    finish = self._read_inbox()
                # After the last one lab time stands still: what follows is the safe state.
                if finish is None:
                    self._settle()
                    self._mind_the_hold()
        finally:
            self._thinker.close()
        return finish

    def _react(self, item: "_Item") -> Finish | None:
        if isinstance(item, RoundAnswer):
            event = self._planned(item)
        elif isinstance(item, ExperimentResult):
            self._unsettled = True
            event = self._ended(item)
        else:
            event = item
        return None if event is None else self._apply(event)

    def _settle(self) -> None:
        """Let lab time go on, except where the brain still thinks: that costs no lab time."""
        if self._unsettled and not self._state.proposing and self._events.empty():
            self._unsettled = False
            self._executor.settle()

    def _give_up(self) -> Finish | None:
        """Leave experiments that do not end after a stop, so that the lab can be made safe.

        The clock is this thread's: the lab's loop may be what is blocked.
        """
        self._patience = 0.0
        reason = f"it did not end within {ABORT_SECONDS:g} s of the stop"
        finish: Finish | None = None
        for key in sorted(self._state.running):
            event = Ended(key, ExperimentState.UNCERTAIN, reason=reason)
            # Refused where it never began, or has ended meanwhile: then its row tells.
            with suppress(StaleStateError):
                event = self._ended(
                    ExperimentResult(
                        experiment_id=key,
                        state=ExperimentState.UNCERTAIN,
                        reason=reason,
                        lab_started=self._since[key],
                        lab_finished=self._lab_now(),
                    )
                )
            finish = self._apply(event) or finish
        return finish

    def _read_inbox(self) -> Finish | None:
        """Answer what persons asked for; each answer takes effect before the next is given."""
        ends: list[Finish] = []

        def apply(event: Event) -> None:
            if isinstance(event, Resolved):
                key, state = event.experiment_id, event.state
                self._remember(ExperimentResult(experiment_id=key, state=state), {})
            finish = self._apply(event)
            if finish is not None:
                ends.append(finish)

        self._inbox.read(lambda: self._state, apply)
        return ends[0] if ends else None

    def _next(self, seconds: float) -> "_Item | None":
        try:
            return self._events.get(timeout=seconds)
        except queue.Empty:
            return None

    def _recall(self) -> None:
        """Read what was measured before this process began."""
        campaign_id = self._record.id
        for row in self._repositories.experiments.all(campaign_id):
            self._jobs[row.id] = job_of(row)
            self._measured.numbers[row.id] = row.number
            self._measured.failed += row.state is ExperimentState.FAILED
            self._lab_time.add(row.lab_started, row.lab_finished)
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
                self._ask_brain(effect)
            case Start():
                self._start(effect)
            case Abort():
                self._tell(doing=describe_ending(self._spec, effect.reason))
                self._patience = time.monotonic() + ABORT_SECONDS
                self._abort(effect.reason)
            case Ask():
                self._tell(question=effect.question)
        return None

    def _start(self, effect: Start) -> None:
        self._jobs.update({job.experiment_id: job for job in effect.jobs})
        self._measured.numbers |= {job.experiment_id: job.number for job in effect.jobs}
        with self._lock:
            self._since |= dict.fromkeys((j.experiment_id for j in effect.jobs), self._lab_now())
        for future in self._executor.start(effect.jobs):
            future.add_done_callback(self._arrived)

    def _arrived(self, future: Future[ExperimentResult]) -> None:
        self._events.put(future.result())

    def _ask_brain(self, effect: Propose) -> None:
        state = self._state
        begun = state.running | state.uncertain | {job.experiment_id for job in state.awaiting}
        asked = RoundRequest(
            record=self._record,
            index=effect.round_index,
            n=effect.n,
            data=self._measured.data,
            pending=tuple(self._jobs[key].point for key in sorted(begun)),
        )
        self._pace.asked(time.monotonic())
        self._thinker.ask(
            asked,
            lambda: self._hooks.propose(
                asked.index, lambda: asked.ask_strategy(self._strategy, self._spec)
            ),
        )

    def _planned(self, answer: RoundAnswer) -> Event | None:
        """Commit what the brain answered; None where nobody wants it any more."""
        if not self._state.proposing:
            return None
        waits = ExperimentState.AWAITING
        try:
            rows = commit_round(
                self._repositories,
                answer,
                # By now: a person may have added experiments while the brain thought.
                first_number=self._state.next_number,
                actor=self._actor,
                legal=self._spec.space.validate,
                state=waits if self._config.approval else ExperimentState.PLANNED,
            )
        except SpaceExhaustedError as error:
            return NothingToPropose(str(error))
        except BrainError as error:
            return NothingToPropose(str(error), failed=True)
        jobs = tuple(job_of(row) for row in rows)
        self._jobs.update({job.experiment_id: job for job in jobs})
        self._pace.planned(len(jobs), by_model=any(p.model for p in answer.proposals().proposals))
        return RoundPlanned(jobs)

    def _ended(self, result: ExperimentResult) -> Ended:
        """Store how an experiment ended; analyse it where there is something to analyse."""
        result, outputs = self._outcomes.store(counted_once(self._state, result))
        self._remember(result, outputs)
        with self._lock:
            self._since.pop(result.experiment_id, None)
            self._lab_time.add(result.lab_started, result.lab_finished)
        for rule in self._spec.stop:
            why = stop_rule_reason(rule, self._measured.scores()) if outputs else None
            if why is not None:
                # While this one still counts as running: nothing further is proposed.
                self._apply(RuleMet(why))
        return Ended(
            result.experiment_id,
            result.state,
            self._lab_time.seconds() / 3600,
            self._cost(result),
            result.reason,
            result.lost,
        )

    def _cost(self, result: ExperimentResult) -> float:
        if self._spec.cost is None or not incurs_cost(result.state, result.lab_started):
            return 0.0
        return cost_of(self._spec.cost, self._jobs[result.experiment_id].point)

    def _remember(self, ended: ExperimentResult, outputs: Mapping[str, OutputValue]) -> None:
        """Keep what the brain can learn from an experiment that ended or was settled."""
        self._measured.failed += ended.state is ExperimentState.FAILED
        if is_informative(ended.state, outputs):
            key, space = ended.experiment_id, self._spec.space
            raw = ended.measurement or self._repositories.experiments.raw(key)
            actual = raw.actual if raw else {}
            self._measured.add(observation(key, self._jobs[key].point, outputs, space, actual))

    def _tell(self, *, doing: str = "", question: str = "") -> None:
        """Refresh the snapshot and show it to whoever watches."""
        if self._hold is not None:
            question = self._hold.told(question or open_question(self._state))
        with self._lock:
            self._snapshot = updated_snapshot(
                self._snapshot,
                self._config,
                self._state,
                self._measured,
                where=describe_executor(self._spec),
                doing=doing,
                question=question,
            )
        self._hooks.changed(self.snapshot())

    def _mind_the_hold(self) -> None:
        if self._hold is not None and self._hold.mind(self._state):
            self._tell()
