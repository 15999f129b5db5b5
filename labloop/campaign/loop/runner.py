"""Carries the machine's effects out and feeds back what happened: the loop's only I/O."""

import queue
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Protocol, TypeAlias

from labloop.campaign.decisions import (
    Abort,
    Added,
    Again,
    Ask,
    Began,
    Effect,
    Ended,
    Event,
    Finish,
    MachineConfig,
    MachineState,
    Propose,
    Redirected,
    Resolved,
    Restore,
    RuleMet,
    Start,
    Unsupplied,
    Withdraw,
    judge,
    step,
)
from labloop.campaign.definition import CampaignSpec
from labloop.campaign.execution import Supplier
from labloop.campaign.loop.experiments import RunExperiments
from labloop.campaign.loop.hold import Hold
from labloop.campaign.loop.hooks import Hooks
from labloop.campaign.loop.inbox import Changed, Inbox
from labloop.campaign.loop.proposing import RoundAnswer
from labloop.campaign.loop.publishing import SnapshotPublisher
from labloop.campaign.loop.rounds import RunRounds
from labloop.campaign.progress import Snapshot, describe_ending, describe_executor, mode_label
from labloop.campaign.watching import Troubles
from labloop.errors import StaleStateError
from labloop.records import (
    CampaignRecord,
    Command,
    CommandKind,
    Executor,
    ExperimentJob,
    ExperimentResult,
    ExperimentState,
    Repositories,
)
from labloop.space import SearchSpace

if TYPE_CHECKING:
    from labloop.brain import Strategy

ABORT_SECONDS = 8.0
"""Wall seconds that procedures have to end after a stop; then the lab is made safe anyway."""

INBOX_SECONDS = 0.5
"""Wall seconds between two readings of the inbox: a command is answered within this."""

SIMULATION = "simulation"
"""Who tells the late results of a simulated lab."""

_Item: TypeAlias = Event | ExperimentResult | RoundAnswer
"""What the loop reacts to, one after the other."""


class Stations(Protocol):
    """What the loop asks of the stations of an open lab."""

    def waits(self) -> Mapping[str, str]:
        """Return experiment -> what it waits for, who has that, and since when, in words."""
        ...

    def withdraw(self, station: str) -> None:
        """Give a station to no experiment from now on; who has it keeps it."""
        ...

    def restore(self) -> None:
        """Give the stations that were withdrawn to experiments again."""
        ...


class Runner:
    """Runs one campaign in the calling thread until the machine says that it is over.

    Args:
        spec: the campaign's definition.
        config: what of it the machine decides by.
        record: the campaign.
        repositories: where everything is stored.
        strategy: what proposes.
        executor: what carries experiments out.
        hooks: what an engine puts around proposals, and who is told of progress.
        abort: ends what runs, with a reason.
        lab_now: lab seconds of the campaign.
        actor: who is written on each row.
        change: stores another definition as a command says, and returns it with its strategy.
        hold: what looks after the lab while a person is waited for; None without a lab.
        stations: of the lab; None without a lab.
        supplier: reserves what experiments use up; None without a lab.
    """

    def __init__(
        self,
        *,
        spec: CampaignSpec,
        config: MachineConfig,
        record: CampaignRecord,
        repositories: Repositories,
        strategy: "Strategy",
        executor: Executor,
        hooks: Hooks,
        abort: Callable[[str], None],
        lab_now: Callable[[], float],
        actor: str,
        change: Callable[[Command], Changed],
        hold: Hold | None = None,
        stations: Stations | None = None,
        supplier: Supplier | None = None,
    ) -> None:
        self._spec = spec
        self._config = config
        self._state = MachineState()
        self._executor = executor
        self._abort = abort
        self._lab_now = lab_now
        self._hold = hold
        self._stations = stations
        self._supplier = supplier
        self._record, self._repositories = record, repositories
        self._inbox = Inbox(
            repositories, record, spec.space, plate=spec.plate, change=self._change_definition
        )
        self._change = change
        self._troubles = Troubles(repositories, record)
        self._items: queue.SimpleQueue[_Item] = queue.SimpleQueue()
        self._experiments = RunExperiments(spec, record, repositories, actor)
        self._rounds = RunRounds(
            spec, record, repositories, strategy, hooks, actor, self._items.put
        )
        self._publisher = SnapshotPublisher(
            Snapshot(name=record.name, mode=mode_label(record)),
            config=config,
            executor=describe_executor(spec),
            experiments=self._experiments,
            rounds=self._rounds,
            hooks=hooks,
            lab_now=lab_now,
            hold=hold,
        )
        self._unsettled = False
        """Whether an experiment ended and lab time still waits for what follows from it."""
        self._abort_deadline = 0.0
        """When a stop is no longer waited for, by ``time.monotonic``; 0 while none was asked."""

    def snapshot(self) -> Snapshot:
        """Return where the campaign stands, from any thread."""
        return self._publisher.snapshot()

    def post(self, event: Event) -> None:
        """Feed an event in from any thread or from a signal handler."""
        self._items.put(event)

    def run(self, state: MachineState) -> Finish:
        """Run from ``state`` until the campaign is over and return how it ended."""
        self._state = state
        self._experiments.load()
        try:
            finish = self._apply(Began())
            inbox_read = time.monotonic()
            while finish is None:
                if self._abort_deadline and time.monotonic() > self._abort_deadline:
                    finish = self._give_up_running()
                    continue
                item = self._next(INBOX_SECONDS)
                if item is not None:
                    finish = self._react(item)
                if finish is None and time.monotonic() - inbox_read >= INBOX_SECONDS:
                    inbox_read = time.monotonic()
                    finish = self._read_inbox()
                    self._note_waits()
                # After the last one lab time stands still: what follows is the safe state.
                if finish is None:
                    self._settle()
                    self._update_hold()
                    self._experiments.watch()
            self._experiments.watch(last=True)
        finally:
            self._rounds.close()
        return finish

    def _next(self, seconds: float) -> _Item | None:
        try:
            return self._items.get(timeout=seconds)
        except queue.Empty:
            return None

    def _react(self, item: _Item) -> Finish | None:
        event: Event | None
        if isinstance(item, RoundAnswer):
            event = self._rounds.commit(item, self._state, self._experiments)
        elif isinstance(item, ExperimentResult):
            self._unsettled = True
            event = self._finish_experiment(item)
            if event.state is ExperimentState.AWAITING and item.late:
                return self._apply(event) or self._tell_simulated(item)
        else:
            event = item
        return None if event is None else self._apply(event)

    def _tell_simulated(self, result: ExperimentResult) -> Finish | None:
        """Tell the late results that a simulated lab knows, as a person would."""
        for name, value in result.late.items():
            command = Command(
                campaign_id=self._record.id,
                kind=CommandKind.RESOLVE,
                actor=SIMULATION,
                arguments={"experiment": result.experiment_id, "step": name, "value": value},
            )
            self._repositories.commands.add(command).result()
        return self._read_inbox()

    def _read_inbox(self) -> Finish | None:
        """Answer pending commands; each takes effect before the next is answered."""
        ends: list[Finish] = []

        def apply(event: Event) -> None:
            if isinstance(event, Resolved):
                key, state = event.experiment_id, event.state
                self._experiments.learn(ExperimentResult(experiment_id=key, state=state), {})
            if isinstance(event, Redirected):
                self._rounds.redirect()
            finish = self._apply(event)
            if finish is not None:
                ends.append(finish)

        self._inbox.read(lambda: self._state, apply)
        return ends[0] if ends else None

    def _change_definition(self, command: Command) -> tuple[SearchSpace, Sequence[str]]:
        """Go on with another definition from now on; raises where it cannot be."""
        changed = self._change(command)
        self._spec = changed.spec
        self._experiments.change(changed.spec)
        self._rounds.change(changed.spec, changed.strategy)
        return changed.spec.space, changed.told

    def _settle(self) -> None:
        """Let lab time go on, except while the brain computes: that costs no lab time."""
        if self._unsettled and not self._state.proposing and self._items.empty():
            self._unsettled = False
            self._executor.settle()

    def _note_waits(self) -> None:
        if self._stations is not None and self._experiments.note_waits(self._stations.waits()):
            self._publisher.publish(self._state)

    def _update_hold(self) -> None:
        if self._hold is not None and self._hold.update(self._state):
            self._publisher.publish(self._state)

    def _give_up_running(self) -> Finish | None:
        """Leave experiments that do not end after a stop, so that the lab can be made safe.

        The deadline is kept by this thread, because the lab's event loop may be what is blocked.
        """
        self._abort_deadline = 0.0
        reason = f"it did not end within {ABORT_SECONDS:g} s of the stop"
        finish: Finish | None = None
        for key in sorted(self._state.running):
            event = Ended(key, ExperimentState.UNCERTAIN, reason=reason)
            # Refused where it never began, or has ended meanwhile: then its row tells.
            with suppress(StaleStateError):
                event = self._finish_experiment(
                    ExperimentResult(
                        experiment_id=key,
                        state=ExperimentState.UNCERTAIN,
                        reason=reason,
                        lab_started=self._experiments.started(key),
                        lab_finished=self._lab_now(),
                    )
                )
            finish = self._apply(event) or finish
        return finish

    def _finish_experiment(self, result: ExperimentResult) -> Ended:
        ended, met_rules = self._experiments.finish(
            result, partial(judge, self._config, self._state)
        )
        for reason in met_rules:
            # While this experiment still counts as running: nothing further is proposed.
            self._apply(RuleMet(reason))
        if self._supplier is None:
            return ended
        return replace(ended, cost=ended.cost + self._supplier.settle(ended.experiment_id))

    def _apply(self, event: Event) -> Finish | None:
        """Give an event to the machine and carry out what it wants done."""
        before = self._state
        self._state, effects = step(self._config, before, event)
        self._troubles.note(before, self._state, event)
        finish: Finish | None = None
        for effect in effects:
            finish = self._carry_out(effect) or finish
        self._publisher.publish(self._state)
        return finish

    def _carry_out(self, effect: Effect) -> Finish | None:
        match effect:
            case Finish():
                return effect
            case Propose():
                self._rounds.ask(effect, self._state, self._experiments)
            case Start():
                self._start(effect)
            case Abort():
                self._publisher.publish(
                    self._state, doing=describe_ending(self._spec, effect.reason)
                )
                self._abort_deadline = time.monotonic() + ABORT_SECONDS
                self._abort(effect.reason)
            case Again():
                job = self._experiments.plan_again(
                    effect.experiment_id, self._state.next_number, effect.wait
                )
                return self._apply(Added(job, repeats=effect.experiment_id))
            case Withdraw() if self._stations is not None:
                self._stations.withdraw(effect.station)
            case Restore() if self._stations is not None:
                self._stations.restore()
            case Ask():
                self._publisher.publish(self._state, question=effect.question)
        return None

    def _start(self, effect: Start) -> None:
        jobs = self._supplied(effect.jobs)
        if jobs:
            self._experiments.start(jobs, self._lab_now())
            for future in self._executor.start(jobs):
                future.add_done_callback(self._on_finished)

    def _supplied(self, jobs: tuple[ExperimentJob, ...]) -> tuple[ExperimentJob, ...]:
        """Return the experiments for which there is enough; the first that lacks ends it all."""
        if self._supplier is None:
            return jobs
        for number, job in enumerate(jobs):
            short = self._supplier.admit(job.experiment_id)
            if short:
                reason = f"experiment {job.number} did not begin: {short}"
                self._items.put(Unsupplied(jobs[number:], reason))
                return jobs[:number]
        return jobs

    def _on_finished(self, future: Future[ExperimentResult]) -> None:
        self._items.put(future.result())
