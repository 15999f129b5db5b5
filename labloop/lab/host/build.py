"""Fits a lab out: transports, drivers, gates and places from a lab file."""

import asyncio
import sys
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from labloop.errors import LabFileError, LabloopError, NotConnectedError
from labloop.lab.configuration import InterlockCheck, LabFile, LabPlan, LimitCheck
from labloop.lab.devices import SCOPE, Device, DeviceContext, Scope
from labloop.lab.gate import Gate, LeaseCheck, Services, Sharing
from labloop.lab.host.identification import connect_and_identify, identify_again
from labloop.lab.host.lines import Lines
from labloop.lab.host.shutdown import TOTAL_SECONDS, SafeStates, SafetyReport
from labloop.lab.host.watchdog_feeder import WatchdogFeeder
from labloop.lab.procedure import ConsumableLog, LabResources, StationPool, Steps
from labloop.lab.time import Clock
from labloop.lab.transports import RECORDER, Recorder
from labloop.records import Alarm, DeviceIdentity, Journal, Reading


@dataclass(slots=True)
class OpenDevices:
    """An open lab's devices and what belongs to them."""

    devices: dict[str, Device]
    resources: LabResources
    safe_states: SafeStates
    feeding: WatchdogFeeder
    activity: dict[str, str]
    clock: Clock
    journal: Journal
    scope: Scope
    identities: dict[str, DeviceIdentity] = field(default_factory=dict)
    """Who answered at the connect; who did not is not there, and is never spoken to again."""

    async def connect(self) -> None:
        """Connect all at once and commit who answered.

        Raises:
            LabloopError: what the only device that cannot be used says.
            NotConnectedError: a tree of every device that cannot be used.
        """
        SCOPE.set(self.scope)
        ends = await asyncio.gather(*map(self._connect, self.devices.values()))
        dead = {
            name: error for name, error in zip(self.devices, ends, strict=True) if error is not None
        }
        if len(dead) == 1:
            [(name, error)] = dead.items()
            if isinstance(error, LabloopError):
                raise retold(error, _naming(name, str(error)))
        if dead:
            told = "".join(
                f"\n  {name} ({self.devices[name].transport.url}): {error}"
                for name, error in dead.items()
            )
            raise NotConnectedError(
                f"{len(dead)} of {len(self.devices)} devices cannot be used:{told}"
            )
        for identity in self.identities.values():
            await self.clock.external(self.journal.identity(self.scope.campaign_id, identity))

    async def make_safe(self, report: SafetyReport, until: float) -> None:
        """Bring every device that connected into its safe state until lab second ``until``."""
        await self.safe_states.run(report, until, self.identities)

    async def hold(self, report: SafetyReport, until: float, keep: Collection[str]) -> None:
        """Make safe what is not kept; who did not get there is left to its watchdog."""
        held = [name for name in self.identities if name not in keep]
        await self.safe_states.run(report, until, held)
        await self.feeding.end(report.failures)

    async def go_on(self) -> None:
        """Feed all again that connected."""
        for name in self.identities:
            self.feeding.begin(self.devices[name])

    async def close(self, seconds: float) -> None:
        """Feed no more and give every line back; one that hangs is left after ``seconds``."""
        await self.feeding.end()
        await asyncio.gather(
            *(asyncio.wait_for(device.close(), seconds) for device in self.devices.values()),
            return_exceptions=True,
        )

    async def _connect(self, device: Device) -> Exception | None:
        recorder = Recorder()
        RECORDER.set(recorder)
        try:
            async with self.clock.deadline(device.connect_seconds, f"connecting {device.name}"):
                found = await connect_and_identify(device, recorder)
        except Exception as error:  # noqa: BLE001 - process edge: a tree of all dead devices is raised
            return error if isinstance(error, LabloopError) else _wrapped(error)
        device.context.on_transport = bool(recorder.sent)
        kind = type(device)
        top = sys.modules.get(kind.__module__.partition(".")[0])
        self.identities[device.name] = replace(
            found,
            device=device.name,
            driver=f"{kind.__module__}:{kind.__qualname__}",
            driver_version=str(getattr(top, "__version__", "")),
            url=device.transport.url,
        )
        self.feeding.begin(device)
        return None


def retold(error: LabloopError, message: str) -> LabloopError:
    """Return the same error, which says ``message`` now: its class is what callers look at."""
    error.args = (message,)
    return error


def _naming(name: str, told: str) -> str:
    return told if told.startswith(name) else f"{name} cannot be used: {told}"


def _wrapped(error: Exception) -> NotConnectedError:
    made = NotConnectedError(f"{type(error).__name__}: {error}")
    made.__cause__ = error
    return made


class DeviceReadings:
    """Readings for interlocks: the newest known, and a fresh one."""

    def __init__(self, devices: Mapping[str, Device]) -> None:
        self._devices = devices

    def latest(self, device: str, read: str) -> Reading | None:
        """Return what was read last, or None."""
        return self._devices[device].context.latest.get(read)

    async def fresh(self, device: str, read: str) -> Reading:
        """Ask the device."""
        reading: Reading = await getattr(self._devices[device], read)()
        return reading


def build_devices(
    lab_file: LabFile,
    plan: LabPlan,
    *,
    lines: Lines,
    journal: Journal,
    lease: LeaseCheck | None,
    scope: Scope,
    stop: Callable[[str], None],
    on_alarm: Callable[[Alarm], object],
    used: Mapping[str, Collection[str]],
) -> OpenDevices:
    """Build every device of a lab; no byte is sent yet. Raises LabFileError."""
    clock = lines.clock
    devices: dict[str, Device] = {}
    activity = dict.fromkeys(lab_file.devices, "idle")
    shared = [name for name, table in lab_file.devices.items() if table.shared]
    sharing = Sharing(shared, on_alarm)
    checks = InterlockCheck(plan.interlocks, DeviceReadings(devices), clock.now)
    bounds: dict[str, float] = {}
    for name, table in lab_file.devices.items():
        driver = plan.drivers[name]
        services = Services(
            clock=clock,
            journal=journal,
            lease=lease,
            limits=LimitCheck(name, plan.limits[name]),
            interlocks=checks,
            sharing=sharing,
            own_scope=scope,
            stop=stop,
            activity=activity,
        )
        context = DeviceContext(
            clock,
            Gate(services),
            name,
            table.serial_number,
            simulated=lines.simulated(name, driver),
        )
        try:
            transport = lines.transport(name, driver, table)
            devices[name] = driver(name, transport, table.options, context)
            transport.on_reopen = partial(identify_again, devices[name], on_alarm)
        except LabloopError as error:
            raise LabFileError(f"{lab_file.source}: [devices.{name}]: {error}") from error
        bounds[name] = _bound(lab_file, devices[name], table.safe_seconds or driver.safe_seconds)
    resources = LabResources(
        clock=clock,
        devices=devices,
        stations={
            kind: StationPool(
                [name for name in table.all(kind) if name not in used.get(kind, ())],
                used_up=table.used_up,
                kind=kind,
            )
            for kind, table in lab_file.stations.items()
        },
        device_locks={name: StationPool([name]) for name in devices},
        steps=Steps(clock, journal, stop),
        sharing=sharing,
        used_up=ConsumableLog(clock, journal),
    )
    in_order = [devices[name] for name in lab_file.safe_order]
    safe_states = SafeStates(in_order, bounds, clock, journal, scope)
    feeding = WatchdogFeeder(clock, on_alarm)
    return OpenDevices(devices, resources, safe_states, feeding, activity, clock, journal, scope)


def _bound(lab_file: LabFile, device: Device, seconds: float) -> float:
    if seconds > TOTAL_SECONDS and device.watchdog is None:
        raise LabFileError(
            f"{lab_file.source}: [devices.{device.name}]: its safe state takes {seconds:g} s and "
            f"at most {TOTAL_SECONDS:g} s are left when the process is ended; only a device whose "
            "watchdog is armed may take longer"
        )
    return seconds
