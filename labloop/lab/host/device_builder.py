"""Builds the devices of a lab from its lab file: transports, drivers, gates and stations."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial

from labloop.errors import LabFileError, LabloopError
from labloop.lab.configuration import InterlockCheck, LabFile, LimitCheck, opened_together
from labloop.lab.devices import Device, DeviceContext, Scope
from labloop.lab.gate import Delays, Gate, Services, Sharing
from labloop.lab.host.identification import identify_again
from labloop.lab.host.lines import Lines
from labloop.lab.host.open_devices import OpenDevices
from labloop.lab.host.safety import TOTAL_SECONDS, SafeStates, WatchdogFeeder
from labloop.lab.host.setup import LabSetup
from labloop.lab.procedure import (
    LabResources,
    LabWork,
    Occupancy,
    Queue,
    Replanning,
    StationPool,
    Steps,
)
from labloop.lab.things import Bookings, SampleMoves
from labloop.lab.time import Clock
from labloop.records import Alarm, Mode, Reading


class DeviceReadings:
    """Readings for interlocks: the latest one, and a fresh one."""

    def __init__(self, devices: Mapping[str, Device]) -> None:
        self._devices = devices

    def latest(self, device: str, read: str) -> Reading | None:
        """Return what was read last, or None."""
        return self._devices[device].context.latest.get(read)

    async def fresh(self, device: str, read: str) -> Reading:
        """Read now; raises DeviceError."""
        reading: Reading = await getattr(self._devices[device], read)()
        return reading


@dataclass(frozen=True, slots=True)
class DeviceBuilder:
    """Builds the devices of one lab; no byte is sent.

    Args:
        setup: what the lab consists of.
        clock: lab time.
        scope: for what the lab does itself.
        stop: ends everything, where the journal fails.
        on_alarm: gets alarms.
    """

    setup: LabSetup
    clock: Clock
    scope: Scope
    stop: Callable[[str], None]
    on_alarm: Callable[[Alarm], object]

    def build(self, bookings: Bookings, samples: SampleMoves) -> OpenDevices:
        """Return the devices, not connected yet.

        Args:
            bookings: books what is used up.
            samples: moves samples.

        Raises:
            LabFileError: a device cannot be built as the lab file has it.
        """
        lab_file, journal = self.setup.lab_file, self.setup.journal
        devices: dict[str, Device] = {}
        activity = dict.fromkeys(lab_file.devices, "idle")
        shared = [name for name, table in lab_file.devices.items() if table.shared]
        sharing = Sharing(shared, self.on_alarm)
        readings = DeviceReadings(devices)
        interlocks = InterlockCheck(self.setup.plan.interlocks, readings, self.clock.now)
        needs = lab_file.built_with
        together = opened_together(needs)
        setup = self.setup
        lines = Lines(self.clock, setup.world, setup.seed, setup.record, setup.remote, together)
        for name in lab_file.devices:
            services = self._services(name, interlocks, sharing, bookings, activity)
            devices[name] = self._device(name, Gate(services), lines)
        for name, device in devices.items():
            device.context.built_with = {other: devices[other] for other in needs[name]}
        bounds = {name: _safe_seconds(lab_file, device) for name, device in devices.items()}
        stations = _stations(lab_file)
        queue = Queue(self.clock, stations)
        in_order = [devices[name] for name in lab_file.safe_order]
        return OpenDevices(
            devices=devices,
            resources=LabResources(
                clock=self.clock,
                devices=devices,
                stations=stations,
                device_locks=_locks(devices),
                queue=queue,
                replanning=Replanning(self.clock, queue),
                steps=Steps(
                    self.clock, journal, self.stop, simulated=self.setup.mode is Mode.SIMULATED
                ),
                sharing=sharing,
                work=LabWork(
                    self.clock,
                    journal,
                    self.setup.folder,
                    simulated=self.setup.mode is Mode.SIMULATED,
                ),
                bookings=bookings,
                samples=samples,
                occupancy=Occupancy(self.clock),
            ),
            safe_states=SafeStates(in_order, bounds, self.clock, journal, self.scope),
            feeder=WatchdogFeeder(self.clock, self.on_alarm),
            activity=activity,
            clock=self.clock,
            journal=journal,
            scope=self.scope,
            patience=self.setup.patience,
        )

    def _services(
        self,
        name: str,
        interlocks: InterlockCheck,
        sharing: Sharing,
        bookings: Bookings,
        activity: dict[str, str],
    ) -> Services:
        return Services(
            clock=self.clock,
            journal=self.setup.journal,
            lease=self.setup.lease,
            limits=LimitCheck(name, self.setup.plan.limits[name]),
            interlocks=interlocks,
            sharing=sharing,
            bookings=bookings,
            own_scope=self.scope,
            stop=self.stop,
            activity=activity,
            delays=self._delays(),
        )

    def _delays(self) -> Delays | None:
        mean = self.setup.lab_file.lab.simulated_delays
        simulated = self.setup.mode is Mode.SIMULATED and self.setup.remote is None
        return Delays(mean, self.setup.seed) if simulated and mean else None

    def _device(self, name: str, gate: Gate, lines: Lines) -> Device:
        lab_file, driver = self.setup.lab_file, self.setup.plan.drivers[name]
        table = lab_file.devices[name]
        context = DeviceContext(
            self.clock,
            gate,
            name,
            table.serial_number,
            simulated=lines.simulated(name, driver),
            mark=self.setup.mark,
        )
        try:
            transport = lines.transport(name, driver, table)
            device = driver(name, transport, table.options, context)
            transport.on_reopen = partial(identify_again, device, self.on_alarm)
        except LabloopError as error:
            raise LabFileError(f"{lab_file.source}: [devices.{name}]: {error}") from error
        return device


def _stations(lab_file: LabFile) -> dict[str, StationPool]:
    """Return the stations that are free again after a use."""
    return {
        kind: StationPool(table.all(kind), kind=kind, rules=table.rules())
        for kind, table in lab_file.stations.items()
        if not table.used_up
    }


def _locks(devices: Collection[str]) -> dict[str, StationPool]:
    return {name: StationPool([name], kind=name, key=f"lab.{name}") for name in devices}


def _safe_seconds(lab_file: LabFile, device: Device) -> float:
    """Return the lab seconds that a safe state may take; raises LabFileError over the limit."""
    seconds = lab_file.devices[device.name].safe_seconds or device.safe_seconds
    if seconds > TOTAL_SECONDS and device.watchdog is None:
        raise LabFileError(
            f"{lab_file.source}: [devices.{device.name}]: its safe state takes {seconds:g} s and "
            f"at most {TOTAL_SECONDS:g} s are left when the process is ended; only a device whose "
            "watchdog is armed may take longer"
        )
    return seconds
