"""Brings every device into its safe state: in order, bounded, and one failure stops no other."""

import asyncio
from collections.abc import Awaitable, Callable, Container, Mapping, Sequence

from labloop.errors import DeviceTimeoutError, LabloopError
from labloop.lab.devices import SCOPE, Device, Scope
from labloop.lab.host.safety.safety_report import SafetyReport
from labloop.lab.time import URGENT, Clock
from labloop.lab.transports import RECORDER, Recorder
from labloop.records import ActionState, Intent, Journal, Outcome

TOTAL_SECONDS = 20.0
"""Procedures and safe states together end within this: Prefect kills a process after 30 s."""
_LEAST_SECONDS = 0.5
"""Even the last device has so long for its safe state."""
_TURN_SECONDS = 1.0
"""So long the next device waits for one that is still being connected."""
_JOURNAL_SECONDS = 1.0
"""How long the journal may take; after that the safe states go on without it."""


class SafeStates:
    """Brings devices into their safe state.

    Args:
        devices: in the order in which they are made safe.
        bounds: device -> lab seconds that its safe state may take.
        clock: lab time.
        journal: where each safe state is recorded.
        scope: on whose behalf.
    """

    def __init__(
        self,
        devices: Sequence[Device],
        bounds: Mapping[str, float],
        clock: Clock,
        journal: Journal,
        scope: Scope,
    ) -> None:
        self._devices = devices
        self._bounds = bounds
        self._clock = clock
        self._journal = journal
        self._scope = scope
        self._journal_answers = True

    async def run(
        self,
        report: SafetyReport,
        until: float,
        among: Container[str],
        connect: Callable[[Device], Awaitable[Exception | None]] | None = None,
    ) -> None:
        """Start each device in order; one that hangs delays the next only for its share.

        Args:
            report: is filled in.
            until: lab second at which all must be over.
            among: names of the devices that may be spoken to; the others are left alone.
            connect: connects a device that is not yet connected, or returns why it cannot be
                used; all begin at once, and each is made safe as soon as it is its turn.
        """
        devices = [device for device in self._devices if device.name in among]
        connects = {
            device.name: asyncio.ensure_future(connect(device))
            for device in devices
            if connect is not None
        }
        tasks: list[asyncio.Task[None]] = []
        for started, device in enumerate(devices):
            ready = connects.get(device.name)
            task = asyncio.create_task(self._make_safe(device, report, until, ready))
            tasks.append(task)
            if ready is not None:
                await asyncio.wait([ready], timeout=_TURN_SECONDS)
                if not ready.done():
                    # It is made safe as soon as it is connected, and the next one does not wait.
                    continue
            share = max(until - self._clock.now(), 0.0) / (len(devices) - started)
            await asyncio.wait([task], timeout=share)
        if tasks:
            await asyncio.wait(tasks)
        for device in devices:
            if device.name not in report.safe:
                report.failures.setdefault(device.name, "its safe state was cut off")

    async def _make_safe(
        self,
        device: Device,
        report: SafetyReport,
        until: float,
        ready: "asyncio.Future[Exception | None] | None",
    ) -> None:
        error = None if ready is None else await ready
        if error is not None:
            report.failures[device.name] = str(error)
            return
        URGENT.set(True)
        SCOPE.set(self._scope)
        recorder = Recorder()
        RECORDER.set(recorder)
        intent = await self._commit_intent(device)
        left = max(until - self._clock.now(), _LEAST_SECONDS)
        bound = min(self._bounds[device.name], left)
        why = ""
        try:
            async with self._clock.deadline(
                bound, f"the safe state of {device.name} at {device.transport.url}"
            ):
                await device.safe_state()
        except DeviceTimeoutError as error:
            why = str(error)
        except (Exception, SystemExit, KeyboardInterrupt) as error:  # noqa: BLE001 - process edge: the other devices come next
            kind = "" if isinstance(error, LabloopError) else f"{type(error).__name__}: "
            why = f"{kind}{error}"
        if why and device.watchdog is not None:
            why += f"; it makes itself safe {device.watchdog:g} s after it last heard from the lab"
        if why:
            report.failures[device.name] = why
        else:
            report.safe.append(device.name)
        if intent is not None:
            await self._commit_outcome(intent, why, recorder)

    async def _commit_intent(self, device: Device) -> Intent | None:
        """Commit the intent; a journal that fails does not keep a heater on.

        One that fails or hangs is waited for once, and not for every device.
        """
        if not self._journal_answers:
            return None
        intent = Intent(
            id=self._scope.next_id(device.name),
            campaign_id=self._scope.campaign_id,
            experiment_id=None,
            device=device.name,
            name="safe_state",
            idempotent=True,
            lab_time=self._clock.now(),
            actor=self._scope.actor,
        )
        try:
            commit = self._clock.external(self._journal.intent(intent))
            await asyncio.wait_for(commit, _JOURNAL_SECONDS)
        except Exception:  # noqa: BLE001 - process edge: safe comes before recorded
            self._journal_answers = False
            return None
        return intent

    async def _commit_outcome(self, intent: Intent, why: str, recorder: Recorder) -> None:
        outcome = Outcome(
            intent_id=intent.id,
            state=ActionState.FAILED if why else ActionState.DONE,
            detail=why,
            sent=tuple(recorder.sent),
            received=tuple(recorder.received),
            lab_time=self._clock.now(),
            actor=self._scope.actor,
        )
        try:
            commit = self._clock.external(self._journal.outcome(outcome))
            await asyncio.wait_for(commit, _JOURNAL_SECONDS)
        except Exception:  # noqa: BLE001 - process edge: safe comes before recorded
            self._journal_answers = False
