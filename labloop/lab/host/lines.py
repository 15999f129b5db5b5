"""Opens the transport of each device: bytes, an emulator, or calls of a library."""

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from labloop.lab.configuration import DeviceTable
from labloop.lab.devices import Device, Simulated
from labloop.lab.libraries import LibraryTransport
from labloop.lab.time import Clock
from labloop.lab.transports import BlockingPort, Transport, open_transport


@dataclass(slots=True)
class Lines:
    """The transports of one lab; devices on one multi-drop line share its port."""

    clock: Clock
    world: Any
    """The simulated world; None in a real lab."""
    seed: int
    record: Path | None
    """A folder into which the frames of every device are written."""
    ports: dict[str, BlockingPort] = field(default_factory=dict)

    def transport(self, name: str, driver: type[Device], table: DeviceTable) -> Transport:
        """Return the transport of the device ``name``; raises LabFileError."""
        if driver.schemes:
            return self._library(name, table)
        url, emulators = table.url, None
        if self.world is not None:
            emulators = self.world.emulators
            url = f"emulator://{name}"
            _set_serial_number(emulators.get(name), table.serial_number)
        file = self.record / f"{name}.jsonl" if self.record is not None else None
        return open_transport(
            url, self.clock, emulators=emulators, record=file, ports=self.ports, device=name
        )

    def simulated(self, name: str, driver: type[Device]) -> Simulated | None:
        """Return what a simulated lab gives to a driver that calls a library, else None."""
        if self.world is None or not driver.schemes:
            return None
        stand_ins = getattr(self.world, "libraries", {})
        return Simulated(stand_ins.get(name), self.seed, self.world.truth)

    def _library(self, name: str, table: DeviceTable) -> Transport:
        if self.world is None:
            return LibraryTransport(table.url, self.clock, device=name)
        note = partial(_note, self.world.truth, self.clock, name)
        return LibraryTransport(f"simulation://{name}", self.clock, device=name, note=note)


def _note(truth: Any, clock: Clock, name: str, direction: str, data: bytes) -> None:
    truth.frame(clock.now(), name, direction, data)


def _set_serial_number(emulator: Any, serial_number: str) -> None:
    """Let the emulator be the very instrument that the lab file names."""
    if serial_number and hasattr(emulator, "serial_number"):
        emulator.serial_number = serial_number
