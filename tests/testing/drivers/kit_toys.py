"""A driver in one file, with some lines that no check can reach, and its world."""

from collections.abc import Mapping
from typing import Annotated, Any

from labloop.errors import DeviceFaultError, ProtocolError
from labloop.lab import Arg, Device, action, read, until
from labloop.records import ActionState, DeviceIdentity, Reading
from labloop_simulators.kit import Emulator, TruthLog

LINE = until(b"\n")


class Heater(Device):
    """Speaks lines: ``T 40`` sets, ``T?`` asks, ``ID?`` names."""

    model = "H1"
    serial_on_wire = False
    unit = "degC"

    async def identify(self) -> DeviceIdentity:
        """Ask who it is."""
        told = await self._ask(b"ID?\n")
        if not told.startswith("H1 heater"):
            raise ProtocolError(f"the heater answered {told!r} where its name was due")
        return DeviceIdentity(device=self.name, model="H1")

    @action(idempotent=True)
    async def set_temperature(self, value: Annotated[float, Arg("degC", ge=0, le=100)]) -> None:
        """Set the temperature."""
        if await self._ask(f"T {value:.0f}\n".encode()) != "OK":
            raise ProtocolError("the heater did not say OK")

    @read
    async def temperature(self) -> Reading:
        """The temperature."""
        told = await self._ask(b"T?\n")
        if told == "FAULT":
            raise DeviceFaultError("the heater reports a fault")
        if not told.isdigit():
            raise ProtocolError(f"the heater answered {told!r} where a number was due")
        return self.reading(float(told), self.unit, "temperature")

    async def safe_state(self) -> None:
        """Cool down."""
        await self._ask(b"T 0\n")

    async def _ask(self, frame: bytes) -> str:
        reply = await self.transport.exchange(frame, complete=LINE)
        try:
            return reply.decode("ascii").strip()
        except UnicodeDecodeError as error:
            raise ProtocolError(f"the heater answered {reply!r}, which is no text") from error

    async def never(self) -> None:
        """Nobody calls it."""
        await self.transport.drain()


class Forgetful(Heater):
    """Says that it has done nothing, whatever it is asked."""

    async def executed(self, action_id: str) -> ActionState:
        """Answer without asking."""
        del action_id
        return ActionState.NOT_SENT


class Kelvin(Heater):
    """Calls its degrees Celsius kelvins."""

    unit = "K"


class HeaterEmulator(Emulator):
    """The other end."""

    def __init__(self, name: str, truth: TruthLog) -> None:
        super().__init__(name, truth)
        self.value = 20

    def split(self, buffer: bytearray) -> bytes | None:
        end = buffer.find(b"\n") + 1
        frame = bytes(buffer[:end])
        del buffer[:end]
        return frame or None

    def handle(self, frame: bytes, now: float) -> bytes:
        if frame == b"ID?\n":
            return b"H1 heater\n"
        if frame.startswith(b"T "):
            self.value = int(frame[2:])
            return b"OK\n"
        return b"%d\n" % self.value


class World:
    """One heater."""

    def __init__(self) -> None:
        self.truth = TruthLog()
        self.emulators = {"heater": HeaterEmulator("heater", self.truth)}


def create(seed: int, options: Mapping[str, Any]) -> World:
    return World()


def two(seed: int, options: Mapping[str, Any]) -> World:
    world = World()
    world.emulators["other"] = HeaterEmulator("other", world.truth)
    return world
