"""What any thread may ask of a run: to stop, and where it stands."""

import threading
import time
from collections.abc import Callable, Mapping

from labloop.campaign.decisions import StopAsked
from labloop.campaign.execution import FunctionExecutor
from labloop.campaign.loop import Runner, Stopped
from labloop.campaign.progress import Snapshot, mode_label
from labloop.lab import LabHost, Occupancy, Truth
from labloop.records import CampaignRecord


class RunHandle:
    """Stops a run and tells where it stands, from any thread and from a signal handler."""

    def __init__(self) -> None:
        self.phase = "starting"
        """What the run does while its loop does not run yet."""
        self._began = time.monotonic()
        self._stop_reason = ""
        self._abort: Callable[[str], None] | None = None
        """Ends what runs; None while nothing is open."""
        self._runner: Runner | None = None
        self._opened: LabHost | FunctionExecutor | None = None
        # Re-entrant: a signal handler may ask for it while its own thread holds it.
        self._lock = threading.RLock()

    @property
    def stop_reason(self) -> str:
        """Why a stop was asked for first; empty where none was."""
        return self._stop_reason

    def begin(self) -> None:
        """Count the wall seconds of the run from now on."""
        self._began = time.monotonic()

    def opening(self, abort: Callable[[str], None]) -> None:
        """From now on a stop goes through ``abort``, also while the lab is being opened."""
        self._abort = abort

    def opened(self, opened: LabHost | FunctionExecutor) -> None:
        """From now on the devices of this lab are shown, or the progress of functions."""
        self._opened = opened

    def running(self, runner: Runner) -> None:
        """From now on the loop runs; a stop that was asked for before reaches it first."""
        with self._lock:
            self._runner = runner
            reason = self._stop_reason
        if reason:
            runner.post(StopAsked(reason, now=True))

    def stop(self, reason: str) -> None:
        """End at once and safely."""
        with self._lock:
            self._stop_reason = self._stop_reason or reason
            runner, abort = self._runner, self._abort
        if runner is not None:
            runner.post(StopAsked(reason, now=True))
        if abort is not None:
            # Beside the loop, which may wait for the database: the safe state does not.
            abort(reason)

    def on_signal(self, reason: str) -> None:
        """Stop, from a signal handler; raise Stopped in the main thread where nothing is open."""
        self.stop(reason)
        if self._abort is None and threading.current_thread() is threading.main_thread():
            raise Stopped(reason)

    def snapshot(self, record: CampaignRecord) -> Snapshot:
        """Return where the campaign stands."""
        with self._lock:
            runner = self._runner
        if runner is not None:
            return runner.snapshot()
        return Snapshot(
            name=record.name,
            mode=mode_label(record),
            doing=self.phase,
            seconds=time.monotonic() - self._began,
        )

    def activity(self) -> Mapping[str, str]:
        """Return device, or experiment -> what it does now; empty before the lab is open."""
        with self._lock:
            return {} if self._opened is None else self._opened.activity()

    @property
    def occupancy(self) -> Occupancy | None:
        """What experiments of the run held and waited for; None before the lab is open."""
        with self._lock:
            return self._opened.occupancy if isinstance(self._opened, LabHost) else None

    @property
    def truth(self) -> Truth | None:
        """The simulated world's own log; None before the lab is open, and in a real lab."""
        with self._lock:
            return self._opened.truth if isinstance(self._opened, LabHost) else None
