"""The campaign: the only stateful object, from a definition to the end of its budget."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Literal, TypeAlias

from labloop.campaign.by_hand import NoProposals, plan_single_experiment
from labloop.campaign.checks import (
    check_change,
    check_lab,
    find_function_campaign,
    name_taken_message,
    require_procedure,
    update_bundle,
)
from labloop.campaign.decisions import Finish, MachineState, StopAsked
from labloop.campaign.definition import Definition, restore, trust_bundle, with_overrides
from labloop.campaign.execution import DirectExecutor, FunctionExecutor
from labloop.campaign.loop import (
    Hold,
    Hooks,
    PlainHooks,
    Runner,
    Stopped,
    campaign_lease,
    current_user,
    describe_signal_effect,
    device_leases,
    finish_after,
    reconcile,
)
from labloop.campaign.progress import Snapshot, lab_end, mode_label
from labloop.errors import (
    CampaignError,
    ExperimentCancelled,
    LabloopError,
    NameTakenError,
    NotFoundError,
    NotSafeError,
)
from labloop.lab import LabHost, Truth, load_lab_file, signals_to
from labloop.records import (
    Alarm,
    CampaignRecord,
    CampaignState,
    Executor,
    Mode,
    Point,
    Repositories,
    Severity,
    make_campaign_id,
)

if TYPE_CHECKING:
    from labloop.brain import Strategy

Speed: TypeAlias = Literal["max", "real"] | float
"""Simulated time as fast as it goes, real time, or so many times faster than life."""


class Campaign:
    """One campaign of one process: created or taken up again, then run.

    Use :meth:`create` for a new name and :meth:`resume` for one that exists.
    """

    def __init__(
        self,
        repositories: Repositories,
        record: CampaignRecord,
        definition: Definition,
        *,
        actor: str,
        speed: Speed = "max",
        device: str = "auto",
    ) -> None:
        self.record = record
        self.definition = definition
        self.notes: tuple[str, ...] = ()
        self.repositories = self._repositories = repositories
        self._actor = actor
        self._speed = speed
        self._device = device
        self._host: LabHost | None = None
        self._runner: Runner | None = None
        self._abort: Callable[[str], None] | None = None
        """Ends what runs; None while nothing is open."""
        self._finish: Finish | None = None
        self._unsafe: list[str] = []
        self._stop_reason = ""
        self._only: Point | None = None
        self._renewed: tuple[str, ...] = ()
        self._phase = "starting"
        self._began = time.monotonic()
        # Re-entrant: a signal handler may ask for it while this thread holds it.
        self._lock = threading.RLock()

    @classmethod
    def create(
        cls,
        repositories: Repositories,
        definition: Definition,
        *,
        mode: Mode = Mode.SIMULATED,
        new: bool = False,
        actor: str = "",
        speed: Speed = "max",
        by_hand: bool = False,
        device: str = "auto",
    ) -> "Campaign":
        """Store a new campaign and return it; ``by_hand``: a person carries it out, not a lab.

        A plain function's results are what they are, so its campaign is real in any ``mode``.
        ``device``: where physics is solved, see :meth:`CampaignSpec.resolve`.

        Raises:
            NameTakenError: the name exists; the message says how to go on.
        """
        spec, actor = definition.spec, actor or current_user()
        if spec.is_function and not by_hand:
            mode = Mode.REAL
        existing = repositories.campaigns.find(spec.name, mode)
        if existing is not None and not new:
            raise NameTakenError(name_taken_message(repositories, existing, definition))
        generation = existing.generation + 1 if existing else 0
        record = CampaignRecord(
            id=make_campaign_id(spec.name, mode.value, spec.seed, generation),
            name=spec.name,
            mode=mode,
            generation=generation,
            seed=spec.seed,
            state=CampaignState.PAUSED,
            reason="carried out by hand" if by_hand else "created, not yet begun",
            actor=actor,
            bundle_sha256=definition.bundle.sha256,
            spec=definition.bundle.spec,
        )
        spec.resolve(device)
        if not by_hand:
            check_lab(definition, mode)
        repositories.campaigns.create(record, definition.bundle).result()
        trust_bundle(definition.bundle)
        return cls(
            repositories,
            repositories.campaigns.get(record.id),
            definition,
            actor=actor,
            speed=speed,
            device=device,
        )

    @classmethod
    def resume(
        cls,
        repositories: Repositories,
        name: str,
        *,
        mode: Mode = Mode.SIMULATED,
        changed: Definition | None = None,
        actor: str = "",
        speed: Speed = "max",
        device: str = "auto",
    ) -> "Campaign":
        """Take up a stored campaign from its bundle, or from ``changed`` files where told."""
        record = repositories.campaigns.find(name, mode) or find_function_campaign(
            repositories, name
        )
        if record is None:
            known = [f"{c.name} ({c.mode.value})" for c in repositories.campaigns.all()]
            raise NotFoundError(
                f"no {mode.value} campaign is called {name!r} in {repositories.url}; "
                f"known are: {', '.join(sorted(set(known))) or 'none yet'}"
            )
        actor = actor or current_user()
        if changed is None:
            definition = restore(repositories.campaigns.bundle(record.id))
            definition = with_overrides(definition, seed=record.seed, stored=record.spec)
        else:
            definition = with_overrides(changed, seed=record.seed)
            check_change(record, definition)
            check_lab(definition, record.mode)
        return cls(repositories, record, definition, actor=actor, speed=speed, device=device)

    def only(self, point: Point) -> None:
        """Let the next :meth:`run` carry out this one experiment by hand, and nothing else."""
        self._only = self.definition.spec.space.validate(point)

    def renew(self, kinds: Sequence[str]) -> None:
        """Say that new places of these kinds were put where the old ones are used up."""
        if kinds and not self.definition.spec.lab:
            raise CampaignError(f"campaign {self.record.name!r} has no lab, so no places in it")
        self._renewed = tuple(kinds)

    def extend(self, experiments: int) -> None:
        """Give the campaign another budget of experiments."""
        self.definition = with_overrides(self.definition, experiments=experiments)

    def run(self, hooks: Hooks | None = None) -> CampaignRecord:
        """Run to the end of the budget, a stop rule, a stop or a failure; return the record.

        Called from the main thread, every signal that ends a program is taken over meanwhile.

        Raises:
            NotSafeError: it has ended, and something is not known to be in its safe state. That
                is stored as a critical alarm; :attr:`record` says how the campaign ended.
        """
        try:
            with signals_to(self._signalled, describe_signal_effect(self.definition.spec)):
                return self._run(hooks or PlainHooks())
        except BaseException as error:
            if self._unsafe and not isinstance(error, NotSafeError):
                # Whatever else went wrong, this is what a person must hear.
                told = f"NOT SAFE: {' '.join(self._unsafe)}"
                raise NotSafeError(f"{told} (It ended with {error})") from error
            raise

    def _run(self, hooks: Hooks) -> CampaignRecord:
        self._began = time.monotonic()
        try:
            with ExitStack() as stack:
                strategy, state = self._prepare(stack)
                try:
                    function = self.definition.spec.is_function
                    carry_out = self._run_function if function else self._run_in_lab
                    finish = carry_out(hooks, strategy, state)
                except Stopped:
                    raise
                except BaseException as error:
                    if not self._note_end(error):
                        raise
                    return self.record
                return self._set_state(finish.state, finish.reason)
        except Stopped as stopped:
            # No lab was open, so nothing is to be made safe.
            return self._set_state(CampaignState.STOPPED, str(stopped))

    def _prepare(self, stack: ExitStack) -> tuple["Strategy", MachineState]:
        """Take the campaign's lease and return what it goes on with; no lab is open yet."""
        spec = self.definition.spec
        require_procedure(self.definition)
        self._phase = "loading the planner"
        strategy = spec.resolve(self._device) if self._only is None else NoProposals()
        stack.enter_context(campaign_lease(self._repositories, self.record, self._actor))
        update_bundle(self._repositories, self.record, self.definition, self._actor)
        self._phase = "settling what was left open"
        found = reconcile(self._repositories, self.record, spec, self._actor)
        self.notes = found.notes
        state = found.state
        if self._only is not None:
            state = plan_single_experiment(
                self._repositories, self.record, state, self._only, self._actor
            )
        self._set_state(CampaignState.RUNNING, "running")
        return strategy, state

    def _note_end(self, error: BaseException) -> bool:
        """Store how an error ended the campaign; return whether it was a stop that was asked for.

        A store that fails as well hides no error.
        """
        finish = self._finish or finish_after(error, self._stop_reason)
        with suppress(LabloopError):
            self._set_state(finish.state, finish.reason)
            return isinstance(error, ExperimentCancelled) and bool(self._stop_reason)
        return False

    def _run_function(self, hooks: Hooks, strategy: "Strategy", state: MachineState) -> Finish:
        spec, experiments = self.definition.spec, self._repositories.experiments
        function = FunctionExecutor(
            require_procedure(self.definition),
            units=spec.units,
            experiments=experiments,
            actor=self._actor,
            parallel=spec.parallel,
            began=lab_end(experiments.all(self.record.id)),
        )
        self._abort = function.stop
        with function:
            runner = self._runner_of(hooks, strategy, function, function.stop, function.now)
            return runner.run(state)

    def _run_in_lab(self, hooks: Hooks, strategy: "Strategy", state: MachineState) -> Finish:
        spec, procedure = self.definition.spec, require_procedure(self.definition)
        lab_file, mode = load_lab_file(self.definition.folder / str(spec.lab)), self.record.mode
        began = lab_end(self._repositories.experiments.all(self.record.id))
        self._phase = "opening the lab"
        with device_leases(self._repositories, lab_file, mode, self._actor) as lease:
            host = LabHost(
                lab_file,
                mode=mode,
                journal=self._repositories.journal,
                campaign_id=self.record.id,
                seed=self.record.seed,
                speed=self._speed,
                actor=self._actor,
                on_alarm=self._note_alarm,
                lease=lease,
                purpose=f"campaign {self.record.name}",
                renew=self._renewed,
            )
            # From here on a stop goes through the lab, also while it is being opened.
            self._abort = host.stop
            with host:
                self._host = host
                if mode is Mode.REAL and (self.notes or state.next_number > 1):
                    # What the last process left moving or hot is made safe before anything new.
                    host.make_safe().check()
                direct = DirectExecutor(
                    host,
                    procedure=procedure,
                    units=spec.units,
                    experiments=self._repositories.experiments,
                    actor=self._actor,
                    began=began,
                )
                hold = Hold(lab_file.hold, host, self._repositories, self.record, self._actor)
                lab_now = lambda: began + host.now()  # noqa: E731
                runner = self._runner_of(hooks, strategy, direct, host.stop, lab_now, hold)
                self._finish = runner.run(state)
            return self._finish

    def _runner_of(
        self,
        hooks: Hooks,
        strategy: "Strategy",
        executor: Executor,
        abort: Callable[[str], None],
        lab_now: Callable[[], float],
        hold: Hold | None = None,
    ) -> Runner:
        """Return the loop around an executor; a stop that came before reaches it first."""
        runner = Runner(
            spec=self.definition.spec,
            record=self.record,
            repositories=self._repositories,
            strategy=strategy,
            executor=hooks.executor(executor),
            hooks=hooks,
            abort=abort,
            lab_now=lab_now,
            actor=self._actor,
            hold=hold,
        )
        with self._lock:
            self._runner = runner
            stopped = self._stop_reason
        if stopped:
            runner.post(StopAsked(stopped, now=True))
        return runner

    def _note_alarm(self, alarm: Alarm) -> None:
        """Keep what the lab doubts; called from any thread, so nobody waits for the commit."""
        if alarm.severity is Severity.CRITICAL:
            self._unsafe.append(alarm.message)
        self._repositories.alarms.add(self.record.id, alarm)

    def stop(self, reason: str) -> None:
        """End at once and safely; may be called from any thread and from a signal handler."""
        with self._lock:
            self._stop_reason = self._stop_reason or reason
            runner, abort = self._runner, self._abort
        if runner is not None:
            runner.post(StopAsked(reason, now=True))
        if abort is not None:
            # Beside the loop, which may wait for the database: the safe state does not.
            abort(reason)

    def _signalled(self, reason: str) -> None:
        """Stop, from a signal handler: where nothing is open yet, by leaving at once."""
        self.stop(reason)
        if self._abort is None and threading.current_thread() is threading.main_thread():
            raise Stopped(reason)

    def snapshot(self) -> Snapshot:
        """Return where the campaign stands, from any thread."""
        with self._lock:
            runner = self._runner
        if runner is None:
            return Snapshot(
                name=self.record.name,
                mode=mode_label(self.record),
                doing=self._phase,
                seconds=time.monotonic() - self._began,
            )
        return runner.snapshot()

    def activity(self) -> Mapping[str, str]:
        """Return what each device does now, from any thread; empty before the lab is open."""
        with self._lock:
            return {} if self._host is None else self._host.activity()

    @property
    def truth(self) -> Truth | None:
        """The simulated world's own log; None before the lab is open, and in a real lab."""
        with self._lock:
            return None if self._host is None else self._host.truth

    def _set_state(self, state: CampaignState, reason: str) -> CampaignRecord:
        self.record = self._repositories.campaigns.set_state(
            self.record.id, state, reason, self._actor
        ).result()
        return self.record
