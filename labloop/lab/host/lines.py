"""Opens the transport of each device: bytes, an emulator, or calls of a library."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from labloop.lab.configuration import DeviceTable
from labloop.lab.devices import Device, Simulated
from labloop.lab.libraries import LibraryThread, LibraryTransport, ReplayedCalls
from labloop.lab.remote import RemoteLab
from labloop.lab.time import Clock
from labloop.lab.transports import BlockingPort, Transcript, Transport, is_replayed, open_transport


@dataclass(slots=True)
class Lines:
    """The transports of one lab; devices on one multi-drop line share its port."""

    clock: Clock
    world: Any
    """The simulated world; None in a real lab."""
    seed: int
    record: Path | None
    """A folder into which the frames of every device are written."""
    remote: RemoteLab | None = None
    """The lab of a host in another process, to which every device belongs."""
    together: Mapping[str, str] = field(default_factory=dict)
    """Device -> group of those whose libraries use each other and have one thread."""
    ports: dict[str, BlockingPort] = field(default_factory=dict)
    threads: dict[str, LibraryThread] = field(default_factory=dict)
    """Group -> its thread."""

    def transport(self, name: str, driver: type[Device], table: DeviceTable) -> Transport:
        """Return the transport of the device ``name``; raises LabFileError."""
        if self.remote is not None:
            return self.remote.transport(name, self.clock)
        told = {"driver": f"{driver.__module__}:{driver.__qualname__}", "url": table.url}
        file = self.record / f"{name}.jsonl" if self.record is not None else None
        if driver.schemes:
            transcript = (
                None if file is None else Transcript(file, self.clock, {"device": name, **told})
            )
            return self._library(name, table, transcript)
        url, emulators = table.url, None
        if self.world is not None and not is_replayed(url):
            emulators = self.world.emulators
            url = f"emulator://{name}"
            _set_serial_number(emulators.get(name), table.serial_number)
        return open_transport(
            url,
            self.clock,
            emulators=emulators,
            record=file,
            ports=self.ports,
            device=name,
            about=told,
        )

    def simulated(self, name: str, driver: type[Device]) -> Simulated | None:
        """Return what a simulated lab gives to a driver that calls a library, else None."""
        if self.world is None or not driver.schemes:
            return None
        stand_ins = getattr(self.world, "libraries", {})
        return Simulated(stand_ins.get(name), self.seed, self.world.truth)

    def _library(self, name: str, table: DeviceTable, transcript: Transcript | None) -> Transport:
        if is_replayed(table.url):
            return ReplayedCalls(table.url, self.clock, device=name)
        group = self.together.get(name)
        thread = self.threads.setdefault(group, LibraryThread(group)) if group else None
        if self.world is None:
            return LibraryTransport(
                table.url, self.clock, device=name, transcript=transcript, thread=thread
            )
        note = partial(_note, self.world.truth, self.clock, name)
        return LibraryTransport(
            f"simulation://{name}",
            self.clock,
            device=name,
            note=note,
            transcript=transcript,
            thread=thread,
        )


def _note(truth: Any, clock: Clock, name: str, direction: str, data: bytes) -> None:
    truth.frame(clock.now(), name, direction, data)


def _set_serial_number(emulator: Any, serial_number: str) -> None:
    """Let the emulator be the very instrument that the lab file names."""
    if serial_number and hasattr(emulator, "serial_number"):
        emulator.serial_number = serial_number
