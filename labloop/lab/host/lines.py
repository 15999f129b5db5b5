"""How each device of a lab is spoken to: by bytes, by an emulator, or by a library's calls."""

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
    """Opens what each device speaks through; a line is shared by those that are on it."""

    clock: Clock
    world: Any
    """Answers in a simulated lab; None in a real one."""
    seed: int
    record: Path | None
    """A folder into which the frames of every device are written."""
    ports: dict[str, BlockingPort] = field(default_factory=dict)

    def transport(self, name: str, driver: type[Device], table: DeviceTable) -> Transport:
        """Return what the device ``name`` is spoken to through; raises LabFileError."""
        if driver.schemes:
            return self._library(name, table)
        url, emulators = table.url, None
        if self.world is not None:
            emulators = self.world.emulators
            url = f"emulator://{name}"
            _take_on(emulators.get(name), table.serial_number)
        file = self.record / f"{name}.jsonl" if self.record is not None else None
        return open_transport(
            url, self.clock, emulators=emulators, record=file, ports=self.ports, device=name
        )

    def simulated(self, name: str, driver: type[Device]) -> Simulated | None:
        """Return what a simulated lab lends to a driver that speaks through a library."""
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


def _take_on(emulator: Any, serial_number: str) -> None:
    """Let the emulator be the very instrument that the lab file names."""
    if serial_number and hasattr(emulator, "serial_number"):
        emulator.serial_number = serial_number
