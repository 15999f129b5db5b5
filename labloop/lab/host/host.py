"""The host: owns the open devices, from the first identification to the last safe state."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from labloop.errors import DefinitionError, DeviceError, LabloopError
from labloop.lab.configuration import LabFile, make_world, plan_lab
from labloop.lab.devices import Scope
from labloop.lab.gate import LeaseCheck
from labloop.lab.host.instrument_locks import InstrumentLocks
from labloop.lab.host.jobs import LabJob
from labloop.lab.host.open_devices import with_message
from labloop.lab.host.open_lab import OpenLab
from labloop.lab.host.safety import TOTAL_SECONDS, SafetyReport, left_running
from labloop.lab.host.setup import LabSetup, Speed, checked_speed
from labloop.lab.procedure import Lab, MakePlan, Occupancy, UsePlan, short_name
from labloop.lab.process import close_at_exit, closed, say, signals_raised
from labloop.lab.remote import RemoteLab
from labloop.lab.time import Clock
from labloop.lab.transports import Truth
from labloop.records import (
    NOT_SAFE,
    WATCHDOG,
    Alarm,
    DeviceIdentity,
    Handover,
    Journal,
    Mode,
    Samples,
    Stock,
    watchdog_notes,
)
from labloop.units import quantity

T = TypeVar("T")


class LabHost:
    """Opens a lab, carries experiments out in it, and leaves it safe.

    In the main thread a signal that would kill the process leaves the ``with`` block instead. A
    lab that is still open when the program ends is made safe then.

    Args:
        lab_file: the devices, their limits and interlocks.
        mode: simulated or real.
        journal: where intents and outcomes are committed.
        campaign_id: on whose behalf.
        seed: of the simulated world.
        speed: of simulated lab time: ``"max"``, ``"real"`` or lab seconds per second.
        actor: who is written into each row.
        lease: checks whether a device may be commanded; None where no other process reaches it.
        world: the simulated world, instead of the one that the lab file names.
        on_alarm: gets alarms, from any thread; they are printed if left out.
        record: a folder into which every device's frames are written, for ``replay://``.
        renew: kinds of consumable stations that a person has filled again.
        folder: of programs and notebooks of ``lab.run``; that of the lab file if left out.
        stock: where what is used up is booked; if left out, the lab begins full.
        samples: where samples are kept; if left out, nowhere.
        purpose: what a real lab is opened for, told to whoever asks for the same instruments.
        handover: where a watchdog process leaves what it did; if left out, beside the lab file.
        retry_after: returns after how many lab seconds an action of an experiment that failed is
            sent again, asked only where that does no harm; None where it is not.
        patience: seconds that a device may take to connect at most, for a lab that is opened only
            to be made safe; such a lab has no watchdog process.
        priority: of the experiments, where those of several campaigns wait for a station.
        mark: of the campaign in its database, in the ids of actions that instruments keep.
        remote: the lab of a host in another process; ``lab_file`` is then its own, and that host
            checks limits and interlocks, keeps time and looks after the devices.

    Raises:
        LabFileError: the lab file cannot be used, or not for a real lab.
        LeaseError: at ``with``, another program of this machine has one of the instruments.
        DeviceError: at ``with``, a device cannot be used; those that did connect were made safe.
        NotSafeError: when the lab is left, something is not known to be safe. Its cause is the
            error with which the block ended.
    """

    def __init__(
        self,
        lab_file: LabFile,
        *,
        mode: Mode,
        journal: Journal,
        campaign_id: str,
        seed: int = 0,
        speed: Speed = "max",
        actor: str = "labloop",
        lease: LeaseCheck | None = None,
        world: Any = None,
        on_alarm: Callable[[Alarm], object] | None = None,
        record: Path | None = None,
        purpose: str = "",
        renew: Collection[str] = (),
        handover: Handover | None = None,
        patience: float | None = None,
        folder: Path | None = None,
        priority: int = 0,
        retry_after: Callable[[DeviceError], float | None] = lambda _: None,
        stock: Stock | None = None,
        samples: Samples | None = None,
        mark: str = "",
        remote: RemoteLab | None = None,
    ) -> None:
        self.lab_file = lab_file
        self.mode = mode
        self.on_alarm = on_alarm or _print_alarm
        self.report = SafetyReport()
        """What became of each device at the end; empty before."""
        plan = plan_lab(lab_file, mode) if remote is None else remote.plan
        simulated = mode is Mode.SIMULATED
        locks = not simulated and remote is None
        self._locks = InstrumentLocks(lab_file, plan.drivers, actor, purpose) if locks else None
        self._setup = LabSetup(
            lab_file=lab_file,
            plan=plan,
            mode=mode,
            world=(world or make_world(lab_file, plan, seed)) if simulated and not remote else None,
            seed=seed,
            speed=checked_speed(speed, mode),
            journal=journal,
            stock=stock,
            samples=samples,
            campaign_id=campaign_id,
            actor=actor,
            lease=lease,
            record=record,
            renew=tuple(renew),
            purpose=purpose,
            handover=handover,
            patience=patience,
            retry_after=retry_after,
            folder=folder or lab_file.folder or Path.cwd(),
            priority=priority,
            mark=mark,
            remote=remote,
        )
        self._opened: OpenLab | None = None
        self._stop_reason = ""
        self._is_leaving = False
        self._signals = ExitStack()

    def __enter__(self) -> Self:
        # Loads pint now: a third of a second that would block the loop at its first use.
        quantity(1.0, "s")
        if self._locks is not None:
            # From before the first byte until after the last one of the safe state.
            self._locks.take()
        try:
            lab = self._opened = OpenLab(self._setup, self.report, self._alarm, self.stop)
        except BaseException:
            self._release_locks()
            raise
        close_at_exit(self, lambda: not self.leave("the program ends").alarms())
        self._signals.enter_context(signals_raised(lambda: self._is_leaving))
        if self._stop_reason:
            lab.shutdown.stop(self._stop_reason)
        try:
            self._tell_notes()
            lab.watch()
            lab.run_by_hand(lambda _: lab.devices.connect())
        except BaseException as error:
            reported = self._failed_to_open(lab, error)
            if reported is error:
                raise
            raise reported from error
        return self

    def _failed_to_open(self, lab: OpenLab, error: BaseException) -> BaseException:
        """Leave what did connect safe, as at any other end: it may be hot from before."""
        identities = lab.devices.identities
        self.report.failures |= left_running(lab.scopes.entries, identities, self.mode)
        self.leave("the lab could not be opened")
        if not isinstance(error, LabloopError):
            return self.report.error(error) or error
        extended = with_message(error, f"{error}{self.report.told_beside(error)}")
        return self.report.error(extended) or extended

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        report = self.leave(str(error) if error is not None else "the lab is closing")
        unsafe = report.error(error)
        if unsafe is not None:
            raise unsafe

    def leave(self, reason: str) -> SafetyReport:
        """End all that runs, make every device safe and close; return what became of each.

        Leaving the ``with`` block does this. What is not known to be safe is printed and raises
        a critical alarm. A second call changes nothing.
        """
        if self._is_leaving:
            return self.report
        self._is_leaving = True
        with self._signals:
            try:
                self._lab.leave(reason)
            finally:
                self._release_locks()
                closed(self)
        return self.report

    # Work.

    def start(self, jobs: Sequence[LabJob[T]]) -> list[Future[T]]:
        """Start experiments by one call; return a future for each.

        In simulated time an experiment that ended freezes lab time until :meth:`settle`; ends
        are delivered one at a time, each after the caller has settled the one before.
        """
        return self._lab.start(jobs)

    def settle(self) -> None:
        """Note that the caller has reacted to the latest end, so that lab time may go on."""
        self._lab.settle()

    def run(self, jobs: Sequence[LabJob[T]]) -> list[T]:
        """Carry experiments out and return their results in order; raises the first error."""
        lab = self._lab
        futures = lab.start(jobs)
        for future in futures:
            future.add_done_callback(lambda _: lab.settle_soon())
        return [future.result() for future in futures]

    def call(self, f: Callable[[Lab], Awaitable[T]]) -> T:
        """Carry ``f(lab)`` out by hand, outside of any experiment, and return its result."""
        return self._lab.run_by_hand(f)

    def submit(self, name: str, f: Callable[[Lab], Awaitable[T]], scope: Scope) -> Future[T]:
        """Begin ``f(lab)`` outside of any experiment, on behalf of ``scope``; never waits.

        :meth:`cancel` ends it by its ``name``.
        """
        return self._lab.submit(LabJob(name, f), scope)

    def cancel(self, experiment_id: str, reason: str) -> None:
        """End one experiment; its future raises ExperimentCancelled."""
        self._lab.cancel(experiment_id, reason)

    def stop(self, reason: str) -> None:
        """End all experiments and make every device safe; the lab then takes nothing new.

        May be called from any thread and in a signal handler, also while the lab is being
        opened. It returns at once; :meth:`leave` waits for the safe states.
        """
        self._stop_reason = self._stop_reason or reason
        if self._opened is not None:
            self._opened.shutdown.stop(reason)

    def make_safe(self, among: Collection[str] | None = None) -> SafetyReport:
        """Bring every device into its safe state now, or those named; return what became of each.

        What is not known to be safe is printed and raises a critical alarm.
        """
        return self._lab.run_by_hand(lambda _: self.make_safe_now(among), during_shutdown=True)

    async def make_safe_now(self, among: Collection[str] | None = None) -> SafetyReport:
        """Do what :meth:`make_safe` does, in the lab's loop."""
        report, lab = SafetyReport(), self._lab
        await lab.devices.make_safe(report, lab.clock.now() + TOTAL_SECONDS, among)
        lab.shutdown.report(report)
        return report

    def withdraw(self, station: str) -> None:
        """Give a station to no experiment from now on; who has it keeps it."""
        self._lab.change_stations(lambda pool: pool.withdraw(station))

    def restore(self) -> None:
        """Give the stations that were withdrawn to experiments again."""
        self._lab.change_stations(lambda pool: pool.restore())

    def hold(self) -> SafetyReport:
        """Bring the lab into the state in which it waits for a person; see ``[hold]``.

        Called where no experiment runs. Reports as :meth:`make_safe` does.
        """
        report, lab, keep = SafetyReport(), self._lab, self.lab_file.hold.keep

        async def hold(_: Lab) -> None:
            await lab.devices.hold(report, lab.clock.now() + TOTAL_SECONDS, keep)

        lab.run_by_hand(hold, during_shutdown=True)
        lab.shutdown.report(report)
        return report

    def go_on(self) -> None:
        """End a hold: every watchdog is fed again."""
        self._lab.run_by_hand(lambda _: self._lab.devices.go_on())

    def plan_by(self, make: MakePlan) -> None:
        """Ask ``make`` for a new plan, in a thread, when a planned use of a station is late."""
        self._lab.devices.resources.replanning.use(make)

    def follow(self, plan: UsePlan) -> None:
        """Serve those that wait for stations and devices in the order of a plan from now on."""
        self._lab.follow(plan)

    def replan(self, make: MakePlan) -> None:
        """Plan from where experiments and stations are now, and follow that."""
        self._lab.replan(make)

    # What can be read from any thread.

    @property
    def journal(self) -> Journal:
        """Where intents and outcomes are committed."""
        return self._setup.journal

    @property
    def clock(self) -> Clock:
        """Lab time."""
        return self._lab.clock

    @property
    def identities(self) -> Mapping[str, DeviceIdentity]:
        """Device -> its identity at the connect."""
        return dict(self._lab.devices.identities)

    @property
    def truth(self) -> Truth | None:
        """The truth log of the simulated world; None in a real lab."""
        return None if self._setup.world is None else self._setup.world.truth

    @property
    def world(self) -> Any:
        """The simulated world; None in a real lab."""
        return self._setup.world

    def now(self) -> float:
        """Return lab seconds since the lab was opened."""
        return self._lab.clock.now()

    def activity(self) -> Mapping[str, str]:
        """Return device -> what it does now, what runs beside the devices, and who waits."""
        devices = self._lab.devices
        waits = {short_name(key): words for key, words in self.waits().items()}
        return {**devices.activity, **devices.resources.work.activity(), **waits}

    def waits(self) -> Mapping[str, str]:
        """Return experiment -> what it waits for, who has that, and since when, in words."""
        now = self.now()
        queue = self._lab.devices.resources.queue
        return {wait.experiment_id: wait.words(now) for wait in queue.waits()}

    @property
    def watchdog(self) -> int:
        """The process id of the watchdog process; 0 where none watches (yet)."""
        return self._lab.watchdog

    @property
    def occupancy(self) -> Occupancy:
        """What experiments held, and what they waited for."""
        return self._lab.devices.resources.occupancy

    # Inside.

    @property
    def _lab(self) -> OpenLab:
        if self._opened is None:
            raise DefinitionError("the lab is not open; open it with `with host:`")
        return self._opened

    def _alarm(self, alarm: Alarm) -> None:
        """Pass an alarm on; what the listener raises ends neither monitor nor safe state."""
        try:
            self.on_alarm(alarm)
        except Exception as error:  # noqa: BLE001 - process edge: somebody else's code
            say(f"an alarm could not be told ({type(error).__name__}: {error}): {alarm.message}")

    def _tell_notes(self) -> None:
        """Tell what a watchdog process has left beside the lab file, until its file is removed."""
        if not self._setup.is_watched:
            return
        for path, note in watchdog_notes(self.lab_file.folder or Path.cwd()).items():
            if note.lab == self.lab_file.lab.name:
                say(f"!! {note.message} When you have looked, remove {path}")
                self._alarm(note.alarm())

    def _release_locks(self) -> None:
        if self._locks is not None:
            self._locks.release()


def _print_alarm(alarm: Alarm) -> None:
    if alarm.kind not in {NOT_SAFE, WATCHDOG}:
        # Those are printed already, whoever listens.
        say(f"{alarm.severity.value}: {alarm.message}")
