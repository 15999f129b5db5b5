"""The campaign: the only stateful object, from a definition to the end of its budget."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from labloop.campaign.checks import (
    change_definition,
    find_record,
    require_procedure,
    update_bundle,
)
from labloop.campaign.decisions import Finish, MachineState, Unattended
from labloop.campaign.definition import Definition, with_overrides
from labloop.campaign.loop import (
    Changed,
    Hooks,
    PlainHooks,
    Runner,
    Stopped,
    campaign_lease,
    current_user,
    describe_signal_effect,
    finish_after,
    reconcile,
)
from labloop.campaign.progress import Snapshot
from labloop.campaign.runs import (
    NoProposals,
    RunContext,
    RunHandle,
    Speed,
    definition_to_resume,
    open_execution,
    plan_single_experiment,
    settle_by_devices,
    store_campaign,
)
from labloop.errors import (
    CampaignError,
    ExperimentCancelled,
    LabloopError,
    NotSafeError,
)
from labloop.lab import Occupancy, Truth, signals_to
from labloop.records import (
    Alarm,
    CampaignRecord,
    CampaignState,
    Command,
    Mode,
    Point,
    Repositories,
    Severity,
)
from labloop.space import SearchSpace

if TYPE_CHECKING:
    from labloop.brain import Strategy


class Campaign:
    """One campaign of one process: created or resumed, then run.

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
        world_seed: int | None = None,
    ) -> None:
        self.repositories = repositories
        self.record = record
        self.definition = definition
        self.notes: tuple[str, ...] = ()
        """What a person should know of how the last process left the campaign."""
        self._actor = actor
        self._speed = speed
        self._device = device
        self._world_seed = record.seed if world_seed is None else world_seed
        self._only: Point | None = None
        self._renewed: tuple[str, ...] = ()
        self._takes_over = False
        self._handle = RunHandle()
        self._finish: Finish | None = None
        """How the loop ended; what goes wrong while the lab is closed does not change that."""
        self._unsafe: list[str] = []
        """What is not known to be in its safe state."""

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
        world_seed: int | None = None,
    ) -> "Campaign":
        """Store a new campaign and return it; ``by_hand``: a person carries it out, not a lab.

        A plain function's results are what they are, so its campaign is real in any ``mode``.
        ``device``: where physics is solved, see :meth:`CampaignSpec.resolve`. ``world_seed``: of
        the simulated world alone; that of the campaign if left out.

        Raises:
            NameTakenError: the name exists; the message says how to go on.
        """
        actor = actor or current_user()
        record = store_campaign(
            repositories,
            definition,
            mode=mode,
            new=new,
            actor=actor,
            by_hand=by_hand,
            device=device,
        )
        return cls(
            repositories,
            record,
            definition,
            actor=actor,
            speed=speed,
            device=device,
            world_seed=world_seed,
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
        take_over: bool = False,
    ) -> "Campaign":
        """Return a stored campaign, from its bundle, or from ``changed`` files where given.

        ``take_over``: its :meth:`run` takes the place of a process on another machine that was not
        heard for a minute.
        """
        record = find_record(repositories, name, mode)
        definition = definition_to_resume(repositories, record, changed)
        actor = actor or current_user()
        made = cls(repositories, record, definition, actor=actor, speed=speed, device=device)
        made._takes_over = take_over
        return made

    def only(self, point: Point) -> None:
        """Let the next :meth:`run` carry out this one experiment by hand, and nothing else."""
        self._only = self.definition.spec.space.validate(point)

    def renew(self, kinds: Sequence[str]) -> None:
        """Say that used-up places of these kinds of stations were replaced."""
        if kinds and not self.definition.spec.lab:
            raise CampaignError(
                f"campaign {self.record.name!r} has no lab, so no places in it; leave --renew out"
            )
        self._renewed = tuple(kinds)

    def leave_unattended(self, how: Unattended) -> None:
        """Say what becomes of questions, whatever the campaign file says."""
        spec = self.definition.spec
        failures = replace(spec.failures, unattended=how)
        self.definition = replace(self.definition, spec=replace(spec, failures=failures))

    def extend(self, experiments: int) -> None:
        """Give the campaign another budget of experiments."""
        self.definition = with_overrides(self.definition, experiments=experiments)

    def run(self, hooks: Hooks | None = None) -> CampaignRecord:
        """Run to the end of the budget, a stop rule, a stop or a failure; return the record.

        Called from the main thread, it handles every signal that ends a program.

        Raises:
            NotSafeError: it has ended, and something is not known to be in its safe state. That
                is stored as a critical alarm; :attr:`record` says how the campaign ended.
        """
        try:
            with signals_to(self._handle.on_signal, describe_signal_effect(self.definition.spec)):
                return self._run(hooks or PlainHooks())
        except BaseException as error:
            if self._unsafe and not isinstance(error, NotSafeError):
                # Whatever else went wrong, a person must read this first.
                message = f"NOT SAFE: {' '.join(self._unsafe)}"
                raise NotSafeError(f"{message} (It ended with {error})") from error
            raise

    def _run(self, hooks: Hooks) -> CampaignRecord:
        self._handle.begin()
        try:
            with ExitStack() as stack:
                strategy, state = self._prepare(stack)
                try:
                    finish = self._carry_out(hooks, strategy, state)
                except Stopped:
                    raise
                except BaseException as error:
                    if not self._store_end(error):
                        raise
                    return self.record
                return self._set_state(finish.state, finish.reason)
        except Stopped as stopped:
            # No lab was open, so nothing is to be made safe.
            return self._set_state(CampaignState.STOPPED, str(stopped))

    def _prepare(self, stack: ExitStack) -> tuple["Strategy", MachineState]:
        """Take the campaign's lease, settle what was left open, return strategy and state."""
        spec = self.definition.spec
        require_procedure(self.definition)
        self._handle.phase = "loading the planner"
        strategy = spec.resolve(self._device) if self._only is None else NoProposals()
        # Where nobody is there to say so, a campaign goes on by itself when its machine is lost.
        take_over = self._takes_over = self._takes_over or spec.failures.unattended != "hold"
        stack.enter_context(
            campaign_lease(self.repositories, self.record, self._actor, take_over=take_over)
        )
        update_bundle(self.repositories, self.record, self.definition, self._actor)
        self._handle.phase = "settling what was left open"
        told = settle_by_devices(
            self.repositories, self.record, self.definition, self._actor, take_over=take_over
        )
        reconciled = reconcile(
            self.repositories, self.record, spec, self._actor, self._change_before
        )
        if self.definition.spec is not spec and self._only is None:
            strategy = self.definition.spec.resolve(self._device)
        self.notes = (*told, *reconciled.notes)
        state = reconciled.state
        if self._only is not None:
            state = plan_single_experiment(
                self.repositories, self.record, state, self._only, self._actor
            )
        self._set_state(CampaignState.RUNNING, "running")
        return strategy, state

    def _carry_out(self, hooks: Hooks, strategy: "Strategy", state: MachineState) -> Finish:
        """Open the lab, run the loop in it and close it; return how the loop ended."""
        context = RunContext(
            repositories=self.repositories,
            record=self.record,
            definition=self.definition,
            actor=self._actor,
            speed=self._speed,
            world_seed=self._world_seed,
            renewed=self._renewed,
            take_over=self._takes_over,
            unsettled=bool(self.notes) or state.next_number > 1,
            handle=self._handle,
            on_alarm=self._store_alarm,
        )
        with open_execution(context) as execution:
            config = replace(self.definition.spec.machine_config(), alike=execution.alike)
            if self._only is not None:
                config = replace(config, budget=None)
            runner = Runner(
                spec=self.definition.spec,
                config=config,
                record=self.record,
                repositories=self.repositories,
                strategy=strategy,
                executor=hooks.executor(execution.executor),
                hooks=hooks,
                abort=execution.abort,
                lab_now=execution.now,
                actor=self._actor,
                change=self._change,
                hold=execution.hold,
                stations=execution.stations,
                supplier=execution.supplier,
            )
            self._handle.running(runner)
            if execution.supplier is not None:
                state = replace(state, cost=state.cost + execution.supplier.spent())
            finish = self._finish = runner.run(state)
        return finish

    def _change(self, asked: Command) -> Changed:
        """Go on with another definition, as a person asks; raises where it cannot be."""
        definition, told = change_definition(self.repositories, self.record, self.definition, asked)
        strategy = definition.spec.resolve(self._device)
        self.definition = definition
        return Changed(definition.spec, strategy, tuple(told))

    def _change_before(self, asked: Command) -> tuple[SearchSpace, tuple[str, ...]]:
        """Do the same before the loop begins."""
        changed = self._change(asked)
        return changed.spec.space, changed.told

    def _store_end(self, error: BaseException) -> bool:
        """Store how an error ended the campaign; return whether it was a stop that was asked for.

        A store that fails as well hides no error.
        """
        finish = self._finish or finish_after(error, self._handle.stop_reason)
        with suppress(LabloopError):
            self._set_state(finish.state, finish.reason)
            return isinstance(error, ExperimentCancelled) and bool(self._handle.stop_reason)
        return False

    def _store_alarm(self, alarm: Alarm) -> None:
        """Store an alarm of the lab; called from any thread, so nobody waits for the commit."""
        if alarm.severity is Severity.CRITICAL:
            self._unsafe.append(alarm.message)
        self.repositories.alarms.add(self.record.id, alarm)

    def stop(self, reason: str) -> None:
        """End at once and safely; may be called from any thread and from a signal handler."""
        self._handle.stop(reason)

    def snapshot(self) -> Snapshot:
        """Return where the campaign stands, from any thread."""
        return self._handle.snapshot(self.record)

    def activity(self) -> Mapping[str, str]:
        """Return device -> what it does now, from any thread; empty before the lab is open."""
        return self._handle.activity()

    @property
    def occupancy(self) -> Occupancy | None:
        """What experiments of this run held and waited for; None without a lab."""
        return self._handle.occupancy

    @property
    def truth(self) -> Truth | None:
        """The simulated world's own log; None before the lab is open, and in a real lab."""
        return self._handle.truth

    def _set_state(self, state: CampaignState, reason: str) -> CampaignRecord:
        self.record = self.repositories.campaigns.set_state(
            self.record.id, state, reason, self._actor
        ).result()
        return self.record
