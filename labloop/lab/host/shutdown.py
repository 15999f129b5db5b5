"""Every device into its safe state: in order, bounded, and one failure stops no other."""

import asyncio
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field

from labloop.errors import DeviceTimeoutError, LabloopError, NotSafeError
from labloop.lab.devices import SCOPE, Device, Scope
from labloop.lab.time import URGENT, Clock
from labloop.lab.transports import RECORDER, Recorder
from labloop.records import (
    ActionState,
    Alarm,
    Intent,
    Journal,
    JournalEntry,
    Json,
    Mode,
    Outcome,
    Severity,
)

TOTAL_SECONDS = 20.0
"""Prefect kills after 30: procedures and safe states together must be over before."""
PROCEDURE_SECONDS = 5.0
"""How long a cancelled procedure may take to leave."""


NOT_SAFE = "not-safe"
"""The kind of the alarms that say what is not known to be safe."""


@dataclass(slots=True)
class SafetyReport:
    """What became of each device."""

    safe: list[str] = field(default_factory=list)
    """Devices that reached their safe state, in that order."""
    failures: dict[str, str] = field(default_factory=dict)
    """Device -> why it did not."""
    left: list[str] = field(default_factory=list)
    """Experiments that did not end in time."""
    seconds: float = 0.0
    """Lab seconds that it took."""

    @property
    def summary(self) -> str:
        """The report in one sentence."""
        text = f"{len(self.safe)} devices are safe"
        for name, why in self.failures.items():
            text += f"; {name} is NOT known to be safe: {why}"
        return text

    def alarms(self) -> list[Alarm]:
        """Return a critical alarm for everything that is not known to be safe."""
        found = [
            _alarm(f"{name} is NOT known to be in its safe state: {why}", device=name)
            for name, why in self.failures.items()
        ]
        return found + [
            _alarm(
                f"the procedure of {key} did not leave within {PROCEDURE_SECONDS:g} s and was "
                "given up: what it held by itself, it still holds",
                experiment=key,
            )
            for key in self.left
        ]

    def error(self, why: BaseException | None = None) -> NotSafeError | None:
        """Return what a lab that is left raises; None where everything is safe.

        Args:
            why: what the lab was left with.
        """
        text = " ".join(alarm.message for alarm in self.alarms())
        if not text:
            return None
        named = "" if isinstance(why, LabloopError) else f"{type(why).__name__}: "
        ended = "" if why is None else f" (It ended with {named}{why}".rstrip(": ") + ")"
        error = NotSafeError(f"NOT SAFE: {text}{ended}")
        error.__cause__ = why
        return error

    def check(self) -> None:
        """Raise NotSafeError where something is not known to be safe."""
        error = self.error()
        if error is not None:
            raise error


def _alarm(message: str, **data: Json) -> Alarm:
    text = f"{message.rstrip('.')}. Go and look at it now."
    return Alarm(NOT_SAFE, text, Severity.CRITICAL, data)


def left_on(entries: Sequence[JournalEntry], reached: Container[str], mode: Mode) -> dict[str, str]:
    """Return devices that an earlier process left as they were and nobody reaches now, with why.

    Args:
        entries: what the journal knows of the campaign, in order.
        reached: devices that answered.
        mode: a simulated lab begins anew each time, so nothing is left of it.
    """
    last = {e.intent.device: e for e in entries if e.intent.kind == "action"}
    return {
        name: f"it cannot be reached, and the last known of it is {entry.intent.name}"
        for name, entry in last.items()
        if mode is Mode.REAL
        and name not in reached
        and (entry.intent.name != "safe_state" or entry.state is not ActionState.DONE)
    }


class SafeStates:
    """Makes devices safe.

    Args:
        devices: in the order in which they are made safe.
        bounds: device -> lab seconds that its safe state may take.
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

    async def run(self, report: SafetyReport, until: float, among: Container[str]) -> None:
        """Start each device in order; one that hangs keeps the next waiting only for a while.

        Args:
            report: is filled in.
            until: lab second at which all must be over.
            among: names of the devices that may be spoken to; the others are left alone.
        """
        devices = [device for device in self._devices if device.name in among]
        tasks: list[asyncio.Task[None]] = []
        for place, device in enumerate(devices):
            task = asyncio.create_task(self._one(device, report, until))
            tasks.append(task)
            share = max(until - self._clock.now(), 0.0) / (len(devices) - place)
            await asyncio.wait([task], timeout=share)
        if tasks:
            await asyncio.wait(tasks)
        for device in devices:
            if device.name not in report.safe:
                report.failures.setdefault(device.name, "its safe state was cut off")

    async def _one(self, device: Device, report: SafetyReport, until: float) -> None:
        URGENT.set(True)
        SCOPE.set(self._scope)
        recorder = Recorder()
        RECORDER.set(recorder)
        intent = await self._intend(device)
        bound = min(self._bounds[device.name], max(until - self._clock.now(), 0.5))
        why = ""
        try:
            async with self._clock.deadline(bound, f"the safe state of {device.name}"):
                await device.safe_state()
        except DeviceTimeoutError as error:
            why = str(error)
        except (Exception, SystemExit, KeyboardInterrupt) as error:  # noqa: BLE001 - process edge: the other devices come next
            named = "" if isinstance(error, LabloopError) else f"{type(error).__name__}: "
            why = f"{named}{error}"
        if why and device.watchdog is not None:
            why += f"; it makes itself safe {device.watchdog:g} s after it last heard from the lab"
        if why:
            report.failures[device.name] = why
        else:
            report.safe.append(device.name)
        if intent is not None:
            await self._conclude(intent, why, recorder)

    async def _intend(self, device: Device) -> Intent | None:
        """Journal the safe state; a journal that fails does not keep a heater on.

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
            await asyncio.wait_for(self._clock.external(self._journal.intent(intent)), 1.0)
        except Exception:  # noqa: BLE001 - process edge: safe comes before recorded
            self._journal_answers = False
            return None
        return intent

    async def _conclude(self, intent: Intent, why: str, recorder: Recorder) -> None:
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
            await asyncio.wait_for(self._clock.external(self._journal.outcome(outcome)), 1.0)
        except Exception:  # noqa: BLE001 - process edge: safe comes before recorded
            self._journal_answers = False
