"""A lab that is open: its event loop in a thread of its own, its devices, and what runs on them."""

from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future
from typing import Any, TypeVar

from labloop.lab.devices import Scope
from labloop.lab.host.bridge import Bridge
from labloop.lab.host.device_builder import DeviceBuilder
from labloop.lab.host.jobs import JobRunner, LabJob, RunningJob
from labloop.lab.host.result_delivery import ResultDelivery
from labloop.lab.host.safety import Heartbeat, SafetyReport, WatchOrder
from labloop.lab.host.scopes import CampaignScopes
from labloop.lab.host.setup import LabSetup
from labloop.lab.host.shutdown import CLOSE_SECONDS, Shutdown
from labloop.lab.procedure import Lab, MakePlan, StationPool, UsePlan
from labloop.lab.things import Bookings, MemorySamples, MemoryStock, SampleMoves
from labloop.lab.time import Clock, LoopMonitor
from labloop.records import Alarm, Mode, Severity, Shelf

T = TypeVar("T")


class OpenLab:
    """Everything that exists only while a lab is open.

    Args:
        setup: what the lab consists of.
        report: gets what became of each device at the end.
        on_alarm: gets alarms, from any thread.
        stop: ends everything, where the journal fails.

    Raises:
        LabFileError: the devices cannot be built as the lab file has them.
    """

    def __init__(
        self,
        setup: LabSetup,
        report: SafetyReport,
        on_alarm: Callable[[Alarm], object],
        stop: Callable[[str], None],
    ) -> None:
        self._setup = setup
        self._on_alarm = on_alarm
        self._heartbeat = self._watched()
        loop = setup.make_loop()
        try:
            self.clock = Clock(loop)
            self._delivery = ResultDelivery(loop)
            self._jobs = JobRunner(loop, self._delivery)
            self.scopes = CampaignScopes(
                setup.journal,
                setup.campaign_id,
                setup.actor,
                setup.priority,
                setup.retry_after,
            )
            builder = DeviceBuilder(setup, self.clock, self.scopes.own, stop, on_alarm)
            self.devices = builder.build(*self._things())
        except BaseException:
            self._end_watch()
            loop.close()
            raise
        self._bridge = Bridge(loop, setup.lab_file.lab.name)
        self.shutdown = Shutdown(self._bridge, self._jobs, self.devices, report, on_alarm)
        self._bridge.open()
        self._monitor = LoopMonitor(loop, self._bridge.thread_id, on_alarm, self._jobs.fail_blocked)
        self._monitor.start()

    @property
    def watchdog(self) -> int:
        """The process id of the watchdog process; 0 where there is none."""
        return 0 if self._heartbeat is None else self._heartbeat.pid

    def watch(self) -> None:
        """Let the watchdog process watch from now on; before anything is sent to a device.

        Raises:
            LabloopError: it does not begin, or cannot load a driver.
        """
        heartbeat = self._heartbeat
        if heartbeat is not None:
            heartbeat.wait_until_watching()
            self._bridge.enter(lambda: heartbeat.begin(self.clock))

    def start(self, jobs: Sequence[LabJob[T]]) -> list[Future[T]]:
        """Start experiments, all at the same lab second; return a future for each."""
        running = [self._running(job) for job in jobs]
        self._bridge.enter(lambda: self._jobs.begin(running))
        return [job.future for job in running]

    def run_by_hand(self, f: Callable[[Lab], Awaitable[T]], *, during_shutdown: bool = False) -> T:
        """Carry ``f(lab)`` out, outside of any experiment, and return its result.

        Args:
            f: gets the lab.
            during_shutdown: it may begin after a stop, too.
        """
        job = RunningJob(
            LabJob("by hand", f),
            self.scopes.own,
            Lab(self.devices.resources, self.scopes.own),
            experiment=False,
            during_shutdown=during_shutdown,
        )
        self._bridge.enter(lambda: self._jobs.begin([job]))
        result: T = job.future.result()
        return result

    def follow(self, plan: UsePlan) -> None:
        """Let requests be served in the order of a plan."""
        self._bridge.enter(lambda: self.devices.resources.queue.follow(plan))

    def replan(self, make: MakePlan) -> None:
        """Plan from where experiments and stations are now, and follow that."""
        queue, now = self.devices.resources.queue, self.clock.now
        found: Future[tuple[Any, Any, float]] = Future()
        self._bridge.enter(lambda: found.set_result((queue.positions(), queue.stations(), now())))
        self.follow(make(*found.result()))

    def submit(self, job: LabJob[T], scope: Scope) -> Future[T]:
        """Begin a job outside of any experiment, on behalf of ``scope``."""
        lab = Lab(self.devices.resources, scope)
        running = RunningJob(job, scope, lab, experiment=False)
        self._bridge.enter(lambda: self._jobs.begin([running]))
        return running.future

    def settle(self) -> None:
        """Note that the caller has reacted to every end delivered so far."""
        delivered = self._delivery.delivered
        self._bridge.enter(lambda: self._delivery.settle(delivered))

    def settle_soon(self) -> None:
        """The same, for the callback of a future."""
        self._bridge.interrupt(lambda: self._delivery.settle(self._delivery.delivered))

    def change_stations(self, change: Callable[[StationPool], None]) -> None:
        """Change every pool of stations, in the lab's loop."""
        pools = tuple(self.devices.resources.stations.values())

        def change_all() -> None:
            for pool in pools:
                change(pool)
            self.devices.resources.queue.serve()

        self._bridge.enter(change_all)

    def cancel(self, experiment_id: str, reason: str) -> None:
        """End one experiment."""
        self._bridge.interrupt(lambda: self._jobs.cancel(reason, experiment_id))

    def leave(self, reason: str) -> None:
        """End all that runs, make every device safe, close the lines and end the loop."""
        in_time = False
        try:
            in_time = self.shutdown.leave(reason)
        finally:
            # First the monitor: the clock of a thread that has ended cannot be read.
            self._monitor.stop()
            # A loop that is blocked would not end within any time; its thread is a daemon.
            ended = self._bridge.close(CLOSE_SECONDS if in_time else 0.0)
        if in_time and ended:
            self._end_watch()

    def _things(self) -> tuple[Bookings, SampleMoves]:
        """Return what books and what moves samples, with what the lab begins with."""
        setup = self._setup
        lab_file, kept = setup.lab_file, setup.stock is not None
        bookings = Bookings(
            lab_file,
            setup.stock or MemoryStock(),
            self.clock,
            mode=setup.mode,
            campaign_id=setup.campaign_id,
            kept=kept,
            on_alarm=self._on_alarm,
        )
        bookings.open(setup.renew, setup.actor)
        own = setup.campaign_id if setup.mode is Mode.SIMULATED else ""
        samples = SampleMoves(
            setup.samples or MemorySamples(),
            Shelf(lab_file.lab.name, setup.mode, own),
            lab_file.sample_places,
            self.clock,
            setup.campaign_id,
        )
        samples.open(setup.actor)
        return bookings, samples

    def _watched(self) -> Heartbeat | None:
        """Start the watchdog process, where the lab has one; it loads while the lab is built."""
        setup = self._setup
        if not setup.is_watched:
            return None
        because = setup.lab_file.watchdog.off_because
        if because:
            told = f"no watchdog process makes this lab safe if this program dies: {because}"
            self._on_alarm(Alarm("no-watchdog", told, Severity.INFO))
            return None
        order = WatchOrder.for_this_process(
            setup.lab_file,
            campaign_id=setup.campaign_id,
            user=setup.actor,
            purpose=setup.purpose,
            handover=setup.handover,
        )
        return Heartbeat(order, self._on_alarm)

    def _end_watch(self) -> None:
        if self._heartbeat is not None:
            self._heartbeat.end()

    def _running(self, job: LabJob[Any]) -> RunningJob:
        scope = self.scopes.of_experiment(job.experiment_id)
        return RunningJob(job, scope, Lab(self.devices.resources, scope))
