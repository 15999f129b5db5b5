"""Fits a lab out: transports, drivers, gates and places from a lab file."""

import asyncio
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from labloop.errors import DeviceError, LabFileError, LabloopError, NotConnectedError
from labloop.lab._clock import Clock
from labloop.lab._device import Device, DeviceContext
from labloop.lab._gate import Gate, LeaseCheck, Services
from labloop.lab._interlocks import InterlockCheck
from labloop.lab._lab import Fittings
from labloop.lab._labfile import LabFile
from labloop.lab._limits import LimitCheck
from labloop.lab._places import Places
from labloop.lab._registry import LabPlan
from labloop.lab._scope import SCOPE, Scope
from labloop.lab._shutdown import SafeStates
from labloop.lab._steps import Steps
from labloop.lab._urls import open_transport
from labloop.records import DeviceIdentity, Journal, Reading

CONNECT_SECONDS = 15.0
LONGEST_SAFE_STATE = 20.0


@dataclass(slots=True)
class Fitted:
    """An open lab's devices and what belongs to them."""

    devices: dict[str, Device]
    fittings: Fittings
    safe_states: SafeStates
    activity: dict[str, str]
    clock: Clock
    journal: Journal
    scope: Scope
    identities: dict[str, DeviceIdentity] = field(default_factory=dict)

    async def connect(self) -> None:
        """Connect all at once and commit who answered.

        Raises:
            NotConnectedError: a tree of every device that cannot be used.
        """
        SCOPE.set(self.scope)
        ends = await asyncio.gather(*map(self._connect, self.devices.values()))
        dead = {
            name: error for name, error in zip(self.devices, ends, strict=True) if error is not None
        }
        errors = list(dead.values())
        if len(errors) == 1 and isinstance(errors[0], DeviceError):
            raise errors[0]
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

    async def close(self, seconds: float) -> None:
        """Give every line back; one that hangs is left after ``seconds``."""
        await asyncio.gather(
            *(asyncio.wait_for(device.close(), seconds) for device in self.devices.values()),
            return_exceptions=True,
        )

    async def _connect(self, device: Device) -> Exception | None:
        try:
            async with self.clock.deadline(CONNECT_SECONDS, f"connecting {device.name}"):
                await device.connect()
                found = await device.identify()
        except Exception as error:  # noqa: BLE001 - process edge: a tree of all dead devices is raised
            return error if isinstance(error, LabloopError) else _wrapped(error)
        kind = type(device)
        top = sys.modules.get(kind.__module__.partition(".")[0])
        self.identities[device.name] = replace(
            found,
            device=device.name,
            driver=f"{kind.__module__}:{kind.__qualname__}",
            driver_version=str(getattr(top, "__version__", "")),
            url=device.transport.url,
        )
        return None


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


def fit_lab(
    lab_file: LabFile,
    plan: LabPlan,
    *,
    world: Any,
    clock: Clock,
    journal: Journal,
    lease: LeaseCheck,
    scope: Scope,
    stop: Callable[[str], None],
    record: Path | None,
) -> Fitted:
    """Build every device of a lab; no byte is sent yet. Raises LabFileError."""
    devices: dict[str, Device] = {}
    activity = dict.fromkeys(lab_file.devices, "idle")
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
            own_scope=scope,
            stop=stop,
            activity=activity,
        )
        context = DeviceContext(clock, Gate(services), name, table.serial_number)
        url, emulators = table.url, None
        if world is not None:
            emulators = world.emulators
            url = f"emulator://{name}"
            _take_on(emulators.get(name), table.serial_number)
        file = record / f"{name}.jsonl" if record is not None else None
        try:
            transport = open_transport(url, clock, emulators=emulators, record=file)
            devices[name] = driver(name, transport, table.options, context)
        except LabloopError as error:
            raise LabFileError(f"{lab_file.source}: [devices.{name}]: {error}") from error
        bounds[name] = _bound(lab_file, name, table.safe_seconds or driver.safe_seconds)
    fittings = Fittings(
        clock=clock,
        devices=devices,
        stations={kind: Places(table.all(kind)) for kind, table in lab_file.stations.items()},
        benches={name: Places([name]) for name in devices},
        steps=Steps(clock, journal, stop),
    )
    in_order = [devices[name] for name in lab_file.safe_order]
    safe_states = SafeStates(in_order, bounds, clock, journal, scope)
    return Fitted(devices, fittings, safe_states, activity, clock, journal, scope)


def _take_on(emulator: Any, serial_number: str) -> None:
    """Let the emulator be the very instrument that the lab file names."""
    if serial_number and hasattr(emulator, "serial_number"):
        emulator.serial_number = serial_number


def _bound(lab_file: LabFile, name: str, seconds: float) -> float:
    if seconds > LONGEST_SAFE_STATE:
        raise LabFileError(
            f"{lab_file.source}: [devices.{name}]: its safe state takes {seconds:g} s, at most "
            f"{LONGEST_SAFE_STATE:g} s are left when the process is ended"
        )
    return seconds
