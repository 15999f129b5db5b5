"""A toy instrument, its emulator and a toy lab, for the tests of this room."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Any

import pytest

from labloop.errors import DeviceFaultError, NotSafeError, ProtocolError
from labloop.lab import (
    Arg,
    Choice,
    Device,
    LabHost,
    MemoryJournal,
    action,
    lab_file_of,
    read,
    until,
)
from labloop.records import DeviceIdentity, Mode, Reading
from labloop_simulators.kit import Emulator, Reply, TruthLog

LINE = until(b"\n")


class ToyEmulator(Emulator):
    """Lines of text: ``ID``, ``SET <x>``, ``GET``, ``RUN <s>``, ``SAFE``; all are answered."""

    def __init__(self, name: str, truth: TruthLog, baud: int | None = 9600) -> None:
        super().__init__(name, truth, baud=baud)
        self.serial_number = f"T-{name}"
        self.value = 0.0
        self.safe = False
        self.silent = False
        self.safe_takes = 0.0
        self.refuses_disarm = False

    def split(self, buffer: bytearray) -> bytes | None:
        end = buffer.find(b"\n")
        if end < 0:
            return None
        line = bytes(buffer[: end + 1])
        del buffer[: end + 1]
        return line

    def handle(self, frame: bytes, now: float) -> bytes | Reply | None:  # noqa: PLR0911 - an answer per word
        if self.silent:
            return None
        word, _, rest = frame.strip().partition(b" ")
        if word == b"GET":
            return b"%.3f\n" % self.value
        if word == b"ID":
            return b"toy " + self.serial_number.encode() + b"\n"
        if word == b"SET":
            self.value = float(rest)
            self.safe = False
            self.truth.record(now, self.name, "set", value=self.value)
            return b"OK\n"
        if word == b"RUN":
            self.truth.record(now, self.name, "run", seconds=float(rest))
            return Reply(b"OK\n", delay=float(rest), meanwhile=True)
        if word == b"SAFE":
            self.value, self.safe = 0.0, True
            self.truth.record(now, self.name, "safe")
            return Reply(b"OK\n", delay=self.safe_takes)
        if word == b"DISARM" and not self.refuses_disarm:
            self.truth.record(now, self.name, "disarmed")
            return b"OK\n"
        return b"NO\n"

    def power_cycle(self, now: float) -> None:
        self.value = 0.0
        super().power_cycle(now)


class Toy(Device):
    """Drives a toy."""

    model = "toy"

    async def identify(self) -> DeviceIdentity:
        _, _, serial = (await self._ask(b"ID")).partition(" ")
        return DeviceIdentity(device=self.name, model="toy", serial_number=serial)

    async def safe_state(self) -> None:
        await self._ask(b"SAFE", seconds=10.0)

    @read
    async def value(self) -> Reading:
        data = await self.transport.exchange(b"GET\n", complete=LINE)
        try:
            return self.reading(float(data), "mL/min", "value")
        except ValueError as error:
            raise ProtocolError(f"{self.name}: {data!r} is no number") from error

    @action
    async def set_value(self, rate: Annotated[float, Arg("mL/min", ge=0, le=50)]) -> None:
        await self._order(b"SET %.3f" % rate)

    @action(idempotent=True)
    async def set_again(self, rate: Annotated[float, Arg("mL/min", ge=0, le=50)]) -> None:
        await self._order(b"SET %.3f" % rate)

    @action(timeout=None)
    async def run(self, time: Annotated[float, Arg("s", gt=0)]) -> float:
        await self._order(b"RUN %.3f" % time, seconds=time + 5)
        return time

    @action(timeout=1.0)
    async def run_briefly(self, time: Annotated[float, Arg("s", gt=0)]) -> None:
        await self._order(b"RUN %.3f" % time, seconds=time + 5)

    @action
    async def set_twice(self, rate: Annotated[float, Arg("mL/min", ge=0, le=50)]) -> None:
        await self.set_value(_quantity(rate))
        await self.set_value(_quantity(rate + 1))

    @action
    async def choose(
        self,
        way: Annotated[str, Choice("left", "right")],
        count: Annotated[int, Arg("1", ge=1, le=9)] = 1,
        note: str = "",
        fast: bool = False,
    ) -> str:
        return f"{way} {count} {note} {fast}"

    @action
    async def refuse(self) -> None:
        await self._order(b"NONSENSE")

    async def _order(self, line: bytes, seconds: float = 2.0) -> None:
        answer = await self._ask(line, seconds)
        if answer == "NO":
            raise DeviceFaultError(f"{self.name} refused {line!r}")
        if answer != "OK":
            raise ProtocolError(f"{self.name} answered {answer!r} to {line!r}")

    async def _ask(self, line: bytes, seconds: float = 2.0) -> str:
        data = await self.transport.exchange(line + b"\n", complete=LINE, timeout=seconds)
        return data.decode("ascii", "replace").strip()


class AddressedToy(Device):
    """One of several on a multi-drop line: frames begin with its option ``address``."""

    model = "bus"

    async def identify(self) -> DeviceIdentity:
        frame = f"{self.options['address']}ID\n".encode()
        line = await self.transport.exchange(frame, complete=LINE)
        return DeviceIdentity(device=self.name, model="bus", serial_number=line.decode().strip())

    async def safe_state(self) -> None:
        await self.identify()


class WatchedToy(Toy):
    """A toy that needs long for its safe state; its option ``watchdog`` (s) arms a watchdog."""

    safe_seconds = 30.0

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.watchdog = self.options.get("watchdog")

    async def safe_state(self) -> None:
        await self._ask(b"SAFE", seconds=30.0)


class DisarmedToy(WatchedToy):
    """A toy whose watchdog can be told to sleep."""

    async def disarm(self) -> None:
        await self._order(b"DISARM")


def _quantity(rate: float) -> Any:
    from labloop.units import quantity

    return quantity(rate, "mL/min")


class ToyWorld:
    """Some toys and one truth."""

    def __init__(self, *names: str, baud: int | None = 9600) -> None:
        self.truth = TruthLog()
        self.emulators = {name: ToyEmulator(name, self.truth, baud) for name in names}


def create(seed: int, options: Mapping[str, Any]) -> ToyWorld:
    """Return a world as an entry point does."""
    return ToyWorld(*options.get("names", ["a", "b", "c"]))


def toy_tables(*names: str, **more: Any) -> dict[str, Any]:
    """Return the tables of a lab file with toys of these names."""
    driver = f"{Toy.__module__}:Toy"
    devices = {name: {"driver": driver} for name in names}
    return {"lab": {"name": "toys", "world": f"{__name__}:create"}, "devices": devices} | more


def shared_toys(*names: str) -> dict[str, Any]:
    """Return the tables of toys that experiments may command at once."""
    driver = f"{Toy.__module__}:Toy"
    return {"devices": {name: {"driver": driver, "shared": True} for name in names}}


@contextmanager
def left_unsafe(host: LabHost, match: str) -> Iterator[LabHost]:
    """Open ``host`` and require that leaving it raises NotSafeError with these words."""
    with pytest.raises(NotSafeError, match=match), host:
        yield host


def toy_host(*names: str, **options: Any) -> LabHost:
    """Return a host over toys of these names; ``tables`` and any argument of LabHost."""
    names = names or ("a", "b", "c")
    tables = toy_tables(*names) | options.pop("tables", {})
    options.setdefault("mode", Mode.SIMULATED)
    options.setdefault("journal", MemoryJournal())
    options.setdefault("campaign_id", "camp")
    if options["mode"] is Mode.SIMULATED:
        options.setdefault("world", ToyWorld(*names))
    return LabHost(lab_file_of(tables), **options)
