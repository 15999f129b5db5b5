"""The host: owns the open devices, from the first identify to the last safe state."""

import threading
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, TypeVar

from labloop.errors import DefinitionError, LabloopError
from labloop.lab.configuration import LabFile, make_world, plan_lab
from labloop.lab.devices import Scope, action_number, start_number
from labloop.lab.gate import LeaseCheck
from labloop.lab.host.bridge import Bridge
from labloop.lab.host.build import OpenDevices, build_devices, retold
from labloop.lab.host.closing import CLOSE_SECONDS, Closing, closed, opened
from labloop.lab.host.instrument_locks import InstrumentLocks
from labloop.lab.host.jobs import Entry, JobRunner, LabJob
from labloop.lab.host.lines import Lines
from labloop.lab.host.shutdown import NOT_SAFE, TOTAL_SECONDS, SafetyReport, left_on
from labloop.lab.procedure import Lab, used_stations
from labloop.lab.procedure import renew as write_renewed
from labloop.lab.process import say, signals_raised
from labloop.lab.time import Clock, LabLoop, LoopMonitor, SimulatedLoop
from labloop.lab.transports import Truth
from labloop.records import Alarm, DeviceIdentity, Journal, JournalEntry, Mode
from labloop.units import quantity

T = TypeVar("T")
Speed = Literal["max", "real"] | float


class LabHost:
    """Opens a lab, carries experiments out in it, and leaves it safe.

    In the main thread a signal that would kill the process leaves the block instead; a lab that
    is still open when the program ends is made safe then.

    Args:
        lab_file: what stands where.
        mode: simulated, or real.
        journal: where intents and outcomes are committed.
        campaign_id: on whose behalf.
        seed: of the simulated world.
        speed: of simulated lab time: ``"max"``, ``"real"`` or lab seconds per second.
        actor: who is written into each row.
        lease: says whether a device may be commanded; None where nobody else can reach the lab.
        world: answers in simulation instead of the one that the lab file names.
        on_alarm: is told of doubts, from any thread.
        record: a folder into which every device's frames are written, to be replayed.
        renew: kinds of stations that are used up by their use and were put there anew.
        purpose: what a real lab is opened for, told to whoever asks for the same instruments.

    Raises:
        LabFileError: the lab file cannot be used, or not for a real lab.
        LeaseError: at ``with``, another program of this machine has one of the instruments.
        DeviceError: at ``with``, a device cannot be used; those that did connect were made safe.
        NotSafeError: when the lab is left, something is not known to be safe. Its cause is what
            the block ended with.
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
    ) -> None:
        self.lab_file = lab_file
        self.mode = mode
        self.on_alarm = on_alarm or _print_alarm
        self.report = SafetyReport()
        """What became of each device at the end; empty before."""
        self._plan = plan_lab(lab_file, mode)
        self._locks: InstrumentLocks | None = None
        if mode is Mode.REAL:
            self._locks = InstrumentLocks(lab_file, self._plan.drivers, actor, purpose)
        self._world = None
        if mode is Mode.SIMULATED:
            self._world = world or make_world(lab_file, self._plan, seed)
        self._seed = seed
        self._speed = _checked_speed(speed, mode)
        self._journal = journal
        self._campaign_id = campaign_id
        self._actor = actor
        self._lease = lease
        self._record = record
        self._renew = tuple(renew)
        self._stop_lock = threading.Lock()
        self._opened: OpenDevices | None = None
        self._closing: Closing | None = None
        self._stop_asked = ""
        self._is_leaving = False
        self._signals = ExitStack()

    def __enter__(self) -> Self:
        # Loads pint now: a third of a second that would block the loop at its first use.
        quantity(1.0, "s")
        simulated = self._speed != "real"
        factor = self._speed if isinstance(self._speed, float) else None
        if self._locks is not None:
            # Before the first byte, and until after the last one of the safe state.
            self._locks.take()
        loop: LabLoop = SimulatedLoop(factor) if simulated else LabLoop()
        try:
            self._fit(loop)
        except BaseException:
            loop.close()
            self._unlock()
            raise
        self._bridge = Bridge(loop, self.lab_file.lab.name)
        self._closing = Closing(self._bridge, self._board, self._fitted, self.report, self._alarm)
        self._bridge.open()
        self._watchdog = LoopMonitor(loop, self._bridge.thread_id, self._alarm, self._board.blame)
        self._watchdog.start()
        opened(self)
        self._signals.enter_context(signals_raised(lambda: self._is_leaving))
        if self._stop_asked:
            self._closing.stop(self._stop_asked)
        try:
            self.call(lambda _: self._fitted.connect())
        except BaseException as error:
            told = self._failed_to_open(error)
            if told is error:
                raise
            raise told from error
        return self

    def _failed_to_open(self, error: BaseException) -> BaseException:
        """Leave what did connect as at any other end: it may be hot from before."""
        self.report.failures |= left_on(self._entries, self._fitted.identities, self.mode)
        self.leave("the lab could not be opened")
        if not isinstance(error, LabloopError):
            return self.report.error(error) or error
        told = retold(error, f"{error}{_of_the_others(self.report, error)}")
        return self.report.error(told) or told

    def _fit(self, loop: LabLoop) -> None:
        self._clock = Clock(loop)
        self._board = JobRunner(loop, holding=loop.simulated)
        entries = self._entries = self._journal.entries(self._campaign_id)
        # Only these have left anything to be read again when they enter.
        self._entered = {each.intent.experiment_id for each in entries}
        start = start_number(entries)
        self._scope = Scope(self._campaign_id, actor=self._actor, start=start)
        if self._renew:
            write_renewed(self._journal, self._scope, self.lab_file, self._renew)
            entries = self._journal.entries(self._campaign_id)
        self._opened = build_devices(
            self.lab_file,
            self._plan,
            lines=Lines(self._clock, self._world, self._seed, self._record),
            journal=self._journal,
            lease=self._lease,
            scope=self._scope,
            stop=self.stop,
            on_alarm=self._alarm,
            used=used_stations(self.lab_file, entries),
        )

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

        What leaving the ``with`` does. What is not known to be safe is told loudly, and as a
        critical alarm. A lab that was left is not left again.
        """
        if self._is_leaving:
            return self.report
        self._is_leaving = True
        with self._signals:
            try:
                self._need_closing().leave(reason)
            finally:
                self._close()
                closed(self)
        return self.report

    # Work.

    def start(self, jobs: Sequence[LabJob[T]]) -> list[Future[T]]:
        """Put a batch into the lab by one call; return a future per experiment.

        In simulated time an experiment that ended holds lab time until :meth:`settle`; ends
        are told one at a time, each after the caller has settled the one before.
        """
        entries = [self._entry(job) for job in jobs]
        self._bridge.enter(lambda: self._board.begin(entries))
        return [entry.future for entry in entries]

    def settle(self) -> None:
        """Say that the end told last has been reacted to, so that lab time may go on."""
        told = self._board.told
        self._bridge.enter(lambda: self._board.settle(told))

    def run(self, jobs: Sequence[LabJob[T]]) -> list[T]:
        """Carry a batch out and return its results in order; raises what the first one raised."""
        futures = self.start(jobs)
        for future in futures:
            future.add_done_callback(lambda _: self._bridge.interrupt(self._settle_all))
        return [future.result() for future in futures]

    def call(self, f: Callable[[Lab], Awaitable[T]]) -> T:
        """Carry ``f(lab)`` out by hand, outside of any experiment, and return its result."""
        return self._carry_out(f)

    def _carry_out(self, f: Callable[[Lab], Awaitable[T]], *, of_the_end: bool = False) -> T:
        lab = Lab(self._fitted.resources, self._scope)
        job = LabJob("by hand", f)
        entry = Entry(job, self._scope, lab, experiment=False, of_the_end=of_the_end)
        self._bridge.enter(lambda: self._board.begin([entry]))
        result: T = entry.future.result()
        return result

    def cancel(self, experiment_id: str, reason: str) -> None:
        """End one experiment; its future raises ExperimentCancelled."""
        self._bridge.interrupt(lambda: self._board.cancel(reason, experiment_id))

    def stop(self, reason: str) -> None:
        """End all experiments and make every device safe; the lab then takes nothing new.

        May be called from any thread and in a signal handler, also while the lab is being
        opened. It returns at once; who leaves the lab waits for the safe states.
        """
        self._stop_asked = self._stop_asked or reason
        if self._closing is not None:
            self._closing.stop(reason)

    def make_safe(self) -> SafetyReport:
        """Bring every device into its safe state now; return what became of each.

        What is not known to be safe is told loudly, and as a critical alarm.
        """
        report = SafetyReport()

        async def safe(_: Lab) -> None:
            await self._fitted.make_safe(report, self._clock.now() + TOTAL_SECONDS)

        self._carry_out(safe, of_the_end=True)
        self._need_closing().tell(report)
        return report

    def hold(self) -> SafetyReport:
        """Bring the lab into the state in which it waits for a person; see ``[hold]``.

        Called where no experiment runs.
        """
        report = SafetyReport()

        async def hold(_: Lab) -> None:
            until = self._clock.now() + TOTAL_SECONDS
            await self._fitted.hold(report, until, self.lab_file.hold.keep)

        self._carry_out(hold, of_the_end=True)
        self._need_closing().tell(report)
        return report

    def go_on(self) -> None:
        """Say that nobody is waited for any more: every watchdog is fed again."""
        self.call(lambda _: self._fitted.go_on())

    # What can be seen from any thread.

    @property
    def clock(self) -> Clock:
        """Lab time."""
        return self._clock

    @property
    def identities(self) -> Mapping[str, DeviceIdentity]:
        """Device -> who answered at the connect."""
        return dict(self._fitted.identities)

    @property
    def truth(self) -> Truth | None:
        """The simulated world's own log; None in a real lab."""
        return None if self._world is None else self._world.truth

    @property
    def world(self) -> Any:
        """The simulated world; None in a real lab."""
        return self._world

    def now(self) -> float:
        """Return lab seconds since the lab was opened."""
        return self._clock.now()

    def activity(self) -> Mapping[str, str]:
        """Return what each device does now."""
        return dict(self._fitted.activity)

    # Inside.

    def _need_closing(self) -> Closing:
        if self._closing is None:
            raise DefinitionError("the lab is not open; open it with `with host:`")
        return self._closing

    @property
    def _fitted(self) -> OpenDevices:
        if self._opened is None:
            raise DefinitionError("the lab is not open; open it with `with host:`")
        return self._opened

    def _entry(self, job: LabJob[Any]) -> Entry:
        """Return a job with what an earlier process left of it, read in the caller's thread."""
        before: Sequence[JournalEntry] = ()
        if job.experiment_id in self._entered:
            before = self._journal.entries(self._campaign_id, job.experiment_id)
        self._entered.add(job.experiment_id)
        scope = Scope(
            self._campaign_id,
            job.experiment_id,
            actor=self._actor,
            count=max((action_number(each.intent.id) for each in before), default=0),
            finished=self._journal.finished_steps(job.experiment_id) if before else {},
        )
        return Entry(job, scope, Lab(self._fitted.resources, scope))

    def _settle_all(self) -> None:
        self._board.settle(self._board.told)

    def _alarm(self, alarm: Alarm) -> None:
        """Tell whoever listens; what that raises ends neither watchdog nor safe state."""
        try:
            self.on_alarm(alarm)
        except Exception as error:  # noqa: BLE001 - process edge: somebody else's code
            say(f"an alarm could not be told ({type(error).__name__}: {error}): {alarm.message}")

    def _close(self) -> None:
        # First: a thread that has ended cannot be asked for its time any more.
        try:
            self._watchdog.stop()
            self._bridge.close(CLOSE_SECONDS)
        finally:
            self._unlock()

    def _unlock(self) -> None:
        if self._locks is not None:
            self._locks.release()


def _checked_speed(speed: Speed, mode: Mode) -> Speed:
    if mode is Mode.REAL:
        if speed not in {"max", "real"}:
            raise DefinitionError(
                f"a real lab runs in real time, so it cannot have speed={speed!r}"
            )
        return "real"
    if speed in {"max", "real"}:
        return speed
    if isinstance(speed, bool) or not isinstance(speed, (int, float)) or speed <= 0:
        raise DefinitionError(
            f"speed must be 'max', 'real' or lab seconds per second (> 0), got {speed!r}"
        )
    return float(speed)


def _of_the_others(report: SafetyReport, error: LabloopError) -> str:
    """Return what is added to the error of a connect: what became of those that did connect."""
    told: list[str] = []
    if report.safe:
        told.append(f"made safe: {', '.join(report.safe)}")
    told += [f"{name} is NOT known to be safe: {why}" for name, why in report.failures.items()]
    if not told:
        return ""
    return ("\n  " if "\n" in str(error) else "; ") + "of the others: " + "; ".join(told)


def _print_alarm(alarm: Alarm) -> None:
    if alarm.kind != NOT_SAFE:
        # That has been said loudly, whoever listens.
        say(f"{alarm.severity.value}: {alarm.message}")
